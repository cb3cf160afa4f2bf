"""One entrance to every lock reader."""

from collections.abc import Callable
from pathlib import Path

from lightship.ecosystem.python.locked import Selection, Wanted
from lightship.ecosystem.python.project import LockKind, Project
from lightship.ecosystem.python.target import Target

__all__ = ["select"]

_NOTHING_MORE = Wanted()


def select(
    project: Project, target: Target, wanted: Wanted = _NOTHING_MORE, *, lock_name: str | None = None
) -> Selection:
    """What the project's lock (the preferred one, or the file ``lock_name``) gives for ``target``.

    Raise LockError for a lock that is missing, broken, stale or not for this target, UsageError for unknown groups
    and extras. The cost is that of parsing the TOML (0.1 s for 464 packages) and half as much again.
    """
    from lightship.ecosystem.python.markers import require_python

    lock = project.lock(lock_name)
    require_python(project.requires_python, target, where=project.name or "the project")
    return _reader(lock.kind)(lock.path, target, wanted, project)


def _reader(kind: LockKind) -> Callable[[Path, Target, Wanted, Project], Selection]:
    """Imported when it is needed: each reader brings another part of `packaging` along."""
    if kind == "uv":
        from lightship.ecosystem.python.uv_lock import select as read
    elif kind == "pylock":
        from lightship.ecosystem.python.pylock import select as read
    elif kind == "poetry":
        from lightship.ecosystem.python.poetry_lock import select as read
    else:
        from lightship.ecosystem.python.requirements import select as read
    return read
