"""Where builds work, and what becomes of the places of killed ones."""

import fcntl
import os
from pathlib import Path

import pytest

from lightship.build.sdist.workplace import workplace


def test_a_place_is_gone_afterwards_whatever_was_left_in_it(tmp_path: Path) -> None:
    def use() -> None:
        with workplace(tmp_path) as work:
            locked = work / "unpacked/deep/locked"
            locked.mkdir(parents=True)
            (locked / "file").write_text("x")
            (work / "out/link").symlink_to("/")
            locked.chmod(0)
            locked.parent.chmod(0o500)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        use()
    assert list(tmp_path.iterdir()) == []


def test_places_of_killed_processes_go_and_those_in_use_stay(tmp_path: Path) -> None:
    dead, alive, young, old = (tmp_path / f"build-{name}" for name in ("dead", "alive", "young", "old"))
    for place in (dead, alive, young, old):
        place.mkdir()
    (dead / "lock").touch()
    os.utime(old, (1, 1))
    with (alive / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with workplace(tmp_path) as work:
            assert {path.name for path in tmp_path.iterdir()} == {"build-alive", "build-young", work.name}
            with workplace(tmp_path):
                assert work.exists()


def test_a_tree_deeper_than_any_path_goes_too(tmp_path: Path) -> None:
    with workplace(tmp_path) as work:
        here = Path.cwd()
        os.chdir(work / "home")
        try:
            for _ in range(2100):  # past Python's recursion and PATH_MAX
                Path("dd").mkdir()
                os.chdir("dd")
            Path("closed/inner").mkdir(parents=True)
            Path("closed").chmod(0)
        finally:
            os.chdir(here)
    assert list(tmp_path.iterdir()) == []
