"""A folder of a person's listed: what lies in it, without following links."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["walk_folder"]


def walk_folder(
    root: Path, *, passes_over: Callable[[str], bool], passes_unreadable: bool = False
) -> Iterator[tuple[str, os.DirEntry[str]]]:
    """Everything below ``root`` by its path from there, in no order; nothing below a folder of which ``passes_over``
    is true, only the folder itself. OSError where a folder cannot be listed, but for those below ``root`` with
    ``passes_unreadable``: a database may have one of its own beside the sources."""
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            found = os.scandir(f"{root}/{folder}")
        except PermissionError:
            if passes_unreadable and folder:
                continue
            raise
        with found as entries:
            for entry in entries:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False) and not passes_over(path):
                    waiting.append(path)
                yield path, entry
