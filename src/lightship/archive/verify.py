"""Streams that check what passes through them. OCI image-spec 1.1, descriptor.md, section Verification.

Success is known only at the end of a stream: read to the end, or `drain`, before believing a byte of it.
"""

import hashlib
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO

from lightship.errors import ArchiveError, HostileError, InputError, MismatchError
from lightship.oci.digest import Digest

__all__ = [
    "CHUNK_BYTES",
    "CountingReader",
    "HashingWriter",
    "LimitedReader",
    "ReadStream",
    "VerifyingReader",
    "bytes_first",
    "copy_stream",
    "drain",
    "read_capped",
    "read_exact",
]

CHUNK_BYTES = 1 << 18


class ReadStream(io.BufferedIOBase, BinaryIO):
    """A read-only stream over another one: give ``_fill`` and the rest follows. Closing it closes its source."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source

    def _fill(self, size_bytes: int) -> bytes:
        """At most ``size_bytes`` more bytes; ``b""`` only at the end."""
        raise NotImplementedError

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1, /) -> bytes:
        """Exactly ``size`` bytes unless the stream ends before; everything when ``size`` is None or negative."""
        if size is None or size < 0:
            return b"".join(iter(lambda: self._fill(CHUNK_BYTES), b""))
        first = self._fill(size) if size else b""
        if not first or len(first) == size:
            return first
        parts, left = [first], size - len(first)
        while left and (part := self._fill(left)):
            parts.append(part)
            left -= len(part)
        return b"".join(parts)

    def read1(self, size: int = -1, /) -> bytes:
        return self._fill(size if size > 0 else CHUNK_BYTES) if size else b""

    def close(self) -> None:
        if not self.closed:
            try:
                self._source.close()
            finally:
                super().close()


class VerifyingReader(ReadStream):
    """``stream``, but its bytes must have ``digest`` and, unless None, ``size_bytes``.

    Raise MismatchError instead of handing out the last bytes when the digest is wrong, as soon as there is a byte
    too many, and at the end when bytes are missing.
    """

    def __init__(self, stream: BinaryIO, digest: Digest, size_bytes: int | None, *, what: str = "") -> None:
        super().__init__(stream)
        self._digest = digest
        self._size_bytes = size_bytes
        self._hash = digest.new_hash()
        self._what = f"{what}: " if what else ""
        self._ended = False
        self.count = 0

    def _fill(self, size_bytes: int) -> bytes:
        chunk = self._source.read(size_bytes)
        self.count += len(chunk)
        self._hash.update(chunk)
        promised = self._size_bytes
        if promised is not None and (self.count > promised or (not chunk and self.count < promised)):
            more = "more" if self.count > promised else self.count
            raise MismatchError(f"{self._what}size mismatch: want {promised} bytes of {self._digest}, got {more}")
        if not self._ended and (not chunk or self.count == promised):
            found = self._hash.hexdigest()
            if found != self._digest.hex:
                raise MismatchError(
                    f"{self._what}digest mismatch: want {self._digest}, got {self._digest.algorithm}:{found}"
                )
            self._ended = not chunk
        return chunk


class LimitedReader(ReadStream):
    """``stream``, but raise HostileError when it gives more than ``limit_bytes``: the bound on a bomb."""

    def __init__(self, stream: BinaryIO, limit_bytes: int, what: str) -> None:
        super().__init__(stream)
        self._limit_bytes = limit_bytes
        self._what = what
        self.count = 0

    def _fill(self, size_bytes: int) -> bytes:
        chunk = self._source.read(min(size_bytes, self._limit_bytes - self.count + 1))
        self.count += len(chunk)
        if self.count > self._limit_bytes:
            raise HostileError(f"{self._what} is too large: want at most {self._limit_bytes} bytes, got more")
        return chunk


class CountingReader(ReadStream):
    """``stream`` with the ``count`` of bytes read; ``seen`` is called with every chunk."""

    def __init__(self, stream: BinaryIO, seen: Callable[[bytes], object] | None = None) -> None:
        super().__init__(stream)
        self._seen = seen
        self.count = 0

    def _fill(self, size_bytes: int) -> bytes:
        chunk = self._source.read(size_bytes)
        self.count += len(chunk)
        if self._seen is not None and chunk:
            self._seen(chunk)
        return chunk


class HashingWriter:
    """Write to ``stream`` and know at any time the ``digest`` and ``count`` of what was written. Closes nothing."""

    def __init__(self, stream: BinaryIO | None) -> None:
        self._write = stream.write if stream is not None else None
        self._hash = hashlib.sha256()
        self.count = 0

    def write(self, chunk: bytes | memoryview) -> int:
        """Write and hash ``chunk``."""
        self._hash.update(chunk)
        self.count += len(chunk)
        if self._write is not None:
            self._write(chunk)
        return len(chunk)

    @property
    def digest(self) -> Digest:
        """Of everything written so far."""
        return Digest("sha256", self._hash.hexdigest())


def read_capped(stream: BinaryIO, cap_bytes: int, what: str) -> bytes:
    """Everything left in ``stream``; raise InputError, naming ``what``, when that is more than ``cap_bytes``."""
    parts, left = [], cap_bytes + 1
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    if not left:
        raise InputError(f"{what} is too large: want at most {cap_bytes} bytes, got more")
    return b"".join(parts)


def read_exact(stream: BinaryIO, size_bytes: int) -> bytes:
    """``size_bytes`` bytes, or fewer when the stream ends before; raw streams may give less for each call."""
    chunk = stream.read(size_bytes)
    if len(chunk) == size_bytes or not chunk:
        return chunk
    parts, left = [chunk], size_bytes - len(chunk)
    while left and (part := stream.read(left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)


def drain(stream: BinaryIO) -> int:
    """Read ``stream`` to its end, so that it can say whether its bytes were right; return how many were left."""
    count = 0
    while chunk := stream.read(CHUNK_BYTES):
        count += len(chunk)
    return count


@contextmanager
def bytes_first(blob: BinaryIO) -> Iterator[None]:
    """A complaint about what ``blob``, a verified stream, holds is believed only where its bytes are the promised ones.

    On an ArchiveError from the block read the rest of ``blob``, which raises MismatchError instead if they are not: a
    damaged transfer is no fault of the image. Costs at most the bytes that were promised.
    """
    try:
        yield
    except ArchiveError:
        drain(blob)
        raise


def copy_stream(source: BinaryIO, write: Callable[[bytes], object]) -> int:
    """Pass everything left in ``source`` to ``write`` in chunks; return how many bytes that were."""
    count = 0
    while chunk := source.read(CHUNK_BYTES):
        write(chunk)
        count += len(chunk)
    return count
