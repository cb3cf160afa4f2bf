"""Owners and modes made canonical, so that they depend on neither the host's umask nor its users.

Times are not here: an entry has none, `lightship.plan.assemble` gives every entry the same one.
"""

import dataclasses
from collections.abc import Iterable

from lightship.errors import InputError
from lightship.plan.model import Entry, EntryType

__all__ = ["canonical_mode", "normalise"]


def canonical_mode(kind: EntryType, mode: int) -> int:
    """0755 for directories and what its owner may run, 0644 for other files, 0777 for symlinks.

    Everything is readable by everyone, so any user id can run the image. Set-id bits go: nothing in the image gains
    rights. A directory for everyone with the sticky bit (``/tmp``) keeps 1777.
    """
    if kind == "symlink":
        return 0o777
    if kind == "dir":
        return 0o1777 if mode & 0o1777 == 0o1777 else 0o755
    return 0o755 if mode & 0o100 else 0o644


def normalise(entries: Iterable[Entry], *, uid: int = 0, gid: int = 0) -> tuple[Entry, ...]:
    """``entries`` with canonical modes, all owned by ``uid`` and ``gid``, sorted by path.

    Root owns by default: a program cannot change the code it runs. The same directory given twice is one. Raise
    InputError for a path that comes twice otherwise.
    """
    found: dict[str, Entry] = {}
    for entry in entries:
        mode = canonical_mode(entry.type, entry.mode)
        canonical = (
            entry
            if (entry.mode, entry.uid, entry.gid) == (mode, uid, gid)
            else dataclasses.replace(entry, mode=mode, uid=uid, gid=gid)
        )
        before = found.setdefault(entry.path, canonical)
        if before is not canonical and not (before.type == canonical.type == "dir" and before.mode == canonical.mode):
            raise InputError(
                f"path comes twice: {entry.path} ({before.owner or 'no owner'} and {entry.owner or 'no owner'})"
            )
    return tuple(found[path] for path in sorted(found))
