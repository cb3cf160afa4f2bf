"""A blob is believed when TOC and tar tell one story; every lie that a lazy reader would believe is found."""

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable
from typing import Any

import pytest

from lightship.archive import tar_write
from lightship.archive.content import Inline
from lightship.archive.estargz.toc import CHUNK_LIMIT_BYTES, FOOTER_BYTES, TOC_DIGEST, footer, parse_footer, parse_toc
from lightship.archive.estargz.verify import verify_estargz
from lightship.archive.layer import LayerWriter
from lightship.archive.tar_write import TypeFlag
from lightship.errors import ArchiveError, HostileError, LightshipError, MismatchError
from lightship.oci.digest import Digest

LARGE = bytes(CHUNK_LIMIT_BYTES) + b"the end"
Change = Callable[[dict[str, Any]], None]


def blob_of(*, level: int = 6) -> tuple[bytes, Digest]:
    out = io.BytesIO()
    with LayerWriter(out, compression="estargz", level=level) as writer:
        writer.directory("usr")
        writer.file("usr/a", Inline(b"abc"), mode=0o755, uid=1)
        writer.landmark(prefetch=True)
        writer.file("usr/large", Inline(LARGE))
        writer.symlink("usr/link", "a")
        writer.hardlink("usr/same", "usr/a")
        written = writer.finish()
    return out.getvalue(), Digest.parse(written.annotations[TOC_DIGEST])


def entry(document: dict[str, Any], name: str, place: int = 0) -> dict[str, Any]:
    return [each for each in document["entries"] if each["name"] == name][place]  # type: ignore[no-any-return]


def with_toc(blob: bytes, toc: bytes) -> bytes:
    """``blob`` with another TOC in it, and a footer that finds it."""
    offset = parse_footer(blob[-FOOTER_BYTES:], "blob")
    header = tar_write.header("stargz.index.json", flag=TypeFlag.FILE, mode=0o644, size_bytes=len(toc), mtime=0)
    return blob[:offset] + gzip.compress(header + toc + tar_write.padding(len(toc)) + tar_write.END) + footer(offset)


def changed(change: Change) -> bytes:
    blob, _ = blob_of()
    offset = parse_footer(blob[-FOOTER_BYTES:], "blob")
    with tarfile.open(fileobj=io.BytesIO(gzip.decompress(blob[offset:]))) as archive:
        toc = archive.extractfile("stargz.index.json")
        assert toc is not None
        document = json.loads(toc.read())
    change(document)
    return with_toc(blob, json.dumps(document).encode())


def test_a_sound_blob_gives_its_toc() -> None:
    blob, digest = blob_of()
    toc = verify_estargz(io.BytesIO(blob), digest)
    assert toc.digest == digest
    assert toc.prefetch == ("usr", "usr/a")
    paths = [entry.member.path for entry in toc.entries]
    assert paths == ["usr", "usr/a", ".prefetch.landmark", "usr/large", "usr/link", "usr/same"]
    large = toc.entries[3]
    assert large.digest == Digest.of(LARGE)
    assert [chunk.size_bytes for chunk in large.chunks] == [CHUNK_LIMIT_BYTES, len(LARGE) - CHUNK_LIMIT_BYTES]


def test_a_toc_may_leave_out_what_the_format_lets_it() -> None:
    def change(document: dict[str, Any]) -> None:
        del entry(document, "usr/a")["digest"]
        entry(document, "usr/a")["userName"] = "root"
        del entry(document, "usr/")["uid"]
        entry(document, "usr/")["name"] = "./usr"
        document["further"] = {}

    assert verify_estargz(io.BytesIO(changed(change)), None).entries[1].digest is None


def set_field(name: str, key: str, value: object, place: int = 0) -> Change:
    return lambda document: entry(document, name, place).__setitem__(key, value)


def drop_field(name: str, key: str, place: int = 0) -> Change:
    return lambda document: entry(document, name, place).pop(key)


