"""Paths inside an image: relative, POSIX, normal. And files on the host that appear atomically."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path
from typing import BinaryIO

from lightship.errors import HostileError, StorageError

__all__ = ["atomic_file", "is_inside", "normal_path", "open_regular", "parents", "storage_errors"]


def normal_path(name: str) -> str:
    """Return ``name`` as a path inside an image: no leading ``/`` or ``./``, no empty or ``.`` part.

    Raise HostileError for what could leave the root or lie to a reader: ``..``, an absolute path,
    NUL, a backslash that a zip reader might take for a separator is kept as it is (a legal POSIX name).
    """
    if name and "\0" not in name and name[0] not in "/." and name[-1] != "/" and "/." not in name and "//" not in name:
        return name  # almost every path there is, and there are hundreds of thousands
    if "\0" in name:
        raise HostileError(f"path holds a NUL byte: {name!r}")
    if name.startswith("/"):
        raise HostileError(f"path is absolute: {name!r}")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise HostileError(f"path leaves its root: {name!r}")
    return "/".join(parts)


def parents(path: str) -> Iterator[str]:
    """Yield every directory above ``path``, outermost first: ``a/b/c`` gives ``a``, ``a/b``."""
    index = path.find("/")
    while index != -1:
        yield path[:index]
        index = path.find("/", index + 1)


def is_inside(path: str, directory: str) -> bool:
    """True when ``path`` is ``directory`` or lies below it; ``""`` is the root."""
    return not directory or path == directory or path.startswith(directory + "/")


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading; the caller closes it. Raise OSError for anything else: a FIFO would be waited
    for, a device might never end."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


@contextlib.contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Translate OSError inside the block to StorageError: ``cannot WHAT: No space left on device``."""
    try:
        yield
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        raise StorageError(f"cannot {what}: {error.strerror or error}{where}") from error


@contextlib.contextmanager
def atomic_file(path: Path, *, mode: int = 0o644) -> Iterator[BufferedRandom]:
    """Open a temporary file beside ``path`` for reading and writing; rename it to ``path`` when the block ends.

    When the block raises, nothing is left and ``path`` is as it was. Parents are made. The mode does not
    depend on the umask. Two writers of the same path do not meet: the last rename wins, whole.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.parent / f".{path.name[:64]}.{os.urandom(6).hex()}.tmp"
    try:
        with temporary.open("w+b") as stream:
            os.fchmod(stream.fileno(), mode)
            yield stream
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
