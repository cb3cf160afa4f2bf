"""A tiny ELF shared object, written by hand: enough for a loader to see its name and what it needs. gABI, chapter 5."""

import struct
from collections.abc import Sequence

__all__ = ["shared_object"]

_MACHINES = {"x86_64": 62, "aarch64": 183}
_HEADER_BYTES, _SEGMENT_BYTES, _SEGMENTS = 64, 56, 3
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RUNPATH = 1, 5, 10, 14, 29
_DT_VERDEF, _DT_VERDEFNUM = 0x6FFFFFFC, 0x6FFFFFFD
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3


def shared_object(
    *,
    soname: str = "",
    needed: Sequence[str] = (),
    runpath: str = "",
    interpreter: str = "",
    versions: Sequence[str] = (),
    machine: str = "x86_64",
) -> bytes:
    """A 64-bit little-endian ET_DYN with one loaded segment and a dynamic section; ``versions`` are defined."""
    strings = b"\0"
    tags: list[tuple[int, int]] = []
    for tag, text in [*((_DT_NEEDED, name) for name in needed), (_DT_SONAME, soname), (_DT_RUNPATH, runpath)]:
        if text:
            tags.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    definitions = b""
    for number, version in enumerate(versions, 2):
        last = number == len(versions) + 1
        definitions += struct.pack("<HHHHIII", 1, 0, number, 1, 0, 20, 0 if last else 28)
        definitions += struct.pack("<II", len(strings), 0)
        strings += version.encode() + b"\0"
    dynamic_offset = _HEADER_BYTES + _SEGMENTS * _SEGMENT_BYTES
    dynamic_bytes = 16 * (len(tags) + 3 + 2 * bool(versions))
    strings_offset = dynamic_offset + dynamic_bytes
    definitions_offset = strings_offset + len(strings)
    interpreter_offset = definitions_offset + len(definitions)
    if versions:
        tags += [(_DT_VERDEF, definitions_offset), (_DT_VERDEFNUM, len(versions))]
    tags += [(_DT_STRTAB, strings_offset), (_DT_STRSZ, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    tail = interpreter.encode() + b"\0" if interpreter else b""
    total = interpreter_offset + len(tail)
    segments = [(_PT_LOAD, 5, 0, total), (_PT_DYNAMIC, 4, dynamic_offset, dynamic_bytes)]
    segments += [(_PT_INTERP, 4, interpreter_offset, len(tail))] if interpreter else []
    header = b"\x7fELF\2\1\1" + bytes(9)
    header += struct.pack("<HHIQQQI", 3, _MACHINES[machine], 1, 0, _HEADER_BYTES, 0, 0)
    header += struct.pack("<HHHHHH", _HEADER_BYTES, _SEGMENT_BYTES, len(segments), 0, 0, 0)
    table = b"".join(
        struct.pack("<IIQQQQQQ", kind, flags, offset, offset, offset, size, size, 8)
        for kind, flags, offset, size in segments
    )
    return header + table.ljust(_SEGMENTS * _SEGMENT_BYTES, b"\0") + dynamic + strings + definitions + tail
