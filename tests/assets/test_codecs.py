"""Sidecars decompress to their sources, always in the same bytes; what is damaged or follows is seen."""

import gzip
import os

import pytest

from lightship.assets.codecs import ENCODINGS, Effort, Encoding, codec_version, decodes_to, encode, gunzip
from lightship.errors import ArchiveError, HostileError

PLAIN = b"export const word = 'lightship';\n" * 9000 + bytes(range(256)) * 2000
LEVELS: tuple[Effort, ...] = ("ci", "release", "alone")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("plain", [PLAIN, b"a", b"", os.urandom(300_000)], ids=["text", "letter", "empty", "noise"])
def test_a_round_trip(encoding: Encoding, level: Effort, plain: bytes) -> None:
    packed = encode(plain, encoding, level)
    assert decodes_to(packed, plain, encoding)
    assert encode(plain, encoding, level) == packed
    assert not decodes_to(packed, plain + b"a", encoding)
    assert not decodes_to(packed[:-1], plain, encoding)
    assert not decodes_to(packed + b"a", plain, encoding)
    assert not decodes_to(packed, b"b" + plain[1:] + b"b", encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_nothing_and_noise_are_no_sidecar(encoding: Encoding) -> None:
    assert not decodes_to(b"", b"", encoding)
    assert not decodes_to(b"\x1f\x8b\x08 no stream at all" * 30, PLAIN, encoding)


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_a_sidecar_that_unpacks_to_gigabytes_is_left_at_its_first_difference(encoding: Encoding) -> None:
    bomb = encode(bytes(1 << 24), encoding, "ci")
    assert not decodes_to(bomb, b"x", encoding)
    assert not decodes_to(bomb, bytes(1 << 20), encoding)


def test_the_gzip_header_has_no_name_and_no_time() -> None:
    packed = encode(PLAIN, "gzip", "ci")
    assert packed[3] == 0, "FLG: RFC 1952, 2.3.1"
    assert packed[4:8] == bytes(4), "MTIME"
    assert gzip.decompress(packed) == PLAIN


def test_the_version_tells_levels_apart() -> None:
    told = [codec_version(encoding, level) for encoding in ENCODINGS for level in LEVELS[:2]]
    assert len(set(told)) == len(told) == 6
    assert codec_version("gzip", "alone") not in told


def test_gzip_is_read_whole_or_not_at_all_and_never_past_the_bound() -> None:
    packed = gzip.compress(PLAIN)
    assert gunzip(packed, most_bytes=len(PLAIN), what="a.gz") == PLAIN
    for wrong in (b"", packed[:-1], packed + b"a", packed[:-8] + bytes(8)):
        with pytest.raises(ArchiveError, match=r"^a\.gz: "):
            gunzip(wrong, most_bytes=len(PLAIN), what="a.gz")
    with pytest.raises(HostileError, match=rf"^a\.gz is too large: want at most {len(PLAIN) - 1} bytes"):
        gunzip(packed, most_bytes=len(PLAIN) - 1, what="a.gz")
