"""Paths below a root whose symbolic links were written by somebody else: resolution never leaves the root.

The rules are those of path_resolution(7) after chroot(2): an absolute target starts at the root, ``..`` at the
root stays there, and more than 40 links are a loop.
"""

import os
import stat
from collections.abc import Callable
from pathlib import Path

from lightship.errors import HostileError, ImageError, StorageError

__all__ = ["read_file", "read_start", "resolve", "resolve_on_disk"]

_MOST_LINKS = 40
"""Linux follows at most 40 links in one path, path_resolution(7)."""


def resolve(path: str, readlink: Callable[[str], str | None], *, follow_last: bool = True) -> str:
    """The path, relative to the root and free of links, that ``path`` means inside; ``""`` is the root.

    ``readlink`` gives the target of a link-free path that is a symbolic link, and None for everything else,
    also for what does not exist: a missing tail is kept as it is. Without ``follow_last`` a link at the very
    end stays. Raise HostileError for a loop.
    """
    todo = [part for part in reversed(path.split("/")) if part not in ("", ".")]
    done: list[str] = []
    links = 0
    while todo:
        part = todo.pop()
        if part == "..":
            del done[-1:]
            continue
        done.append(part)
        target = readlink("/".join(done)) if todo or follow_last else None
        if target is None:
            continue
        links += 1
        if links > _MOST_LINKS:
            raise HostileError(f"more than {_MOST_LINKS} symbolic links on the way to {path!r}")
        if target.startswith("/"):
            done.clear()
        else:
            done.pop()
        todo.extend(step for step in reversed(target.split("/")) if step not in ("", "."))
    return "/".join(done)


def resolve_on_disk(root: Path, path: str, *, follow_last: bool = True) -> str:
    """As `resolve`, for the directory ``root`` of the host. Nobody else may change ``root`` meanwhile."""

    def readlink(inside: str) -> str | None:
        try:
            return os.readlink(f"{root}/{inside}")  # noqa: PTH115 - the text as it is, not a Path made of it
        except (OSError, ValueError):  # no link, not there, not ours to read, a NUL: nothing that could be followed
            return None

    return resolve(path, readlink, follow_last=follow_last)


def read_file(root: Path, path: str, *, limit_bytes: int) -> bytes | None:
    """The bytes of the regular file that ``path`` means inside ``root``; None where there is none.

    Raise ImageError where it is larger than ``limit_bytes``, StorageError where the host refuses.
    """
    content = read_start(root, path, size_bytes=limit_bytes + 1)
    if content is not None and len(content) > limit_bytes:
        inside = resolve_on_disk(root, path)
        raise ImageError(f"/{inside} of the image is too large: want at most {limit_bytes} bytes")
    return content


def read_start(root: Path, path: str, *, size_bytes: int) -> bytes | None:
    """The first ``size_bytes`` of the regular file that ``path`` means inside ``root``, or all of a smaller one; None
    where there is none. Raise StorageError where the host refuses."""
    inside = resolve_on_disk(root, path)
    try:
        # a FIFO would block the open, a link that appeared meanwhile would lead outside
        descriptor = os.open(f"{root}/{inside}", os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError, ValueError):  # a path with NUL in it names nothing
        return None
    except OSError as error:
        raise StorageError(f"cannot read /{inside} of the image: {error.strerror}") from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            return None
        content = b""
        while chunk := os.read(descriptor, size_bytes - len(content)):
            content += chunk
    finally:
        os.close(descriptor)
    return content
