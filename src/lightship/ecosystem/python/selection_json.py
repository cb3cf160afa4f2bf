"""A `Selection` as JSON, so that the same lock need not be read twice.

Paths are written relative to the lock's folder: a cached selection stays true when the project is moved.
"""

import hashlib
import json
import os
from dataclasses import fields
from pathlib import Path
from typing import Any

from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, Wanted
from lightship.ecosystem.python.project import Lock, Project
from lightship.ecosystem.python.target import Target
from lightship.ecosystem.toml_view import read_capped
from lightship.errors import InputError

__all__ = ["from_json", "selection_key", "to_json"]

_VERSION = 1
"""Raised when a reader selects otherwise or the JSON changes."""


def selection_key(project: Project, lock: Lock, target: Target, wanted: Wanted) -> str | None:
    """A name (64 hex digits) for everything a selection depends on, found without parsing the lock.

    None for requirements files: they include others, and reading them costs less than a cache.
    """
    if lock.kind == "requirements":
        return None
    asked = [getattr(wanted, field.name) for field in fields(wanted)]
    about = [getattr(project, field.name) for field in fields(project) if field.name not in ("directory", "locks")]
    where = os.path.relpath(project.directory, lock.path.parent)
    parts = [_VERSION, lock.kind, where, target.cache_key, target.platform.machine, *asked, *about]
    digest = hashlib.sha256("\0".join(map(str, parts)).encode())
    digest.update(read_capped(lock.path))
    return digest.hexdigest()


def to_json(selection: Selection) -> str:
    """The selection as compact JSON, the same text for the same selection."""
    base = selection.lock.parent
    value = {
        "version": _VERSION,
        "lock_sha256": selection.lock_sha256,
        "notes": selection.notes,
        "packages": [_values(package, base) for package in selection.packages],
    }
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def from_json(text: str, lock: Path) -> Selection:
    """What `to_json` wrote, for the lock at ``lock``; raise InputError for anything else."""
    base = lock.parent.absolute()
    try:
        value = json.loads(text)
        if value["version"] != _VERSION:
            raise InputError(f"cached selection has version {value['version']!r:.20}, want {_VERSION}")
        return Selection(
            lock=lock,
            lock_sha256=value["lock_sha256"],
            packages=tuple(_package(item, base) for item in value["packages"]),
            notes=tuple(value["notes"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"cached selection cannot be read: {error!r:.200}") from error


def _values(value: LockedPackage | Artifact, base: Path) -> dict[str, object]:
    """The fields that are not at their default."""
    written: dict[str, object] = {}
    for field in fields(value):
        item = getattr(value, field.name)
        if item != field.default:
            written[field.name] = _plain(item, base)
    return written


def _plain(item: object, base: Path) -> object:
    if isinstance(item, Artifact):
        return _values(item, base)
    if isinstance(item, Path):
        return os.path.relpath(item, base)
    if isinstance(item, tuple):
        return [_plain(part, base) for part in item]
    return item


def _package(value: dict[str, Any], base: Path) -> LockedPackage:
    for name in ("required_by", "hashes"):
        if name in value:
            value[name] = tuple(value[name])
    if "wheels" in value:
        value["wheels"] = tuple(_artifact(item, base) for item in value["wheels"])
    if "sdist" in value:
        value["sdist"] = _artifact(value["sdist"], base)
    if "directory" in value:
        value["directory"] = _absolute(value["directory"], base)
    return LockedPackage(**value)


def _artifact(value: dict[str, Any], base: Path) -> Artifact:
    if "path" in value:
        value["path"] = _absolute(value["path"], base)
    return Artifact(**value)


def _absolute(path: str, base: Path) -> Path:
    return Path(os.path.normpath(base / path))
