"""Writes handbook.docx: run with the example's packages whenever its text changes."""

from pathlib import Path

import docx

document = docx.Document()
document.add_heading("Handbook", level=1)
document.add_paragraph("Rolling updates replace one replica at a time. A node pulls only the layers that it lacks.")
document.add_paragraph("Celery workers take tasks from the broker and acknowledge them when they are done.")
document.save(str(Path(__file__).with_name("handbook.docx")))
