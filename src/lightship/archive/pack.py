"""Packs: what is compressed once and kept, as a plain zip of deflated members. PKWARE APPNOTE 6.3.10.

Bytecode, stripped shared objects and the files of packages go in here, so that everything cached is spliced into
layers alike; `lightship.archive.zip.read_zip` reads a pack, and so does unzip. The same members give the same bytes.
"""

import io
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, Self

import deflate
from isal import isal_zlib

from lightship.archive.content import Deflated
from lightship.archive.verify import CHUNK_BYTES
from lightship.errors import InputError
from lightship.paths import normal_path
from lightship.values import dataclass

__all__ = ["PACK_VERSION", "PackWriter", "Packed"]

PACK_VERSION = f"pack-1 deflate-{deflate.__version__} zlib-{zlib.ZLIB_RUNTIME_VERSION}"
"""Names what a pack's bytes depend on beside its members, for keys of what is cached."""

_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_ZIP64 = struct.Struct("<2H3Q")
_END64 = struct.Struct("<4sQ2H2L4Q")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END = struct.Struct("<4s4H2LH")

_SMALL_BYTES = 1 << 14
"""Below this a layer compresses a file again among its neighbours, so effort spent here is lost."""
_WHOLE_BYTES = 1 << 25
"""From here on a member is compressed in a stream: libdeflate wants all of it in memory."""
_DOS_DATE = 0x21  # 1980-01-01
_FULL = 0xFFFFFFFF
_MAX_COUNT = 0xFFFF


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """Where a member lies in its pack."""

    offset: int
    compressed_bytes: int
    unpacked_bytes: int
    crc32: int

    def at(self, container: Path) -> Deflated:
        """The member's content, once the pack is at ``container``."""
        return Deflated(container, self.offset, self.compressed_bytes, self.unpacked_bytes, self.crc32)


