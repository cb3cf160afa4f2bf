import gzip
import io
import json
import tarfile
import tracemalloc
import zlib
from pathlib import Path

import pytest

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.estargz.toc import CHUNK_LIMIT_BYTES, FOOTER_BYTES, TOC_DIGEST, UNCOMPRESSED_SIZE, parse_footer
from lightship.archive.estargz.verify import verify_estargz
from lightship.archive.estargz.write import ESTARGZ_SPLICE_BYTES
from lightship.archive.layer import LayerWriter, WrittenLayer
from lightship.errors import ArchiveError, InputError
from lightship.oci.digest import Digest

TEXT = b"".join(b"line %d of a module\n" % (n * n) for n in range(20_000))
LARGE = b"".join(b"%d\n" % (n * n) for n in range(800_000))


def deflated(path: Path, content: bytes) -> Deflated:
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = encoder.compress(content) + encoder.flush()
    path.write_bytes(raw)
    return Deflated(path, 0, len(raw), len(content), zlib.crc32(content))


def write(
    *files: tuple[str, Content], prefetch: int | None = None, level: int | None = None
) -> tuple[bytes, WrittenLayer]:
    """A layer with ``files``; ``prefetch`` says how many of them come before the landmark."""
    out = io.BytesIO()
    with LayerWriter(out, compression="estargz", level=level) as writer:
        writer.directory("usr", mode=0o755)
        for place, (path, content) in enumerate(files):
            if place == prefetch:
                writer.landmark(prefetch=True)
            writer.file(path, content, uid=7)
        writer.symlink("usr/link", "/etc/motd")
        writer.hardlink("usr/same", files[0][0])
        written = writer.finish()
    return out.getvalue(), written


def entries_of(blob: bytes) -> list[dict[str, object]]:
    offset = parse_footer(blob[-FOOTER_BYTES:], "blob")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob[offset:]))) as archive:
        toc = archive.extractfile("stargz.index.json")
        assert toc is not None
        document = json.loads(toc.read())
    assert document["version"] == 1
    return document["entries"]  # type: ignore[no-any-return]


def member_at(blob: bytes, offset: int) -> bytes:
    return zlib.decompressobj(31).decompress(blob[offset:])


def test_a_layer_says_what_it_is() -> None:
    blob, written = write(("usr/a", Inline(b"a")), ("usr/empty", Inline(b"")))
    tar = gzip.decompress(blob)
    assert (written.digest, written.diff_id) == (Digest.of(blob), Digest.of(tar))
    assert (written.compressed_bytes, written.tar_bytes) == (len(blob), len(tar))
    assert written.media_type == "application/vnd.oci.image.layer.v1.tar+gzip"
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        names = archive.getnames()
        toc = archive.extractfile(names[-1])
        assert toc is not None
        raw = toc.read()
        assert written.unpacked_bytes == sum(member.size for member in archive)
    assert names == ["usr", "usr/a", "usr/empty", "usr/link", "usr/same", ".no.prefetch.landmark", "stargz.index.json"]
    assert written.files == 6
    assert written.annotations == {TOC_DIGEST: str(Digest.of(raw)), UNCOMPRESSED_SIZE: str(len(tar))}


def test_the_toc_tells_of_every_entry() -> None:
    blob, _ = write(("usr/a", Inline(b"abc")))
    first, a, link, same, landmark = entries_of(blob)
    fixed = {"modtime": "1980-01-01T00:00:00Z", "uid": 0, "gid": 0}
    digest = str(Digest.of(b"abc"))
    assert first == {"name": "usr/", "type": "dir", "mode": 0o755, **fixed}
    assert member_at(blob, int(str(a.pop("offset"))))[:3] == b"abc"
    assert a == {
        "name": "usr/a", "type": "reg", "size": 3, "mode": 0o644, **fixed, "uid": 7,
        "digest": digest, "chunkDigest": digest,
    }  # fmt: skip
    assert link == {"name": "usr/link", "type": "symlink", "linkName": "/etc/motd", "mode": 0o777, **fixed}
    assert same == {"name": "usr/same", "type": "hardlink", "linkName": "usr/a", "mode": 0o644, **fixed}
    assert landmark["name"] == ".no.prefetch.landmark"
    assert member_at(blob, int(str(landmark["offset"])))[:1] == b"\x0f"


def test_content_begins_a_member_whatever_it_is_made_of(tmp_path: Path) -> None:
    contents: dict[str, tuple[Content, bytes]] = {
        "usr/tiny": (Inline(b"x"), b"x"),
        "usr/small": (deflated(tmp_path / "1", TEXT[:1000]), TEXT[:1000]),
        "usr/spliced": (deflated(tmp_path / "2", TEXT), TEXT),
        "usr/stored": (Stored(_file(tmp_path / "3", TEXT), 0, len(TEXT)), TEXT),
    }
    blob, _ = write(*((path, content) for path, (content, _) in contents.items()))
    found = {str(entry["name"]): entry for entry in entries_of(blob)}
    for path, (_, plain) in contents.items():
        assert member_at(blob, int(str(found[path]["offset"])))[: len(plain)] == plain
        assert found[path]["digest"] == found[path]["chunkDigest"] == str(Digest.of(plain))


