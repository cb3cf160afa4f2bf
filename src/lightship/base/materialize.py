"""Entries into a directory of the host: for a build root, and wherever files are wanted without an image."""

import os
from collections.abc import Sequence
from pathlib import Path

from lightship.archive.inflate import Containers, iter_content
from lightship.errors import HostileError
from lightship.paths import normal_path, storage_errors
from lightship.plan.model import Entry

__all__ = ["materialize"]

_MTIME = (315_532_800, 315_532_800)  # 1980-01-01: what zip can hold, and what layers carry


def materialize(entries: Sequence[Entry], directory: Path) -> None:
    """Write ``entries`` below ``directory``, which must be empty. Owners are the caller's own.

    Nothing is written through a link: a path below one raises HostileError before the first byte, so do a path that
    is not normal and one that comes twice. Directories get their mode last, as one may be read-only.
    """
    _check(entries)
    with storage_errors(f"write {directory.name}"), Containers() as containers:
        directory.mkdir(parents=True, exist_ok=True)
        root = str(directory)
        for entry in sorted(entries, key=lambda entry: (entry.type == "hardlink", entry.path)):
            _write(entry, f"{root}/{entry.path}", root, containers)
        for entry in sorted(entries, key=lambda entry: entry.path, reverse=True):
            if entry.type == "dir":
                os.chmod(f"{root}/{entry.path}", entry.mode)  # noqa: PTH101 - a Path for each of many files is slow
                os.utime(f"{root}/{entry.path}", _MTIME)


def _check(entries: Sequence[Entry]) -> None:
    types: dict[str, str] = {}
    for entry in entries:
        if not entry.path or normal_path(entry.path) != entry.path or entry.path in types:
            raise HostileError(f"path is not normal or comes twice: {entry.path!r}")
        types[entry.path] = entry.type
    for path in types:
        above = path.rpartition("/")[0]
        if above and types.get(above) != "dir":
            raise HostileError(f"{path} has no directory above it")


def _write(entry: Entry, path: str, root: str, containers: Containers) -> None:
    match entry.type:
        case "dir":
            os.mkdir(path, 0o755)  # noqa: PTH102
        case "symlink":
            os.symlink(entry.link_target, path)  # noqa: PTH211
            os.utime(path, _MTIME, follow_symlinks=False)
        case "hardlink":
            os.link(f"{root}/{entry.link_target}", path, follow_symlinks=False)
        case "file":
            if entry.content is None:
                raise HostileError(f"{entry.path} has no content")
            with open(path, "xb") as stream:  # noqa: PTH123
                for chunk in iter_content(entry.content, containers, entry.path):
                    stream.write(chunk)
                os.fchmod(stream.fileno(), entry.mode)
            os.utime(path, _MTIME)
