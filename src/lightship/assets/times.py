"""Times of files made from their content, so that an ETag made of time and size tells contents apart.

nginx's ETag is the time in seconds and the size, in hexadecimal (ngx_http_set_etag, nginx 1.22). Reproducible builds
give every file one time, and then a file that changed and kept its size is answered with 304 for ever.
"""

import datetime

__all__ = ["FIRST", "LAST", "content_time"]

_BITS = 30
FIRST = int(datetime.datetime(1980, 1, 2, tzinfo=datetime.UTC).timestamp())
"""The earliest time that every archive can hold, zip's in any zone included."""
LAST = FIRST + (1 << _BITS) - 1
"""January 2014: past for every clock, so that Last-Modified is never in the future (RFC 9110, 8.8.2.1), and before
what SOURCE_DATE_EPOCH is: builders that bring later times down to it leave these alone."""


def content_time(sha256: str) -> int:
    """Seconds since 1970 for a file whose bytes have this hash. Two contents of one size share a time, and so an ETag,
    once in 2^30."""
    return FIRST + (int(sha256[:16], 16) & ((1 << _BITS) - 1))