def test_a_deflated_member_is_copied(tmp_path: Path) -> None:
    content = deflated(tmp_path / "1", TEXT)
    assert content.unpacked_bytes >= ESTARGZ_SPLICE_BYTES
    blob, _ = write(("usr/spliced", content))
    assert content.container.read_bytes() in blob


@pytest.mark.parametrize("extra", [-1, 0, 1, CHUNK_LIMIT_BYTES])
@pytest.mark.parametrize("kind", ["deflated", "stored"])
def test_large_content_is_cut_into_chunks(tmp_path: Path, extra: int, kind: str) -> None:
    plain = LARGE[: CHUNK_LIMIT_BYTES + extra]
    content = (
        deflated(tmp_path / "1", plain) if kind == "deflated" else Stored(_file(tmp_path / "1", plain), 0, len(plain))
    )
    blob, written = write(("usr/large", content))
    chunks = [entry for entry in entries_of(blob) if entry["name"] == "usr/large" and entry["type"] in ("reg", "chunk")]
    sizes = [CHUNK_LIMIT_BYTES] * (len(plain) // CHUNK_LIMIT_BYTES) + [len(plain) % CHUNK_LIMIT_BYTES]
    assert [entry.get("chunkOffset", 0) for entry in chunks] == [sum(sizes[:n]) for n in range(len(chunks))]
    assert len(chunks) == len(list(filter(None, sizes)))
    assert "chunkSize" not in chunks[-1]  # the format wants zero for the last one
    assert all(entry["chunkSize"] == CHUNK_LIMIT_BYTES for entry in chunks[:-1])
    for entry, size in zip(chunks, sizes, strict=False):
        start = int(str(entry.get("chunkOffset", 0)))
        assert member_at(blob, int(str(entry["offset"])))[:size] == plain[start : start + size]
        assert entry["chunkDigest"] == str(Digest.of(plain[start : start + size]))
    assert chunks[0]["digest"] == str(Digest.of(plain))
    assert verify_estargz(io.BytesIO(blob), Digest.parse(written.annotations[TOC_DIGEST])).entries


def test_what_comes_before_the_landmark_is_to_be_fetched_ahead() -> None:
    blob, _ = write(("usr/a", Inline(b"a")), ("usr/b", Inline(b"b")), prefetch=1)
    toc = verify_estargz(io.BytesIO(blob), None)
    assert toc.prefetch == ("usr", "usr/a")
    names = [str(entry["name"]) for entry in entries_of(blob)]
    assert ".no.prefetch.landmark" not in names
    assert names.index(".prefetch.landmark") == 2


def test_the_bytes_depend_on_the_entries_alone(tmp_path: Path) -> None:
    one = write(("usr/x", deflated(tmp_path / "1", TEXT)), ("usr/y", Inline(TEXT[:50])))
    two = write(("usr/x", deflated(tmp_path / "2", TEXT)), ("usr/y", Stored(_file(tmp_path / "3", TEXT[:50]), 0, 50)))
    assert one == two
    assert write(("usr/y", Inline(TEXT)), level=1)[0] != write(("usr/y", Inline(TEXT)), level=9)[0]


@pytest.mark.parametrize("path", ["stargz.index.json", ".prefetch.landmark", ".no.prefetch.landmark"])
def test_paths_of_the_format_are_refused(path: str) -> None:
    with pytest.raises(InputError, match=f"eStargz keeps this path for itself: {path}"):
        write((path, Inline(b"x")))


def test_a_name_that_is_not_utf_8_is_refused_with_a_way_out() -> None:
    with pytest.raises(InputError, match="path is not UTF-8") as caught:
        write(("usr/\udcff", Inline(b"x")))
    assert caught.value.hint == "take gzip or zstd"


def test_damaged_content_is_an_error(tmp_path: Path) -> None:
    content = deflated(tmp_path / "1", TEXT)
    (tmp_path / "1").write_bytes(b"\0" * content.compressed_bytes)
    with pytest.raises(ArchiveError, match="usr/x"):
        write(("usr/x", content))


def test_memory_is_bounded_by_a_chunk(tmp_path: Path) -> None:
    plain = LARGE[:5_000_000]
    path = _file(tmp_path / "1", plain * 8)
    tracemalloc.start()
    try:
        with (tmp_path / "out").open("wb") as out, LayerWriter(out, compression="estargz", level=1) as writer:
            writer.file("usr/large", Stored(path, 0, 8 * len(plain)))
            writer.finish()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * CHUNK_LIMIT_BYTES


def _file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
