"""An ELF file that streams by: what its first bytes say of the rest, and what stripping it would save.

System V ABI, gABI draft (https://gabi.xinuos.com), chapters 4 and 5. Program headers stand right behind the file header
in nearly all that a linker writes, section headers at the end. Where they do not, nothing is known and nothing is said.
"""

import struct
from typing import NamedTuple, SupportsIndex, overload

from lightship.ecosystem.elf.strip import droppable_bytes
from lightship.errors import ArchiveError

__all__ = ["ELF_HEAD_BYTES", "ElfHead", "StripScanner", "read_head"]

ELF_HEAD_BYTES = 4096
"""Of a file's beginning: the file header and some 70 program headers."""

# Offsets of e_phoff, e_shoff and e_phentsize to e_shnum; p_type, p_flags, p_offset, p_filesz of a program header.
_SHAPES = {
    b"\x7fELF\x01\x01": (struct.Struct("<28xII6xHHHH"), struct.Struct("<II8xI4xI4x")),
    b"\x7fELF\x01\x02": (struct.Struct(">28xII6xHHHH"), struct.Struct(">II8xI4xI4x")),
    b"\x7fELF\x02\x01": (struct.Struct("<32xQQ6xHHHH"), struct.Struct("<IIQ16xQ16x")),
    b"\x7fELF\x02\x02": (struct.Struct(">32xQQ6xHHHH"), struct.Struct(">IIQ16xQ16x")),
}
_LOAD = 1
_EXECUTABLE = 1
_NAMES_BYTES = 1 << 13
_END_BYTES = 1 << 13
_TABLE_CAP_BYTES = 1 << 20
_LEAST_BYTES = 1 << 16


class ElfHead(NamedTuple):
    """What is loaded, as (start, end, whether it is code) in the file, in order, and where the section headers start
    and end."""

    loaded: list[tuple[int, int, bool]]
    sections: tuple[int, int]


def read_head(head: bytes) -> ElfHead | None:
    """Of a file that begins with ``head``; None where that is no ELF file, or not enough of one. Cheap: it is asked of
    every library of an image."""
    shapes = _SHAPES.get(head[:6])
    if shapes is None:
        return None
    header, segment = shapes
    try:
        phoff, shoff, phentsize, phnum, shentsize, shnum = header.unpack_from(head)
    except struct.error:
        return None
    end = phoff + phentsize * phnum
    if phentsize != segment.size or end > len(head) or not phnum:
        return None
    loaded = []
    for kind, *fields in segment.iter_unpack(head[phoff:end]):
        if kind == _LOAD:
            flags, start, size = fields if head[4] == 2 else (fields[2], fields[0], fields[1])
            loaded.append((start, start + size, bool(flags & _EXECUTABLE)))
    loaded.sort()
    return ElfHead(loaded, (shoff, shoff + shentsize * shnum))


class StripScanner:
    """How many bytes stripping would save of a file of ``size_bytes`` that begins with ``head``, without having the
    file: only its tables are kept, a mebibyte or so at most.

    Names of sections that do not stand right before the section headers are not seen (lld writes them elsewhere): of
    such a file the symbol tables are told, debug sections are not.
    """

    def __init__(self, head: bytes, size_bytes: int) -> None:
        self._size_bytes = size_bytes
        self._offset = 0
        self._ranges = _tables(read_head(head), size_bytes)
        self._held: list[tuple[int, bytes]] = []

    @property
    def is_idle(self) -> bool:
        """Whether there is nothing to win, or nothing known of the file: it need not be fed."""
        return not self._ranges

    def feed(self, chunk: bytes) -> None:
        """The next bytes, from the first on."""
        start, end = self._offset, self._offset + len(chunk)
        self._offset = end
        for first, last in self._ranges:
            if first < end and last > start:
                self._held.append((max(first, start), chunk[max(0, first - start) : last - start]))

    def saved_bytes(self) -> int:
        """Of the whole file, once all of it was fed; 0 where stripping is not worth it or would be refused."""
        if self.is_idle or self._offset != self._size_bytes:
            return 0
        try:
            saved = droppable_bytes(_Sparse(self._size_bytes, self._held))
        except ArchiveError:  # a table lies where nobody looked
            return 0
        return saved if saved >= _LEAST_BYTES else 0


def _tables(head: ElfHead | None, size_bytes: int) -> list[tuple[int, int]]:
    """Where the tables are, and what may follow them all; nothing where that is not known or nothing is to be won."""
    if head is None or not head.loaded:
        return []
    gaps = before = 0
    for start, end, _ in head.loaded:
        gaps += max(0, start - before)
        before = max(before, end)
    start, end = head.sections
    if gaps + size_bytes - before < _LEAST_BYTES or not start or end - start > _TABLE_CAP_BYTES or end > size_bytes:
        return []
    return [(0, ELF_HEAD_BYTES), (max(0, start - _NAMES_BYTES), end), (max(end, size_bytes - _END_BYTES), size_bytes)]


class _Sparse:
    """A `Buffer` of ``size_bytes`` of which only some parts are there; the rest reads as zeros."""

    def __init__(self, size_bytes: int, parts: list[tuple[int, bytes]]) -> None:
        self._size_bytes = size_bytes
        self._parts = parts

    def __len__(self) -> int:
        return self._size_bytes

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...
    def __getitem__(self, place: SupportsIndex | slice, /) -> int | bytes:
        if not isinstance(place, slice):
            return self[place.__index__() : place.__index__() + 1][0]
        start, stop, _ = place.indices(self._size_bytes)
        if stop - start > _TABLE_CAP_BYTES:
            raise ArchiveError(f"ELF tables are too large: {stop - start} bytes")
        found = bytearray(max(0, stop - start))
        for first, part in self._parts:
            low, high = max(start, first), min(stop, first + len(part))
            if low < high:
                found[low - start : high - start] = part[low - first : high - first]
        return bytes(found)
