"""Entries on disk: exactly what was planned, and nothing through a link."""

import os
from pathlib import Path

import pytest
from tests.base.conftest import Distribution
from tests.base.pretend import Deb, file

from lightship.archive.content import Inline
from lightship.base.buildroot import build_root
from lightship.base.kit import BUILD
from lightship.base.materialize import materialize
from lightship.errors import ArchiveError, HostileError
from lightship.plan.model import Entry
from lightship.rootfs.removal import remove


def test_files_links_modes_and_times(tmp_path: Path) -> None:
    entries = [
        Entry(path="a", type="dir", mode=0o555),
        Entry(path="a/b", content=Inline(b"b"), mode=0o640),
        Entry(path="a/hard", type="hardlink", link_target="a/b"),
        Entry(path="a/soft", type="symlink", link_target="../../nowhere"),
    ]
    root = tmp_path / "root"
    old = os.umask(0o077)
    try:
        materialize(entries, root)
    finally:
        os.umask(old)
    assert (root / "a").stat().st_mode & 0o7777 == 0o555
    assert (root / "a" / "b").stat().st_mode & 0o7777 == 0o640
    assert (root / "a" / "b").samefile(root / "a" / "hard")
    assert (root / "a" / "soft").readlink() == Path("../../nowhere")
    assert {path.lstat().st_mtime for path in root.rglob("*")} == {315_532_800.0}
    remove(root)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([Entry(path="../x", content=Inline(b""))], "leaves its root"),
        ([Entry(path="/x", content=Inline(b""))], "absolute"),
        ([Entry(path="x", content=Inline(b"")), Entry(path="x", content=Inline(b""))], "comes twice"),
        ([Entry(path="a", type="symlink", link_target="/etc"), Entry(path="a/x", content=Inline(b""))], "no directory"),
        ([Entry(path="a/x", content=Inline(b""))], "no directory above it"),
    ],
)
def test_nothing_is_written_of_what_lies(tmp_path: Path, entries: list[Entry], message: str) -> None:
    with pytest.raises(HostileError, match=message):
        materialize(entries, tmp_path / "root")
    assert not (tmp_path / "root").exists()


def _with_tools(debian: Distribution) -> None:
    names = {deb.name for deb in debian.archive.debs}
    tools = [name for name in BUILD.packages if name not in names] + ["libpython3.11-dev", "libextra-dev"]
    for name in tools:
        provides = {"Provides": "awk"} if name == "gawk" else {}
        debian.archive.add(Deb(name=name, members=[file(f"./usr/include/{name}.h", b"//")], fields=provides))
    debian.archive.write()


def test_a_build_root_is_made_once(debian: Distribution) -> None:
    _with_tools(debian)
    site = build_root(debian.request(), debian.cache, packages=["libextra-dev"])
    assert (site.directory / "usr/include/libextra-dev.h").read_bytes() == b"//"
    assert (site.directory / "usr/bin/getent").is_file(), "a build root keeps the C library's tools"
    assert "gcc=1.0-1" in site.packages
    debian.asked.clear()
    again = build_root(debian.request(lock=site.lock), debian.cache, packages=["libextra-dev"])
    assert (again.directory, again.key, debian.asked) == (site.directory, site.key, [])
    other = build_root(debian.request(lock=site.lock), debian.cache)
    assert other.key != site.key
    assert site.lock.architectures.keys() == {"amd64-build"}
    assert not list(debian.cache.root.glob("rootfs/*/.*"))


def test_a_build_root_is_whole_or_not_there(debian: Distribution) -> None:
    _with_tools(debian)
    site = build_root(debian.request(), debian.cache)
    remove(site.directory)
    left = site.directory.with_name(".killed.1.tmp")
    (left / "usr").mkdir(parents=True)
    os.utime(left, (0, 0))
    (gcc,) = [record for record in site.lock.section("amd64-build").packages if record.name == "gcc"]
    (pack,) = debian.cache.root.glob(f"debs/*/{gcc.sha256}.pack-*")
    pack.write_bytes(bytes(pack.stat().st_size))
    with pytest.raises(ArchiveError, match=r"is not what its container says|damaged"):
        build_root(debian.request(lock=site.lock), debian.cache)
    assert not list(debian.cache.root.glob("rootfs/*/*"))
    assert not list(debian.cache.root.glob("rootfs/*/.*"))
