"""deb822 paragraphs: ``Field: value`` with folded lines, separated by empty lines. Debian Policy 4.7, 5.1."""

from collections.abc import Iterator, Mapping

from lightship.errors import ArchiveError

__all__ = ["Paragraph", "parse_paragraphs"]

Paragraph = Mapping[str, str]
"""Fields by their name in lower case. A folded value keeps its line ends; the one leading space of each is gone."""


def parse_paragraphs(text: str, *, what: str = "control file") -> Iterator[Paragraph]:
    """Yield each paragraph; comment lines (``#``) are skipped. Raise ArchiveError, naming ``what`` and the line,
    for a line that is neither a field nor a continuation, and for a field that appears twice."""
    fields: dict[str, list[str]] = {}
    lines: list[str] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        line = line.rstrip("\r")
        if not line.strip():
            if fields:
                yield _joined(fields)
            fields, lines = {}, None
        elif line[0] == "#":
            continue
        elif line[0] in " \t":
            if lines is None:
                raise ArchiveError(f"{what} not understood: line {number} continues no field")
            lines.append("" if line.strip() == "." else line[1:].rstrip())
        else:
            name, colon, value = line.partition(":")
            key = name.strip().lower()
            if not colon or not key or " " in key:
                raise ArchiveError(f"{what} not understood: want 'Field: value' in line {number}, got {line[:60]!r}")
            if key in fields:
                raise ArchiveError(f"{what} not understood: field {name} appears twice (line {number})")
            lines = fields[key] = [value.strip()]
    if fields:
        yield _joined(fields)


def _joined(fields: dict[str, list[str]]) -> Paragraph:
    return {name: "\n".join(lines) for name, lines in fields.items()}
