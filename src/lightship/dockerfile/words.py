"""Variables and quotes in a Dockerfile's words, as the builder reads them; no shell is run.

BuildKit's own lexer decides: https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/shell/lex.go, and
https://docs.docker.com/reference/dockerfile/#environment-replacement (read November 2026): ``$v ${v} ${v:-w} ${v-w}
${v:+w} ${v+w} ${v:?w} ${v?w} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/w} ${v//p/w}``.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lightship.dockerfile.patterns import LONGEST_BYTES, replaced, without_prefix, without_suffix
from lightship.errors import InputError

__all__ = ["SPACES", "expand", "lex_words", "split_words"]

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))
"""What Go calls white space; Python has four more."""

_SPACE = re.compile(f"[{SPACES}]")
_BLANKS = re.compile(r"[\t\r ]*")
_ACTIVE = re.compile("[$\"'`\\\\]")
"""What the lexer does something about; ``escape`` is one of the last two."""
_DIGITS = re.compile(r"\d+")
_NAME = re.compile(r"\w+")
_SPECIAL = frozenset("@*#?-$!0")
_DEEPEST = 40
"""Substitutions within substitutions; an honest file has two."""


def expand(
    word: str,
    environment: Mapping[str, str | None],
    *,
    escape: str = "\\",
    unset: str | None = "",
    unknown: str | None = None,
    keep_quotes: bool = False,
) -> str | None:
    """``word`` with variables put in and quotes taken off; None where it hangs on a variable whose value is None, or
    with ``unknown`` in the place of such a variable. A value that has ``unknown`` in it is known in part.

    With ``keep_quotes`` quotes are letters like others, as in the body of a here-document that COPY or ADD writes.
    ``unset`` stands for every name that ``environment`` lacks: empty as in a build, None where a base image may set it.
    `InputError`: an unmatched quote or brace, a substitution that the builder has not, ``${v:?…}`` without a value.
    """
    if _ACTIVE.search(word) is None:
        return word
    try:
        return _Lexer(word, environment, escape, unset, unknown=unknown, keep_quotes=keep_quotes).whole()[0]
    except _UnknownError:
        return None


def split_words(
    text: str, environment: Mapping[str, str | None], *, escape: str = "\\", unset: str | None = ""
) -> tuple[str, ...] | None:
    """``text`` expanded and then split at blanks that no quote holds together; None and errors as `expand` has them."""
    try:
        return tuple(_Lexer(text, environment, escape, unset).whole()[1])
    except _UnknownError:
        return None


def lex_words(text: str, *, raw_quotes: bool = False, raw_escapes: bool = False) -> tuple[str, ...]:
    """``text`` split at blanks, its variables left as they are, and what is raw too; the escape character is ``\\``.

    `InputError` where the lexer fails: the builder's parser then sees no here-document in the line.
    """
    return tuple(_Lexer(text, {}, "\\", "", keep_unset=True, raw_quotes=raw_quotes, raw_escapes=raw_escapes).whole()[1])


class _UnknownError(Exception):
    """The word hangs on a value that only a build knows."""


class _Words:
    """Words as they are gathered. The buffer is the lexer's, shared with substitutions within this one, as there."""

    def __init__(self, buffer: list[str]) -> None:
        self._buffer = buffer
        self._done: list[str] = []
        self._in_word = False
        buffer.clear()

    def add(self, text: str) -> None:
        """Text whose blanks part words."""
        start = 0
        for blank in _SPACE.finditer(text):
            if blank.start() > start:
                self.add_raw(text[start : blank.start()])
            if self._in_word and self._flush():
                self._in_word = False
            start = blank.end()
        if start < len(text):
            self.add_raw(text[start:])

    def add_raw(self, text: str) -> None:
        """Text whose blanks are kept."""
        if text:
            self._buffer.append(text)
        self._in_word = True

    def finish(self) -> list[str]:
        self._flush()
        return self._done

    def _flush(self) -> bool:
        if not self._buffer:
            return False
        self._done.append("".join(self._buffer))
        self._buffer.clear()
        return True


