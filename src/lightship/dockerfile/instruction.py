"""One logical line to an `Instruction`: keyword, flags, and words in the form that the keyword's arguments have.

https://github.com/moby/buildkit/tree/v0.17.0/frontend/dockerfile/parser: ``split_command.go``, ``line_parsers.go``.
"""

import json
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn

from lightship.dockerfile.model import Flag, Instruction, Logical, Span, Word
from lightship.dockerfile.words import SPACES

__all__ = ["KEYWORDS", "LineError", "read_instruction"]

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_NO_BLANKS = re.compile(r"[^\t\v\f\r ]+")
_NO_SPACES = re.compile(rf"[^{SPACES}]+")
_BYTE_SPACES = "\t\n\v\f\r \x85\xa0"
_ESCAPED_BYTE_SPACES = "\udc85\udca0"
"""Those beyond ASCII, where they are no part of a letter: a blank of Latin-1."""

_NO_BYTE_SPACES = re.compile(rf"[^{_BYTE_SPACES}]+")
_STRING = re.compile(r'"(?:[^"\\]++|\\.)*+"')
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_DEEPEST_ONBUILD = 8


def _pairs_expression(escape: str) -> re.Pattern[str]:
    """A word with its quotes kept. A quotation that nothing ends runs to the end; an escape character there is lost."""
    e = re.escape(escape)
    quoted = rf"""'[^']*(?:'|\Z)|"(?:{e}.|[^"{e}]++)*+(?:"|(?={e}?\Z))"""
    return re.compile(rf"""(?:{quoted}|{e}.|[^'"{e}{SPACES}]++)++""", re.DOTALL)


_PAIRS = {escape: _pairs_expression(escape) for escape in "\\`"}


class LineError(Exception):
    """What is wrong with one line; `parse` says where it stands."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class _Argument:
    """What stands at ``start`` to ``end`` of the logical line, without blanks around it."""

    logical: Logical
    start: int
    end: int
    escape: str

    @property
    def text(self) -> str:
        return self.logical.text[self.start : self.end]

    def word(self, start: int, end: int, text: str | None = None) -> Word:
        """The word at these offsets of the logical line."""
        return Word(text=self.logical.text[start:end] if text is None else text, span=self.logical.span(start, end))

    def words(self, expression: re.Pattern[str]) -> tuple[Word, ...]:
        """Every match of ``expression``."""
        return tuple(self.word(*found.span()) for found in expression.finditer(self.logical.text, self.start, self.end))

    def after(self, start: int) -> "_Argument":
        """The same from ``start`` on."""
        return _Argument(self.logical, start, self.end, self.escape)


@dataclass(frozen=True, slots=True)
class _Read:
    """An argument's words, the strings of the JSON array that it is, and whether it is ``name value``."""

    words: tuple[Word, ...] = ()
    exec_form: tuple[str, ...] | None = None
    is_old_form: bool = False


_Form = Callable[[_Argument], _Read]


def read_instruction(
    logical: Logical, escape: str, *, span: Span, line: int, end_line: int, depth: int = 0
) -> Instruction:
    """The instruction of a logical line, heredocs apart. `LineError` where BuildKit's parser refuses it."""
    start, end = _trimmed(logical.text, 0, len(logical.text))
    blanks = _BLANKS.search(logical.text, start, end)
    keyword_end = blanks.start() if blanks else end
    written = logical.text[start:keyword_end]
    flags, start_of_argument = _flags(logical, blanks.end(), end, escape) if blanks else ((), end)
    argument = _Argument(logical, *_trimmed(logical.text, start_of_argument, end), escape)
    form = _FORMS.get(written.lower())
    keyword = written.lower().upper() if form else written.upper()
    if form is None and keyword in KEYWORDS:
        # A long s is an S in capitals, but the builder compares in lower case.
        keyword = written
    inner = None
    if keyword == "ONBUILD":
        inner = _inner(argument, span=span, line=line, end_line=end_line, depth=depth)
    read = form(argument) if form else _Read()
    return Instruction(
        keyword=keyword,
        keyword_span=logical.span(start, keyword_end),
        span=span,
        line=line,
        end_line=end_line,
        flags=flags,
        argument=logical.part(argument.start, argument.end),
        words=read.words,
        exec_form=read.exec_form,
        is_old_form=read.is_old_form,
        inner=inner,
    )


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    found = _NO_SPACES.search(text, start, end)
    if found is None:
        return end, end
    while text[end - 1] in SPACES:
        end -= 1
    return found.start(), end


def _flags(logical: Logical, start: int, end: int, escape: str) -> tuple[tuple[Flag, ...], int]:
    """The words in front that begin with ``--``, their quotes taken off, and where the rest begins."""
    if not logical.text.startswith("--", start) and logical.text[start] not in _ESCAPED_BYTE_SPACES:
        return (), start
    # BuildKit reads flags byte by byte: with letters beyond ASCII the blanks are others. Here too, but letters stay.
    text = _bytewise(logical.text[start:end])
    words, rest = _flag_words(text, escape)
    places = _places(logical.text[start:end])
    flags = []
    for word, first, last in words:
        name, equals, value = _characters(word[2:]).partition("=")
        span = logical.span(start + places[first], start + places[last])
        flags.append(Flag(name=name, value=value if equals else None, span=span))
    return tuple(flags), start + places[rest]


