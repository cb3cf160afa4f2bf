"""The patterns of ``${v#p}``, ``${v%p}`` and ``${v/p/w}``: ``*`` and ``?``, and ``\\`` before them; no brackets.

As https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/shell/lex.go translates them for Go's linear-time
expressions. Python's backtrack, so stars are walked here and only what stands between them is an expression.
"""

import re
from collections.abc import Sequence

from lightship.errors import InputError

__all__ = ["LONGEST_BYTES", "replaced", "without_prefix", "without_suffix"]

LONGEST_BYTES = 131_072
"""Linux gives no longer string to a program (MAX_ARG_STRLEN, include/uapi/linux/binfmts.h): no variable is longer."""

_LONGEST_MATCHED = 1024
_STAR, _ANY = "*", "?"
_NOT_HERE, _NEVER = -1, -2
_ESCAPED = re.compile(r"\\.|.", re.DOTALL)
_REFERENCE = re.compile(r"\$(?:\$|(\w+)|\{(\w+)\})")


def without_prefix(value: str, pattern: str, *, longest: bool) -> str:
    """``${v#p}``, or ``${v##p}`` where the ``longest`` match goes."""
    end = _match(_segments(_tokens(pattern, value)), value, 0, longest=longest)
    return value if end < 0 else value[end:]


def without_suffix(value: str, pattern: str, *, longest: bool) -> str:
    """``${v%p}`` and ``${v%%p}``: the same, read backwards."""
    backwards = value[::-1]
    end = _match(_segments(_tokens(_reversed(pattern), value)), backwards, 0, longest=longest)
    return value if end < 0 else backwards[end:][::-1]


def replaced(value: str, pattern: str, replacement: str, *, everywhere: bool) -> str:
    """``${v/p/w}``, or ``${v//p/w}``: the leftmost match goes, the longest there. An empty one counts, as in Go, unless
    it touches the match before; ``$0`` in what replaces everywhere is the match, as in Go too."""
    segments = _segments(_tokens(pattern, value))
    parts: list[str] = []
    start, kept, last = 0, 0, -1
    while start <= len(value):
        end = _match(segments, value, start, longest=True)
        if end == _NEVER:
            break
        if end == _NOT_HERE or end == start == last:
            start += 1
            continue
        parts += [value[kept:start], _filled(replacement, value[start:end]) if everywhere else replacement]
        kept = last = end
        start = end if end > start else start + 1
        if not everywhere:
            break
    return "".join([*parts, value[kept:]])


def _reversed(pattern: str) -> str:
    """The pattern from its end, every escape still before its character; one at the very end comes first, as in Go."""
    return "".join(reversed(_ESCAPED.findall(pattern)))


def _filled(template: str, match: str) -> str:
    def one(reference: re.Match[str]) -> str:
        if reference.group() == "$$":
            return "$"
        return match if (reference.group(1) or reference.group(2)) == "0" else ""

    return _REFERENCE.sub(one, template)


def _tokens(pattern: str, value: str) -> list[str]:
    """One token a character: ``*``, ``?``, or ``=`` and the literal."""
    if max(len(pattern), len(value)) > _LONGEST_MATCHED:
        raise InputError(f"a pattern or a value of more than {_LONGEST_MATCHED} characters in a substitution")
    tokens: list[str] = []
    characters = iter(pattern)
    for character in characters:
        if character == "\\":
            character = next(characters, "")
            if not character or character not in "*?\\}/":
                raise InputError(f"invalid escape '\\{character}' in the pattern {pattern[:60]!r} of a substitution")
            tokens.append(f"={character}")
        else:
            tokens.append(character if character in (_STAR, _ANY) else f"={character}")
    return tokens


def _segments(tokens: Sequence[str]) -> list[re.Pattern[str]]:
    """What stands between stars: each matches a fixed number of characters."""
    segments = [""]
    for token in tokens:
        if token == _STAR:
            segments.append("")
        else:
            segments[-1] += "." if token == _ANY else re.escape(token[1:])
    return [re.compile(each) for each in segments]


def _match(segments: Sequence[re.Pattern[str]], value: str, start: int, *, longest: bool) -> int:
    """Where a match that starts at ``start`` ends; `_NOT_HERE` where none does, `_NEVER` where none does further on
    either. The earliest place for every segment but the last is always right."""
    first = segments[0].match(value, start)
    if first is None:
        return _NOT_HERE
    end = first.end()
    for segment in segments[1:-1]:
        found = segment.search(value, end)
        if found is None:
            return _NEVER
        end = found.end()
    if len(segments) == 1:
        return end
    last = segments[-1]
    if not longest:
        found = last.search(value, end)
        return _NEVER if found is None else found.end()
    return next((each.end() for at in range(len(value), end - 1, -1) if (each := last.match(value, at))), _NEVER)
