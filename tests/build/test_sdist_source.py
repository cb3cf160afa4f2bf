"""Unpacking sources that nobody vouches for."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from lightship.build.sdist.source import (
    BuildSystem,
    copy_directory,
    directory_sha256,
    read_build_system,
    unpack_sdist,
)
from lightship.errors import ArchiveError, HostileError, InputError, LightshipError

ROOT = "pretend-1.0"


def member(name: str, content: bytes = b"", **fields: object) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.size = len(content)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, content


def tar(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as archive:  # type: ignore[call-overload]
        for info, content in members:
            archive.addfile(info, io.BytesIO(content))
    return path


def unpack(sdist: Path) -> Path:
    target = sdist.parent / "unpacked"
    target.mkdir()
    return unpack_sdist(sdist, target, what=sdist.name)


@pytest.mark.parametrize("mode", ["w:gz", "w:xz", "w:bz2", "w"])
def test_a_tar_is_unpacked_with_modes_and_links(tmp_path: Path, mode: str) -> None:
    sdist = tar(
        tmp_path / "pretend-1.0.tar.gz",
        member(f"{ROOT}/setup.py", b"print()", mode=0o600, uid=4, uname="someone"),
        member(f"{ROOT}/run.sh", b"#!/bin/sh", mode=0o4777),
        member(f"{ROOT}/empty", type=tarfile.DIRTYPE),
        member(f"{ROOT}/deep/link", type=tarfile.SYMTYPE, linkname="../setup.py"),
        member(f"{ROOT}/hard", type=tarfile.LNKTYPE, linkname=f"{ROOT}/run.sh"),
        member(f"{ROOT}/" + "n" * 180 + "/é.py", b"1"),
        mode=mode,
    )
    root = unpack(sdist)
    assert root.name == ROOT
    assert (root / "setup.py").stat().st_mode & 0o7777 == 0o644
    assert (root / "run.sh").stat().st_mode & 0o7777 == 0o755
    assert {path.stat().st_mtime for path in root.rglob("*.py")} == {315532800.0}
    assert (root / "hard").read_bytes() == b"#!/bin/sh"
    assert (root / "empty").is_dir()
    assert os.readlink(root / "deep/link") == "../setup.py"  # noqa: PTH115 - the text of the link
    assert (root / ("n" * 180) / "é.py").read_bytes() == b"1"


def test_a_zip_is_unpacked(tmp_path: Path) -> None:
    path = tmp_path / "pretend-1.0.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{ROOT}/setup.py", "x")
        archive.writestr(f"{ROOT}/empty/", "")
    root = unpack(path)
    assert (root / "setup.py").read_text() == "x"
    assert (root / "empty").is_dir()


def test_an_archive_without_one_directory_is_its_own_root(tmp_path: Path) -> None:
    root = unpack(tar(tmp_path / "p.tar.gz", member("setup.py", b"1"), member("lib/x.py", b"2")))
    assert (root / "setup.py").exists()


def test_the_last_of_two_members_counts(tmp_path: Path) -> None:
    root = unpack(
        tar(
            tmp_path / "p.tar.gz",
            member(f"{ROOT}/a", type=tarfile.SYMTYPE, linkname="b"),
            member(f"{ROOT}/a", b"one"),
            member(f"{ROOT}/a", b"two"),
        )
    )
    assert not (root / "a").is_symlink()
    assert (root / "a").read_bytes() == b"two"


HOSTILE = {
    "parent": (member("../escape", b"x"),),
    "deep parent": (member(f"{ROOT}/../../escape", b"x"),),
    "absolute": (member("/tmp/escape", b"x"),),
    "symlink up": (member(f"{ROOT}/l", type=tarfile.SYMTYPE, linkname="../../x"),),
    "symlink absolute": (member(f"{ROOT}/l", type=tarfile.SYMTYPE, linkname="/etc/passwd"),),
    "hard link out": (member(f"{ROOT}/l", type=tarfile.LNKTYPE, linkname="../../etc/passwd"),),
    "hard link to nothing": (member(f"{ROOT}/l", type=tarfile.LNKTYPE, linkname=f"{ROOT}/nothing"),),
    "device": (member(f"{ROOT}/d", type=tarfile.CHRTYPE),),
    "pipe": (member(f"{ROOT}/d", type=tarfile.FIFOTYPE),),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_leaves_the_directory_is_refused(tmp_path: Path, name: str) -> None:
    sdist = tar(tmp_path / "p.tar.gz", *HOSTILE[name])
    with pytest.raises(HostileError):
        unpack(sdist)
    assert not (tmp_path / "escape").exists()


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sdist = tar(
        tmp_path / "p.tar.gz",
        member(f"{ROOT}/a", type=tarfile.SYMTYPE, linkname="b"),
        member(f"{ROOT}/a/c", b"x"),
        member(f"{ROOT}/b/x", b"y"),
    )
    root = unpack(sdist)
    assert (root / "a").is_dir()
    assert not (root / "a").is_symlink()
    assert not (root / "b/c").exists()


def link(name: str, target: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.SYMTYPE, linkname=target)


CHAINS = {
    "a link below a link": (link("a", "."), link("a/a/a/x", "../../outside"), link("a/a/a/x/.profile", "evil")),
    "a directory through a link": (link("a", "."), link("a/b/x", "../c")),
    "parents of a link": (link("a", "."), link("b/x", "../a/../outside")),
    "a link by way of another": (link(f"{ROOT}/d/e/f", "../.."), link("x", f"{ROOT}/d/e/f/../../outside")),
}


@pytest.mark.parametrize("name", CHAINS)
def test_links_that_lead_out_together_are_refused(tmp_path: Path, name: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    sdist = tar(tmp_path / "p.tar.gz", member(f"{ROOT}/setup.py"), *CHAINS[name])
    with pytest.raises(HostileError, match=r"symbolic link|links out"):
        unpack(sdist)
    assert list(outside.iterdir()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"outside", "p.tar.gz", "unpacked"}


def test_links_to_links_are_made(tmp_path: Path) -> None:
    root = unpack(
        tar(
            tmp_path / "p.tar.gz",
            member(f"{ROOT}/lib/real.py", b"1"),
            link(f"{ROOT}/lib/one.py", "real.py"),
            link(f"{ROOT}/two.py", "lib/one.py"),
            link(f"{ROOT}/nowhere", "gone"),
        )
    )
    assert (root / "two.py").read_bytes() == b"1"
    assert (root / "nowhere").is_symlink()


def test_a_zip_with_damaged_content_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("p/setup.py", b"x = 1\n" * 400)
    raw = bytearray(path.read_bytes())
    raw[40 + len("p/setup.py")] ^= 0xFF
    path.write_bytes(raw)
    with pytest.raises(ArchiveError, match="no zip archive that can be read"):
        unpack(path)


def test_two_trees_of_links_have_two_hashes(tmp_path: Path) -> None:
    for name, text, target in (("one", "a", "b c"), ("two", "a b", "c")):
        (tmp_path / name).mkdir()
        (tmp_path / name / text).symlink_to(target)
    hashes = {directory_sha256(tmp_path / name, lambda _: False) for name in ("one", "two")}
    assert len(hashes) == 2


def test_a_huge_header_is_refused_before_it_is_read(tmp_path: Path) -> None:
    info = tarfile.TarInfo("././@LongLink")
    info.type = tarfile.GNUTYPE_LONGNAME
    info.size = 3 * 2**30
    path = tmp_path / "p.tar"
    path.write_bytes(info.tobuf(tarfile.GNU_FORMAT) + bytes(2048))
    with pytest.raises(HostileError, match="header is larger than 1 MiB"):
        unpack(path)


@pytest.mark.parametrize(
    "content", [b"", b"not an archive" * 100, b"\x1f\x8b\x08" + bytes(40), b"PK\3\4" + bytes(60)], ids=str
)
def test_what_is_no_archive_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "p.tar.gz"
    path.write_bytes(content)
    with pytest.raises(ArchiveError) as caught:
        unpack(path)
    assert "\n" not in str(caught.value)


def test_every_cut_ends_in_an_error_or_a_shorter_tree(tmp_path: Path) -> None:
    whole = tar(tmp_path / "p.tar.gz", *(member(f"{ROOT}/{n}", os.urandom(600)) for n in range(5))).read_bytes()
    for number, length in enumerate(range(1, len(whole), 97)):
        case = tmp_path / str(number)
        case.mkdir()
        (case / "p.tar.gz").write_bytes(whole[:length])
        with pytest.raises(LightshipError):
            unpack(case / "p.tar.gz")


def test_the_build_system_is_read_and_defaults_are_setuptools(tmp_path: Path) -> None:
    assert read_build_system(tmp_path) == BuildSystem()
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]\nname = 'x'\n")
    assert read_build_system(tmp_path).backend == "setuptools.build_meta:__legacy__"
    path.write_text('[build-system]\nrequires = ["a>1"]\nbuild-backend = "b:c"\nbackend-path = ["./d"]\n')
    assert read_build_system(tmp_path) == BuildSystem(requires=("a>1",), backend="b:c", backend_path=("d",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[build-system]\nbuild-backend = 'x'", "build-system.requires: want an array"),
        ("[build-system]\nrequires = 'x'", "build-system.requires: want an array"),
        ("[build-system]\nrequires = []\nbuild-backend = 3", "build-system.build-backend: want a string"),
        ("[build-system]\nrequires = []\nbackend-path = ['..']", "path leaves its root"),
        ("build-system = 3", "build-system.requires"),
        ("= 3", "is not TOML"),
        ("#" * 2**21, "larger than 1 MiB"),
    ],
)
def test_a_broken_build_system_is_one_sentence(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)
    with pytest.raises(InputError, match=said):
        read_build_system(tmp_path)


def test_a_pyproject_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").symlink_to("/etc/hostname")
    with pytest.raises(InputError, match=r"cannot read pyproject\.toml"):
        read_build_system(tmp_path)


def test_directories_are_hashed_and_copied_by_content(tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / "lib").mkdir()
    (project / "lib/a.py").write_text("a")
    (project / "lib/b.py").write_text("b")
    (project / "link").symlink_to("lib/a.py")
    skip = "lib/b.py".__eq__
    before = directory_sha256(project, skip)
    os.utime(project / "lib/a.py", (1, 1))
    (project / ".git/HEAD").write_text("x")
    (project / "lib/b.py").write_text("changed")
    assert directory_sha256(project, skip) == before
    assert directory_sha256(project, lambda _: False) != before
    (project / "lib/a.py").chmod(0o755)
    assert directory_sha256(project, skip) != before
    target = tmp_path / "copy"
    target.mkdir()
    copy_directory(project, target, skip)
    assert sorted(str(path.relative_to(target)) for path in target.rglob("*")) == ["lib", "lib/a.py", "link"]
    assert (target / "link").is_symlink()
