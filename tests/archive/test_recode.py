import gzip
import io
import tarfile
from pathlib import Path

import pytest

from lightship.archive.codec import open_decompressed
from lightship.archive.estargz.verify import Toc, verify_estargz
from lightship.archive.layer import LayerCompression, WrittenLayer
from lightship.archive.recode import recode
from lightship.errors import ArchiveError, HostileError, StorageError, UsageError
from lightship.image.synthetic import tar_of
from lightship.oci.digest import Digest

TEXT = b"".join(b"%d\n" % (n * n) for n in range(40_000))
TAR = tar_of(
    {"etc": None, "etc/motd": b"hello\n", "usr": None, "usr/lib": None, "usr/lib/x.py": TEXT, "link": "etc/motd"}
)


def recoded(
    tar: bytes, compression: LayerCompression, *paths: str, spool: Path | None = None, level: int | None = None
) -> tuple[bytes, WrittenLayer]:
    out = io.BytesIO()
    written = recode(io.BytesIO(tar), out, compression=compression, level=level, prioritized=paths, spool=spool)
    return out.getvalue(), written


def toc_of(blob: bytes) -> Toc:
    return verify_estargz(io.BytesIO(blob), None)


def odd_tar() -> bytes:
    """What only an old or careful tool writes: extended attributes, devices, long names, names of users."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "x"}) as archive:
        member = tarfile.TarInfo("bin/ping")
        member.size, member.mode, member.uname, member.mtime = 3, 0o4755, "root", 1234567.75
        member.pax_headers = {"SCHILY.xattr.security.capability": "\x01"}
        archive.addfile(member, io.BytesIO(b"abc"))
        device = tarfile.TarInfo("dev/null")
        device.type, device.devmajor, device.devminor = tarfile.CHRTYPE, 1, 3
        archive.addfile(device)
        long = tarfile.TarInfo("long/" * 60 + "name")
        long.size = 1
        archive.addfile(long, io.BytesIO(b"l"))
        hard = tarfile.TarInfo("bin/same")
        hard.type, hard.linkname = tarfile.LNKTYPE, "bin/ping"
        archive.addfile(hard)
        archive.addfile(tarfile.TarInfo("gone/.wh.x"))
    return buffer.getvalue()


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
@pytest.mark.parametrize("tar", [TAR, odd_tar(), b"", b"no tar at all" * 99], ids=["plain", "odd", "empty", "other"])
def test_gzip_and_zstd_keep_every_byte(compression: LayerCompression, tar: bytes) -> None:
    blob, written = recoded(tar, compression)
    assert open_decompressed(io.BytesIO(blob)).read() == tar
    assert (written.diff_id, written.tar_bytes) == (Digest.of(tar), len(tar))
    assert (written.digest, written.compressed_bytes) == (Digest.of(blob), len(blob))
    assert written.annotations == {}


@pytest.mark.parametrize("tar", [TAR, odd_tar()], ids=["plain", "odd"])
def test_estargz_keeps_every_member_to_the_byte(tar: bytes) -> None:
    blob, written = recoded(tar, "estargz")
    made = gzip.decompress(blob)
    assert written.diff_id == Digest.of(made)
    landmark = 2 * tarfile.BLOCKSIZE
    members = tar.rstrip(b"\0")
    assert made[landmark : landmark + len(members)] == members
    toc = toc_of(blob)
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        names = [member.name.lstrip("/") for member in archive]
    assert [entry.member.path for entry in toc.entries] == [".no.prefetch.landmark", *names]


def test_the_toc_knows_what_is_odd() -> None:
    found = {entry.member.path: entry.member for entry in toc_of(recoded(odd_tar(), "estargz")[0]).entries}
    ping = found["bin/ping"]
    assert (ping.mode, ping.xattrs) == (0o4755, (("security.capability", b"\x01"),))
    assert (found["dev/null"].type, found["dev/null"].device) == ("char", (1, 3))
    assert found["bin/same"].link_target == "bin/ping"


def test_estargz_of_estargz_is_the_same(tmp_path: Path) -> None:
    blob, _ = recoded(TAR, "estargz")
    again, _ = recoded(gzip.decompress(blob), "estargz")
    assert again == blob
    first, _ = recoded(TAR, "estargz", "link", spool=tmp_path / "1")
    assert (
        recoded(gzip.decompress(first), "estargz")[0]
        == recoded(gzip.decompress(first), "estargz", "nothing", spool=tmp_path / "2")[0]
    )


def test_prioritized_files_come_first_with_what_is_above_them(tmp_path: Path) -> None:
    blob, _ = recoded(TAR, "estargz", "usr/lib/x.py", "absent", "link", "usr", spool=tmp_path / "spool")
    assert toc_of(blob).prefetch == ("usr", "usr/lib", "usr/lib/x.py", "link")
    with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
        kept = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        assert {name: stream.read() for name, stream in kept.items() if stream is not None}["usr/lib/x.py"] == TEXT


def test_a_spool_leaves_room_on_its_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few MB may unpack to more than any disk has."""
    monkeypatch.setattr("lightship.archive.recode._LOOK_BYTES", 4)
    monkeypatch.setattr("lightship.archive.recode._ROOM_BYTES", 1 << 62)
    with pytest.raises(StorageError, match=f"want {1 << 62} bytes left free, got [0-9]+"):
        recoded(TAR, "estargz", "link", spool=tmp_path / "spool")
    assert (tmp_path / "spool").stat().st_size == 0
    recoded(TAR, "estargz", spool=tmp_path / "none")
    assert not (tmp_path / "none").exists(), "without an order no spool is needed"


