"""Pieces of HTML that parts of a page have in common: counts, code, and code that begins folded."""

from lightship.report.html.page import escaped

__all__ = ["code", "counted", "folded"]

_LONG = 150


def counted(count: int, name: str) -> str:
    """``1 layer``, ``2 layers``: text, not escaped."""
    return f"{count:,} {name}{'' if count == 1 else 's'}"


def code(text: str) -> str:
    """``text`` as code on one line."""
    return f"<code>{escaped(text)}</code>"


def folded(text: str) -> str:
    """A long instruction shows its beginning, and the rest when it is asked for."""
    if len(text) <= _LONG:
        return code(text)
    return f"<details><summary>{code(text[:_LONG] + '…')}</summary>{code(text)}</details>"
