"""Which files are opened, in the order of first use."""

import os
import subprocess
from pathlib import Path

import pytest

from lightship.errors import StorageError
from lightship.launch import opened as module
from lightship.launch.opened import watch_opens


def _tree(top: Path) -> Path:
    (top / "deep/er").mkdir(parents=True)
    for name in ("b", "a", "deep/c", "deep/er/d", "never"):
        (top / name).write_text(name)
    (top / "link").symlink_to("deep/c")
    return top


def test_files_come_in_the_order_of_first_use(tmp_path: Path) -> None:
    top = _tree(tmp_path)
    with watch_opens(top) as opened:
        for name in ("b", "deep/er/d", "a", "b", "link"):
            (top / name).read_text()
        assert opened.files() == ("b", "deep/er/d", "a", "deep/c")
        os.listdir(top / "deep")  # noqa: PTH208 - a directory that is opened
        assert opened.files() == ("b", "deep/er/d", "a", "deep/c")
        assert not opened.lost


def test_other_processes_and_links_to_the_same_bytes_are_told_apart(tmp_path: Path) -> None:
    top = _tree(tmp_path / "top")
    (tmp_path / "outside").hardlink_to(top / "a")
    with watch_opens(top) as opened:
        (tmp_path / "outside").read_text()
        subprocess.run(["/bin/cat", top / "deep/c"], check=True, stdout=subprocess.DEVNULL)
        assert opened.files() == ("deep/c",)


def test_descriptors_and_threads_end_with_the_block(tmp_path: Path) -> None:
    before = sorted(os.listdir("/proc/self/fd"))  # noqa: PTH208
    with watch_opens(_tree(tmp_path)):
        pass
    assert sorted(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_events_that_were_lost_are_told(tmp_path: Path) -> None:
    opened = module.OpenedFiles(-1, {1: "x"})
    opened._note(module._EVENT.pack(-1, 0x4000, 0, 0) + module._EVENT.pack(1, 0x20, 0, 4) + b"a\0\0\0")
    assert opened.lost
    assert tuple(opened._seen) == ("x/a",)


def test_what_cannot_be_watched_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_NONBLOCK_CLOEXEC", 1)  # a flag that the kernel does not know
    with pytest.raises(StorageError, match="cannot watch files"), watch_opens(tmp_path):
        pass
