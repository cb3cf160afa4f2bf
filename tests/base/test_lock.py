"""The base lock: it reads back as it was written, and says where it is broken."""

from dataclasses import replace
from pathlib import Path

import pytest

from lightship.base.index import PackageRecord
from lightship.base.lock import (
    ArchitectureLock,
    BaseLock,
    LockedImage,
    LockedRelease,
    parse_lock,
    read_lock,
    write_lock,
)
from lightship.errors import LockError
from lightship.oci.digest import Digest

_PACKAGE = PackageRecord(
    name="libx1", version='1:2~"rc"', architecture="amd64", source="x", filename="pool/main/x/libx1.deb",
    size_bytes=12, sha256="ab" * 32, depends="libc6 (>= 2)", provides="", suite="pretend",
)  # fmt: skip
_RELEASE = LockedRelease(
    suite="pretend", origin="Debian", codename="pretend", version="1", date="2026-03-01", inrelease_sha256="cd" * 32
)
_LOCK = BaseLock(
    architectures={
        "arm64": ArchitectureLock(),
        "amd64": ArchitectureLock(
            releases=(_RELEASE,), packages=(_PACKAGE,), requested=("bash",), missing=("libcuda.so.1",)
        ),
    }
)


def test_round_trip(tmp_path: Path) -> None:
    path = tmp_path / "lightship-base.lock"
    write_lock(path, _LOCK)
    again = read_lock(path)
    assert again == _LOCK
    assert again is not None
    assert again.text() == path.read_text()


def test_sections_are_sorted_and_name_no_host() -> None:
    text = _LOCK.text()
    assert text.index("[amd64]") < text.index("[arm64]")
    assert "://" not in text


def test_no_lock(tmp_path: Path) -> None:
    assert read_lock(tmp_path / "none") is None


def test_a_section_can_be_replaced() -> None:
    assert _LOCK.with_section("amd64", ArchitectureLock()).section("amd64").packages == ()
    assert _LOCK.section("riscv64") == ArchitectureLock()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("version = 1", "version = 9"), "version not understood"),
        (("[amd64]", "[amd64"), "not valid TOML"),
        (("size = 12", 'size = "12"'), "size of libx1"),
        (('sha256 = "abab', 'sha256 = "zzab'), "package libx1 not understood"),
        (("pool/main", "../../pool"), "leaves its root"),
        (('name = "libx1"\n', ""), "'name'"),
    ],
)
def test_broken_locks(change: tuple[str, str], fault: str) -> None:
    text = _LOCK.text().replace(*change)
    with pytest.raises(LockError, match=fault):
        parse_lock(text)


def test_an_update_takes_compilers_anew_and_keeps_other_machines() -> None:
    sections = ("amd64", "amd64-build", "amd64-compiler", "arm64", "arm64-build", "arm64-compiler")
    lock = BaseLock(architectures=dict.fromkeys(sections, ArchitectureLock()))
    assert set(lock.without("arm64").architectures) == {"amd64", "amd64-build"}


def test_an_image_is_locked_beside_packages() -> None:
    image = LockedImage(name="registry.example/base/python:1", digest=Digest.of(b"1"))
    lock = replace(_LOCK, images=(image,))
    again = parse_lock(lock.text())
    assert again == lock
    assert again.image("registry.example/base/python:1") == Digest.of(b"1")
    assert again.image("registry.example/base/python:2") is None
    assert lock.without("amd64").images == (image,)
    assert lock.with_section("amd64", ArchitectureLock()).images == (image,)


@pytest.mark.parametrize("rows", ["image = 5", "[[image]]\nname = 'x'", "[[image]]\nname = 'x'\ndigest = 'sha256:1'"])
def test_an_image_that_is_not_understood(rows: str) -> None:
    with pytest.raises(LockError, match=r"image not understood"):
        parse_lock(f"version = 1\n{rows}\n")
