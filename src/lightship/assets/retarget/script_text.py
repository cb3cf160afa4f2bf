"""Bytes as a script's string literal writes them, and where each of them stands in the file (ECMA-262, 12.9.4)."""

import re
from bisect import bisect_right

__all__ = ["DecodedText", "decoded_bytes"]

_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9A-Fa-f]{2}\\u[dD][c-fC-F][0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}"
    rb"|\r\n|[\s\S])"
)
_SHORT = {
    b"n": b"\n",
    b"t": b"\t",
    b"r": b"\r",
    b"b": b"\b",
    b"f": b"\f",
    b"v": b"\v",
    b"0": b"\0",
    b"\n": b"",
    b"\r\n": b"",
}


_FAR = 1 << 62


class DecodedText:
    """What pieces of a file say together. Pieces are appended in the order of the file; offsets within an escape are
    taken to be at its beginning."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._decoded_at: list[int] = []
        self._stands_at: list[int] = []
        self._literal: list[bool] = []
        self._ranges: list[tuple[int, int]] = []
        self._length = 0

    @property
    def text(self) -> bytes:
        """All of it."""
        return b"".join(self._parts)

    def append(self, content: bytes, begin: int, end: int, *, escaped: bool) -> None:
        """``content[begin:end]``; with ``escaped`` as between the quotes of a literal."""
        self._ranges.append((begin, end))
        at = begin
        for escape in _ESCAPE.finditer(content, begin, end) if escaped else ():
            self._add(content[at : escape.start()], at, literal=True)
            self._add(_unescaped(escape[0]), escape.start(), literal=False)
            at = escape.end()
        self._add(content[at:end], at, literal=True)

    def append_other(self, decoded: bytes, begin: int) -> None:
        """Bytes that stand at ``begin`` in a form of their own."""
        self._add(decoded, begin, literal=False)

    def _add(self, decoded: bytes, begin: int, *, literal: bool) -> None:
        if decoded:
            self._parts.append(decoded)
            self._decoded_at.append(self._length)
            self._stands_at.append(begin)
            self._literal.append(literal)
            self._length += len(decoded)

    def place(self, offset: int) -> int:
        """Where the byte ``text[offset]`` stands in the file."""
        index = bisect_right(self._decoded_at, offset) - 1
        within = offset - self._decoded_at[index] if self._literal[index] else 0
        return self._stands_at[index] + within

    def pieces(self, begin: int, end: int) -> list[tuple[int, int]]:
        """Where ``text[begin:end]`` stands in the file: one span for each piece that it is in, as long as nothing in
        it is escaped."""
        found: dict[int, tuple[int, int]] = {}
        for offset in range(begin, end):
            place = self.place(offset)
            index = bisect_right(self._ranges, (place, _FAR))
            found[index] = (found[index][0] if index in found else place, place + 1)
        return list(found.values())

    def offset(self, place: int) -> int | None:
        """The inverse; None for what is in none of the pieces."""
        index = bisect_right(self._ranges, (place, _FAR)) - 1
        if index < 0 or place >= self._ranges[index][1]:
            return None
        index = bisect_right(self._stands_at, place) - 1
        within = place - self._stands_at[index] if self._literal[index] else 0
        return self._decoded_at[index] + within


def decoded_bytes(raw: bytes) -> bytes:
    """What ``raw`` says between the quotes of a literal."""
    return _ESCAPE.sub(lambda escape: _unescaped(escape[0]), raw)


def _unescaped(escape: bytes) -> bytes:
    body = escape[1:]
    if len(body) == 11 and b"\\u" in body:
        return b"".join(int(half, 16).to_bytes(2, "big") for half in (body[1:5], body[7:])).decode("utf-16-be").encode()
    if body[:1] in b"ux" and len(body) > 1:
        number = int(body[1:].strip(b"{}"), 16)
        return chr(number).encode("utf-8", "replace") if number < 0x110000 else b""
    return _SHORT.get(body, body)
