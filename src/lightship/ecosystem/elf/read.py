"""What a program or shared object is and what it asks the loader for, from its program headers and dynamic section.

System V ABI (https://gabi.xinuos.com), chapter 5, "Dynamic Section"; symbol versions as in the LSB core
specification 5.0, chapter 10.7. Symbols are not read. The section table is only used to tell whether debug symbols
are there, so a file whose sections were cut off is read like the loader reads it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from lightship.ecosystem.elf.layout import Buffer, Layout, Segment, cut, read_layout, text_at
from lightship.errors import ArchiveError

__all__ = ["MACHINES", "ElfFile", "is_elf", "read_elf"]

MACHINES = {
    3: "i686", 8: "mips", 20: "ppc", 21: "ppc64", 22: "s390x", 40: "arm", 62: "x86_64", 183: "aarch64",
    243: "riscv", 258: "loongarch",
}  # fmt: skip
"""``e_machine`` to what ``uname -m`` and wheel tags say; others read ``machine-N``."""

_TYPES = {1: "object", 2: "program", 3: "shared", 4: "core"}
_SHT_SYMTAB = 2
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RPATH, _DT_RUNPATH = 1, 5, 10, 14, 15, 29
_DT_VERDEF, _DT_VERDEFNUM, _DT_VERNEED, _DT_VERNEEDNUM = 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF
_DYNAMIC_LIMIT_BYTES = 1 << 20
_TABLE_LIMIT_BYTES = 256 << 20
_VERSION_LIMIT = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ElfFile:
    """Facts of one file. ``type`` is ``program``, ``shared``, ``object``, ``core`` or ``type-N`` (a
    position-independent program is ``shared`` with an ``interpreter``). ``rpath`` and ``runpath`` are split at ``:``
    and keep ``$ORIGIN`` as written. ``version_needs`` holds (soname, versions); ``version_definitions`` the versions
    that the file gives, without its own name."""

    machine: str
    bits: int
    type: str
    interpreter: str = ""
    soname: str = ""
    needed: tuple[str, ...] = ()
    rpath: tuple[str, ...] = ()
    runpath: tuple[str, ...] = ()
    version_needs: tuple[tuple[str, tuple[str, ...]], ...] = ()
    version_definitions: tuple[str, ...] = ()
    has_debug: bool = False


def is_elf(start: bytes) -> bool:
    """True when a file that starts with ``start`` (four bytes or more) claims to be ELF."""
    return start[:4] == b"\x7fELF"


def read_elf(buffer: Buffer) -> ElfFile:
    """Read the facts of one file; raise ArchiveError for what is no ELF or breaks the format.

    Time and memory are bounded by the tables read, whatever the file claims.
    """
    layout = read_layout(buffer)
    interpreter = ""
    dynamic: dict[int, list[int]] = {}
    for segment in layout.segments:
        if segment.type == _PT_INTERP:
            raw = cut(buffer, segment.offset, min(segment.file_bytes, 4096), "interpreter")
            interpreter = raw.split(b"\0", 1)[0].decode("utf-8", "surrogateescape")
        elif segment.type == _PT_DYNAMIC and not dynamic:
            dynamic = _dynamic(buffer, layout, segment)
    reader = _DynamicReader(buffer, layout, dynamic)
    return ElfFile(
        machine=MACHINES.get(layout.header.machine, f"machine-{layout.header.machine}"),
        bits=layout.bits,
        type=_TYPES.get(layout.header.type, f"type-{layout.header.type}"),
        interpreter=interpreter,
        soname=next(iter(reader.texts(_DT_SONAME)), ""),
        needed=tuple(reader.texts(_DT_NEEDED)),
        rpath=reader.search(_DT_RPATH),
        runpath=reader.search(_DT_RUNPATH),
        version_needs=tuple(reader.version_needs()),
        version_definitions=tuple(reader.version_definitions()),
        has_debug=any(s.name.startswith((".debug_", ".zdebug_")) or s.type == _SHT_SYMTAB for s in layout.sections),
    )


def _dynamic(buffer: Buffer, layout: Layout, segment: Segment) -> dict[int, list[int]]:
    """Tag to values, in order, up to DT_NULL."""
    shape = struct.Struct(layout.order + ("QQ" if layout.bits == 64 else "II"))
    size = min(segment.file_bytes, _DYNAMIC_LIMIT_BYTES) // shape.size * shape.size
    values: dict[int, list[int]] = {}
    for tag, value in shape.iter_unpack(cut(buffer, segment.offset, size, "dynamic section")):
        if tag == 0:
            break
        values.setdefault(tag, []).append(value)
    return values


class _DynamicReader:
    """Resolves the dynamic section's strings and version tables of one file; a file without them gives empty facts."""

    def __init__(self, buffer: Buffer, layout: Layout, dynamic: dict[int, list[int]]) -> None:
        self._buffer = buffer
        self._layout = layout
        self._dynamic = dynamic
        size = self._first(_DT_STRSZ)
        if size > _TABLE_LIMIT_BYTES:
            raise ArchiveError(f"ELF string table is too large: {size} bytes")
        self._strings = b""
        if _DT_STRTAB in dynamic:
            self._strings = cut(buffer, self._offset(self._first(_DT_STRTAB)), size, "string table")

    def _first(self, tag: int) -> int:
        return self._dynamic.get(tag, [0])[0]

    def _offset(self, address: int) -> int:
        """File offset of a virtual address."""
        for segment in self._layout.segments:
            if segment.type == _PT_LOAD and segment.vaddr <= address < segment.vaddr + segment.file_bytes:
                return address - segment.vaddr + segment.offset
        raise ArchiveError(f"ELF address {address:#x} is in no loaded segment")

    def _text(self, offset: int) -> str:
        return text_at(self._strings, offset, "dynamic string")

    def texts(self, tag: int) -> list[str]:
        return [self._text(offset) for offset in self._dynamic.get(tag, ())]

    def search(self, tag: int) -> tuple[str, ...]:
        return tuple(part for text in self.texts(tag) for part in text.split(":") if part)

    def _chain(self, start: int, count: int, shape: struct.Struct) -> Iterator[tuple[int, tuple[int, ...]]]:
        """(offset, fields) of a linked table whose last field is the distance to the next, 0 at the end.

        A distance is unsigned, so a walk only goes forward and ends with the file.
        """
        for _ in range(min(count, _VERSION_LIMIT)):
            fields = shape.unpack(cut(self._buffer, start, shape.size, "version table"))
            yield start, fields
            if fields[-1] == 0:
                return
            start += fields[-1]

    def version_needs(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        if _DT_VERNEED not in self._dynamic:
            return
        need = struct.Struct(self._layout.order + "HHIII")
        auxiliary = struct.Struct(self._layout.order + "IHHII")
        left = _VERSION_LIMIT
        start = self._offset(self._first(_DT_VERNEED))
        for offset, (_, count, file, aux, _) in self._chain(start, self._first(_DT_VERNEEDNUM), need):
            rows = self._chain(offset + aux, min(count, left), auxiliary)
            versions = tuple(self._text(fields[3]) for _, fields in rows)
            left -= len(versions)
            yield self._text(file), versions

    def version_definitions(self) -> Iterator[str]:
        if _DT_VERDEF not in self._dynamic:
            return
        definition = struct.Struct(self._layout.order + "HHHHIII")
        auxiliary = struct.Struct(self._layout.order + "II")
        start = self._offset(self._first(_DT_VERDEF))
        for offset, fields in self._chain(start, self._first(_DT_VERDEFNUM), definition):
            flags, aux = fields[1], fields[5]
            if not flags & 1:  # VER_FLG_BASE names the file itself
                name, _ = auxiliary.unpack(cut(self._buffer, offset + aux, auxiliary.size, "version definition"))
                yield self._text(name)
