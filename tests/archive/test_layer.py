import gzip
import hashlib
import io
import tarfile
import tracemalloc
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lightship import proc
from lightship.archive import layer
from lightship.archive.codec import open_decompressed
from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.layer import LayerCompression, LayerWriter, WrittenLayer, codec_version
from lightship.errors import ArchiveError, UsageError
from lightship.oci.digest import Digest

TEXT = b"".join(b"line %d of a module\n" % (n * n) for n in range(20_000))
MTIME = 315_532_800


def deflated(path: Path, content: bytes) -> Deflated:
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = encoder.compress(content) + encoder.flush()
    path.write_bytes(raw)
    return Deflated(path, 0, len(raw), len(content), zlib.crc32(content))


def stored(path: Path, content: bytes) -> Stored:
    path.write_bytes(content)
    return Stored(path, 0, len(content))


def write(
    *files: tuple[str, Content], compression: LayerCompression = "gzip", level: int | None = None, **options: int
) -> tuple[bytes, WrittenLayer]:
    out = io.BytesIO()
    with LayerWriter(out, tar=None, compression=compression, level=level, **options) as writer:
        writer.directory("usr", mode=0o755)
        for path, content in files:
            writer.file(path, content)
        written = writer.finish()
    return out.getvalue(), written


@pytest.fixture(params=["gzip", "zstd"], name="compression")
def _compression(request: pytest.FixtureRequest) -> LayerCompression:
    return request.param  # type: ignore[no-any-return]


def test_a_layer_says_what_it_is(tmp_path: Path, compression: LayerCompression) -> None:
    blob, written = write(
        ("usr/large", deflated(tmp_path / "1", TEXT)),
        ("usr/small", deflated(tmp_path / "2", b"small")),
        ("usr/stored", stored(tmp_path / "3", TEXT[:100_000])),
        ("usr/inline", Inline(b"")),
        compression=compression,
    )
    tar = open_decompressed(io.BytesIO(blob), "zstd" if compression == "zstd" else "gzip").read()
    assert written == WrittenLayer(
        digest=Digest.of(blob),
        diff_id=Digest.of(tar),
        media_type=f"application/vnd.oci.image.layer.v1.tar+{compression}",
        compressed_bytes=len(blob),
        tar_bytes=len(tar),
        unpacked_bytes=len(TEXT) + len(b"small") + 100_000,
        files=4,
    )


def test_every_kind_of_entry_reads_back(tmp_path: Path, compression: LayerCompression) -> None:
    out = io.BytesIO()
    with LayerWriter(out, compression=compression) as writer:
        writer.directory("bin", mode=0o1777, uid=1, gid=2)
        writer.file("bin/a", Inline(b"#!/bin/sh\n"), mode=0o4755, uid=3, gid=4)
        writer.symlink("bin/s", "../bin/a", uid=5)
        writer.hardlink("bin/h", "bin/a", mode=0o4755)
        written = writer.finish()
    assert written.files == 3
    with tarfile.open(fileobj=open_decompressed(io.BytesIO(out.getvalue())), mode="r|") as tar:
        found = [(m.name, m.type, m.mode, m.uid, m.gid, m.linkname, m.mtime) for m in tar]
    assert found == [
        ("bin", tarfile.DIRTYPE, 0o1777, 1, 2, "", MTIME),
        ("bin/a", tarfile.REGTYPE, 0o4755, 3, 4, "", MTIME),
        ("bin/s", tarfile.SYMTYPE, 0o777, 5, 0, "../bin/a", MTIME),
        ("bin/h", tarfile.LNKTYPE, 0o4755, 0, 0, "bin/a", MTIME),
    ]