@dataclass
class _Lexer:
    source: str
    environment: Mapping[str, str | None]
    escape: str
    unset: str | None
    unknown: str | None = None
    keep_unset: bool = False
    keep_quotes: bool = False
    raw_quotes: bool = False
    raw_escapes: bool = False
    _place: int = 0
    _depth: int = 0
    _put_in: int = 0

    def __post_init__(self) -> None:
        # Go's scanner passes over a byte order mark in front.
        self._place = int(self.source.startswith("\ufeff"))
        self._buffer: list[str] = []
        self._plain = re.compile(rf"[^$<'\"}}/{re.escape(self.escape)}]+")
        self._quoted = re.compile(rf"[^$\"{re.escape(self.escape)}]+")

    def whole(self) -> tuple[str, list[str]]:
        return self._until("", raw_escapes=self.raw_escapes)

    def _peek(self) -> str:
        return self.source[self._place : self._place + 1]

    def _next(self) -> str:
        character = self.source[self._place : self._place + 1]
        self._place += 1
        return character

    def _fault(self, what: str) -> InputError:
        shown = self.source if len(self.source) <= 60 else self.source[:57] + "…"
        return InputError(f"{what} in {shown!r}", hint="see Docker's reference on environment replacement")

    def _until(self, stop: str, *, raw_escapes: bool) -> tuple[str, list[str]]:
        """Reads to the character ``stop`` (past it) or to the end: the text as one, and as words."""
        before, self.raw_escapes = self.raw_escapes, raw_escapes
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._fault("too many substitutions within each other")
        try:
            return self._read_until(stop)
        finally:
            self.raw_escapes = before
            self._depth -= 1

    def _read_until(self, stop: str) -> tuple[str, list[str]]:
        result: list[str] = []
        words = _Words(self._buffer)
        while character := self._peek():
            if character == stop:
                self._place += 1
                return "".join(result), words.finish()
            if character == "$":
                text = self._dollar()
                words.add(text)
            elif character == self.escape:
                self._place += 1
                text = self._escaped()
                words.add_raw(text)
            elif character == "<" or (character in "'\"" and not self.keep_quotes):
                text = self._double() if character == '"' else self._single() if character == "'" else self._less()
                words.add_raw(text)
            else:
                run = self._plain.match(self.source, self._place)
                text = run.group() if run else character
                self._place += len(text)
                words.add(text)
            result.append(text)
        if stop:
            raise self._fault(f"no {stop} ends a substitution")
        return "".join(result), words.finish()

    def _escaped(self) -> str:
        return (self.escape if self.raw_escapes else "") + self._next()

    def _less(self) -> str:
        self._place += 1
        if self._peek() != "<":
            return "<"
        blanks = _BLANKS.match(self.source, self._place + 1)
        self._place = blanks.end() if blanks else self._place + 1
        return "<<" + (blanks.group() if blanks else "")

    def _single(self) -> str:
        end = self.source.find("'", self._place + 1)
        if end < 0:
            raise self._fault("no ' ends a quotation")
        text = self.source[self._place : end + 1]
        self._place = end + 1
        return text if self.raw_quotes else text[1:-1]

    def _double(self) -> str:
        quote = '"' if self.raw_quotes else ""
        result = [quote]
        self._place += 1
        while character := self._peek():
            if character == '"':
                self._place += 1
                return "".join([*result, quote])
            if character == "$":
                result.append(self._dollar())
            elif character == self.escape:
                self._place += 1
                if self.raw_escapes:
                    result.append(self.escape)
                following = self._peek()
                if following:
                    special = following in ('"', "$", self.escape)
                    result.append(self._next() if special else self.escape)
            else:
                run = self._quoted.match(self.source, self._place)
                result.append(run.group() if run else character)
                self._place += len(result[-1])
        raise self._fault('no " ends a quotation')

    def _dollar(self) -> str:
        text = self._substituted()
        self._put_in += len(text)
        if self._put_in > LONGEST_BYTES:
            raise self._fault("a value longer than any program can be given")
        return text

    def _substituted(self) -> str:
        self._place += 1
        if self._peek() != "{":
            name = self._name()
            if not name:
                return "$"
            return f"${name}" if self._is_kept(name) else self._plain_value(name)
        self._place += 1
        if self._peek() in ("", "{", "}", ":"):
            raise self._fault("bad substitution")
        name = self._name()
        mark = self._next()
        if mark == "}":
            return f"${{{name}}}" if self._is_kept(name) else self._plain_value(name)
        if mark == "/":
            return self._replacement(name)
        return self._substitution(name, mark)

    def _substitution(self, name: str, mark: str) -> str:
        null_is_unset = mark == ":"
        kind = self._next() if null_is_unset else mark
        cuts = kind in ("#", "%")
        if (cuts and null_is_unset) or (not null_is_unset and kind not in ("+", "-", "?", "#", "%")):
            raise self._fault(f"unsupported modifier {mark + kind if null_is_unset else mark!r}")
        word, _ = self._until("}", raw_escapes=cuts)
        if self._is_kept(name):
            return f"${{{name}{':' if null_is_unset else ''}{kind}{word}}}"
        if self.unknown is not None and self.unknown in self._plain_value(name):
            return self.unknown
        value = self._value(name)
        missing = value is None or (null_is_unset and not value)
        if kind == "-":
            return word if missing else value or ""
        if kind == "+":
            return "" if missing else word
        if kind == "?":
            if missing:
                raise self._fault(f"{name}: {word or 'must have a value'},")
            return value or ""
        if not cuts:
            raise self._fault(f"unsupported modifier {mark + kind!r}")
        longest = word.startswith(kind)
        cut = without_suffix if kind == "%" else without_prefix
        return cut(value or "", word[1:] if longest else word, longest=longest)

    def _replacement(self, name: str) -> str:
        everywhere = self._peek() == "/"
        if everywhere:
            self._place += 1
        pattern, _ = self._until("/", raw_escapes=True)
        replacement, _ = self._until("}", raw_escapes=True)
        if self._is_kept(name):
            return f"${{{name}/{pattern}/{replacement}}}"
        if self.unknown is not None and self.unknown in self._plain_value(name):
            return self.unknown
        return replaced(self._value(name) or "", pattern, replacement, everywhere=everywhere)

    def _name(self) -> str:
        character = self._peek()
        if character.isdecimal():
            found = _DIGITS.match(self.source, self._place)
        elif character in _SPECIAL:
            self._place += 1
            return character
        else:
            found = _NAME.match(self.source, self._place)
        if found is None:
            return ""
        self._place = found.end()
        return found.group()

    def _is_kept(self, name: str) -> bool:
        return self.keep_unset and name not in self.environment

    def _plain_value(self, name: str) -> str:
        try:
            return self._value(name) or ""
        except _UnknownError:
            if self.unknown is None:
                raise
            return self.unknown

    def _value(self, name: str) -> str | None:
        """Its value; None where it has none. `_UnknownError` where only a build knows."""
        if name in self.environment:
            value = self.environment[name]
        elif self.unset == "":
            return None
        else:
            value = self.unset
        if value is None:
            raise _UnknownError
        return value
