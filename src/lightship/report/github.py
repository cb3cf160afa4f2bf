"""Problems as annotations of GitHub Actions: workflow commands, one a line.

docs.github.com, "Workflow commands for GitHub Actions", read 2026-11: a message escapes ``%``, CR and LF, a property
``:`` and ``,`` as well. What is shown of a step is limited to ten errors, ten warnings and ten notices.
"""

from collections.abc import Iterable

from lightship.report.problems import Problem
from lightship.units import format_bytes

__all__ = ["escape_message", "escape_property", "render_annotations"]

_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}
_MOST_OF_A_LEVEL = 10


def render_annotations(problems: Iterable[Problem]) -> str:
    """The first ten of each level; what is suppressed is not told."""
    told = dict.fromkeys(_LEVELS, 0)
    lines = []
    for problem in problems:
        finding = problem.finding
        told[finding.severity] += not problem.suppressed
        if problem.suppressed or told[finding.severity] > _MOST_OF_A_LEVEL:
            continue
        properties = [f"title={escape_property(f'lightship: {finding.title}')}"]
        if problem.file:
            properties.insert(0, f"file={escape_property(problem.file)}")
        if problem.file and problem.line is not None:
            properties.insert(1, f"line={problem.line}")
        message = escape_message(problem.sentences + _saved(problem))
        lines.append(f"::{_LEVELS[finding.severity]} {','.join(properties)}::{message}\n")
    return "".join(lines)


def _saved(problem: Problem) -> str:
    """What the fix of a finding in a file of the project is worth."""
    finding = problem.finding
    if finding.place is None or not finding.compressed_bytes:
        return ""
    return f"\nsaves {format_bytes(finding.compressed_bytes)} compressed"


def escape_message(text: str) -> str:
    """``text`` as the value of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def escape_property(text: str) -> str:
    """``text`` as the value of a workflow command's property."""
    return escape_message(text).replace(":", "%3A").replace(",", "%2C")
