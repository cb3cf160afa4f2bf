"""Remove a tree of files that somebody else named and gave modes to."""

import contextlib
import os
import stat
import time
from collections.abc import Iterable
from pathlib import Path

from lightship import proc
from lightship.errors import LightshipError
from lightship.paths import storage_errors

__all__ = ["remove", "remove_stale"]

_STALE_S = 86_400.0
"""Nothing that is under way takes a day."""


def remove(directory: Path) -> None:
    """Remove ``directory`` and everything below it, also below directories that forbid it; links are not followed."""
    import shutil

    with storage_errors(f"remove {directory}"):
        try:
            _open_directories(str(directory))
            shutil.rmtree(directory)
        except FileNotFoundError:
            return
        except (RecursionError, OSError):
            # deeper than a path may be long, or than Python recurses: these walk by descriptors
            proc.run(["chmod", "-R", "u+rwX", "--", str(directory)], check=False)
            proc.run(["rm", "-rf", "--", str(directory)])


def remove_stale(directories: Iterable[Path]) -> None:
    """Remove those of ``directories`` that killed processes left: a day old. What cannot be removed stays, as it would
    otherwise end every later call; another process may sweep as well."""
    limit = time.time() - _STALE_S
    for directory in directories:
        with contextlib.suppress(OSError, LightshipError):
            if directory.stat().st_mtime < limit:
                remove(directory)


def _open_directories(top: str) -> None:
    todo = [top]
    while todo:
        here = todo.pop()
        status = os.lstat(here)
        if stat.S_ISDIR(status.st_mode):
            if status.st_mode & 0o700 != 0o700:
                os.chmod(here, stat.S_IMODE(status.st_mode) | 0o700)  # noqa: PTH101 - many paths, no Path for each
            with os.scandir(here) as found:
                todo.extend(entry.path for entry in found if entry.is_dir(follow_symlinks=False))
