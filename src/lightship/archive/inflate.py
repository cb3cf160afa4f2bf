"""The plain bytes of a `Content`, checked against what its container claims.

Raw deflate (RFC 1951) is read as the gzip member it becomes in a layer (RFC 1952): the decoder then checks CRC-32 and
length, and that nothing follows the last block inside the claimed bytes.
"""

import hashlib
import io
import os
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from isal import igzip_lib, isal_zlib

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.gzip import INFLATE_ERRORS, MEMBER_HEADER, member_trailer
from lightship.archive.verify import ReadStream
from lightship.errors import ArchiveError, HostileError, MismatchError, StorageError

__all__ = ["Containers", "iter_content", "iter_member", "open_content", "read_content"]

_OPEN_FILES = 64
_WHOLE_BYTES = 1 << 20
_PLAIN_BYTES = 1 << 17
"""How much is inflated at once: it stays in the processor's cache until it is hashed."""


class Containers:
    """Open files that content is read from, a few at a time. A context manager; for one thread."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, int] = OrderedDict()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every file."""
        while self._open:
            os.close(self._open.popitem()[1])

    def read(self, container: Path, offset: int, size_bytes: int) -> bytes:
        """Exactly ``size_bytes`` at ``offset``; raise ArchiveError when the file ends before."""
        try:
            file = self._open.get(container)
            if file is None:
                file = self._add(container)
            chunk = os.pread(file, size_bytes, offset)
            if len(chunk) == size_bytes:
                return chunk
            parts = [chunk]
            while chunk and sum(map(len, parts)) < size_bytes:
                chunk = os.pread(file, size_bytes - sum(map(len, parts)), offset + sum(map(len, parts)))
                parts.append(chunk)
        except OSError as error:
            raise StorageError(f"cannot read {container}: {error.strerror or error}") from error
        whole = b"".join(parts)
        if len(whole) != size_bytes:
            raise ArchiveError(f"{container.name} is cut short: want {size_bytes} bytes at {offset}, got {len(whole)}")
        return whole

    def _add(self, container: Path) -> int:
        if len(self._open) >= _OPEN_FILES:
            os.close(self._open.popitem(last=False)[1])
        file = self._open[container] = os.open(container, os.O_RDONLY | os.O_CLOEXEC)
        return file

    def chunks(self, container: Path, offset: int, size_bytes: int) -> Iterator[bytes]:
        """``size_bytes`` at ``offset``, in chunks."""
        end = offset + size_bytes
        while offset < end:
            chunk = self.read(container, offset, min(_WHOLE_BYTES, end - offset))
            offset += len(chunk)
            yield chunk


def iter_content(content: Content, containers: Containers, what: str = "content") -> Iterator[bytes]:
    """The plain bytes in chunks. Raise ArchiveError, naming ``what``, at the latest after the last chunk when they are
    not what the container claims, HostileError when they are more."""
    if isinstance(content, Deflated):
        for _, plain in iter_member(content, containers, what):
            yield from plain
    elif isinstance(content, Inline):
        yield content.content
    else:
        yield from _iter_stored(content, containers, what)


def iter_member(
    content: Deflated, containers: Containers, what: str = "content"
) -> Iterator[tuple[bytes, Iterator[bytes]]]:
    """The bytes of ``content`` as a gzip member, in pieces, each with the plain bytes that come out of it.

    The plain bytes of a piece must be taken before the next piece. Errors as `iter_content`.
    """
    decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
    left = content.unpacked_bytes

    def inflate(piece: bytes) -> Iterator[bytes]:
        nonlocal left
        if decoder.eof:
            raise _another_end(content, what)
        while True:
            try:
                plain = decoder.decompress(piece, _PLAIN_BYTES)
            except INFLATE_ERRORS as error:
                raise ArchiveError(f"{what} is damaged: {error}") from error
            if not plain:
                return
            left -= len(plain)
            if left < 0:
                raise HostileError(f"{what} is larger than it says: want {content.unpacked_bytes} bytes, got more")
            yield plain
            if decoder.eof or decoder.needs_input:
                return
            piece = b""

    trailer = member_trailer(content.crc32, content.unpacked_bytes)
    if content.compressed_bytes <= _WHOLE_BYTES:
        raw = containers.read(content.container, content.offset, content.compressed_bytes)
        member = MEMBER_HEADER + raw + trailer
        yield member, inflate(member)
    else:
        yield MEMBER_HEADER, inflate(MEMBER_HEADER)
        for chunk in containers.chunks(content.container, content.offset, content.compressed_bytes):
            yield chunk, inflate(chunk)
        yield trailer, inflate(trailer)
    if left or not decoder.eof or decoder.unused_data:
        raise _another_end(content, what)


def read_content(content: Content, containers: Containers, what: str = "content") -> bytes | bytearray:
    """The plain bytes at once, for content that is known to be small. Errors as `iter_content`."""
    if isinstance(content, Inline):
        return content.content
    if isinstance(content, Stored):
        return b"".join(_iter_stored(content, containers, what))
    if content.unpacked_bytes > _WHOLE_BYTES or content.compressed_bytes > _WHOLE_BYTES:
        return b"".join(iter_content(content, containers, what))
    import deflate

    raw = containers.read(content.container, content.offset, content.compressed_bytes)
    try:
        plain = deflate.deflate_decompress(raw, content.unpacked_bytes)
    except deflate.DeflateError as error:
        raise ArchiveError(f"{what} is damaged or larger than it says: {error}") from error
    _check(len(plain), isal_zlib.crc32(plain), content, what)
    return plain


def open_content(content: Content, what: str = "content") -> BinaryIO:
    """A stream of the plain bytes; closing it closes the container. Errors as `iter_content`."""
    return _ContentReader(content, what)


class _ContentReader(ReadStream):
    def __init__(self, content: Content, what: str) -> None:
        self._containers = Containers()
        self._chunks = iter_content(content, self._containers, what)
        self._rest = memoryview(b"")

    def close(self) -> None:
        self._containers.close()
        io.BufferedIOBase.close(self)

    def _fill(self, size_bytes: int) -> bytes:
        while not self._rest:
            chunk = next(self._chunks, None)
            if chunk is None:
                return b""
            self._rest = memoryview(chunk)
        part, self._rest = self._rest[:size_bytes], self._rest[size_bytes:]
        return bytes(part)


def _iter_stored(content: Stored, containers: Containers, what: str) -> Iterator[bytes]:
    crc32, count = 0, 0
    running = hashlib.sha256() if content.sha256 is not None else None
    for chunk in containers.chunks(content.container, content.offset, content.unpacked_bytes):
        count += len(chunk)
        if content.crc32 is not None:
            crc32 = isal_zlib.crc32(chunk, crc32)
        if running is not None:
            running.update(chunk)
        yield chunk
    if content.crc32 is not None:
        _check(count, crc32, content, what)
    if running is not None and running.hexdigest() != content.sha256:
        raise MismatchError(f"{what}: digest mismatch: want sha256:{content.sha256}, got sha256:{running.hexdigest()}")


def _another_end(content: Deflated, what: str) -> ArchiveError:
    return ArchiveError(
        f"{what} is not what its container says: want {content.unpacked_bytes} bytes from "
        f"{content.compressed_bytes} bytes of deflate, got another end"
    )


def _check(count: int, crc32: int, content: Deflated | Stored, what: str) -> None:
    if count != content.unpacked_bytes or crc32 != content.crc32:
        raise ArchiveError(
            f"{what} is not what its container says: want {content.unpacked_bytes} bytes with CRC-32 "
            f"{content.crc32:08x}, got {count} bytes with CRC-32 {crc32:08x}"
        )
