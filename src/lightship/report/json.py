"""A report as JSON: for programs. Keys keep their order, so that two runs can be compared as text."""

import json

from lightship.findings import Report

__all__ = ["render_json"]


def render_json(report: Report) -> str:
    """``report.document``, indented; ends with a newline."""
    return json.dumps(report.document, indent=2, ensure_ascii=False) + "\n"