class PackWriter:
    """Write a pack to ``stream``, which can seek and is empty. A context manager: leaving it without an error writes
    the directory. Pair it with an `atomic_file` or `Cache.write`; nothing is closed here.

    ``level`` is libdeflate's, 1 to 12. 8 costs twice what 6 costs and saves 1.2 %, 12 costs 23 times as much and saves
    3.8 % (300 members of wheels, 18 MB). A member of more than ``whole_bytes`` is compressed in a stream, with zlib at
    ``stream_level``.
    """

    def __init__(
        self, stream: BinaryIO, *, level: int = 8, whole_bytes: int | None = None, stream_level: int = 6
    ) -> None:
        self._stream = stream
        self._level = level
        self._whole_bytes = _WHOLE_BYTES if whole_bytes is None else whole_bytes
        self._stream_level = stream_level
        self._offset = 0
        self._directory: list[bytes] = []
        self._names: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._finish()

    def add(self, name: str, content: bytes | bytearray | memoryview, mode: int = 0o644) -> Packed:
        """Add a regular file; ``name`` is a normal path that was not added before."""
        if len(content) > self._whole_bytes:
            return self.add_stream(name, io.BytesIO(content), mode)
        raw = deflate.deflate_compress(content, 1 if len(content) < _SMALL_BYTES else self._level)
        crc32 = isal_zlib.crc32(content)
        header = self._header(name, crc32, len(raw), len(content))
        self._stream.write(header)
        self._stream.write(raw)
        return self._added(name, mode, len(header), len(raw), len(content), crc32)

    def add_stream(self, name: str, stream: BinaryIO, mode: int = 0o644) -> Packed:
        """Add everything left in ``stream``, in bounded memory. Small content gives the bytes that `add` gives."""
        first = stream.read(self._whole_bytes + 1)
        if len(first) <= self._whole_bytes:
            return self.add(name, first, mode)
        header = self._header(name, 0, _FULL, _FULL)
        self._stream.write(header)
        encoder = zlib.compressobj(self._stream_level, zlib.DEFLATED, -15, 9)
        crc32 = compressed_bytes = unpacked_bytes = 0
        chunk, first = first, b""
        while chunk:
            crc32 = isal_zlib.crc32(chunk, crc32)
            unpacked_bytes += len(chunk)
            for part in (chunk[at : at + CHUNK_BYTES] for at in range(0, len(chunk), CHUNK_BYTES)):
                compressed_bytes += self._stream.write(encoder.compress(part))
            chunk = stream.read(CHUNK_BYTES)
        compressed_bytes += self._stream.write(encoder.flush())
        end = self._stream.tell()
        self._stream.seek(self._offset)
        self._stream.write(self._header(name, crc32, compressed_bytes, unpacked_bytes, wide=True))
        self._stream.seek(end)
        return self._added(name, mode, len(header), compressed_bytes, unpacked_bytes, crc32)

    def _header(
        self, name: str, crc32: int, compressed_bytes: int, unpacked_bytes: int, *, wide: bool = False
    ) -> bytes:
        """The local header; with ``wide``, or when a size is not known yet, with room for Zip64 sizes."""
        if normal_path(name) != name or not name or name in self._names:
            raise InputError(f"pack member is not normal or comes twice: {name!r}")
        raw = name.encode()
        extra = b""
        if wide or compressed_bytes == _FULL:
            extra = struct.pack("<2H2Q", 1, 16, unpacked_bytes, compressed_bytes)
            compressed_bytes = unpacked_bytes = _FULL
        return (
            _LOCAL.pack(
                b"PK\3\4",
                45 if extra else 20,
                _flags(raw),
                8,
                0,
                _DOS_DATE,
                crc32,
                compressed_bytes,
                unpacked_bytes,
                len(raw),
                len(extra),
            )
            + raw
            + extra
        )

    def _added(
        self, name: str, mode: int, header_bytes: int, compressed_bytes: int, unpacked_bytes: int, crc32: int
    ) -> Packed:
        raw = name.encode()
        extra = b""
        offset = self._offset
        sizes = (compressed_bytes, unpacked_bytes, offset)
        if max(sizes) >= _FULL:
            extra = _ZIP64.pack(1, 24, unpacked_bytes, compressed_bytes, offset)
            sizes = (_FULL, _FULL, _FULL)
        self._directory.append(
            _CENTRAL.pack(
                b"PK\1\2",
                3 << 8 | 45,
                45 if extra else 20,
                _flags(raw),
                8,
                0,
                _DOS_DATE,
                crc32,
                sizes[0],
                sizes[1],
                len(raw),
                len(extra),
                0,
                0,
                0,
                (0o100000 | mode & 0o7777) << 16,
                sizes[2],
            )
            + raw
            + extra
        )
        self._names.add(name)
        start = offset + header_bytes
        self._offset = start + compressed_bytes
        return Packed(offset=start, compressed_bytes=compressed_bytes, unpacked_bytes=unpacked_bytes, crc32=crc32)

    def _finish(self) -> None:
        directory = b"".join(self._directory)
        count, offset, size_bytes = len(self._directory), self._offset, len(directory)
        self._stream.write(directory)
        if count >= _MAX_COUNT or max(offset, size_bytes) >= _FULL:
            end64 = _END64.pack(b"PK\6\6", 44, 3 << 8 | 45, 45, 0, 0, count, count, size_bytes, offset)
            self._stream.write(end64 + _END64_LOCATOR.pack(b"PK\6\7", 0, offset + size_bytes, 1))
            count, size_bytes, offset = 0xFFFF, _FULL, _FULL
        self._stream.write(_END.pack(b"PK\5\6", 0, 0, count, count, size_bytes, offset, 0))


def _flags(name: bytes) -> int:
    """Names that are not ASCII are UTF-8 (APPNOTE 4.4.4, bit 11)."""
    return 0 if name.isascii() else 0x0800
