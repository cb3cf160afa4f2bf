"""A wheel rewritten so that its bytes depend on its content only: order, times, modes and compression are fixed.

Binary distribution format, https://packaging.python.org/en/latest/specifications/binary-distribution-format/ ; zip as
in PKWARE APPNOTE 6.3.10. Members up to 32 MiB are compressed once, by libdeflate at its ninth level: they are copied
into layers as they are, for as long as the cache lives. Larger ones go through zlib, in bounded memory.
"""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from lightship.archive.content import Content, Deflated, Stored
from lightship.archive.inflate import Containers, iter_content, read_content
from lightship.archive.zip import ZipLimits, ZipMember, read_zip
from lightship.errors import InputError

__all__ = ["write_normal_wheel"]

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_END = struct.Struct("<4s4H2LH")
_DOS_DATE = 0x0021  # 1980-01-01, the first that a zip can say
_UTF8 = 0x0800
_WHOLE_BYTES = 32 * 2**20
_LIMIT = 0xFFFF_FFFF
_LIMITS = ZipLimits(max_ratio=1032)  # a wheel that was built here may hold whatever its sources hold


def write_normal_wheel(wheel: Path, output: BinaryIO) -> None:
    """Write the members of ``wheel`` to ``output``, sorted by path with ``RECORD`` last, rows of RECORD sorted.

    Raise ArchiveError or HostileError for a wheel that breaks its format, InputError past 4 GiB or 65,534 members.
    """
    members = [member for member in read_zip(wheel, limits=_LIMITS) if member.type == "file"]
    members.sort(key=lambda member: (member.path.endswith(".dist-info/RECORD"), member.path))
    with Containers() as containers:
        directory = [_write_member(member, containers, output) for member in members]
    start = output.tell()
    for entry in directory:
        output.write(entry)
    size = output.tell() - start
    if output.tell() > _LIMIT or len(directory) >= 0xFFFF:
        raise InputError(f"{wheel.name} is larger than a wheel without Zip64 can be: 4 GiB, 65,534 members")
    output.write(_END.pack(b"PK\5\6", 0, 0, len(directory), len(directory), size, start, 0))


def _write_member(member: ZipMember, containers: Containers, output: BinaryIO) -> bytes:
    name = member.path.encode()
    flags = 0 if name.isascii() else _UTF8
    mode = 0o100755 if member.mode & 0o100 else 0o100644
    offset = output.tell()
    if offset > _LIMIT or _unpacked(member.content) > _LIMIT:
        raise InputError(f"{member.path} is larger than a wheel without Zip64 can hold: 4 GiB")
    output.write(bytes(_LOCAL.size) + name)
    method, crc32, unpacked_bytes = _write_content(member, containers, output)
    end = output.tell()
    packed_bytes = end - offset - _LOCAL.size - len(name)
    shared = (flags, method, 0, _DOS_DATE, crc32, packed_bytes, unpacked_bytes, len(name), 0)
    output.seek(offset)
    output.write(_LOCAL.pack(b"PK\3\4", 20, *shared))
    output.seek(end)
    return _CENTRAL.pack(b"PK\1\2", 3 << 8 | 20, 20, *shared, 0, 0, 0, mode << 16, offset) + name


def _unpacked(content: Content | None) -> int:
    return 0 if content is None else content.unpacked_bytes


def _write_content(member: ZipMember, containers: Containers, output: BinaryIO) -> tuple[int, int, int]:
    """Method, CRC-32 and size of what was written."""
    import deflate

    content = member.content
    if content is None:
        return 0, 0, 0
    if isinstance(content, Deflated | Stored) and content.unpacked_bytes > _WHOLE_BYTES:
        return _stream(iter_content(content, containers, member.path), output)
    plain = bytes(read_content(content, containers, member.path))
    if member.path.endswith(".dist-info/RECORD"):
        plain = b"".join(sorted(plain.splitlines(keepends=True)))
    packed = bytes(deflate.deflate_compress(plain, 9))
    if len(packed) >= len(plain):
        output.write(plain)
        return 0, zlib.crc32(plain), len(plain)
    output.write(packed)
    return 8, zlib.crc32(plain), len(plain)


def _stream(chunks: Iterator[bytes], output: BinaryIO) -> tuple[int, int, int]:
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    crc32 = unpacked_bytes = 0
    for chunk in chunks:
        crc32 = zlib.crc32(chunk, crc32)
        unpacked_bytes += len(chunk)
        output.write(packer.compress(chunk))
    output.write(packer.flush())
    return 8, crc32, unpacked_bytes
