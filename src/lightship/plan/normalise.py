"""Owners and modes made canonical, so that they depend on neither the host's umask nor its users.

Times are not here: `lightship.plan.assemble` gives every entry the same one, but for a file that has its own.
"""

import dataclasses
from collections.abc import Iterable

from lightship.errors import InputError
from lightship.plan.model import Entry, EntryType

__all__ = ["OWN", "canonical_mode", "normalise"]

OWN = "lightship"
"""The owner of what is made here: a home that its user may write to, directories for a running application."""


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


def normalise(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """``entries`` with canonical modes, owned by root, sorted by path; what was made here stays as it was asked for.

    Root owns: a program cannot change the code it runs. The same directory given twice is one. Raise InputError for a
    path that comes twice otherwise.
    """
    found: dict[str, Entry] = {}
    for entry in entries:
        canonical = entry if entry.owner == OWN else _canonical(entry)
        before = found.setdefault(entry.path, canonical)
        if before is not canonical and not (before.type == canonical.type == "dir" and before.mode == canonical.mode):
            raise InputError(
                f"path comes twice: {entry.path} ({before.owner or 'no owner'} and {entry.owner or 'no owner'})"
            )
    return tuple(found[path] for path in sorted(found))


def _canonical(entry: Entry) -> Entry:
    mode = canonical_mode(entry.type, entry.mode)
    if (entry.mode, entry.uid, entry.gid) == (mode, 0, 0):
        return entry
    return dataclasses.replace(entry, mode=mode, uid=0, gid=0)
