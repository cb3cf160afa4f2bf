"""React's payload of server components ("flight"): rows whose length is written before them.

``id:T<hex>,`` is followed by so many bytes of text, without a newline at their end; typed arrays alike. Other rows end
with a newline. Source: react-server-dom-webpack 19.2 (2025-10), ReactFlightClient.js, ``processBinaryChunk``. Next.js
writes the payload into files (``.rsc``, ``.txt``) and, cut anywhere, into ``self.__next_f.push([1,"…"])`` of its pages.
"""

import base64
import binascii
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from lightship.assets.retarget.mentions import find_mentions, host_pattern
from lightship.assets.retarget.prefix import Prefix
from lightship.assets.retarget.script_text import DecodedText, decoded_bytes
from lightship.assets.retarget.slot import Slot

__all__ = ["FlightError", "Row", "is_flight", "length_slots", "payload_slots", "rows"]

_ID = re.compile(rb"[0-9a-f]*:")
_LENGTH = re.compile(rb"[0-9a-f]{1,15},")
_COUNTED = b"TAOobUSsLlGgMmV"
_HEADER = re.compile(rb"(?:^|\n|\\n|\")[0-9a-f]*:T[0-9a-f]+,", re.MULTILINE)
_PUSH = re.compile(rb'__next_f(?:\s*=\s*self\.__next_f\s*\|\|\s*\[\]\))?\.push\(\[([0-9])(?:,\s*"((?:[^"\\]|\\.)*+)")?')
_BEGIN = re.compile(rb"[#~]?[0-9a-f]*:")
_LONGEST_MENTION = 512
_TEXT, _BINARY = b"1", b"3"


class FlightError(Exception):
    """The payload is not understood, so that its lengths cannot be mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A row with a length: ``header`` is where its digits are, ``begin`` and ``end`` where its bytes."""

    header: tuple[int, int]
    begin: int
    end: int


def is_flight(path: str, content: bytes) -> bool:
    """Whether the file as a whole is such a payload."""
    suffix = PurePosixPath(path).suffix.lower()
    return suffix in (".rsc", ".txt") and _BEGIN.match(content) is not None


def rows(payload: bytes) -> Iterator[Row]:
    """Rows with a length, in order. Raise FlightError where the payload breaks the format."""
    at = int(payload[:1] in (b"#", b"~"))  # whether the response is whole or a part: Next.js 16 says so in one byte
    while at < len(payload):
        named = _ID.match(payload, at)
        if named is None:
            raise FlightError(f"no row begins at byte {at} of the payload")
        at = named.end()
        if payload[at : at + 1] and payload[at] in _COUNTED:
            length = _LENGTH.match(payload, at + 1)
            if length is None:
                raise FlightError(f"a row's length at byte {at + 1} of the payload is none")
            begin = length.end()
            end = begin + int(length[0][:-1], 16)
            if end > len(payload):
                raise FlightError(f"a row that begins at byte {begin} of the payload goes beyond its end")
            yield Row(header=(at + 1, begin - 1), begin=begin, end=end)
            at = end
        else:
            newline = payload.find(b"\n", at)
            at = newline + 1 if newline >= 0 else len(payload)


def payload_slots(path: str, content: bytes, prefix: Prefix) -> list[Slot]:
    """Mentions of ``prefix`` in a payload that the file's bytes do not show: those that lie in two of a page's pieces
    (React flushes after so many bytes, wherever that is), and those at the end of a text, which the next row follows
    without a gap. Raise FlightError for one that is not understood."""
    payload = _payload(path, content)
    if payload is None or not host_pattern(prefix).search(payload.text):
        return []
    text = payload.text
    found = [slot for row in _rows_or_none(text) for slot in _at_the_end(path, text, row, prefix)]
    if not is_flight(path, content):
        mentions = find_mentions(path, text, prefix)
        found += [slot for slot in mentions.slots if len(payload.pieces(slot.begin, slot.end)) > 1]
        width = len(prefix.host)
        if any(len(payload.pieces(offset, offset + width)) > 1 for offset in mentions.unknown):
            raise FlightError("the prefix is cut in a form that is not understood")
    every = {slot.begin: slot for slot in found}
    return [each for _, slot in sorted(every.items()) for each in _in_file(slot, payload, content)]


def _rows_or_none(payload: bytes) -> list[Row]:
    try:
        return list(rows(payload))
    except FlightError:
        return []


def _at_the_end(path: str, payload: bytes, row: Row, prefix: Prefix) -> Iterator[Slot]:
    begin = max(row.begin, row.end - _LONGEST_MENTION)
    for slot in find_mentions(path, payload[begin : row.end], prefix).slots:
        if slot.end == row.end - begin:
            yield replace(slot, begin=slot.begin + begin, end=slot.end + begin)


def _in_file(slot: Slot, payload: DecodedText, content: bytes) -> Iterator[Slot]:
    pieces = payload.pieces(slot.begin, slot.end)
    said = b"".join(content[begin:end] for begin, end in pieces)
    if said != payload.text[slot.begin : slot.end]:
        raise FlightError("the prefix is cut in a form that is not understood")
    yield from _cut(slot, pieces)


def _cut(slot: Slot, pieces: list[tuple[int, int]]) -> Iterator[Slot]:
    """``slot`` in the pieces that it is in, each with its characters of it."""
    first = 0
    for begin, end in pieces:
        last = first + end - begin
        yield replace(slot, begin=begin, end=end, first=first, last=-1 if (begin, end) == pieces[-1] else last)
        first = last


def length_slots(path: str, content: bytes, slots: tuple[Slot, ...]) -> list[Slot]:
    """The lengths in ``content`` that depend on ``slots``, whose indexes they cover. Raise FlightError where there are
    lengths and it cannot be told which."""
    text = _payload(path, content)
    if text is None:
        if slots and path.endswith((".html", ".htm", ".rsc")) and _HEADER.search(content):
            raise FlightError("a payload of React's in a form that only its framework knows")
        return []
    payload = text.text
    offsets = [(offset, index) for index, slot in enumerate(slots) if (offset := text.offset(slot.begin)) is not None]
    try:
        found = list(rows(payload))
    except FlightError:
        if _HEADER.search(payload) and offsets:
            raise
        return []
    return list(_covering(found, offsets, text, escaped=not is_flight(path, content)))


def _payload(path: str, content: bytes) -> DecodedText | None:
    text = DecodedText()
    if is_flight(path, content):
        text.append(content, 0, len(content), escaped=False)
    elif b"__next_f" in content:
        _append_pushes(text, content)
    return text if text.text else None


def _covering(found: list[Row], offsets: list[tuple[int, int]], text: DecodedText, *, escaped: bool) -> Iterator[Slot]:
    offsets.sort()
    for row in found:
        first, last = bisect_left(offsets, (row.begin, -1)), bisect_left(offsets, (row.end, -1))
        if first < last:
            covers = tuple(index for _, index in offsets[first:last])
            length = Slot(begin=0, end=0, kind="length", extra="js" if escaped else "", covers=covers)
            yield from _cut(length, text.pieces(*row.header))


def _append_pushes(text: DecodedText, content: bytes) -> None:
    for push in _PUSH.finditer(content):
        if push[1] == _TEXT and push[2] is not None:
            text.append(content, *push.span(2), escaped=True)
        elif push[1] == _BINARY and push[2] is not None:
            try:
                text.append_other(base64.b64decode(decoded_bytes(push[2]), validate=True), push.start(2))
            except binascii.Error as error:
                raise FlightError("a binary piece of the payload is no base64") from error