ZEROS = f"sha256:{0:064}"
LIES: list[tuple[Change, type[LightshipError], str]] = [
    (set_field("usr/a", "mode", 0o4755), HostileError, "'usr/a': want mode 493, got 2541"),
    (set_field("usr/a", "uid", 0), HostileError, "want uid 1, got 0"),
    (set_field("usr/a", "gid", 5), HostileError, "want gid 0, got 5"),
    (set_field("usr/a", "modtime", "1999-01-01T00:00:00Z"), HostileError, "want mtime"),
    (set_field("usr/a", "modtime", "yesterday"), ArchiveError, "want a time such as"),
    (set_field("usr/a", "name", "usr/b"), HostileError, "want 'usr/a', got 'usr/b'"),
    (set_field("usr/a", "name", "../a"), HostileError, "leaves its root"),
    (set_field("usr/a", "name", 5), ArchiveError, "name: want a string, got 5"),
    (set_field("usr/a", "type", "device"), ArchiveError, "want the type of a tar entry"),
    (set_field("usr/a", "type", "symlink"), HostileError, "want type 'file', got 'symlink'"),
    (set_field("usr/a", "size", 4), HostileError, "want size_bytes 3, got 4"),
    (set_field("usr/a", "size", -1), ArchiveError, "not negative"),
    (set_field("usr/a", "size", 0), HostileError, "want size_bytes 3, got 0"),
    (set_field("usr/a", "digest", ZEROS), MismatchError, "'usr/a': digest mismatch"),
    (set_field("usr/a", "chunkDigest", ZEROS), MismatchError, "chunk digest mismatch"),
    (set_field("usr/a", "chunkDigest", "md5:x"), ArchiveError, "chunkDigest"),
    (drop_field("usr/a", "chunkDigest"), ArchiveError, "chunkDigest: want a value, got nothing"),
    (set_field("usr/a", "offset", 0), HostileError, "got one at"),
    (set_field("usr/a", "xattrs", {"user.x": "AA=="}), HostileError, "want xattrs"),
    (set_field("usr/a", "xattrs", {"user.x": "!"}), ArchiveError, "base64"),
    (set_field("usr/link", "linkName", "/etc/shadow"), HostileError, "want link_target 'a', got '/etc/shadow'"),
    (set_field("usr/same", "linkName", "usr/large"), HostileError, "want link_target"),
    (set_field("usr/large", "chunkDigest", ZEROS, 1), MismatchError, "chunk digest mismatch"),
    (set_field("usr/large", "chunkOffset", 1, 1), ArchiveError, "do not follow on each other"),
    (set_field("usr/large", "chunkSize", 5, 0), ArchiveError, "do not follow on each other"),
    (set_field("usr/large", "chunkSize", 99, 1), ArchiveError, "want 4194311 bytes, got"),
    (lambda document: document["entries"].pop(), HostileError, "want a TOC of 6 entries as the tar has, got 5"),
    (lambda document: document["entries"].append(dict(document["entries"][0])), HostileError, "got 7"),
    (lambda document: document["entries"].insert(0, {"name": "x", "type": "chunk"}), ArchiveError, "before its chunks"),
    (lambda document: document.update(version=2), ArchiveError, "version: want 1, got 2"),
    (lambda document: document.update(entries={}), ArchiveError, "want an array"),
    (lambda document: document["entries"].clear(), HostileError, "got 0"),
]


@pytest.mark.parametrize(("change", "error", "said"), LIES)
def test_every_lie_of_a_toc_is_found(change: Change, error: type[LightshipError], said: str) -> None:
    with pytest.raises(error, match=said):
        verify_estargz(io.BytesIO(changed(change)), None)


def test_a_toc_that_the_manifest_does_not_name_is_refused() -> None:
    blob, _ = blob_of()
    with pytest.raises(MismatchError, match="TOC: digest mismatch: want sha256:0000"):
        verify_estargz(io.BytesIO(blob), Digest("sha256", "0" * 64))


