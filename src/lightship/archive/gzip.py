"""gzip members: reading them all, and framing raw deflate as one. RFC 1952."""

import zlib
from gzip import BadGzipFile
from typing import BinaryIO, cast

from isal import igzip, igzip_lib, isal_zlib

from lightship.archive.verify import ReadStream
from lightship.errors import ArchiveError

__all__ = ["INFLATE_ERRORS", "MEMBER_HEADER", "GzipReader", "member_trailer"]

MEMBER_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
"""No name, no time, no flags, operating system unknown: the same bytes everywhere."""

INFLATE_ERRORS = cast("tuple[type[Exception], ...]", (BadGzipFile, igzip_lib.IsalError, isal_zlib.error, zlib.error))
"""What the decoders raise for damaged input; isal's stubs give its errors as values."""


def member_trailer(crc32: int, unpacked_bytes: int) -> bytes:
    """CRC-32 and ISIZE, the length modulo 2^32 (RFC 1952, 2.3.1)."""
    return crc32.to_bytes(4, "little") + (unpacked_bytes & 0xFFFFFFFF).to_bytes(4, "little")


class GzipReader(ReadStream):
    """The plain bytes of every member of ``source``, each checked against its CRC-32 and length."""

    def __init__(self, source: BinaryIO, name: str) -> None:
        super().__init__(source)
        self._name = name
        self._plain: BinaryIO = igzip.open(source, "rb")  # type: ignore[no-untyped-call]

    def _fill(self, size_bytes: int) -> bytes:
        try:
            return self._plain.read(size_bytes)
        except EOFError as error:
            raise ArchiveError(f"{self._name} is cut short") from error
        except INFLATE_ERRORS as error:
            raise ArchiveError(f"{self._name} is damaged: {error}") from error
