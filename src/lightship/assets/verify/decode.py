"""The body of an answer without its content codings (RFC 9110, 8.4), as a browser would undo them; bounded."""

import zlib
from io import BytesIO

from lightship.archive.codec import open_decompressed
from lightship.assets.codecs import brotli_pieces
from lightship.errors import ArchiveError, LightshipError

__all__ = ["MOST_PLAIN_BYTES", "decoded"]

MOST_PLAIN_BYTES = 256 << 20
_CHUNK_BYTES = 1 << 18
_MOST_CODINGS = 3


def decoded(body: bytes, encoding: str, most_bytes: int = MOST_PLAIN_BYTES) -> bytes:
    """``body`` plain. ``encoding`` is a Content-Encoding: a list, undone from its end. Raise ArchiveError for a coding
    that is not known, a stream that is damaged, cut short or followed by something, and one longer than
    ``most_bytes``."""
    codings = [word.strip().lower() for word in encoding.split(",")]
    codings = [word for word in codings if word and word != "identity"]
    if len(codings) > _MOST_CODINGS:
        raise ArchiveError(f"{len(codings)} content codings over each other")
    for coding in reversed(codings):
        body = _undone(body, coding, most_bytes)
    return body


def _undone(body: bytes, coding: str, most_bytes: int) -> bytes:
    match coding:
        case "gzip" | "x-gzip":
            return _stream(body, "gzip", most_bytes)
        case "zstd":
            return _stream(body, "zstd", most_bytes)
        case "br":
            return _brotli(body, most_bytes)
        case "deflate":
            return _deflate(body, most_bytes)
    raise ArchiveError(f"the content coding {coding!r:.40} is not known")


def _stream(body: bytes, codec: str, most_bytes: int) -> bytes:
    if not body:
        raise ArchiveError(f"an empty body is no {codec}")
    plain = bytearray()
    try:
        with open_decompressed(BytesIO(body), "gzip" if codec == "gzip" else "zstd") as stream:
            while piece := stream.read(_CHUNK_BYTES):
                plain += piece
                _check(len(plain), most_bytes)
    except LightshipError as error:
        raise ArchiveError(f"its {codec} is broken: {error}") from error
    return bytes(plain)


def _brotli(body: bytes, most_bytes: int) -> bytes:
    plain = bytearray()
    for piece in brotli_pieces(body):
        plain += piece
        _check(len(plain), most_bytes)
    return bytes(plain)


def _deflate(body: bytes, most_bytes: int) -> bytes:
    """zlib's format, or raw deflate, which servers send under the same name (RFC 9110, 8.4.1.2)."""
    for window in (zlib.MAX_WBITS, -zlib.MAX_WBITS):
        decoder = zlib.decompressobj(window)
        try:
            plain = decoder.decompress(body, most_bytes + 1)
        except zlib.error:
            continue
        _check(len(plain), most_bytes)
        if decoder.eof and not decoder.unused_data:
            return plain
    raise ArchiveError("its deflate is broken")


def _check(length: int, most_bytes: int) -> None:
    if length > most_bytes:
        raise ArchiveError(f"it unpacks to more than {most_bytes >> 20} MiB")
