"""Tables and words in GitHub Flavored Markdown (https://github.github.com/gfm/ 0.29), foreign text only shown."""

import re
from collections.abc import Sequence

__all__ = ["escape_markdown", "render_markdown_table"]

_MARKS = re.compile(r"([\\`*_{}\[\]()<>#+!|~&@$])")
_LINES = re.compile(r"[\r\n\t\v\f\x85\u2028\u2029]+")


def escape_markdown(text: str) -> str:
    """``text`` on one line, with everything that Markdown, HTML or a mention would take for its own escaped."""
    return _MARKS.sub(r"\\\1", _LINES.sub(" ", text))


def render_markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """A table whose first column is flush left, the others flush right. Cells are escaped already."""
    aligned = ["---", *("---:" for _ in head[1:])]
    return [f"| {' | '.join(cells)} |" for cells in (head, aligned, *rows)]
