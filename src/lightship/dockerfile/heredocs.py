"""The here-documents that a line announces: ``<<EOF``, ``<<-EOF``, ``3<<'EOF'``.

https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/parser/parser.go (``ParseHeredoc``) and
https://docs.docker.com/reference/dockerfile/#here-documents (read November 2026).
"""

import re
from dataclasses import dataclass

from lightship.dockerfile.words import lex_words
from lightship.errors import InputError

__all__ = ["Announced", "announced_by", "announced_in"]

_BLANKS = "\t\n\f\r "
_HEREDOC = re.compile(rf"([0-9]*)<<(-?)[{_BLANKS}]*([^<]*)\Z")
_LARGEST_DESCRIPTOR = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Announced:
    """``name`` ends it, ``expand`` says whether variables count in it, ``chomp`` whether leading tabs go."""

    name: str
    expand: bool
    chomp: bool
    file_descriptor: int


def announced_in(line: str) -> tuple[Announced, ...]:
    """Those of a whole logical line, in their order. `InputError`: one whose name cannot be read."""
    if "<<" not in line:
        return ()
    try:
        words = lex_words(line, raw_quotes=True, raw_escapes=True)
    except InputError:
        # BuildKit takes a line that its lexer does not understand to have none.
        return ()
    return tuple(found for word in words if (found := _read(word)))


def announced_by(word: str) -> Announced | None:
    """The one that ``word`` is; None where it is another word, or its name cannot be read."""
    try:
        return _read(word)
    except InputError:
        return None


def _read(word: str) -> Announced | None:
    match = _HEREDOC.match(word) if "<<" in word else None
    if match is None:
        return None
    descriptor, dash, rest = match.groups()
    plain, raw = lex_words(rest), lex_words(rest, raw_quotes=True)
    if len(plain) != 1 or len(raw) != 1:
        return None
    return Announced(
        name=plain[0],
        # A quote that is written but not in the name says that the body is meant as it stands.
        expand=sum(plain[0].count(quote) - raw[0].count(quote) for quote in "'\"") == 0,
        chomp=dash == "-",
        file_descriptor=min(int(descriptor[:20] or 0), _LARGEST_DESCRIPTOR),
    )
