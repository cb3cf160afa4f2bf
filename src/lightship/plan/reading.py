"""The first bytes of one file of a plan, for what decides by a header: the rest is neither read nor inflated."""

import zlib

from lightship.archive.content import Content, Inline, Stored
from lightship.archive.inflate import Containers
from lightship.errors import ArchiveError

__all__ = ["read_head"]

_TABLES_BYTES = 1024
"""A block's header and Huffman tables (RFC 1951, 3.2.7): what is read beyond the bytes that are wanted."""


def read_head(content: Content, size_bytes: int, containers: Containers) -> bytes:
    """The first ``size_bytes`` of ``content``, or all of it where it is shorter. CRC and size are not checked.

    Raise ArchiveError for a deflate stream that is damaged at its beginning.
    """
    wanted = min(size_bytes, content.unpacked_bytes)
    if isinstance(content, Inline):
        return content.content[:wanted]
    if not wanted:
        return b""
    if isinstance(content, Stored):
        return containers.read(content.container, content.offset, wanted)
    raw = containers.read(content.container, content.offset, min(content.compressed_bytes, wanted + _TABLES_BYTES))
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(raw, wanted)
    except zlib.error as error:
        raise ArchiveError(f"{content.container.name}: a member is damaged: {error}") from error
