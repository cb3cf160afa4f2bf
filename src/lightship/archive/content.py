"""Where the bytes of one file are. Values only: nothing is opened here.

A `Deflated` is a raw deflate stream (RFC 1951) that already lies in a file, such as a member of a wheel;
it can be copied into a gzip layer without being compressed again. Everything else is compressed on the way.
"""

from pathlib import Path

from lightship.values import dataclass

__all__ = ["Content", "Deflated", "Inline", "Stored"]


@dataclass(frozen=True, slots=True)
class Deflated:
    """``compressed_bytes`` of raw deflate at ``offset`` of ``container``. ``unpacked_bytes`` and ``crc32`` are
    claims of the container until the stream was inflated. ``splice`` is False where the stream is worth compressing
    anew: a layer then does not copy it."""

    container: Path
    offset: int
    compressed_bytes: int
    unpacked_bytes: int
    crc32: int
    splice: bool = True


@dataclass(frozen=True, slots=True)
class Stored:
    """``unpacked_bytes`` plain bytes at ``offset`` of ``container``; a whole host file has offset 0.
    ``crc32`` and ``sha256`` (hex) are claims to check when they are not None."""

    container: Path
    offset: int
    unpacked_bytes: int
    crc32: int | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Inline:
    """Bytes that were made here."""

    content: bytes

    @property
    def unpacked_bytes(self) -> int:
        return len(self.content)


Content = Deflated | Stored | Inline