def test_nothing_to_prioritize_is_said_by_the_landmark(tmp_path: Path) -> None:
    blob, _ = recoded(TAR, "estargz", "absent", spool=tmp_path / "spool")
    names = [entry.member.path for entry in toc_of(blob).entries]
    assert names[0] == ".no.prefetch.landmark"


def test_what_order_decides_is_not_moved(tmp_path: Path) -> None:
    """Of two members with one path the later one counts; a hard link comes after what it names."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in (("twice", b"1"), ("once", b"2"), ("twice", b"3")):
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(content))
        hard = tarfile.TarInfo("hard")
        hard.type, hard.linkname = tarfile.LNKTYPE, "once"
        archive.addfile(hard)
    blob, _ = recoded(buffer.getvalue(), "estargz", "twice", "hard", spool=tmp_path / "spool")
    names = [entry.member.path for entry in toc_of(blob).entries]
    assert names == ["once", ".prefetch.landmark", "twice", "twice", "hard"]


def test_members_under_global_records_are_not_moved(tmp_path: Path) -> None:
    """Elsewhere they would belong to somebody else."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"uid": "77"}) as archive:
        for name in ("a", "b"):
            archive.addfile(tarfile.TarInfo(name))
    blob, _ = recoded(buffer.getvalue(), "estargz", "b", spool=tmp_path / "spool")
    found = [(entry.member.path, entry.member.uid) for entry in toc_of(blob).entries]
    assert found == [(".no.prefetch.landmark", 0), ("a", 77), ("b", 77)]


def test_headers_have_a_bound(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tar of extended headers alone packs a thousandfold, and all of them are kept while members are ordered."""
    monkeypatch.setattr("lightship.archive.recode._MOST_HEADER_BYTES", 2000)
    with pytest.raises(HostileError, match="want at most 2000 bytes of tar headers"):
        recoded(TAR, "estargz", "link", spool=tmp_path / "spool")


def test_a_damaged_tar_is_no_estargz() -> None:
    with pytest.raises(ArchiveError):
        recoded(TAR[:3000], "estargz")


@pytest.mark.parametrize(("compression", "level"), [("gzip", 13), ("zstd", 20), ("estargz", 0)])
def test_a_level_that_there_is_not(compression: LayerCompression, level: int) -> None:
    with pytest.raises(UsageError, match=f"{compression} level not supported"):
        recoded(TAR, compression, level=level)
