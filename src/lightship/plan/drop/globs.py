"""Patterns over paths: ``*`` and ``?`` stay inside one part, ``**`` crosses parts, as in .gitignore."""

import functools
import re
from collections.abc import Sequence
from typing import NamedTuple

from lightship.ecosystem.wildcards import Matcher, Token, compile_tokens

__all__ = ["matches_any"]


def matches_any(path: str, patterns: Sequence[str]) -> bool:
    """True when one of ``patterns`` is ``path``, matches it, or names a directory above it (``pkg/tests``)."""
    return any(_compile(pattern).fullmatch(path) for pattern in patterns)


@functools.cache
def _compile(pattern: str) -> "_Glob":
    parts = re.split(r"(\*\*/|\*\*|\*|\?|\[[^]]+\])", pattern.strip("/"))
    tokens: list[Token] = []
    for part in parts:
        if part in _WORDS:
            tokens.append(_WORDS[part])
        elif part.startswith("["):
            tokens.append(Token("one", _charset(part)))
        else:
            tokens += [Token("one", re.escape(letter)) for letter in part]
    return _Glob(compile_tokens(tokens), compile_tokens([*tokens, Token("one", "/"), Token("any")]))


_WORDS = {"**/": Token("folders"), "**": Token("any"), "*": Token("part"), "?": Token("one", "[^/]")}


class _Glob(NamedTuple):
    """A pattern, and what lies below it."""

    itself: Matcher
    below: Matcher

    def fullmatch(self, path: str) -> bool:
        return bool(self.itself.fullmatch(path) or self.below.fullmatch(path))


def _charset(text: str) -> str:
    inner = text[1:-1].replace("\\", r"\\")
    return f"[^{inner[1:]}]" if inner[:1] in ("!", "^") and len(inner) > 1 else f"[{inner}]"
