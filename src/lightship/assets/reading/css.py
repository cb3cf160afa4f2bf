"""What a style sheet leads a browser to: ``url()``, ``@import``, ``image-set()``, fonts.

Tokens as in CSS Syntax Module Level 3 (https://www.w3.org/TR/css-syntax-3/, 2021-12-24), of which only comments,
strings, urls, at-keywords and blocks matter here. Every byte is looked at a bounded number of times.
"""

import re
from collections.abc import Iterator

from lightship.assets.reading.reference import Kind, Reference, kind_of, tidy

__all__ = ["css_references"]

_START = re.compile(
    rb"/\*|[\"']|\\.|@(?:import|font-face|namespace)\b|\b(?:url|src)\(|(?:-webkit-)?image-set\(|[(){};]", re.IGNORECASE
)
_STRINGS = {
    b'"': re.compile(rb'(?:[^"\\\n\r\f]|\\(?:\r\n|[\s\S]))*+'),
    b"'": re.compile(rb"(?:[^'\\\n\r\f]|\\(?:\r\n|[\s\S]))*+"),
}
_UNQUOTED = re.compile(
    rb"[ \t\n\r\f]*+((?:[^\"'()\\\s\x00-\x08\x0b\x0e-\x1f\x7f]|\\(?:[0-9A-Fa-f]{1,6}+[ \t\n\f]?+|[^\n\r\f]))*+)"
    rb"[ \t\n\r\f]*+\)"
)
_QUOTED = re.compile(rb"[ \t\n\r\f]*+[\"']")
_MAP = re.compile(rb"[#@][ \t]*+sourceMappingURL=([^\s*]+)")
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\r\f])?|\r\n|([\s\S]))")


def css_references(content: bytes, begin: int = 0, end: int | None = None) -> Iterator[Reference]:
    """Of ``content[begin:end]``, in their order; relative targets are relative to the sheet."""
    return _Reader(content, len(content) if end is None else end).read(begin)


class _Reader:
    """Where it stands in the grammar: the at-rule it is in, and how deep in ``image-set()``."""

    def __init__(self, content: bytes, end: int) -> None:
        self._content = content
        self._end = end
        self._rule = b""
        self._in_font = False
        self._depth = 0
        self._sets: list[int] = []

    def read(self, at: int) -> Iterator[Reference]:
        while (token := _START.search(self._content, at, self._end)) is not None:
            word = token[0].lower()
            at = token.end()
            if word == b"/*":
                closed = self._content.find(b"*/", at, self._end)
                begin, at = at, closed + 2 if closed >= 0 else self._end
                yield from self._map(begin, closed)
            elif word in _STRINGS:
                begin, at = at, self._string_end(word, at)
                if self._rule == b"@import" or (self._sets and self._depth == self._sets[-1]):
                    yield from self._found(begin, at, "@import" if self._rule else "image-set()")
                at += self._content[at : at + 1] == word
            elif word in (b"url(", b"src("):
                begin, stop, at = self._url(at)
                if stop > begin:
                    yield from self._found(begin, stop, "@import" if self._rule == b"@import" else "url()")
            else:
                self._step(word)

    def _step(self, word: bytes) -> None:
        if word.startswith(b"@"):
            self._rule, self._in_font = (b"", True) if word == b"@font-face" else (word, False)
        elif word.endswith(b"("):
            self._depth += 1
            if len(word) > 1:
                self._sets.append(self._depth)
        elif word == b")":
            if self._sets and self._sets[-1] == self._depth:
                self._sets.pop()
            self._depth = max(0, self._depth - 1)
        elif word in (b";", b"{", b"}"):
            self._rule = b""
            self._in_font = self._in_font and word != b"}"
            if word != b";":
                self._depth = 0
                self._sets.clear()

    def _string_end(self, quote: bytes, at: int) -> int:
        found = _STRINGS[quote].match(self._content, at, self._end)
        return found.end() if found else at

    def _url(self, at: int) -> tuple[int, int, int]:
        """The span of what is inside, and where to go on."""
        quoted = _QUOTED.match(self._content, at, self._end)
        if quoted:
            begin = quoted.end()
            stop = self._string_end(quoted[0][-1:], begin)
            self._depth += 1  # its bracket is still to come, perhaps after modifiers
            return begin, stop, stop + (self._content[stop : stop + 1] == quoted[0][-1:])
        plain = _UNQUOTED.match(self._content, at, self._end)
        if plain:
            return plain.start(1), plain.end(1), plain.end()
        closed = self._content.find(b")", at, self._end)  # a bad url: it ends there all the same
        return at, at, closed + 1 if closed >= 0 else self._end

    def _map(self, begin: int, end: int) -> Iterator[Reference]:
        """Of a comment: ECMA-426, 2024-12, 11.1.2.2."""
        named = _MAP.match(self._content, begin, max(begin, end))
        target = tidy(_unescaped(named[1])) if named else None
        if named and target is not None:
            begin, end = named.span(1)
            yield Reference(target=target, kind="map", begin=begin, end=end, via="sourceMappingURL")

    def _found(self, begin: int, end: int, via: str) -> Iterator[Reference]:
        if self._rule == b"@namespace":
            return
        target = tidy(_unescaped(self._content[begin:end]))
        if target is not None:
            kind: Kind = "style" if via == "@import" else "font" if self._in_font else kind_of(target) or "image"
            yield Reference(
                target=target, kind=kind, begin=begin, end=end, crossorigin=kind == "font", via=f"css {via}"
            )


def _unescaped(raw: bytes) -> str:
    text = raw.decode("utf-8", "replace")
    return _ESCAPE.sub(_escaped, text) if "\\" in text else text


def _escaped(match: re.Match[str]) -> str:
    if match[1] is None:
        return match[2] if match[2] not in (None, "\n", "\f", "\r") else ""
    number = int(match[1], 16)
    return chr(number) if 0 < number < 0x110000 and not 0xD800 <= number < 0xE000 else "�"
