"""Which homes are made writable."""

import os
from pathlib import Path

import pytest

from lightship.launch.home import writable_home
from lightship.rootfs.users import Identity


def homes(root: Path, home: str) -> tuple[str, ...]:
    return writable_home(root, Identity(uid=1, gid=1, home=home))


@pytest.mark.parametrize("home", ["/home/app", "/root", "/srv/deep/er"])
def test_one_that_is_missing_or_empty_is(home: str, tmp_path: Path) -> None:
    assert homes(tmp_path, home) == (home,)
    (tmp_path / home[1:]).mkdir(parents=True)
    assert homes(tmp_path, home) == (home,)


@pytest.mark.parametrize(
    "home", ["/", "/usr/sbin", "/bin", "/nonexistent", "/proc/self", "/dev", "/link/sbin", "/loop"]
)
def test_one_that_is_no_place_for_files_is_not(home: str, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/usr")
    (tmp_path / "loop").symlink_to("loop")
    assert homes(tmp_path, home) == ()


@pytest.mark.parametrize("home", ["/file", "/file/below", "/pipes"])
def test_files_and_devices_are_none(home: str, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "pipes").mkdir()
    os.mkfifo(tmp_path / "pipes/fifo")
    assert homes(tmp_path, home) == ()


def test_what_would_be_copied_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "large/deep").mkdir(parents=True)
    with (tmp_path / "large/deep/file").open("wb") as stream:
        stream.truncate(16 * 2**20)
    assert homes(tmp_path, "/large") == ("/large",)
    (tmp_path / "large/more").write_bytes(b"x")
    assert homes(tmp_path, "/large") == ()
    (tmp_path / "many").mkdir()
    for number in range(1001):
        (tmp_path / f"many/{number}").symlink_to("x")
    assert homes(tmp_path, "/many") == ()
