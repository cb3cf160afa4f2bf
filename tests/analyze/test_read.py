import io
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import BinaryIO

import pytest
from tests.analyze.making import Made, layer_tar

from lightship.analyze.entries import FILE, OPAQUE, WHITEOUT
from lightship.analyze.read import LayerRows, read_layer
from lightship.analyze.wanted import Interest
from lightship.ecosystem.inventory import Files, Found, Scanner, Wanted
from lightship.errors import ImageError, MismatchError
from lightship.image.synthetic import synthetic_layer
from lightship.oci.media_types import Compression

NOTHING = Interest(())


class Asking:
    """A recogniser that asks and finds nothing."""

    code = "asking"
    scanner: Callable[[], Scanner] | None = None

    def __init__(self, *wanted: Wanted) -> None:
        self.wanted = wanted

    def find(self, files: Files, problem: Callable[[str, str], None]) -> Iterator[Found]:
        problem("", f"{files} was not looked at")
        yield from ()


def read(*members: Made, compression: Compression = "gzip", interest: Interest = NOTHING) -> LayerRows:
    return read_layer(synthetic_layer(layer_tar(members), compression=compression), interest)


def test_rows_say_what_the_tar_says() -> None:
    entries = read(
        Made("a/f", b"abc", uid=5, gid=2**31, mode=0o4755, mtime=-3),
        Made("a/.wh.gone"),
        Made("b/.wh..wh..opq"),
        Made("c", b"x", xattrs=(("security.capability", "yes"), ("user.a", "b"))),
    ).entries
    assert entries.paths == ["a/f", "a/gone", "b", "c"]
    assert list(entries.kinds) == [FILE, WHITEOUT, OPAQUE, FILE]
    assert (entries.uids[0], entries.gids[0], entries.modes[0], entries.mtimes[0]) == (5, 2**31, 0o4755, -3)
    assert (entries.sizes[0], entries.crcs[0]) == (3, zlib.crc32(b"abc"))
    assert dict(entries.xattrs) == {3: 2}


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_every_byte_of_the_blob_is_some_rows(compression: Compression) -> None:
    tight, loose = b"\0" * 3_000_000, os.urandom(3_000_000)
    members = [Made("tight", tight), Made("loose", loose), *(Made(f"small/{n}", b"x" * n) for n in range(200))]
    layer = synthetic_layer(layer_tar(members), compression=compression)
    entries = read_layer(layer, NOTHING).entries
    end = 10240 if compression == "none" else 60_000  # zeros at the end; what a decoder read ahead
    assert layer.compressed_bytes - end <= sum(entries.compressed) <= layer.compressed_bytes
    if compression != "none":  # what does not compress has nearly all of it
        assert entries.compressed[0] < 400_000
        assert entries.compressed[1] > 2_600_000
    else:
        assert entries.compressed[0] == 512 + 3_000_000 + -3_000_000 % 512


def test_only_what_is_wanted_is_kept_and_no_more_than_allowed() -> None:
    asking = Asking(
        Wanted(name="RECORD", directory=r".*\.dist-info", cap_bytes=10),
        Wanted(suffix=".list", cap_bytes=100, keep=lambda content: content[:2]),
        Wanted(directory="etc", cap_bytes=100),
    )
    found = read(
        Made("x.dist-info/RECORD", b"short"),
        Made("y.dist-info/RECORD", b"far too long"),
        Made("other/RECORD", b"short"),
        Made("any/where.list", b"12345"),
        Made("etc/hosts", b"h"),
        Made("etc/empty"),
        interest=Interest([asking]),
    )
    kept = {found.entries.paths[row]: content for row, content in found.kept.items()}
    assert kept == {"x.dist-info/RECORD": b"short", "any/where.list": b"12", "etc/hosts": b"h", "etc/empty": b""}
    assert [found.entries.paths[row] for row in found.too_large] == ["y.dist-info/RECORD"]
    assert found.entries.crcs[1] == zlib.crc32(b"far too long")


def test_executables_are_scanned_as_they_pass() -> None:
    class Lengths:
        def __init__(self) -> None:
            self.count = 0

        def feed(self, chunk: bytes) -> None:
            self.count += len(chunk)

        def result(self) -> bytes:
            return b"%d" % self.count

    class Scanning(Asking):
        code = "scanning"
        scanner = Lengths

    body = b"\x7fELF" + os.urandom(1_000_000)
    members = (Made("bin/x", body, mode=0o755), Made("lib/y.so", body), Made("bin/sh", b"#!/bin/sh", mode=0o755))
    found = read(*members, interest=Interest([Scanning()]))
    assert found.scanned == {("scanning", 0): b"1000004"}
    assert found.entries.crcs[0] == found.entries.crcs[1] == zlib.crc32(body)


def test_a_blob_is_verified() -> None:
    layer = synthetic_layer({"a": b"1"})
    other = synthetic_layer({"a": b"2"})
    with pytest.raises(MismatchError):
        read_layer(replace(layer, opener=other.opener), NOTHING)


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_a_blob_that_is_cut_short_or_damaged_is_an_error(compression: Compression) -> None:
    layer = synthetic_layer({"a": os.urandom(100_000)}, compression=compression)
    with layer.open() as stream:
        blob = stream.read()

    def opened(content: bytes) -> Callable[[], BinaryIO]:
        return lambda: io.BytesIO(content)

    for content in (blob[:-20_000], blob[:50], b"", blob[:600] + b"\xff" * 100 + blob[700:]):
        with pytest.raises(MismatchError, match=f"of {layer.digest}|want {layer.digest}"):
            read_layer(replace(layer, opener=opened(content)), NOTHING)


def test_an_archives_uncompressed_layer_can_go_unhashed_and_a_compressed_one_never() -> None:
    plain, other = (synthetic_layer({"a": content}, compression="none") for content in (b"1", b"2"))
    assert read_layer(replace(plain, opener=other.opener), NOTHING, verify=False).entries.paths == ["a"]
    packed, other = (synthetic_layer({"a": content}) for content in (b"1", b"2"))
    with pytest.raises(MismatchError):
        read_layer(replace(packed, opener=other.opener), NOTHING, verify=False)


def test_a_layer_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(ImageError, match="want a tar layer"):
        read_layer(replace(synthetic_layer({}), media_type="application/vnd.wasm.layer.v1+wasm"), NOTHING)


def test_names_in_other_encodings_come_through() -> None:
    assert read(Made("caf\udce9", b"1")).entries.paths == ["caf\udce9"]
