"""Directories that builds work in: one for each, removed afterwards; those of killed processes by the next build."""

import contextlib
import fcntl
import logging
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from lightship.errors import LightshipError
from lightship.paths import storage_errors
from lightship.rootfs.removal import remove

__all__ = ["remove_tree", "workplace"]

_log = logging.getLogger(__name__)

_DIRECTORIES = ("unpacked", "env", "out", "home", "wheels")
_LOCK = "lock"
_GRACE_S = 3600.0


@contextlib.contextmanager
def workplace(parent: Path) -> Iterator[Path]:
    """A fresh directory below ``parent`` with ``unpacked``, ``env``, ``out``, ``home`` and ``wheels``.

    It is locked while it is in use: what is found unlocked belongs to a process that was killed, and goes.
    """
    with storage_errors("make a place to build in"):
        parent.mkdir(parents=True, exist_ok=True)
        _sweep(parent)
        work = Path(tempfile.mkdtemp(prefix="build-", dir=parent))
        lock = (work / "new-lock").open("wb")
    try:
        with storage_errors("make a place to build in"):
            fcntl.flock(lock, fcntl.LOCK_EX)
            # named once it is locked: another process, which sweeps, takes what it finds unlocked for abandoned
            (work / "new-lock").rename(work / _LOCK)
            for name in _DIRECTORIES:
                (work / name).mkdir(mode=0o755)
        yield work
    finally:
        remove_tree(work)
        lock.close()


def _sweep(parent: Path) -> None:
    for work in parent.glob("build-*"):
        with contextlib.suppress(OSError):  # another process is as quick
            try:
                lock = (work / _LOCK).open("rb")
            except FileNotFoundError:  # it is just being made, or was never finished
                if time.time() - work.stat().st_mtime > _GRACE_S:
                    remove_tree(work)
                continue
            with lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove_tree(work)


def remove_tree(directory: Path) -> None:
    """Remove a tree, however deep and closed a build left it. What cannot be removed stays: it must not end a build,
    nor every later one that sweeps."""
    try:
        remove(directory)
    except LightshipError as error:
        _log.info("%s", error)
