"""Paths inside an image, and files that appear atomically."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.errors import HostileError, StorageError
from lightship.paths import atomic_file, is_inside, normal_path, parents, storage_errors


@pytest.mark.parametrize(("name", "path"), [("a/b", "a/b"), ("./a//b/", "a/b"), ("", ""), ("a\\b", "a\\b")])
def test_paths_become_normal(name: str, path: str) -> None:
    assert normal_path(name) == path


@pytest.mark.parametrize("name", ["../a", "a/../../b", "/etc/passwd", "a\0b", "a/.."])
def test_paths_that_leave_their_root_are_refused(name: str) -> None:
    with pytest.raises(HostileError):
        normal_path(name)


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30))
def test_a_normal_path_is_its_own_normal_form(name: str) -> None:
    try:
        path = normal_path(name)
    except HostileError:
        return
    assert normal_path(path) == path
    assert not path.startswith("/")
    assert ".." not in path.split("/")


def test_parents_come_outermost_first() -> None:
    assert list(parents("a/b/c")) == ["a", "a/b"]
    assert is_inside("a/b", "a")
    assert not is_inside("ab", "a")
    assert is_inside("anything", "")


def test_a_file_appears_whole_with_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "file"
    old = os.umask(0o077)
    try:
        with atomic_file(target, mode=0o644) as stream:
            stream.write(b"whole")
            assert not target.exists()
    finally:
        os.umask(old)
    assert target.read_bytes() == b"whole"
    assert target.stat().st_mode & 0o777 == 0o644


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"old")
    with pytest.raises(ZeroDivisionError), atomic_file(target) as stream:
        stream.write(b"h" * (1 // 0))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert target.read_bytes() == b"old"


def test_the_file_system_s_refusal_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot write the thing: No such file"), storage_errors("write the thing"):
        (tmp_path / "missing" / "file").write_bytes(b"")