def test_large_deflated_files_are_copied_and_others_are_not(tmp_path: Path) -> None:
    large, small = deflated(tmp_path / "1", TEXT), deflated(tmp_path / "2", TEXT[: layer.SPLICE_BYTES - 1])
    blob, _ = write(("usr/large", large), ("usr/small", small), ("usr/plain", stored(tmp_path / "3", TEXT)))
    raw = large.container.read_bytes()
    assert raw in blob
    assert small.container.read_bytes() not in blob
    assert len(blob) < len(raw) * 2.2
    assert gzip.decompress(blob).count(TEXT) == 2


def test_how_plain_bytes_arrive_changes_nothing(tmp_path: Path, compression: LayerCompression) -> None:
    content = TEXT * 8  # more than a run
    assert write(("usr/a", Inline(content)), compression=compression) == write(
        ("usr/a", stored(tmp_path / "1", content)), compression=compression
    )
    small = TEXT[:5000]
    assert write(("usr/a", Inline(small)), compression=compression) == write(
        ("usr/a", deflated(tmp_path / "2", small)), compression=compression
    )


def test_zstd_is_the_same_for_every_kind_of_content_and_number_of_threads(tmp_path: Path) -> None:
    content = TEXT * 20  # several jobs of zstd
    blobs = {
        write(("usr/a", kind), compression="zstd", threads=threads)[0]
        for kind in (deflated(tmp_path / "1", content), stored(tmp_path / "2", content), Inline(content))
        for threads in (0, 1, 3)
    }
    assert len(blobs) == 1


def test_both_compressions_hold_the_same_tar(tmp_path: Path) -> None:
    files = (("usr/a", deflated(tmp_path / "1", TEXT)), ("usr/b", Inline(TEXT)))
    assert write(*files)[1].diff_id == write(*files, compression="zstd")[1].diff_id


@pytest.mark.parametrize("claim", ["crc32", "unpacked_bytes", "compressed_bytes"])
@pytest.mark.parametrize("plain", [TEXT, TEXT[:1000]], ids=["large", "small"])
def test_content_that_is_not_what_it_says_makes_no_layer(
    tmp_path: Path, compression: LayerCompression, plain: bytes, claim: str
) -> None:
    right = deflated(tmp_path / "1", plain)
    wrong = replace(right, **{claim: getattr(right, claim) - 1})
    with pytest.raises(ArchiveError, match=r"^usr/a "):
        write(("usr/a", wrong), compression=compression)


def test_no_layer_is_held_in_memory(tmp_path: Path, compression: LayerCompression) -> None:
    content = hashlib.shake_128(b"noise").digest(1 << 20) * 16
    kinds: tuple[Content, ...] = (deflated(tmp_path / "1", content), stored(tmp_path / "2", content))
    del content
    tracemalloc.start()
    try:
        with (tmp_path / "layer").open("wb") as stream, LayerWriter(stream, compression=compression) as writer:
            for number, kind in enumerate(kinds):
                writer.file(f"f{number}", kind)
            writer.finish()
        assert tracemalloc.get_traced_memory()[1] < 12_000_000
    finally:
        tracemalloc.stop()


def test_levels(tmp_path: Path, compression: LayerCompression) -> None:
    best = {"gzip": 12, "zstd": 19}[compression]
    assert len(write(("usr/a", Inline(TEXT)), compression=compression, level=best)[0]) < len(
        write(("usr/a", Inline(TEXT)), compression=compression, level=1)[0]
    )
    with pytest.raises(UsageError, match=f"^{compression} level not supported: want 1 to {best}, got 20$"):
        write(compression=compression, level=20)


def test_times_are_what_is_asked_for() -> None:
    blob, _ = write(("usr/a", Inline(b"")), mtime=1_700_000_000)
    with tarfile.open(fileobj=io.BytesIO(blob)) as tar:
        assert {member.mtime for member in tar} == {1_700_000_000}


def test_the_codec_version_tells_compressions_apart() -> None:
    assert codec_version("gzip") != codec_version("zstd")


