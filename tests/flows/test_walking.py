"""A folder listed, links not followed."""

import os
from pathlib import Path

import pytest

from lightship.flows.walking import walk_folder


def test_folders_that_are_passed_over_are_named_and_not_entered(tmp_path: Path) -> None:
    for name in ("a/b/c.txt", ".git/HEAD", "a/.git/HEAD", "top.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "out").symlink_to("/")
    found = {path for path, _ in walk_folder(tmp_path, passes_over=lambda path: path.endswith(".git"))}
    assert found == {"a", "a/b", "a/b/c.txt", "a/.git", ".git", "out", "top.txt"}


def test_a_folder_that_cannot_be_read_is_told_or_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "closed").mkdir()
    (tmp_path / "file").touch()
    real = os.scandir

    def scandir(path: str) -> object:
        if path.rstrip("/").endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr("os.scandir", scandir)
    found = walk_folder(tmp_path, passes_over=lambda _: False, passes_unreadable=True)
    assert {path for path, _ in found} == {"closed", "file"}
    with pytest.raises(PermissionError):
        list(walk_folder(tmp_path, passes_over=lambda _: False))
    with pytest.raises(PermissionError):
        list(walk_folder(tmp_path / "closed", passes_over=lambda _: False, passes_unreadable=True))
