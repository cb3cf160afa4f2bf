"""The home of an image's user, where it can be made writable without harm: servers keep their own files there."""

import os
import stat
from pathlib import Path

from lightship.errors import HostileError
from lightship.paths import parents
from lightship.rootfs.links import resolve_on_disk
from lightship.rootfs.users import Identity
from lightship.sandbox.mounts import KERNEL_DIRECTORIES

__all__ = ["writable_home"]

# Debian's passwd gives its system users such homes (base-passwd 3.6): programs, or the one that must not be there.
_NEVER = (*KERNEL_DIRECTORIES, "bin", "boot", "etc", "lib", "lib64", "nonexistent", "sbin", "usr")
_MOST_BYTES = 16 * 2**20
_MOST_ENTRIES = 1000


def writable_home(rootfs: Path, identity: Identity) -> tuple[str, ...]:
    """The home of ``identity``, or nothing where it has none, or one that is no place for files.

    What the image has in it is to be copied at each start, so one that holds more than 16 MiB or 1000 entries stays
    as it is.
    """
    try:
        inside = resolve_on_disk(rootfs, identity.home)
    except HostileError:
        return ()
    if not inside or inside.split("/")[0] in _NEVER:
        return ()
    for path in (*parents(inside), inside):
        place = f"{rootfs}/{path}"
        if os.path.lexists(place) and not os.path.isdir(place):  # noqa: PTH112 - no Path of the image's text
            return ()
    return (identity.home,) if _is_small(f"{rootfs}/{inside}") else ()


def _is_small(directory: str) -> bool:
    left_bytes, left = _MOST_BYTES, _MOST_ENTRIES
    waiting = [directory]
    try:
        while waiting:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    status = entry.stat(follow_symlinks=False)
                    left -= 1
                    left_bytes -= status.st_size if stat.S_ISREG(status.st_mode) else 0
                    is_plain = stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode)
                    if left < 0 or left_bytes < 0 or not (is_plain or entry.is_dir(follow_symlinks=False)):
                        return False
                    if not is_plain:
                        waiting.append(entry.path)
    except FileNotFoundError:
        return True
    except OSError:
        return False  # what cannot be read cannot be copied
    return True
