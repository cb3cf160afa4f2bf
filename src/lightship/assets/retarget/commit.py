"""Many files replaced as one: all are written beside, then a journal, then each is renamed.

Until the journal is there nothing has changed; from then on whoever comes next goes on where this one stopped. So a
run that is killed leaves the directory as it was, or is finished by the next one.
"""

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from lightship.assets.sidecar import write_sidecar
from lightship.errors import InputError, StorageError
from lightship.paths import atomic_file, normal_path, parents, storage_errors

__all__ = ["STAGE_NAME", "Stage", "finish", "is_unfinished", "locked"]

STAGE_NAME = ".lightship-retarget.d"
_JOURNAL = "journal.json"


@contextlib.contextmanager
def locked(root: Path) -> Iterator[None]:
    """Nobody else retargets ``root`` meanwhile. Raise StorageError where somebody does."""
    with storage_errors(f"open {root}"):
        descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(f"{root} is being retargeted by somebody else") from error
        except OSError:  # a file system without locks: the journal alone has to do
            pass
        yield
    finally:
        os.close(descriptor)


@dataclass(slots=True)
class Stage:
    """Files on their way into ``root``."""

    root: Path
    names: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    @property
    def folder(self) -> Path:
        """Where they wait; on the same file system."""
        return self.root / STAGE_NAME

    def write(self, path: str, content: bytes, like: os.stat_result, time_ns: int) -> None:
        """``content`` is to be at ``path``, with the mode and where it may be the owner of ``like``. Raise OSError."""
        self.folder.mkdir(exist_ok=True)
        write_sidecar(self.folder / str(len(self.names)), content, like, time_ns)
        self.names.append(path)

    def write_own(self, path: str, content: bytes) -> None:
        """A file of this tool. Raise OSError."""
        self.folder.mkdir(exist_ok=True)
        with atomic_file(self.folder / str(len(self.names))) as stream:
            stream.write(content)
        self.names.append(path)

    def remove(self, path: str) -> None:
        """What is at ``path`` is to go."""
        self.removed.append(path)

    def commit(self) -> None:
        """All of it happens, whatever comes. Raise OSError where nothing of it did, StorageError for what did in
        part."""
        if not self.names and not self.removed:
            return
        self.folder.mkdir(exist_ok=True)
        journal = {"written": self.names, "removed": self.removed}
        with atomic_file(self.folder / _JOURNAL) as stream:
            stream.write(json.dumps(journal).encode())
            stream.flush()
            os.fsync(stream.fileno())
        finish(self.root)

    def abandon(self) -> None:
        """Nothing happens, unless the journal is written: then it is for the next run to finish."""
        if not (self.folder / _JOURNAL).is_file():
            shutil.rmtree(self.folder, ignore_errors=True)


def is_unfinished(root: Path) -> bool:
    """Whether a run was killed while it renamed files."""
    return (root / STAGE_NAME / _JOURNAL).is_file()


def finish(root: Path) -> bool:
    """Do what a journal in ``root`` still asks for, and remove what was left without one. Whether there was a journal.
    Raise StorageError where that fails; it can be asked again."""
    folder = root / STAGE_NAME
    if not os.path.lexists(folder):
        return False
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(f"{folder} is no folder of this tool")
    journal = folder / _JOURNAL
    with storage_errors(f"finish what was begun in {folder}"):
        there = journal.is_file() and not journal.is_symlink()
        if there:
            written, removed = _read(journal)
            for number, path in enumerate(written):
                if (folder / str(number)).is_file():
                    (folder / str(number)).replace(_inside(root, path))
            for path in removed:
                _inside(root, path).unlink(missing_ok=True)
            journal.unlink()
        shutil.rmtree(folder)
    return there


def _read(journal: Path) -> tuple[list[str], list[str]]:
    try:
        found = json.loads(journal.read_bytes())
        written, removed = [str(path) for path in found["written"]], [str(path) for path in found["removed"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"{journal} is no journal of this tool: {error}") from error
    return written, removed


def _inside(root: Path, path: str) -> Path:
    """The place, which no link leads out of ``root``."""
    if normal_path(path) != path or any((root / parent).is_symlink() for parent in parents(path)):
        raise InputError(f"{path!r} in the journal leaves {root}")
    return root / path
