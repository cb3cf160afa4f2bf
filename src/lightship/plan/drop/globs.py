"""Patterns over paths: ``*`` and ``?`` stay inside one part, ``**`` crosses parts, as in .gitignore."""

import functools
import re
from collections.abc import Sequence

__all__ = ["matches_any"]


def matches_any(path: str, patterns: Sequence[str]) -> bool:
    """True when one of ``patterns`` is ``path``, matches it, or names a directory above it (``pkg/tests``)."""
    return any(_compile(pattern).fullmatch(path) is not None for pattern in patterns)


@functools.cache
def _compile(pattern: str) -> re.Pattern[str]:
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+\])", pattern.strip("/"))
    words = {"**/": r"(?:.*/)?", "**": r".*", "*": r"[^/]*", "?": r"[^/]"}
    body = "".join(
        words[part] if part in words else _charset(part) if part.startswith("[") else re.escape(part) for part in parts
    )
    return re.compile(body + r"(?:/.*)?", re.DOTALL)


def _charset(text: str) -> str:
    inner = text[1:-1].replace("\\", r"\\")
    return f"[^{inner[1:]}]" if inner[:1] in ("!", "^") and len(inner) > 1 else f"[{inner}]"
