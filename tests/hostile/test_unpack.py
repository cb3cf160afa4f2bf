"""Layers that try to write outside, to fill the disk, or to leave something behind."""

import io
import tarfile
from pathlib import Path

import pytest

from lightship.errors import ArchiveError, ImageError, LightshipError, MismatchError
from lightship.image.blobs import StreamLayer
from lightship.image.protocol import Layer
from lightship.image.synthetic import synthetic_layer
from lightship.oci.digest import Digest
from lightship.rootfs.unpack import unpack, unpack_cached

Raw = tuple[str, bytes, str, bytes]
"""Name, type, link target, content."""


def _tar(*members: Raw) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, kind, target, content in members:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.size, entry.mode = kind, target, len(content), 0o777
            archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def _file(name: str, content: bytes = b"evil") -> Raw:
    return (name, tarfile.REGTYPE, "", content)


def _link(name: str, target: str) -> Raw:
    return (name, tarfile.SYMTYPE, target, b"")


def _hard(name: str, target: str) -> Raw:
    return (name, tarfile.LNKTYPE, target, b"")


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A directory of the host that an attack knows the path of."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "victim").write_text("untouched")
    return outside


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = tmp_path / "work"
    work.mkdir()
    return work


def _unharmed(outside: Path) -> bool:
    return [path.name for path in outside.iterdir()] == ["victim"] and (outside / "victim").read_text() == "untouched"


@pytest.mark.parametrize("depth", ["", "../", "../../../../../../../../.."])
@pytest.mark.parametrize("layers", [1, 2])
def test_links_as_parents_stay_inside(work: Path, outside: Path, depth: str, layers: int) -> None:
    link = _link("escape", f"{depth}{outside}")
    files = [_file("escape/victim"), _file("escape/new"), ("escape/made", tarfile.DIRTYPE, "", b"")]
    tars = [_tar(link, *files)] if layers == 1 else [_tar(link), _tar(*files)]
    root = unpack([synthetic_layer(tar) for tar in tars], work / "out")
    assert _unharmed(outside)
    inside = root / str(outside).lstrip("/")
    assert (inside / "victim").read_text() == "evil"
    assert (inside / "made").is_dir()


def test_a_file_replaces_a_link_and_does_not_write_through_it(work: Path, outside: Path) -> None:
    tar = _tar(_link("x", str(outside / "victim")), _file("x"))
    root = unpack([synthetic_layer(tar)], work / "out")
    assert _unharmed(outside)
    assert not (root / "x").is_symlink()


def test_a_directory_replaces_a_link_and_does_not_change_its_target(work: Path, outside: Path) -> None:
    before = outside.stat().st_mode
    tar = _tar(_link("x", str(outside)), ("x", tarfile.DIRTYPE, "", b""), _file("x/victim"))
    unpack([synthetic_layer(tar)], work / "out")
    assert _unharmed(outside)
    assert outside.stat().st_mode == before


@pytest.mark.parametrize("target", ["{outside}/victim", "../outside/victim", "../../outside/victim", "escape/victim"])
def test_hard_links_cannot_name_a_file_of_the_host(work: Path, outside: Path, target: str) -> None:
    tar = _tar(_link("escape", str(outside)), _hard("x", target.format(outside=outside)))
    with pytest.raises(ArchiveError):
        unpack([synthetic_layer(tar)], work / "out")
    assert list(work.iterdir()) == []
    assert (outside / "victim").stat().st_nlink == 1


def test_writing_through_a_hard_link_to_a_link_stays_inside(work: Path, outside: Path) -> None:
    tar = _tar(_link("a", str(outside / "victim")), _hard("b", "a"), _file("b"))
    root = unpack([synthetic_layer(tar)], work / "out")
    assert _unharmed(outside)
    assert (root / "b").read_text() == "evil"


