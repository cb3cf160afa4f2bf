"""The content codings of sidecars: gzip by libdeflate (RFC 1952), brotli (RFC 7932), zstd (RFC 8878).

All of them leave the interpreter lock while they work, and give the same bytes for the same input, level and version:
the gzip header has neither name nor time.
"""

import functools
import importlib
from collections.abc import Iterator
from io import BytesIO
from typing import Literal

from lightship.archive import zstd
from lightship.archive.codec import open_decompressed
from lightship.errors import ArchiveError, LightshipError
from lightship.values import dataclass

__all__ = [
    "ENCODINGS",
    "Effort",
    "Encoding",
    "Level",
    "brotli_pieces",
    "codec_version",
    "decodes_to",
    "encode",
    "gunzip",
]

Encoding = Literal["gzip", "br", "zstd"]
Level = Literal["ci", "release"]
Effort = Literal["ci", "release", "alone"]
"""What is spent on a sidecar: ``alone`` is for gzip of a release where nothing else is made."""
ENCODINGS: tuple[Encoding, ...] = ("gzip", "br", "zstd")

_LEVELS: dict[Encoding, dict[Effort, int]] = {
    # 12 makes 2.6 % less than 9 for six times its CPU. Where brotli is made too, whoever can takes that; with 12 both
    # together take more CPU than gzip(1) and brotli(1) do (streamlit 1.67's scripts, November 2026)
    "gzip": {"ci": 6, "release": 9, "alone": 12},
    "br": {"ci": 5, "release": 11, "alone": 11},
    "zstd": {"ci": 6, "release": 19, "alone": 19},  # windows of 2 and 8 MiB: browsers refuse more (RFC 9659)
}
_CHUNK_BYTES = 1 << 18
_SMALLEST_WINDOW, _LARGEST_WINDOW = 16, 24  # bits, RFC 7932, 9.1; browsers take no "large window"


@dataclass(frozen=True, slots=True)
class _Prefix:
    """Compares a stream with what it should be, piece by piece: nothing longer than that is ever made."""

    wanted: memoryview

    def take(self, piece: bytes, at: int) -> bool:
        return self.wanted[at : at + len(piece)] == piece


@functools.cache
def codec_version(encoding: Encoding, level: Effort) -> str:
    """What the bytes of a sidecar depend on beside its source."""
    if encoding == "zstd":
        made_by = zstd.CODEC_VERSION
    else:
        package = "deflate" if encoding == "gzip" else "brotli"
        made_by = f"{package}-{importlib.import_module(package).__version__}"
    return f"{made_by}/{_LEVELS[encoding][level]}"


def encode(plain: bytes, encoding: Encoding, level: Effort) -> bytes:
    """``plain`` in one piece, compressed."""
    number = _LEVELS[encoding][level]
    if encoding == "gzip":
        import deflate

        return bytes(deflate.gzip_compress(plain, number))
    if encoding == "br":
        import brotli

        window = min(_LARGEST_WINDOW, max(_SMALLEST_WINDOW, (len(plain) + 15).bit_length()))
        return bytes(brotli.compress(plain, quality=number, lgwin=window))
    encoder = zstd.new_encoder(number)
    return bytes(encoder.compress(plain, encoder.FLUSH_FRAME))


def decodes_to(packed: bytes, plain: bytes, encoding: Encoding) -> bool:
    """Whether ``packed`` is whole, undamaged, followed by nothing, and decompresses to ``plain``. Memory is bounded by
    a few pieces, whatever ``packed`` holds."""
    if not packed:
        return False
    wanted = _Prefix(memoryview(plain))
    return _brotli_is(packed, wanted) if encoding == "br" else _stream_is(packed, wanted, encoding)


def _stream_is(packed: bytes, wanted: _Prefix, encoding: Literal["gzip", "zstd"]) -> bool:
    at = 0
    try:
        with open_decompressed(BytesIO(packed), encoding) as stream:
            while piece := stream.read(_CHUNK_BYTES):
                if not wanted.take(piece, at):
                    return False
                at += len(piece)
    except LightshipError:  # damaged, cut short, followed by something else
        return False
    return at == len(wanted.wanted)


def gunzip(packed: bytes, *, most_bytes: int, what: str) -> bytes:
    """The plain bytes of a gzip stream. Raise ArchiveError, which names ``what``, where it is empty, damaged, cut short
    or followed by something else; HostileError where they are more than ``most_bytes``, before they are all made."""
    if not packed:
        raise ArchiveError(f"{what}: an empty file is no gzip stream")
    with open_decompressed(BytesIO(packed), "gzip", limit_bytes=most_bytes, what=what) as stream:
        return b"".join(iter(lambda: stream.read(_CHUNK_BYTES), b""))


def brotli_pieces(packed: bytes) -> Iterator[bytes]:
    """What ``packed`` decompresses to, in pieces of bounded size. Raise ArchiveError where it is damaged, cut short or
    followed by something else."""
    import brotli

    decoder, begin = brotli.Decompressor(), 0
    last = len(packed) - 1  # fed alone: the decoder passes over what follows the stream within one piece
    while not decoder.is_finished():
        chunk = b""
        if decoder.can_accept_more_data():
            chunk = packed[begin : min(begin + _CHUNK_BYTES, last)] if begin < last else packed[begin:]
            begin += len(chunk)
        try:
            piece = decoder.process(chunk, output_buffer_limit=_CHUNK_BYTES)
        except brotli.error as error:
            raise ArchiveError("its brotli is broken") from error
        if not (chunk or piece):
            raise ArchiveError("its brotli is cut short" if packed else "an empty body is no brotli")
        yield piece
    if begin != len(packed):
        raise ArchiveError("something follows its brotli")


def _brotli_is(packed: bytes, wanted: _Prefix) -> bool:
    at = 0
    try:
        for piece in brotli_pieces(packed):
            if not wanted.take(piece, at):
                return False
            at += len(piece)
    except ArchiveError:
        return False
    return at == len(wanted.wanted)
