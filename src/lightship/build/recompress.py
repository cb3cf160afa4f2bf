"""Members of wheels that whoever made the wheel compressed badly: found by a sample, compressed anew in layers.

zlib has matches that hash badly, and tables of numbers are made of such: the levels 4 to 9 of one JSON of 200 MB are
40.2 to 43.5 MB, libdeflate's 6 and 8 are 37.8 and 36.1 (November 2026). Most members lose 1 or 2 % only, and splicing
them costs a tenth of compressing them.
"""

import dataclasses
from collections.abc import Iterable

import deflate
from isal import isal_zlib

from lightship.archive.content import Deflated
from lightship.archive.gzip import INFLATE_ERRORS
from lightship.archive.inflate import Containers
from lightship.plan.model import Entry

__all__ = ["RECOMPRESS_VERSION", "mark_poor"]

RECOMPRESS_VERSION = f"recompress-1 deflate-{deflate.__version__}"
"""Raised when other members are marked."""

_LEAST_BYTES = 1 << 20
"""Compressed bytes below which a member is always spliced: there is little to win, and a sample costs 5 ms."""
_SAMPLE_BYTES = 1 << 17
_PLAIN_BYTES = 1 << 22
_LEVEL = 6
_WORTH = 0.95
"""A sample that shrinks to this share of its size is worth compressing the member anew."""


def mark_poor(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """``entries``, in which large members that libdeflate makes at least 5 % smaller are not to be spliced.

    Their bytes are what they were. A member that cannot be inflated stays as it is: the layer says what is wrong.
    """
    with Containers() as containers:
        return tuple(
            dataclasses.replace(entry, content=dataclasses.replace(content, splice=False))
            if isinstance(content := entry.content, Deflated) and _is_poor(content, containers)
            else entry
            for entry in entries
        )


def _is_poor(content: Deflated, containers: Containers) -> bool:
    if content.compressed_bytes < _LEAST_BYTES or not content.splice:
        return False
    raw = containers.read(content.container, content.offset, min(_SAMPLE_BYTES, content.compressed_bytes))
    decoder = isal_zlib.decompressobj(-15)
    try:
        plain = decoder.decompress(raw, _PLAIN_BYTES)
    except INFLATE_ERRORS:
        return False
    taken = len(raw) - len(decoder.unconsumed_tail)
    return len(deflate.deflate_compress(plain, _LEVEL)) <= taken * _WORTH
