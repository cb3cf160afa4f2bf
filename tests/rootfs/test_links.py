import os
from pathlib import Path

import pytest

from lightship.errors import HostileError, ImageError
from lightship.rootfs.links import read_file, read_start, resolve, resolve_on_disk

LINKS = {
    "lib": "usr/lib",
    "bin": "/usr/bin",
    "usr/bin/python": "python3",
    "usr/up": "../../../../etc",
    "etc/out": "/../../host/passwd",
    "loop": "loop",
    "ring/a": "../ring/b",
    "ring/b": "/ring/a",
    "here": ".",
}


@pytest.mark.parametrize(
    ("path", "means"),
    [
        ("", ""),
        ("/", ""),
        ("/a//./b/", "a/b"),
        ("lib/x.so", "usr/lib/x.so"),
        ("/bin/python", "usr/bin/python3"),
        ("usr/up/passwd", "etc/passwd"),
        ("etc/out", "host/passwd"),
        ("../../..", ""),
        ("lib/../x", "usr/x"),
        ("here/here/here/a", "a"),
        ("missing/../lib", "usr/lib"),
    ],
)
def test_links_are_followed_inside_the_root(path: str, means: str) -> None:
    assert resolve(path, LINKS.get) == means


def test_the_last_link_may_stay() -> None:
    assert resolve("bin/python", LINKS.get, follow_last=False) == "usr/bin/python"


@pytest.mark.parametrize("path", ["loop", "loop/x", "ring/a", "here/ring/b/c"])
def test_a_loop_is_an_error(path: str) -> None:
    with pytest.raises(HostileError, match="more than 40 symbolic links"):
        resolve(path, LINKS.get)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "secret").write_text("the host's")
    root = tmp_path / "rootfs"
    (root / "etc").mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0")
    return root


def test_a_file_is_read(root: Path) -> None:
    (root / "alias").symlink_to("/etc")
    assert read_file(root, "/alias/passwd", limit_bytes=10) == b"root:x:0:0"


@pytest.mark.parametrize("target", ["{outside}/secret", "../../secret", "../../../../../../{outside}/secret"])
def test_a_link_to_the_host_is_not_followed(root: Path, tmp_path: Path, target: str) -> None:
    (root / "etc/shadow").symlink_to(target.format(outside=tmp_path))
    assert read_file(root, "etc/shadow", limit_bytes=100) is None


def test_a_directory_link_to_the_host_is_not_followed(root: Path, tmp_path: Path) -> None:
    (root / "conf").symlink_to(tmp_path)
    assert read_file(root, "conf/secret", limit_bytes=100) is None
    assert not resolve_on_disk(root, "conf/secret").startswith("/")


def test_only_regular_files_are_read(root: Path) -> None:
    os.mkfifo(root / "etc/fifo")
    assert read_file(root, "etc/fifo", limit_bytes=10) is None
    assert read_file(root, "etc", limit_bytes=10) is None
    assert read_file(root, "etc/passwd/x", limit_bytes=10) is None


def test_a_name_with_nul_is_nothing(root: Path) -> None:
    assert read_file(root, "a\0b", limit_bytes=100) is None
    assert resolve_on_disk(root, "a\0b/c") == "a\0b/c"


def test_a_huge_file_is_refused(root: Path) -> None:
    with pytest.raises(ImageError, match="/etc/passwd of the image is too large: want at most 9 bytes"):
        read_file(root, "etc/passwd", limit_bytes=9)


def test_the_start_of_a_file_is_read_whatever_its_size(tmp_path: Path) -> None:
    with (tmp_path / "program").open("wb") as stream:
        stream.write(b"#!/bin/sh")
        stream.truncate(1 << 32)
    assert read_start(tmp_path, "program", size_bytes=9) == b"#!/bin/sh"
    assert read_start(tmp_path, "nothing", size_bytes=9) is None
    (tmp_path / "short").write_bytes(b"1")
    assert read_start(tmp_path, "short", size_bytes=9) == b"1"
