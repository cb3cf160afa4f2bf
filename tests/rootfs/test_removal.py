import os
from pathlib import Path

import pytest

from lightship.errors import StorageError
from lightship.rootfs import removal
from lightship.rootfs.removal import remove, remove_stale


def test_what_forbids_its_removal_is_removed(tmp_path: Path) -> None:
    top = tmp_path / "top"
    (top / "closed/inner").mkdir(parents=True)
    (top / "closed/inner/file").write_text("x")
    (top / "closed/inner").chmod(0o000)
    (top / "closed").chmod(0o555)
    remove(top)
    assert not top.exists()


def test_links_are_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("x")
    outside.chmod(0o500)
    top = tmp_path / "top"
    top.mkdir()
    (top / "link").symlink_to(outside)
    remove(top)
    assert not top.exists()
    assert (outside / "file").read_text() == "x"
    assert outside.stat().st_mode & 0o777 == 0o500


def test_nothing_there_is_fine(tmp_path: Path) -> None:
    remove(tmp_path / "none")


def test_a_tree_deeper_than_a_path_may_be_long(tmp_path: Path) -> None:
    top = tmp_path / "top"
    top.mkdir()
    descriptor = os.open(top, os.O_RDONLY)
    for _ in range(300):
        os.mkdir("deep" * 8, dir_fd=descriptor)
        inner = os.open("deep" * 8, os.O_RDONLY, dir_fd=descriptor)
        os.close(descriptor)
        descriptor = inner
    os.close(descriptor)
    remove(top)
    assert not top.exists()


def test_what_is_a_day_old_goes(tmp_path: Path) -> None:
    old, young = tmp_path / "old", tmp_path / "young"
    (old / "inner").mkdir(parents=True)
    young.mkdir()
    os.utime(old, (0, 0))
    remove_stale([tmp_path / "none", old, young])
    assert list(tmp_path.iterdir()) == [young]


def test_what_cannot_be_removed_does_not_keep_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(directory: Path) -> None:
        if directory.name == "stuck":
            raise StorageError("cannot remove")
        remove(directory)

    for name in ("stuck", "old"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (0, 0))
    monkeypatch.setattr(removal, "remove", fail)
    remove_stale([tmp_path / "stuck", tmp_path / "old"])
    assert [path.name for path in tmp_path.iterdir()] == ["stuck"]
