"""One logical line to an `Instruction`: keyword, flags, and words in the form that the keyword's arguments have.

https://github.com/moby/buildkit/tree/v0.17.0/frontend/dockerfile/parser: ``split_command.go``, ``line_parsers.go``.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NoReturn

from lightship.dockerfile.model import Flag, Instruction, Logical, Span, Word
from lightship.dockerfile.words import SPACES

__all__ = ["KEYWORDS", "LineError", "read_instruction"]

_BLANKS = re.compile(r"[\t\v\f\r ]+")
_NO_BLANKS = re.compile(r"[^\t\v\f\r ]+")
_NO_SPACES = re.compile(rf"[^{SPACES}]+")
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


_Form = Callable[[_Argument], tuple[tuple[Word, ...], tuple[str, ...] | None]]
"""From an argument to its words, and the strings of the JSON array that it is."""


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
    # Go's ToLower decides what a keyword is; Python's upper() has other letters that become ASCII.
    keyword = written.lower().upper() if written.lower() in _FORMS else written.upper()
    words: tuple[Word, ...] = ()
    exec_form, inner = None, None
    if keyword == "ONBUILD":
        inner = _inner(argument, span=span, line=line, end_line=end_line, depth=depth)
    elif written.lower() in _FORMS:
        words, exec_form = _FORMS[written.lower()](argument)
    return Instruction(
        keyword=keyword,
        keyword_span=logical.span(start, keyword_end),
        span=span,
        line=line,
        end_line=end_line,
        flags=flags,
        argument=logical.part(argument.start, argument.end),
        words=words,
        exec_form=exec_form,
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
    """The words in front that begin with ``--``, their quotes taken off, and where the rest begins.

    BuildKit reads them byte by byte, which spoils letters beyond ASCII; here they stay what they are.
    """
    text, place = logical.text, start
    flags: list[Flag] = []
    while True:
        found = _NO_SPACES.search(text, place, end)
        if found is None or not text.startswith("--", found.start(), end):
            return tuple(flags), found.start() if found else end
        word, place = _flag_word(text, found.start(), end, escape)
        if word == "--":
            return tuple(flags), place
        name, equals, value = word[2:].partition("=")
        flags.append(Flag(name=name, value=value if equals else None, span=logical.span(found.start(), place)))


def _flag_word(text: str, place: int, end: int, escape: str) -> tuple[str, int]:
    letters: list[str] = []
    quote = ""
    while place < end:
        character = text[place]
        if not quote and character in SPACES:
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


def _whole(argument: _Argument) -> tuple[tuple[Word, ...], None]:
    return ((argument.word(argument.start, argument.end),) if argument.text else ()), None


def _blank_separated(argument: _Argument) -> tuple[tuple[Word, ...], None]:
    return argument.words(_NO_BLANKS), None


def _names_or_pairs(argument: _Argument) -> tuple[tuple[Word, ...], None]:
    return argument.words(_PAIRS[argument.escape]), None


def _pairs(keyword: str) -> _Form:
    """ENV's and LABEL's form: ``name=value …``, or the old ``name value`` where the first word has no ``=``."""

    def form(argument: _Argument) -> tuple[tuple[Word, ...], None]:
        words = argument.words(_PAIRS[argument.escape])
        if words and "=" not in words[0].text:
            blanks = _BLANKS.search(argument.logical.text, argument.start, argument.end)
            if blanks is None:
                raise LineError(f"{keyword} must have two arguments", f"write {keyword} name=value")
            return (
                argument.word(argument.start, blanks.start()),
                argument.word(blanks.end(), argument.end),
            ), None
        for word in words:
            if "=" not in word.text:
                raise LineError(
                    f"{keyword} wants name=value, got {word.text[:60]!r}", "put a value with blanks in quotes"
                )
        return words, None

    return form


def _shell_or_exec(argument: _Argument) -> tuple[tuple[Word, ...], tuple[str, ...] | None]:
    return _json(argument) or _whole(argument)


def _list_or_exec(argument: _Argument) -> tuple[tuple[Word, ...], tuple[str, ...] | None]:
    return _json(argument) or _blank_separated(argument)


def _health(argument: _Argument) -> tuple[tuple[Word, ...], tuple[str, ...] | None]:
    kind = _NO_SPACES.match(argument.logical.text, argument.start, argument.end)
    if kind is None:
        return (), None
    command, exec_form = _shell_or_exec(argument.after(_trimmed(argument.logical.text, kind.end(), argument.end)[0]))
    return (argument.word(*kind.span()), *command), exec_form


def _json(argument: _Argument) -> tuple[tuple[Word, ...], tuple[str, ...]] | None:
    """The strings of a JSON array; None where the argument is none. `LineError`: one of something else than strings."""
    text = argument.text
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
    return tuple(argument.word(*found.span(), each) for found, each in zip(places, strings, strict=True)), strings


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
    "onbuild": _whole,
    "run": _shell_or_exec,
    "shell": _shell_or_exec,
    "stopsignal": _whole,
    "user": _whole,
    "volume": _list_or_exec,
    "workdir": _whole,
}
KEYWORDS = frozenset(keyword.upper() for keyword in _FORMS)
"""Every instruction that the builder knows."""