@pytest.mark.parametrize(
    "toc", [b"", b"[]", b"{", b'{"version":1}', b'{"version":1,"version":1,"entries":[]}', b"[" * 50_000, b"\xff"]
)
def test_a_toc_that_is_no_toc_is_refused(toc: bytes) -> None:
    with pytest.raises(ArchiveError):
        verify_estargz(io.BytesIO(with_toc(blob_of()[0], toc)), None)


def test_a_footer_that_points_elsewhere_is_refused() -> None:
    blob, _ = blob_of()
    offset = parse_footer(blob[-FOOTER_BYTES:], "blob")
    for wrong in (0, offset + 1, 2**60):
        with pytest.raises(HostileError, match="want the TOC where its footer says"):
            verify_estargz(io.BytesIO(blob[:-FOOTER_BYTES] + footer(wrong)), None)


def test_nothing_may_hide_between_toc_and_footer() -> None:
    blob, _ = blob_of()
    for hidden in (gzip.compress(b""), gzip.compress(b"\0" * 512)):
        with pytest.raises(HostileError, match="nothing but the footer after the TOC"):
            verify_estargz(io.BytesIO(blob[:-FOOTER_BYTES] + hidden + blob[-FOOTER_BYTES:]), None)


def test_a_layer_without_a_toc_or_footer_is_no_estargz() -> None:
    blob, _ = blob_of()
    plain = gzip.compress(gzip.decompress(blob))
    for other in (gzip.compress(tar_write.END), plain, blob[:-FOOTER_BYTES]):
        with pytest.raises(ArchiveError):
            verify_estargz(io.BytesIO(other), None)


def test_files_that_share_a_member_are_refused() -> None:
    """An ordinary gzip of the same tar has the right TOC, but nothing begins where it says."""
    blob, _ = blob_of()
    offset = parse_footer(blob[-FOOTER_BYTES:], "blob")
    payload = gzip.compress(gzip.decompress(blob[:offset]))
    with pytest.raises(HostileError, match="want a gzip member at the content of 'usr/a', got none"):
        verify_estargz(io.BytesIO(payload + blob[offset:-FOOTER_BYTES] + footer(len(payload))), None)


def test_empty_members_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightship.archive.estargz.verify._MOST_STARTS", 100)
    with pytest.raises(HostileError, match="empty ones"):
        verify_estargz(io.BytesIO(gzip.compress(b"") * 200), None)


def test_cutting_or_flipping_any_part_is_found() -> None:
    blob, digest = blob_of(level=1)
    for cut in range(1, len(blob), len(blob) // 40):
        with pytest.raises(LightshipError):
            verify_estargz(io.BytesIO(blob[:-cut]), digest)
    for place in range(0, len(blob), len(blob) // 40):
        flipped = bytearray(blob)
        flipped[place] ^= 0x10
        if hashlib.sha256(gzip_or_nothing(bytes(flipped))).digest() == hashlib.sha256(gzip.decompress(blob)).digest():
            continue  # a bit that no reader looks at, such as the operating system of a member
        with pytest.raises(LightshipError):
            verify_estargz(io.BytesIO(bytes(flipped)), digest)


def gzip_or_nothing(blob: bytes) -> bytes:
    try:
        return gzip.decompress(blob)
    except Exception:  # noqa: BLE001 - whatever the reader says of damaged bytes
        return b""


def test_many_chunks_are_read_in_linear_time() -> None:
    """The time of a quadratic reader would be hours."""
    count = 200_000
    first = {"name": "a", "type": "reg", "size": count, "chunkSize": 1, "chunkDigest": ZEROS, "mode": 0}
    rest = [
        {"name": "a", "type": "chunk", "offset": n, "chunkOffset": n, "chunkSize": 1, "chunkDigest": ZEROS}
        for n in range(1, count)
    ]
    (only,) = parse_toc(json.dumps({"version": 1, "entries": [first, *rest]}).encode(), "layer")
    assert len(only.chunks) == count
