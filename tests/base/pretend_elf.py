"""A tiny ELF shared object, written by hand: enough for a loader to see its name and what it needs. gABI, chapter 5."""

import struct
from collections.abc import Sequence

__all__ = ["shared_object"]

_MACHINES = {"x86_64": 62, "aarch64": 183}
_HEADER_BYTES, _SEGMENT_BYTES = 64, 56
_DT_NEEDED, _DT_STRTAB, _DT_STRSZ, _DT_SONAME, _DT_RUNPATH = 1, 5, 10, 14, 29


def shared_object(*, soname: str = "", needed: Sequence[str] = (), runpath: str = "", machine: str = "x86_64") -> bytes:
    """A 64-bit little-endian ET_DYN with one loaded segment and a dynamic section."""
    strings = b"\0"
    tags: list[tuple[int, int]] = []
    for tag, text in [*((_DT_NEEDED, name) for name in needed), (_DT_SONAME, soname), (_DT_RUNPATH, runpath)]:
        if text:
            tags.append((tag, len(strings)))
            strings += text.encode() + b"\0"
    dynamic_offset = _HEADER_BYTES + 2 * _SEGMENT_BYTES
    dynamic_bytes = 16 * (len(tags) + 3)
    tags += [(_DT_STRTAB, dynamic_offset + dynamic_bytes), (_DT_STRSZ, len(strings)), (0, 0)]
    dynamic = b"".join(struct.pack("<QQ", *tag) for tag in tags)
    total = dynamic_offset + dynamic_bytes + len(strings)
    identity = b"\x7fELF\2\1\1" + bytes(9)
    header = identity + struct.pack(
        "<HHIQQQIHHHHHH", 3, _MACHINES[machine], 1, 0, _HEADER_BYTES, 0, 0, _HEADER_BYTES, _SEGMENT_BYTES, 2, 0, 0, 0
    )
    load = struct.pack("<IIQQQQQQ", 1, 5, 0, 0, 0, total, total, 4096)
    section = struct.pack(
        "<IIQQQQQQ", 2, 4, dynamic_offset, dynamic_offset, dynamic_offset, dynamic_bytes, dynamic_bytes, 8
    )
    return header + load + section + dynamic + strings
