"""Planned files onto the disk: all of them or none, and never over a file that is there unless that is asked for."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from lightship.errors import InputError
from lightship.init.files import PlannedFile
from lightship.paths import atomic_file, storage_errors

__all__ = ["Change", "check_files", "write_files"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a file: ``new``, ``replaced``, ``kept`` where another text stays, ``same`` where it has this text
    already."""

    file: PlannedFile
    kind: Literal["new", "replaced", "kept", "same"]


_OWN_WORD = ("config", "dockerignore")
"""Files that say what a person wants, and are read: the others are made to fit them."""


def check_files(
    project: Path, files: Iterable[PlannedFile], *, force: bool = False, keep: bool = False
) -> tuple[Change, ...]:
    """What writing would change. A file that is there with another text is replaced with ``force`` and stays with
    ``keep``, as a configuration and a ``.dockerignore`` do anyway; otherwise InputError is raised, as for a path that
    leads out of the project, through a link for instance."""
    with storage_errors("look at the project"):
        root = project.resolve()
        changes = tuple(_change(root, file) for file in files)
    if not force:
        changes = tuple(
            replace(each, kind="kept") if each.kind == "replaced" and (keep or each.file.part in _OWN_WORD) else each
            for each in changes
        )
    taken = [change.file.path for change in changes if change.kind == "replaced"]
    if taken and not force:
        raise InputError(
            f"{len(taken)} of the files are there already: {', '.join(taken)}; nothing was written",
            hint="--keep writes the others, --force replaces them, --dry-run shows all",
        )
    return changes


def _change(root: Path, file: PlannedFile) -> Change:
    path = root / file.path
    if not path.resolve().is_relative_to(root):
        raise InputError(f"{file.path} leads out of the project: nothing was written")
    if os.path.lexists(path):
        if path.is_symlink() or not path.is_file():
            raise InputError(f"{file.path} is there and no regular file: nothing was written")
        return Change(file=file, kind="same" if path.read_bytes() == file.text.encode() else "replaced")
    for parent in path.parents:
        if os.path.lexists(parent) and not parent.is_dir():
            name = parent.relative_to(root)
            raise InputError(f"{file.path} cannot be written: {name} is a file; nothing was written")
    return Change(file=file, kind="new")


def write_files(project: Path, changes: Iterable[Change]) -> None:
    """Write what differs; a file that is replaced keeps its mode. When one fails, those that were new are taken away
    again and those that were replaced are what they were."""
    root = project.resolve()
    done: list[tuple[Path, bytes | None]] = []
    made: list[Path] = []
    try:
        for change in changes:
            path = root / change.file.path
            if change.kind in ("same", "kept"):
                continue
            with storage_errors(f"write {change.file.path}"):
                made += [each for each in reversed(path.parents) if not each.exists()]
                before = path.read_bytes() if change.kind == "replaced" else None
                mode = path.stat().st_mode & 0o777 if change.kind == "replaced" else 0o644
                with atomic_file(path, mode=mode) as stream:
                    stream.write(change.file.text.encode())
            done.append((path, before))
    except BaseException:
        _undo(done, made)
        raise


def _undo(done: list[tuple[Path, bytes | None]], made: list[Path]) -> None:
    for path, before in reversed(done):
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
    for directory in reversed(made):
        if directory.is_dir() and not any(directory.iterdir()):
            directory.rmdir()
