"""The bytes of one file of a plan, or only its first ones, for rules that must look inside."""

import zlib

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.errors import ArchiveError
from lightship.paths import storage_errors

__all__ = ["read_content", "read_head"]

_MARGIN_BYTES = 1024
"""A stream's first block header and Huffman tables: what is read beyond the bytes that are wanted."""


def read_content(content: Content) -> bytes:
    """All of ``content``, never more than the size it claims.

    Raise ArchiveError for a damaged deflate stream or a wrong size, StorageError where the file cannot be read.
    """
    found = read_head(content, content.unpacked_bytes)
    if len(found) != content.unpacked_bytes and not isinstance(content, Inline):
        raise ArchiveError(
            f"{content.container.name}: wrong size of a member: want {content.unpacked_bytes} bytes, got {len(found)}"
        )
    return found


def read_head(content: Content, size_bytes: int) -> bytes:
    """The first ``size_bytes`` of ``content``, or all of it where it is shorter."""
    if isinstance(content, Inline):
        return content.content[:size_bytes]
    wanted = min(size_bytes, content.unpacked_bytes)
    if isinstance(content, Stored):
        return _raw(content, wanted)
    return _inflate(_raw(content, min(content.compressed_bytes, wanted + _MARGIN_BYTES)), content, wanted)


def _raw(content: Deflated | Stored, size_bytes: int) -> bytes:
    with storage_errors(f"read {content.container.name}"), content.container.open("rb", buffering=0) as stream:
        stream.seek(content.offset)
        return stream.read(size_bytes)


def _inflate(raw: bytes, content: Deflated, limit_bytes: int) -> bytes:
    if not limit_bytes:
        return b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, limit_bytes)
    except zlib.error as error:
        raise ArchiveError(f"{content.container.name}: a member's deflate stream is damaged: {error}") from error
