"""What every lock reader returns: the packages that a target gets, each with its files."""

from dataclasses import field
from pathlib import Path
from typing import Literal

from lightship.values import dataclass

__all__ = ["Artifact", "LockedPackage", "Selection", "SourceKind", "Wanted"]

SourceKind = Literal["index", "url", "path", "git", "editable", "directory"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact:
    """One file of a package: a wheel or an sdist. ``sha256`` is 64 hex digits, or None where the lock has none
    (local files). ``url`` and ``path`` are as locked; a file may be found elsewhere by name and hash."""

    filename: str
    sha256: str | None = None
    size_bytes: int | None = None
    url: str | None = None
    path: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedPackage:
    """One locked package that applies to the target. ``name`` is normalised (PEP 503).

    ``index`` is the simple index URL that the lock names, if any. ``required_by`` holds the normalised names of
    packages that ask for it; a direct requirement of the project has ``"project"`` there.
    For kind ``git``, ``url`` is the locked URL with commit; for ``directory`` and ``editable``, ``directory``.
    A lock that names no files (requirements.txt) gives ``hashes`` instead: the SHA-256 digests, 64 hex digits each,
    of which the file that the index offers must have one.
    """

    name: str
    version: str
    kind: SourceKind = "index"
    wheels: tuple[Artifact, ...] = ()
    sdist: Artifact | None = None
    index: str | None = None
    url: str | None = None
    directory: Path | None = None
    required_by: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the user asks of a lock, beside the project's own dependencies.

    Groups that the project names as its defaults come along, except ``dev``, which an image gets only when it is
    asked for by name or with ``all_groups``. ``frozen`` takes the lock as it is, without looking whether
    pyproject.toml has changed since.
    """

    groups: tuple[str, ...] = ()
    all_groups: bool = False
    default_groups: bool = True
    extras: tuple[str, ...] = ()
    all_extras: bool = False
    frozen: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a lock gives for one target, groups and extras. ``packages`` are sorted by name.
    ``lock_sha256`` is of the lock file's bytes."""

    lock: Path
    lock_sha256: str
    packages: tuple[LockedPackage, ...] = ()
    notes: tuple[str, ...] = field(default=())
