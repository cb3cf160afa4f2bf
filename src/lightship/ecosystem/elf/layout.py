"""The fixed tables of an ELF file: header, program headers, section headers.

System V ABI, generic part, 4.1 edition and the gABI drafts (https://gabi.xinuos.com), chapters 4 and 5. Every offset
and count is checked against the file before it is used; extended numbering (over 65,279 sections) is not understood.
"""

import dataclasses
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, SupportsIndex, overload

from lightship.errors import ArchiveError

__all__ = ["Buffer", "Header", "Layout", "Section", "Segment", "cut", "read_layout", "text_at"]


class Buffer(Protocol):
    """Random access to a file's bytes; `bytes` are one. A slice may be shorter at the end, as with `bytes`."""

    def __len__(self) -> int: ...
    @overload
    def __getitem__(self, place: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...


_MAGIC = b"\x7fELF"
_NAME_LIMIT = 4096
_SHN_LORESERVE = 0xFF00

_HEADER = {1: "HHIIIIIHHHHHH", 2: "HHIQQQIHHHHHH"}
_SEGMENT = {1: "IIIIIIII", 2: "IIQQQQQQ"}
_SECTION = {1: "IIIIIIIIII", 2: "IIQQQQIIQQ"}


@dataclass(frozen=True, slots=True)
class Header:
    """``e_*`` of the file header, in file order after ``e_ident``."""

    type: int
    machine: int
    version: int
    entry: int
    phoff: int
    shoff: int
    flags: int
    ehsize: int
    phentsize: int
    phnum: int
    shentsize: int
    shnum: int
    shstrndx: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """``p_*`` of one program header."""

    type: int
    flags: int
    offset: int
    vaddr: int
    paddr: int
    file_bytes: int
    memory_bytes: int
    align: int

    @property
    def end(self) -> int:
        """File offset after its last byte."""
        return self.offset + self.file_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """``sh_*`` of one section header; ``name`` is resolved."""

    name: str
    type: int
    flags: int
    address: int
    offset: int
    section_bytes: int
    link: int
    info: int
    align: int
    entry_bytes: int

    @property
    def end(self) -> int:
        """File offset after its last byte; a section without file content ends where it starts."""
        return self.offset if self.type in (0, 8) else self.offset + self.section_bytes  # SHT_NULL, SHT_NOBITS

    @property
    def is_loaded(self) -> bool:
        """SHF_ALLOC: part of the memory image."""
        return bool(self.flags & 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The tables of one file. ``order`` is `struct`'s ``<`` or ``>``, ``bits`` 32 or 64, ``size_bytes`` the file's."""

    order: str
    bits: int
    os_abi: int
    size_bytes: int
    header: Header
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]

    def pack_header(self, header: Header) -> bytes:
        """The file header after the 16 bytes of ``e_ident``."""
        return struct.pack(self.order + _HEADER[self.bits // 32], *dataclasses.astuple(header))

    def pack_segment(self, segment: Segment) -> bytes:
        fields = [segment.type, segment.flags, segment.offset, segment.vaddr, segment.paddr]
        fields += [segment.file_bytes, segment.memory_bytes, segment.align]
        if self.bits == 32:
            fields.insert(6, fields.pop(1))
        return struct.pack(self.order + _SEGMENT[self.bits // 32], *fields)

    def pack_section(self, section: Section, name_offset: int) -> bytes:
        return struct.pack(
            self.order + _SECTION[self.bits // 32],
            name_offset, section.type, section.flags, section.address, section.offset, section.section_bytes,
            section.link, section.info, section.align, section.entry_bytes,
        )  # fmt: skip


def cut(buffer: Buffer, offset: int, size: int, what: str) -> bytes:
    """``size`` bytes at ``offset``; raise ArchiveError when they are not all inside the file."""
    if offset < 0 or size < 0 or offset + size > len(buffer):
        raise ArchiveError(f"ELF {what} lies outside the file: {size} bytes at {offset} of {len(buffer)}")
    return buffer[offset : offset + size]


def text_at(table: bytes, offset: int, what: str) -> str:
    """The NUL-terminated name at ``offset`` of a string table; raise ArchiveError when it does not end."""
    end = table.find(b"\0", offset, offset + _NAME_LIMIT) if 0 <= offset < len(table) else -1
    if end == -1:
        raise ArchiveError(f"ELF {what} is no string: offset {offset} of a table of {len(table)} bytes")
    return table[offset:end].decode("utf-8", "surrogateescape")


def read_layout(buffer: Buffer) -> Layout:
    """Read the tables; raise ArchiveError for what is no ELF or breaks the format. Cost: the tables only."""
    if len(buffer) < 20 or buffer[:4] != _MAGIC:
        raise ArchiveError("not an ELF file: the magic number is missing")
    elf_class, encoding, os_abi = buffer[4], buffer[5], buffer[7]
    if elf_class not in (1, 2) or encoding not in (1, 2):
        raise ArchiveError(f"ELF class {elf_class} or byte order {encoding} is not understood")
    order = "<" if encoding == 1 else ">"
    shape = struct.Struct(order + _HEADER[elf_class])
    header = Header(*shape.unpack(cut(buffer, 16, shape.size, "header")))
    segments = tuple(_segments(buffer, order, elf_class, header))
    return Layout(
        order=order,
        bits=elf_class * 32,
        os_abi=os_abi,
        size_bytes=len(buffer),
        header=header,
        segments=segments,
        sections=_sections(buffer, order, elf_class, header),
    )


def _segments(buffer: Buffer, order: str, elf_class: int, header: Header) -> Iterator[Segment]:
    if not header.phnum:
        return
    shape = struct.Struct(order + _SEGMENT[elf_class])
    if header.phnum == 0xFFFF or header.phentsize != shape.size:
        raise ArchiveError(f"ELF program headers are not understood: {header.phnum} of {header.phentsize} bytes")
    table = cut(buffer, header.phoff, shape.size * header.phnum, "program header table")
    for fields in shape.iter_unpack(table):
        if elf_class == 2:
            kind, flags, offset, vaddr, paddr, file_bytes, memory_bytes, align = fields
        else:  # ELF32 keeps p_flags near the end
            kind, offset, vaddr, paddr, file_bytes, memory_bytes, flags, align = fields
        yield Segment(
            type=kind, flags=flags, offset=offset, vaddr=vaddr, paddr=paddr,
            file_bytes=file_bytes, memory_bytes=memory_bytes, align=align,
        )  # fmt: skip


def _sections(buffer: Buffer, order: str, elf_class: int, header: Header) -> tuple[Section, ...]:
    """Every section, or () where the file has no section table (a program does not need one)."""
    if not header.shoff:
        return ()
    shape = struct.Struct(order + _SECTION[elf_class])
    if not 0 < header.shnum < _SHN_LORESERVE or header.shentsize != shape.size or header.shstrndx >= header.shnum:
        raise ArchiveError(f"ELF section headers are not understood: {header.shnum} of {header.shentsize} bytes")
    table = cut(buffer, header.shoff, shape.size * header.shnum, "section header table")
    rows = list(shape.iter_unpack(table))
    names = b"\0"
    if header.shstrndx:
        _, kind, _, _, offset, size, *_ = rows[header.shstrndx]
        names = cut(buffer, offset, size, "section name table") if kind == 3 else b"\0"
    return tuple(
        Section(
            name=text_at(names, row[0], "section name") if row[0] else "",
            type=row[1], flags=row[2], address=row[3], offset=row[4], section_bytes=row[5],
            link=row[6], info=row[7], align=row[8], entry_bytes=row[9],
        )
        for row in rows
    )  # fmt: skip
