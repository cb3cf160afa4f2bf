"""Writing into a folder that others may use: one writer at a time, and a failed one leaves nothing."""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Self

__all__ = ["Undo", "hold", "locked", "sweep", "sweep_dead"]


class Undo:
    """Removes what a failed write had made: files that were not there before, then folders, innermost first."""

    def __init__(self) -> None:
        self._files: list[Path] = []
        self._folders: list[Path] = []
        self._there: set[Path] = set()

    def make_folder(self, path: Path) -> None:
        """Make ``path`` and the folders above it where they are missing."""
        if path in self._there:
            return
        self._there.add(path)
        missing = [folder for folder in (path, *path.parents) if not folder.exists()]
        for folder in reversed(missing):
            folder.mkdir(mode=0o755, exist_ok=True)
            self._folders.append(folder)

    def expect(self, path: Path) -> None:
        """``path`` is about to be written; when it is not there yet, it goes if the block fails."""
        if not path.exists():
            self._files.append(path)

    def keep(self) -> None:
        """The write is complete: nothing is removed any more."""
        self._files.clear()
        self._folders.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._files:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
        for folder in reversed(self._folders):
            with contextlib.suppress(OSError):
                folder.rmdir()


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Hold the folder ``root`` against other writers of lightship; wait until they are done."""
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):  # some network file systems have no locks; a rename is still atomic there
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def sweep(folder: Path, pattern: str = ".*.tmp") -> None:
    """Remove temporary files of `atomic_file` in ``folder``: for the holder of the lock, the only writer alive."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            path.unlink()


def sweep_dead(folder: Path, pattern: str) -> None:
    """Remove temporary files whose writer is dead: it held a lock (`hold`), and the lock went with it."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError), path.open("rb") as stream:
            fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
            path.unlink()


def hold(stream: IO[bytes]) -> None:
    """Say that the file of ``stream`` is being written, for as long as it is open and this process lives."""
    with contextlib.suppress(OSError):
        fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
