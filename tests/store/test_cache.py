"""The cache: whole entries or none, checked when read."""

import fcntl
import os
import time
from pathlib import Path

import pytest

from lightship.errors import MismatchError, StorageError
from lightship.oci.digest import Digest
from lightship.store.cache import Cache, cache_key, make_root
from lightship.store.seal import check_sealed, seal, seal_path

RAW = b"content"
KEY = Digest.of(RAW).hex


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def put(cache: Cache, raw: bytes = RAW, key: str = KEY) -> Path:
    with cache.write("wheels", key) as stream:
        stream.write(raw)
    return cache.path("wheels", key)


def test_an_entry_appears_when_it_is_whole(cache: Cache) -> None:
    assert cache.find("wheels", KEY) is None
    assert cache.find_verified("wheels", KEY) is None
    with cache.write("wheels", KEY, sha256=KEY) as stream:
        stream.write(RAW)
        assert cache.find("wheels", KEY) is None
    path = cache.find_verified("wheels", KEY)
    assert path is not None
    assert path.read_bytes() == RAW
    assert path == cache.root / "wheels" / KEY[:2] / KEY


def test_a_write_that_fails_leaves_nothing(cache: Cache) -> None:
    with pytest.raises(ZeroDivisionError), cache.write("wheels", KEY) as stream:
        stream.write(RAW * (1 // 0))
    with (
        pytest.raises(MismatchError, match=f"want sha256:{KEY}, got sha256:"),
        cache.write("wheels", KEY, sha256=KEY) as stream,
    ):
        stream.write(b"other")
    assert [path for path in cache.root.rglob("*") if path.is_file()] == []


def test_a_damaged_entry_counts_as_absent(cache: Cache) -> None:
    put(cache)
    assert cache.find_verified("wheels", KEY)
    put(cache, b"damaged")
    assert cache.find_verified("wheels", KEY) is None
    assert [path for path in cache.root.rglob("*") if path.is_file()] == []


def test_a_sealed_entry_is_not_read_again(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    put(cache)
    assert cache.find_verified("wheels", KEY)
    monkeypatch.setattr("hashlib.file_digest", lambda *_: pytest.fail("read again"))
    assert cache.find_verified("wheels", KEY)


def test_a_seal_holds_for_these_bytes_only(tmp_path: Path) -> None:
    path = tmp_path / "entry"
    path.write_bytes(RAW)
    digest = Digest.of(RAW)
    seal(path, digest)
    check_sealed(path, digest)
    with pytest.raises(MismatchError):
        check_sealed(path, Digest.of(b"other"))
    status = path.stat()
    path.write_bytes(b"CONTENT")
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns + 1))
    with pytest.raises(MismatchError, match="digest mismatch"):
        check_sealed(path, digest)
    path.write_bytes(RAW)
    seal_path(path).write_bytes(b"\xff\xfe")
    check_sealed(path, digest)
    path.unlink()
    with pytest.raises(StorageError, match="cannot check a file"):
        check_sealed(path, digest)


@pytest.mark.parametrize("key", ["", "../x", "a/b", ".hidden", "a\0b", "x" * 200])
def test_a_key_is_one_safe_name(cache: Cache, key: str) -> None:
    with pytest.raises(ValueError, match="cache key not understood"):
        cache.path("wheels", key)
    with pytest.raises(ValueError, match="cache key not understood"):
        cache.path(key, "x")


def test_keys_of_different_parts_differ() -> None:
    made = [
        cache_key(), cache_key(""), cache_key("a"), cache_key(b"a"), cache_key("a", "b"), cache_key("ab"),
        cache_key("a", ""), cache_key("", "a"), cache_key(1), cache_key("1"), cache_key(None), cache_key("None"),
        cache_key(b"'a'"), cache_key("1t:a"),
    ]  # fmt: skip
    assert len(set(made)) == len(made)
    assert cache_key("a", 1, None) == cache_key("a", 1, None)


def test_what_killed_processes_left_is_swept(cache: Cache) -> None:
    path = put(cache)
    old, young = path.with_name(".old.tmp"), path.with_name(".young.tmp")
    for left in (old, young):
        left.write_bytes(b"half")
    os.utime(old, (time.time() - 100_000,) * 2)
    assert cache.sweep_temporary() == 1
    assert (old.exists(), young.exists(), path.exists()) == (False, True, True)


def test_interrupted_downloads_are_swept_by_age_and_size(cache: Cache) -> None:
    def partial(name: str, *, days: float, size_bytes: int = 10) -> Path:
        path = cache.path("partial", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("wb") as stream:
            stream.truncate(size_bytes)  # a hole, which takes no room
        os.utime(path, (time.time() - days * 86_400,) * 2)
        return path

    old, its_tag = partial("aa-old", days=8), partial("aa-old.etag", days=8)
    large = partial("bb-large", days=3, size_bytes=3 << 30)
    small = partial("cc-small", days=2, size_bytes=1 << 30)
    busy = partial("dd-busy", days=8)
    young = partial("ee-young", days=0, size_bytes=2 << 20)
    with busy.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        assert cache.sweep_temporary() == 3
    assert [path.exists() for path in (old, its_tag, large, small, busy, young)] == [False] * 3 + [True] * 3
    assert cache.sweep_temporary() == 0, "it looks once an hour"


def test_a_cache_that_is_made_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = make_root(tmp_path / "a/b")
        there = tmp_path / "there"
        there.mkdir(mode=0o775)
        make_root(there)
    finally:
        os.umask(before)
    assert made.stat().st_mode & 0o777 == 0o700
    assert there.stat().st_mode & 0o777 == 0o775, "a shared cache stays shared"
