"""Text out of the formats that people upload."""

from collections.abc import Callable
from pathlib import Path

import docx
import langdetect
import pypdf
from bs4 import BeautifulSoup
from markdown import markdown

langdetect.DetectorFactory.seed = 0


def _from_html(path: Path) -> str:
    return BeautifulSoup(path.read_text(encoding="utf-8"), "lxml").get_text(" ", strip=True)


def _from_markdown(path: Path) -> str:
    return BeautifulSoup(markdown(path.read_text(encoding="utf-8")), "lxml").get_text(" ", strip=True)


def _from_pdf(path: Path) -> str:
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def _from_docx(path: Path) -> str:
    return "\n".join(paragraph.text for paragraph in docx.Document(str(path)).paragraphs)


PARSERS: dict[str, Callable[[Path], str]] = {
    ".docx": _from_docx,
    ".html": _from_html,
    ".md": _from_markdown,
    ".pdf": _from_pdf,
}


def parse(path: Path) -> tuple[str, str]:
    """Text and language of a document."""
    text = PARSERS[path.suffix](path).strip()
    return text, langdetect.detect(text)
