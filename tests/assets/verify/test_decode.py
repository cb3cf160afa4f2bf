"""Bodies without their content codings, as a browser undoes them."""

import contextlib
import gzip
import zlib

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.assets.codecs import encode
from lightship.assets.verify.decode import decoded
from lightship.errors import ArchiveError

TEXT = b"words of a page " * 4000


def raw_deflate(content: bytes) -> bytes:
    encoder = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return encoder.compress(content) + encoder.flush()


CODINGS = {
    "gzip": gzip.compress, "x-gzip": gzip.compress, "br": brotli.compress, "deflate": zlib.compress,
    "Deflate": raw_deflate, "zstd": lambda content: encode(content, "zstd", "ci"),
    "": bytes, "identity": bytes, "br, gzip": lambda content: gzip.compress(brotli.compress(content)),
}  # fmt: skip


@pytest.mark.parametrize("coding", CODINGS)
def test_every_coding_is_undone(coding: str) -> None:
    for content in (TEXT, b"", b"x"):
        assert decoded(CODINGS[coding](content), coding) == content


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd"])
def test_what_is_damaged_cut_followed_or_empty_is_refused(coding: str) -> None:
    whole = CODINGS[coding](TEXT)
    for body in (whole[:-4], whole[: len(whole) // 2], whole + b"more", b"", b"plain text"):
        with pytest.raises(ArchiveError):
            decoded(body, coding)


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd"])
def test_a_bomb_is_not_unpacked(coding: str) -> None:
    with pytest.raises(ArchiveError, match="unpacks to more than 1 MiB"):
        decoded(CODINGS[coding](bytes(8 << 20)), coding, 1 << 20)


def test_codings_that_are_not_known_or_too_many_are_refused() -> None:
    with pytest.raises(ArchiveError, match="'sdch' is not known"):
        decoded(b"x", "sdch")
    with pytest.raises(ArchiveError, match="4 content codings"):
        decoded(b"x", "gzip, gzip, gzip, gzip")


@given(st.binary(max_size=400), st.sampled_from(["gzip", "br", "deflate", "zstd"]))
def test_any_bytes_are_undone_or_refused(body: bytes, coding: str) -> None:
    with contextlib.suppress(ArchiveError):
        decoded(body, coding)
