"""A directory of static files as it lies on disk: its files, what stands beside which, and what was not followed."""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lightship.assets.kinds import ENCODING_OF_SUFFIX, compressible
from lightship.errors import InputError
from lightship.paths import storage_errors
from lightship.values import dataclass

__all__ = ["Scan", "Seen", "read_file", "scan", "sidecar_base"]


_HISTORIES = frozenset({".git", ".hg", ".svn"})
"""A plain site's own repository: nothing in it is served, and times and sidecars in it would be damage."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A regular file; ``path`` is relative, its bytes are decoded as `os.fsdecode` does."""

    path: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """``files`` are no sidecars. ``lone`` are sidecars by their names whose source is not there: what ``gzip-only``
    left, or what a source that was deleted left. ``links`` are not followed; ``linked`` are files that a link in the
    directory leads to. ``faults`` are sentences about folders that could not be listed."""

    root: Path
    files: tuple[Seen, ...]
    sidecars: tuple[Seen, ...]
    lone: tuple[Seen, ...]
    links: tuple[str, ...]
    linked: frozenset[str]
    faults: tuple[str, ...]


def sidecar_base(path: str) -> str | None:
    """``app.js`` for ``app.js.gz``; None for what has no sidecar's suffix."""
    base, dot, suffix = path.rpartition(".")
    named = base.rpartition("/")[2]
    return base if named and dot + suffix in ENCODING_OF_SUFFIX else None


def scan(root: Path) -> Scan:
    """Every entry below ``root``, sorted, but for a repository's history. Raise InputError for what is no directory,
    StorageError where ``root`` itself cannot be listed; what cannot be listed below it is a fault."""
    if not root.is_dir():
        what = "it is a file" if root.exists() else "there is none"
        raise InputError(f"{root}: want a directory of static files, but {what}")
    with storage_errors(f"list {root}"):
        os.scandir(root).close()
    found: dict[str, int] = {}
    links: list[str] = []
    faults: list[str] = []
    for entry, path in _walk(root, faults):
        if entry.is_symlink():
            links.append(path)
        elif entry.is_file(follow_symlinks=False):
            with contextlib.suppress(FileNotFoundError):  # gone meanwhile
                found[path] = entry.stat(follow_symlinks=False).st_size
    bases = {path: base for path in found if (base := sidecar_base(path)) is not None}
    lone = {path for path, base in bases.items() if base not in found and compressible(base)}
    sidecars = {path for path, base in bases.items() if base in found}

    def seen(paths: set[str]) -> tuple[Seen, ...]:
        return tuple(Seen(path=path, size_bytes=found[path]) for path in sorted(paths))

    return Scan(
        root=root,
        files=seen(set(found) - lone - sidecars),
        sidecars=seen(sidecars),
        lone=seen(lone),
        links=tuple(sorted(links)),
        linked=_linked(root, links),
        faults=tuple(sorted(faults)),
    )


def _walk(root: Path, faults: list[str]) -> "Iterator[tuple[os.DirEntry[str], str]]":
    folders = [""]
    while folders:
        folder = folders.pop()
        try:
            with os.scandir(root / folder) as entries:
                for entry in entries:
                    path = f"{folder}/{entry.name}" if folder else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if entry.name not in _HISTORIES:
                            folders.append(path)
                    else:
                        yield entry, path
        except OSError as error:
            faults.append(f"{folder}: cannot be listed: {error.strerror}")


def _linked(root: Path, links: list[str]) -> frozenset[str]:
    top = os.path.realpath(root)
    ends = (os.path.realpath(root / link) for link in links)
    return frozenset(end[len(top) + 1 :] for end in ends if end.startswith(top + "/"))


def read_file(path: Path) -> tuple[bytes, os.stat_result]:
    """The bytes of a regular file, and its status when they had been read. No link is followed and no pipe waited for.
    Raise OSError; for what is no regular file as well."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "no regular file", str(path))
        return stream.read(), os.fstat(descriptor)
