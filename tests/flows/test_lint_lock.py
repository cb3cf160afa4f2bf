"""What a context's lock offers, read once and remembered by the files it was read from."""

import shutil
from pathlib import Path

import pytest

from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.flows import lint_lock
from lightship.flows.lint_context import Surroundings
from lightship.flows.lint_lock import lock_reader
from lightship.store.cache import Cache

PYPROJECT = """\
[project]
name = "pretend"
version = "1.0"
requires-python = ">=3.11"
dependencies = ["pretend-lib"]
"""
LOCK = """\
version = 1
revision = 2
requires-python = ">=3.11"

[[package]]
name = "pretend"
version = "1.0"
source = { virtual = "." }
dependencies = [{ name = "pretend-lib" }]

[package.metadata]
requires-dist = [{ name = "pretend-lib" }]

[[package]]
name = "pretend-lib"
version = "2.0"
source = { registry = "https://index.example/simple" }
sdist = { url = "https://index.example/pretend_lib-2.0.tar.gz", hash = "sha256:SDIST", size = 500 }
wheels = [
    { url = "https://index.example/pretend_lib-2.0-py3-none-any.whl", hash = "sha256:WHEEL", size = 1234 },
]
""".replace("SDIST", "1" * 64).replace("WHEEL", "2" * 64)


def base(name: str = "python:3.12-slim") -> KnownBase:
    known = known_base(name)
    assert known is not None
    return known


@pytest.fixture
def context(tmp_path: Path) -> Path:
    folder = tmp_path / "context"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(PYPROJECT)
    (folder / "uv.lock").write_text(LOCK)
    return folder


def test_the_second_reading_is_the_first(context: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache(tmp_path / "cache")
    first = lock_reader(context, cache)(base())
    assert first is not None
    (offer,) = first.offers
    assert (offer.name, offer.version, offer.has_sdist, offer.sdist_bytes) == ("pretend-lib", "2.0", True, 500)
    assert [(wheel.libc, wheel.size_bytes, wheel.sha256) for wheel in offer.wheels] == [("any", 1234, "2" * 64)]

    def unread(*_: object) -> None:
        raise AssertionError("the lock was read again")

    monkeypatch.setattr(lint_lock, "_facts", unread)
    assert lock_reader(context, cache)(base()) == first
    assert lock_reader(context, cache)(base("python:3.12-slim-bookworm")) == first


def test_what_changes_is_read_again(context: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    lock_reader(context, cache)(base())
    (context / "uv.lock").write_text(LOCK.replace("size = 1234", "size = 4321"))
    again = lock_reader(context, cache)(base())
    assert again is not None
    assert again.offers[0].wheels[0].size_bytes == 4321
    other = lock_reader(context, cache)(base("python:3.11-slim"))
    assert other is not None
    assert other.python == "3.11.99"


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'["3.12.99", "x86_64", null, [["name"]]]', b"\xff"])
def test_a_damaged_record_is_no_loss(context: Path, tmp_path: Path, damage: bytes) -> None:
    cache = Cache(tmp_path / "cache")
    first = lock_reader(context, cache)(base())
    records = [path for path in (tmp_path / "cache/lint-locks").rglob("*") if path.is_file()]
    assert len(records) == 1
    records[0].write_bytes(damage)
    assert lock_reader(context, cache)(base()) == first


def test_a_cache_that_cannot_be_written_is_no_loss(context: Path, tmp_path: Path) -> None:
    known = lock_reader(context, Cache(tmp_path / "cache"))(base())
    blocked = tmp_path / "blocked"
    blocked.mkdir()
    (blocked / "lint-locks").write_text("a file where a folder goes")
    shutil.copytree(tmp_path / "cache/selections", blocked / "selections")
    assert lock_reader(context, Cache(blocked))(base()) == known


def test_a_context_without_a_lock_has_nothing_to_say(tmp_path: Path) -> None:
    assert lock_reader(tmp_path, Cache(tmp_path / "cache"))(base()) is None


def test_files_of_one_call_share_contexts_and_locks(context: Path, tmp_path: Path) -> None:
    (context / "Own.Dockerfile.dockerignore").write_text("uv.lock\n")
    around = Surroundings(Cache(tmp_path / "cache"))
    one, two = (around.context(context, context / name) for name in ("A.Dockerfile", "B.Dockerfile"))
    own = around.context(context, context / "Own.Dockerfile")
    assert one is two
    assert "uv.lock" in one.files
    assert "uv.lock" not in own.files
    assert around.lock(context) is around.lock(context)
    assert Surroundings().lock(context)(base()) is None