@pytest.mark.parametrize(
    "name", ["../../outside/victim", "a/../../../outside/victim", "..", "x/..", "{outside}/../outside/victim"]
)
def test_names_that_leave_the_root_are_refused(work: Path, outside: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="leaves its root"):
        unpack([synthetic_layer(_tar(_file(name.format(outside=outside))))], work / "out")
    assert _unharmed(outside)
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("name", [".wh...", ".wh..", ".wh.", "d/.wh..."])
def test_whiteouts_of_what_cannot_be_are_refused(work: Path, outside: Path, name: str) -> None:
    with pytest.raises(ArchiveError, match="whiteout"):
        unpack([synthetic_layer(_tar(_file("d/x"), _file(name, b"")))], work / "out")
    assert list(work.iterdir()) == []


def test_whiteouts_through_links_remove_inside(work: Path, outside: Path) -> None:
    lower, upper = _tar(_link("escape", str(outside))), _tar(_file("escape/.wh.victim"), _file("escape/.wh..wh..opq"))
    unpack([synthetic_layer(lower), synthetic_layer(upper)], work / "out")
    assert _unharmed(outside)


def test_a_declared_size_allocates_nothing(work: Path) -> None:
    entry = tarfile.TarInfo("huge")
    entry.size = 2**49
    tar = entry.tobuf(tarfile.PAX_FORMAT) + b"x" * 512
    with pytest.raises(ArchiveError, match="cut short"):
        unpack([synthetic_layer(tar)], work / "out")
    assert list(work.iterdir()) == []


def test_device_nodes_are_not_made(work: Path) -> None:
    entry = tarfile.TarInfo("dev/sda")
    entry.type, entry.devmajor, entry.devminor, entry.mode = tarfile.BLKTYPE, 8, 0, 0o666
    root = unpack([synthetic_layer(entry.tobuf() + b"\0" * 1024)], work / "out")
    assert list((root / "dev").iterdir()) == []


def test_a_device_among_the_parents_is_an_error(work: Path) -> None:
    entry = tarfile.TarInfo("dev")
    entry.type = tarfile.CHRTYPE
    with pytest.raises(ImageError, match="/dev is no directory"):
        unpack([synthetic_layer(entry.tobuf() + _tar(_file("dev/x")))], work / "out")
    assert list(work.iterdir()) == []


def test_a_link_target_with_a_nul_byte_is_an_error(work: Path) -> None:
    entry = tarfile.TarInfo("x")
    entry.type, entry.pax_headers = tarfile.SYMTYPE, {"linkpath": "a\0b"}
    with pytest.raises(ArchiveError):
        unpack([synthetic_layer(entry.tobuf(tarfile.PAX_FORMAT) + b"\0" * 1024)], work / "out")
    assert list(work.iterdir()) == []


def test_a_name_longer_than_a_file_system_allows_is_an_error(work: Path) -> None:
    with pytest.raises(LightshipError, match="File name too long"):
        unpack([synthetic_layer(_tar(_file("x" * 300)))], work / "out")
    assert list(work.iterdir()) == []


@pytest.mark.parametrize("cached", [True, False])
def test_bytes_that_are_not_as_promised_leave_nothing(work: Path, cached: bool) -> None:
    good = synthetic_layer({"a": b"promised"})
    other = synthetic_layer({"a": b"replaced"})
    lying = StreamLayer(
        opener=other.open,
        digest=other.digest,
        diff_id=good.diff_id,
        media_type=good.media_type,
        compressed_bytes=other.compressed_bytes,
    )
    with pytest.raises(MismatchError):
        unpack_cached([lying], work) if cached else unpack([lying], work / "out")
    assert [path for path in work.rglob("*") if path.is_file()] == []
    assert list(work.rglob("*.tmp")) == []


def test_a_layer_that_is_cut_short_leaves_nothing(work: Path) -> None:
    whole = _tar(_file("a", b"x" * 2000), _file("b"))
    layer: Layer = synthetic_layer(whole[:1500])
    with pytest.raises(ArchiveError, match="cut short"):
        unpack([layer], work / "out")
    assert list(work.iterdir()) == []
    assert layer.diff_id == Digest.of(whole[:1500])
