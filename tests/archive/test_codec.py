import bz2
import gzip
import hashlib
import io
import lzma
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from lightship.archive.codec import Compression, detect, open_decompressed
from lightship.archive.gzip import MEMBER_HEADER, member_trailer
from lightship.archive.verify import VerifyingReader, drain
from lightship.archive.zstd import new_encoder
from lightship.errors import ArchiveError, HostileError, MismatchError
from lightship.oci.digest import Digest

PLAIN = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(32)) * 300


def zstd(content: bytes) -> bytes:
    encoder = new_encoder(3)
    return encoder.compress(content) + encoder.flush()


CODECS: dict[Compression, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "zstd": zstd,
    "xz": lzma.compress,
    "bz2": bz2.compress,
}


@pytest.fixture(params=list(CODECS), name="codec")
def _codec(request: pytest.FixtureRequest) -> Compression:
    return request.param  # type: ignore[no-any-return]


def test_members_are_told_apart_and_read_one_after_another(codec: Compression) -> None:
    compress = CODECS[codec]
    stream = compress(PLAIN) + compress(b"") + compress(b"second")
    assert detect(stream[:6]) == codec
    assert open_decompressed(io.BytesIO(stream)).read() == PLAIN + b"second"


def test_plain_bytes_pass_through() -> None:
    for plain in (PLAIN, b"", b"a", b"PK\3\4"):
        assert open_decompressed(io.BytesIO(plain)).read() == plain


def test_a_stream_may_begin_with_a_skippable_zstd_frame() -> None:
    stream = b"\x50\x2a\x4d\x18\x04\0\0\0skip" + zstd(PLAIN)
    assert detect(stream) == "zstd"
    assert open_decompressed(io.BytesIO(stream)).read() == PLAIN


def test_zero_padding_after_the_last_member_is_no_content(codec: Compression) -> None:
    assert open_decompressed(io.BytesIO(CODECS[codec](PLAIN) + bytes(512))).read() == PLAIN


@pytest.mark.parametrize("kept", [7, 30, 200, -1])
def test_a_stream_that_is_cut_short_is_an_error(codec: Compression, kept: int) -> None:
    cut = CODECS[codec](PLAIN)[:kept]
    with pytest.raises(ArchiveError, match=f"^blob: {codec} stream is cut short$"):
        open_decompressed(io.BytesIO(cut), codec, what="blob").read()


def test_something_else_after_the_last_member_is_an_error(codec: Compression) -> None:
    with pytest.raises(ArchiveError, match=f"{codec} stream is"):
        open_decompressed(io.BytesIO(CODECS[codec](PLAIN) + b"something else entirely")).read()


@pytest.mark.parametrize("codec_name", ["gzip", "zstd", "xz", "bz2"])
def test_a_flipped_byte_is_an_error(codec_name: Compression) -> None:
    stream = bytearray(CODECS[codec_name](PLAIN))
    stream[-5 if codec_name != "zstd" else -1] ^= 1
    with pytest.raises(ArchiveError, match=f"{codec_name} stream is damaged"):
        open_decompressed(io.BytesIO(bytes(stream))).read()


def test_the_source_is_read_to_its_end_so_its_verification_speaks(codec: Compression) -> None:
    stream = CODECS[codec](PLAIN)
    source = VerifyingReader(io.BytesIO(stream), Digest.of(b"other"), len(stream))
    with pytest.raises(MismatchError, match="digest mismatch"):
        drain(open_decompressed(source))


def test_closing_closes_the_source(codec: Compression) -> None:
    source = io.BytesIO(CODECS[codec](PLAIN))
    open_decompressed(source).close()
    assert source.closed


def test_a_bomb_ends_at_the_limit_and_takes_no_memory(codec: Compression) -> None:
    bomb = CODECS[codec](bytes(1 << 20)) * 40 if codec != "xz" else lzma.compress(bytes(40 << 20))
    tracemalloc.start()
    try:
        with pytest.raises(HostileError, match=r"^layer is too large: want at most 40000000 bytes, got more$"):
            drain(open_decompressed(io.BytesIO(bomb), limit_bytes=40_000_000, what="layer"))
        assert tracemalloc.get_traced_memory()[1] < 30_000_000
    finally:
        tracemalloc.stop()


def test_a_window_too_large_for_a_reader_is_refused() -> None:
    def frame(window_descriptor: int) -> bytes:  # RFC 8878, 3.1.1: one raw block of five bytes, no checksum
        return b"\x28\xb5\x2f\xfd\0" + bytes([window_descriptor]) + (1 | 5 << 3).to_bytes(3, "little") + b"hello"

    assert open_decompressed(io.BytesIO(frame(17 << 3))).read() == b"hello"  # 128 MiB
    with pytest.raises(ArchiveError, match="zstd stream is damaged"):
        open_decompressed(io.BytesIO(frame(20 << 3))).read()  # 1 GiB


def test_a_framed_member_is_what_gzip_reads() -> None:
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = encoder.compress(PLAIN) + encoder.flush()
    assert gzip.decompress(MEMBER_HEADER + raw + member_trailer(zlib.crc32(PLAIN), len(PLAIN))) == PLAIN


def test_isize_is_the_length_modulo_2_to_the_32() -> None:
    assert member_trailer(1, (1 << 32) + 5) == b"\1\0\0\0\5\0\0\0"
