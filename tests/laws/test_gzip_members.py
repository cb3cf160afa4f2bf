"""RFC 1952, 2.2: "A gzip file consists of a series of "members" (compressed data sets)."

However plain bytes are cut into members, every reader gives them back whole; a member framed around raw deflate is one.
"""

import gzip
import io
import zlib

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.archive.codec import open_decompressed
from lightship.archive.gzip import MEMBER_HEADER, member_trailer


@settings(deadline=None, max_examples=80)
@given(parts=st.lists(st.binary(max_size=400), max_size=30), level=st.integers(0, 9), size=st.integers(1, 5000))
def test_a_series_of_members_is_the_sum_of_its_parts(parts: list[bytes], level: int, size: int) -> None:
    series = b""
    for part in parts:
        encoder = zlib.compressobj(level, zlib.DEFLATED, -15)
        series += MEMBER_HEADER + encoder.compress(part) + encoder.flush() + member_trailer(zlib.crc32(part), len(part))
    whole = b"".join(parts)
    assert gzip.decompress(series) == whole
    if parts:
        stream = open_decompressed(io.BytesIO(series))
        assert b"".join(iter(lambda: stream.read(size), b"")) == whole
