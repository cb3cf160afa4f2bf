"""Compressed streams, told apart by their first bytes, read in bounded memory.

gzip (RFC 1952), zstd (RFC 8878), xz (tukaani.org/xz/xz-file-format.txt 1.2.1) and bzip2, each with as many members
or frames as the stream holds. Writing is elsewhere: `lightship.archive.layer`.
"""

from collections.abc import Callable
from typing import BinaryIO, Literal, Protocol

from lightship.archive.verify import CHUNK_BYTES, LimitedReader, ReadStream, read_exact
from lightship.errors import ArchiveError

__all__ = ["Compression", "FrameDecoder", "FrameReader", "detect", "open_decompressed"]

Compression = Literal["none", "gzip", "zstd", "xz", "bz2"]

_MAGIC: tuple[tuple[bytes, Compression], ...] = (
    (b"\x1f\x8b", "gzip"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"\xfd7zXZ\x00", "xz"),
    (b"BZh", "bz2"),
)
_HEAD_BYTES = 6
_XZ_MEMORY_BYTES = 1 << 28  # xz -9 needs 65 MiB to decompress (xz(1), 5.4)


def detect(head: bytes) -> Compression:
    """What a stream that begins with ``head`` (six bytes are enough) is compressed with; ``none`` if unknown."""
    for magic, compression in _MAGIC:
        if head.startswith(magic):
            return compression
    # A zstd stream may begin with skippable frames: 0x184D2A50 to 0x184D2A5F, little endian (RFC 8878, 3.1.2).
    return "zstd" if head[1:4] == b"\x2a\x4d\x18" and head[0] & 0xF0 == 0x50 else "none"


def open_decompressed(
    stream: BinaryIO,
    compression: Compression | None = None,
    *,
    limit_bytes: int | None = None,
    what: str = "stream",
) -> BinaryIO:
    """The plain bytes of ``stream``; ``compression`` None finds it out. Closing the result closes ``stream``.

    Memory is bounded whatever the stream holds. At its end ``stream`` has been read to its end too, so a
    `VerifyingReader` below has spoken. Raise ArchiveError for a stream that is damaged, cut short or followed by
    something else, HostileError past ``limit_bytes``.
    """
    if compression is None:
        head = read_exact(stream, _HEAD_BYTES)
        compression = detect(head)
        stream = _Rejoined(head, stream)
    plain = stream if compression == "none" else _open(stream, compression, what)
    return plain if limit_bytes is None else LimitedReader(plain, limit_bytes, what)


def _open(stream: BinaryIO, compression: Compression, what: str) -> BinaryIO:
    name = f"{what}: {compression} stream"
    if compression == "gzip":
        from lightship.archive.gzip import GzipReader

        return GzipReader(stream, name)
    if compression == "zstd":
        from lightship.archive import zstd

        return FrameReader(stream, zstd.new_decoder, (zstd.ERROR,), name)
    if compression == "xz":
        import lzma

        return FrameReader(stream, lambda: lzma.LZMADecompressor(memlimit=_XZ_MEMORY_BYTES), (lzma.LZMAError,), name)
    import bz2

    return FrameReader(stream, bz2.BZ2Decompressor, (OSError, ValueError), name)


class FrameDecoder(Protocol):
    """One frame: the shape of `bz2.BZ2Decompressor`, `lzma.LZMADecompressor` and zstd's."""

    def decompress(self, chunk: bytes, max_length: int = -1) -> bytes: ...
    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...


class FrameReader(ReadStream):
    """The plain bytes of one frame after another. Zero padding between frames and at the end is skipped.

    ``errors`` are what the decoder raises for damaged input.
    """

    def __init__(
        self,
        source: BinaryIO,
        new_decoder: Callable[[], FrameDecoder],
        errors: tuple[type[Exception], ...],
        name: str,
    ) -> None:
        super().__init__(source)
        self._new_decoder = new_decoder
        self._errors = errors
        self._name = name
        self._decoder: FrameDecoder | None = new_decoder()
        self._rest = b""

    def _fill(self, size_bytes: int) -> bytes:
        while (decoder := self._decoder) is not None:
            chunk, self._rest = self._rest, b""
            if decoder.needs_input and not chunk:
                chunk = self._source.read(CHUNK_BYTES)
                if not chunk:
                    raise ArchiveError(f"{self._name} is cut short")
            try:
                plain = decoder.decompress(chunk, size_bytes)
            except self._errors as error:
                raise ArchiveError(f"{self._name} is damaged: {error}") from error
            if decoder.eof:
                self._next_frame(decoder.unused_data)
            if plain:
                return plain
        return b""

    def _next_frame(self, rest: bytes) -> None:
        rest = rest.lstrip(b"\0")
        while not rest:
            chunk = self._source.read(CHUNK_BYTES)
            if not chunk:
                self._decoder = None
                return
            rest = chunk.lstrip(b"\0")
        self._decoder, self._rest = self._new_decoder(), rest


class _Rejoined(ReadStream):
    """``head``, then what is left of ``source``."""

    def __init__(self, head: bytes, source: BinaryIO) -> None:
        super().__init__(source)
        self._head = head

    def _fill(self, size_bytes: int) -> bytes:
        if self._head:
            chunk, self._head = self._head[:size_bytes], self._head[size_bytes:]
            return chunk
        return self._source.read(size_bytes)
