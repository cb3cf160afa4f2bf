"""Edits of a text: spans replaced, everything else kept to the byte, and the patch that says so."""

from collections.abc import Iterable
from dataclasses import dataclass

from lightship.dockerfile.model import Span
from lightship.errors import UsageError

__all__ = ["Edit", "apply_edits", "patch", "whole_lines"]


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """``replacement`` instead of what stands at ``span``; an empty span inserts before its place."""

    span: Span
    replacement: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """The text with all of them made. Of equal edits one is made; edits that overlap are an error of the caller."""
    parts, place = [], 0
    for edit in sorted(set(edits)):
        if edit.span.start < place or edit.span.end > len(text):
            raise UsageError(f"edits overlap at character {edit.span.start}")
        parts += [text[place : edit.span.start], edit.replacement]
        place = edit.span.end
    return "".join([*parts, text[place:]])


def patch(before: str, after: str, name: str) -> str:
    """A unified diff, as ``patch -p1`` and ``git apply`` take it; empty where nothing changes."""
    from difflib import unified_diff

    lines = unified_diff(_lines(before), _lines(after), f"a/{name}", f"b/{name}")
    return "".join(line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines)


def _lines(text: str) -> list[str]:
    # Not splitlines: a form feed or a lone carriage return ends no line of a patch.
    *lines, last = text.split("\n")
    return [*(f"{line}\n" for line in lines), *([last] if last else [])]


def whole_lines(text: str, span: Span) -> Span:
    """The lines that ``span`` touches, with their line ends."""
    start = text.rfind("\n", 0, span.start) + 1
    end = text.find("\n", max(span.start, span.end - 1))
    return Span(start, len(text) if end < 0 else end + 1)
