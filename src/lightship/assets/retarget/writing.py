"""Files under another prefix on their way to the disk: times from their content, compressed forms made anew."""

import hashlib
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from lightship.assets.codecs import Effort, Encoding, encode
from lightship.assets.retarget.commit import Stage
from lightship.assets.retarget.rendering import Rendered
from lightship.assets.retarget.tree import DirectoryTree
from lightship.assets.sidecar import fresh_bytes, is_quick_one, packed
from lightship.assets.times import content_time
from lightship.errors import StorageError
from lightship.store.cache import Cache

__all__ = ["Written", "prepare", "write_files"]

_STATUS = ("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A file that changes, by its plain name. ``files`` are what is written, with their bytes; ``removed`` sidecars
    that are not; ``stale`` those that did not decompress to the file before."""

    path: str
    files: tuple[tuple[str, bytes], ...]
    removed: tuple[str, ...] = ()
    stale: tuple[str, ...] = ()
    time_ns: int = 0

    @property
    def sidecars(self) -> int:
        """How many compressed forms are written beside it."""
        return len(self.files) - 1


def prepare(
    tree: DirectoryTree, rendered: dict[str, Rendered], cache: Cache, *, jobs: int, done: Callable[[], None]
) -> Iterator[Written]:
    """What changes on the disk for ``rendered``, sorted by path; compressed in ``jobs`` threads. Nothing is written but
    the cache."""
    changed = [path for path, each in rendered.items() if each.content != tree.read(path)]
    pool = ThreadPoolExecutor(jobs)
    try:
        for written in pool.map(lambda path: _prepared(tree, path, rendered[path].content, cache), changed):
            yield written
            done()
    finally:
        pool.shutdown(cancel_futures=True)


def _prepared(tree: DirectoryTree, path: str, content: bytes, cache: Cache) -> Written:
    old, _ = tree.look(path)
    old_sha256, sha256 = (hashlib.sha256(each).hexdigest() for each in (old, content))
    name = tree.file(path).relative_to(tree.root).as_posix()
    own = content
    if tree.is_packed(path):
        found = tree.file(path).read_bytes()
        effort = _effort(found, old_sha256, "gzip", cache)
        own = packed(content, sha256, "gzip", effort, cache)[0] or encode(content, "gzip", effort)
    files = [(name, own)]
    removed: list[str] = []
    stale: list[str] = []
    for encoding, place in tree.sidecars(path).items():
        sidecar = place.relative_to(tree.root).as_posix()
        there = fresh_bytes(place, old, encoding)
        made = None
        if there is None:
            stale.append(sidecar)
        else:
            made, _ = packed(content, sha256, encoding, _effort(there, old_sha256, encoding, cache), cache)
        if made is None:
            removed.append(sidecar)
        else:
            files.append((sidecar, made))
    return Written(
        path=path,
        files=tuple(files),
        removed=tuple(removed),
        stale=tuple(stale),
        time_ns=content_time(sha256) * 10**9,
    )


def _effort(found: bytes, sha256: str, encoding: Encoding, cache: Cache) -> Effort:
    """What was spent on ``found``, where it was made here; else the most."""
    if is_quick_one(found, sha256, encoding, "release", cache):
        return "ci"
    return "release" if is_quick_one(found, sha256, encoding, "alone", cache) else "alone"


def write_files(tree: DirectoryTree, stage: Stage, written: Written) -> None:
    """Put one file with what belongs to it on the stage. Raise OSError, StorageError where it changed meanwhile."""
    _, status = tree.look(written.path)
    _check_unchanged(tree, written.path, status)
    for path, content in written.files:
        stage.write(path, content, status, written.time_ns)
    for path in written.removed:
        stage.remove(path)


def _check_unchanged(tree: DirectoryTree, path: str, status: os.stat_result) -> None:
    seen = tree.file(path).lstat()
    if any(getattr(seen, name) != getattr(status, name) for name in _STATUS):
        raise StorageError(f"{tree.file(path)} changed while it was read", hint="nothing was changed; run it again")