def _bytewise(text: str) -> str:
    """One letter a byte."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1")


def _characters(text: str) -> str:
    """The other way."""
    return text.encode("latin-1").decode("utf-8", "surrogateescape")


def _places(text: str) -> Sequence[int]:
    """For every byte of ``text``, and its end, the number of characters that began before it."""
    if text.isascii():
        return range(len(text) + 1)
    places: list[int] = []
    for place, character in enumerate(text):
        places += [place, *[place + 1] * (len(_bytewise(character)) - 1)]
    return [*places, len(text)]


def _flag_words(text: str, escape: str) -> tuple[list[tuple[str, int, int]], int]:
    words: list[tuple[str, int, int]] = []
    place = 0
    while found := _NO_BYTE_SPACES.search(text, place):
        if not text.startswith("--", found.start()):
            return words, found.start()
        word, place = _flag_word(text, found.start(), escape)
        if word == "--":
            return words, place
        words.append((word, found.start(), place))
    return words, len(text)


def _flag_word(text: str, place: int, escape: str) -> tuple[str, int]:
    end = len(text)
    letters: list[str] = []
    quote = ""
    while place < end:
        character = text[place]
        if not quote and character in _BYTE_SPACES:
            break
        place += 1
        if quote and character == quote:
            quote = ""
            continue
        if not quote and character in "'\"":
            quote = character
            continue
        if character == escape:
            if place == end:
                break
            character = text[place]
            place += 1
        letters.append(character)
    return "".join(letters), place


def _inner(argument: _Argument, *, span: Span, line: int, end_line: int, depth: int) -> Instruction | None:
    if argument.start == argument.end:
        return None
    if depth == _DEEPEST_ONBUILD:
        raise LineError("ONBUILD within ONBUILD within ONBUILD", "the builder takes no ONBUILD in an ONBUILD")
    logical = argument.logical.part(argument.start, argument.end)
    span = Span(logical.span(0, 1).start, span.end)
    return read_instruction(logical, argument.escape, span=span, line=line, end_line=end_line, depth=depth + 1)


def _nothing(_: _Argument) -> _Read:
    return _Read()


def _whole(argument: _Argument) -> _Read:
    return _Read((argument.word(argument.start, argument.end),) if argument.text else ())


def _blank_separated(argument: _Argument) -> _Read:
    return _Read(argument.words(_NO_BLANKS))


def _names_or_pairs(argument: _Argument) -> _Read:
    return _Read(argument.words(_PAIRS[argument.escape]))


def _pairs(keyword: str) -> _Form:
    """ENV's and LABEL's form: ``name=value …``, or the old ``name value`` where the first word has no ``=``."""

    def form(argument: _Argument) -> _Read:
        words = argument.words(_PAIRS[argument.escape])
        if words and "=" not in words[0].text:
            blanks = _BLANKS.search(argument.logical.text, argument.start, argument.end)
            if blanks is None:
                raise LineError(f"{keyword} must have two arguments", f"write {keyword} name=value")
            name, value = argument.word(argument.start, blanks.start()), argument.word(blanks.end(), argument.end)
            return _Read((name, value), is_old_form=True)
        for word in words:
            if "=" not in word.text:
                raise LineError(
                    f"{keyword} wants name=value, got {word.text[:60]!r}", "put a value with blanks in quotes"
                )
        return _Read(words)

    return form


def _shell_or_exec(argument: _Argument) -> _Read:
    return _json(argument) or _whole(argument)


def _list_or_exec(argument: _Argument) -> _Read:
    return _json(argument) or _blank_separated(argument)


def _health(argument: _Argument) -> _Read:
    # Byte by byte, as flags are read.
    text = _bytewise(argument.text)
    kind = _NO_BYTE_SPACES.match(text)
    if kind is None:
        return _Read()
    places = _places(argument.text)
    rest = _NO_BYTE_SPACES.search(text, kind.end())
    start = argument.start + places[rest.start() if rest else len(text)]
    command = _shell_or_exec(argument.after(start))
    word = argument.word(argument.start, argument.start + places[kind.end()], _characters(kind.group()))
    return _Read((word, *command.words), command.exec_form)


def _json(argument: _Argument) -> _Read | None:
    """The strings of a JSON array; None where the argument is none. `LineError`: one of something else than strings."""
    text = argument.text.lstrip(SPACES)
    if not text.startswith("["):
        return None
    try:
        array = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_constant)
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(each, str) for each in array):
        raise LineError("a JSON array of something else than strings", 'put every element in "double quotes"')
    strings = tuple(_SURROGATE.sub("\ufffd", each) for each in array)
    places = _STRING.finditer(argument.logical.text, argument.start, argument.end)
    words = tuple(argument.word(*found.span(), each) for found, each in zip(places, strings, strict=True))
    return _Read(words, strings)


def _number(text: str) -> None:
    # Go reads every number as a float64: one that is too large makes the array no array.
    if math.isinf(float(text)):
        raise ValueError(text)


def _constant(text: str) -> NoReturn:
    raise ValueError(text)


_FORMS: Mapping[str, _Form] = {
    "add": _list_or_exec,
    "arg": _names_or_pairs,
    "cmd": _shell_or_exec,
    "copy": _list_or_exec,
    "entrypoint": _shell_or_exec,
    "env": _pairs("ENV"),
    "expose": _blank_separated,
    "from": _blank_separated,
    "healthcheck": _health,
    "label": _pairs("LABEL"),
    "maintainer": _whole,
    "onbuild": _nothing,
    "run": _shell_or_exec,
    "shell": _shell_or_exec,
    "stopsignal": _whole,
    "user": _whole,
    "volume": _list_or_exec,
    "workdir": _whole,
}
KEYWORDS = frozenset(keyword.upper() for keyword in _FORMS)
"""Every instruction that the builder knows."""