@pytest.mark.conformance
def test_foreign_tools_read_a_gzip_layer(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    blob, written = write(
        ("usr/a", deflated(tmp_path / "1", TEXT)), ("usr/b", Inline(b"b")), ("usr/" + "é" * 90, Inline(b""))
    )
    path = tmp_path / "layer.tar.gz"
    path.write_bytes(blob)
    proc.run([require_tool("gzip"), "-t", str(path)])
    for tool in ("gzip", "pigz"):
        tar = proc.run([require_tool(tool), "-dc", str(path)]).stdout
        assert Digest.of(tar) == written.diff_id
    listed = proc.run([require_tool("tar"), "-tzf", str(path), "--quoting-style=literal"]).stdout.decode()
    assert listed.split() == ["usr/", "usr/a", "usr/b", "usr/" + "é" * 90]
    proc.run([require_tool("tar"), "-xzf", str(path), "-C", str(tmp_path)])
    assert (tmp_path / "usr" / "a").read_bytes() == TEXT


@pytest.mark.conformance
def test_foreign_tools_read_a_zstd_layer(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    blob, written = write(("usr/a", deflated(tmp_path / "1", TEXT)), compression="zstd")
    path = tmp_path / "layer.tar.zst"
    path.write_bytes(blob)
    zstd = require_tool("zstd")
    proc.run([zstd, "-q", "-t", str(path)])
    assert Digest.of(proc.run([zstd, "-q", "-dc", str(path)]).stdout) == written.diff_id


def test_what_is_not_worth_splicing_is_compressed_anew(tmp_path: Path) -> None:
    table = b"".join(b"%d: %d.%d,\n" % (n, n * n % 977, n * 7919 % 10_007) for n in range(300_000))
    poor = deflated(tmp_path / "1", table)
    small = ("usr/small", Inline(b"before"))
    copied, spliced = write(small, ("usr/table", poor), ("usr/last", Inline(b"after")))
    anew, made = write(small, ("usr/table", replace(poor, splice=False)), ("usr/last", Inline(b"after")))
    assert made.diff_id == spliced.diff_id
    assert len(anew) < len(copied) * 0.95
    with tarfile.open(fileobj=io.BytesIO(anew), mode="r:gz") as archive:
        assert [archive.extractfile(name).read() for name in ("usr/table", "usr/last")] == [table, b"after"]  # type: ignore[union-attr]


def test_the_level_of_what_is_compressed_anew_is_no_one_elses(tmp_path: Path) -> None:
    """What follows such a file is compressed as it would be behind any other."""
    anew = replace(deflated(tmp_path / "1", TEXT), splice=False)
    behind = Inline(TEXT[:300_000])
    blob, _ = write(("usr/anew", anew), ("usr/behind", behind))
    own, _ = write(("usr/anew", anew))
    gathered, _ = write(("usr/anew", Inline(b"")), ("usr/behind", behind))
    alone, _ = write(("usr/anew", Inline(b"")))
    assert abs((len(blob) - len(own)) - (len(gathered) - len(alone))) < 100


def test_a_lie_about_what_is_compressed_anew_is_found(tmp_path: Path) -> None:
    content = replace(deflated(tmp_path / "1", TEXT), splice=False)
    with pytest.raises(ArchiveError):
        write(("usr/x", replace(content, crc32=content.crc32 ^ 1)))


@pytest.mark.parametrize("compression", ["gzip", "zstd", "estargz"])
def test_a_file_may_have_a_time_of_its_own(compression: LayerCompression) -> None:
    out = io.BytesIO()
    with LayerWriter(out, compression=compression, mtime=MTIME) as writer:
        writer.file("own", Inline(b"a"), mtime=1_000_000_007)
        writer.file("layers", Inline(b"b"))
        writer.finish()
    with open_decompressed(io.BytesIO(out.getvalue()), "zstd" if compression == "zstd" else "gzip") as stream:
        tar = io.BytesIO(stream.read())
    with tarfile.open(fileobj=tar) as members:
        times = {member.name: member.mtime for member in members}
    assert (times["own"], times["layers"]) == (1_000_000_007, MTIME)
