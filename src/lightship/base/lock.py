"""``lightship-base.lock``: which packages a base was made of, or which image it is, so that it can be made again.

TOML, one section for each architecture, one table for each package, sorted: it reads well and diffs by package.
Packages name no host: ``filename`` is relative to whichever archive is configured.
"""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lightship.base.index import PackageRecord
from lightship.base.lock_name import LOCK_NAME
from lightship.errors import LightshipError, LockError
from lightship.oci.digest import Digest
from lightship.paths import atomic_file, storage_errors

__all__ = [
    "ArchitectureLock",
    "BaseLock",
    "LockedImage",
    "LockedRelease",
    "parse_lock",
    "read_lock",
    "write_lock",
]

_VERSION = 1
_HEAD = """\
# The base, locked by lightship. Remove this file, or a section, to take what the archive or the registry has today.
"""
_FIELDS = ("name", "version", "architecture", "source", "suite", "filename", "sha256", "depends", "provides")
_OPTIONAL = frozenset({"depends", "provides"})


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedRelease:
    """A suite as it was when the packages were chosen."""

    suite: str
    origin: str
    codename: str
    version: str
    date: str
    inrelease_sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchitectureLock:
    """What is locked for one Debian architecture. Sorted; ``packages`` by name. ``requested`` are the system
    packages that were asked for, ``missing`` the libraries and programs that are in no package and are not looked for
    again."""

    releases: tuple[LockedRelease, ...] = ()
    packages: tuple[PackageRecord, ...] = ()
    requested: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockedImage:
    """An image of a registry that is the base: its whole name with the tag, and what that named when it was locked."""

    name: str
    digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseLock:
    """The whole file: sections by Debian architecture, and images."""

    architectures: Mapping[str, ArchitectureLock]
    images: tuple[LockedImage, ...] = ()

    def image(self, name: str) -> Digest | None:
        """What the image ``name`` is locked to."""
        return next((image.digest for image in self.images if image.name == name), None)

    def section(self, architecture: str) -> ArchitectureLock:
        """The section of ``architecture``; an empty one when there is none."""
        return self.architectures.get(architecture, ArchitectureLock())

    def with_section(self, architecture: str, section: ArchitectureLock) -> "BaseLock":
        """This lock with another section."""
        return replace(self, architectures={**self.architectures, architecture: section})

    def without(self, architecture: str) -> "BaseLock":
        """This lock without the sections of ``architecture``: of its base, and of what builds and compiles for it. A
        compiler of whichever machine goes, since its Python must be the base's."""
        gone = (architecture, f"{architecture}-build")
        stay = {name: each for name, each in self.architectures.items() if not name.endswith("-compiler")}
        return replace(self, architectures={name: each for name, each in stay.items() if name not in gone})

    def text(self) -> str:
        """The file's content."""
        parts = [_HEAD, f"version = {_VERSION}\n"]
        parts += [_table("image", (("name", image.name), ("digest", str(image.digest)))) for image in self.images]
        for name in sorted(self.architectures):
            section = self.architectures[name]
            parts.append(
                f"[{name}]\nsystem-packages = {_list(section.requested)}\nmissing = {_list(section.missing)}\n"
            )
            parts += [
                _table(f"{name}.release", ((field, getattr(release, field)) for field in _RELEASE))
                for release in section.releases
            ]
            for record in section.packages:
                fields = [(field, getattr(record, field)) for field in _FIELDS if getattr(record, field)]
                fields.insert(-1, ("size", record.size_bytes))
                parts.append(_table(f"{name}.package", fields))
        return "\n".join(parts)


_RELEASE = ("suite", "origin", "codename", "version", "date", "inrelease_sha256")


def _table(name: str, fields: Iterable[tuple[str, object]]) -> str:
    lines = [f"[[{name}]]"]
    lines += [f"{field.replace('_', '-')} = {_value(value)}" for field, value in fields]
    return "\n".join(lines) + "\n"


def _list(values: Iterable[str]) -> str:
    return f"[{', '.join(map(_value, values))}]"


def _value(value: object) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = "".join(
        f"\\u{ord(character):04x}" if ord(character) < 32 or character in '"\\\x7f' else character
        for character in str(value)
    )
    return f'"{escaped}"'


def read_lock(path: Path) -> BaseLock | None:
    """The lock at ``path``, None where there is none; raise LockError for one that is not understood."""
    if not path.is_file():
        return None
    with storage_errors(f"read {path.name}"):
        raw = path.read_bytes()
    return parse_lock(raw.decode("utf-8", errors="replace"), what=path.name)


def write_lock(path: Path, lock: BaseLock) -> None:
    """Write ``lock`` to ``path``, atomically."""
    with storage_errors(f"write {path.name}"), atomic_file(path) as stream:
        stream.write(lock.text().encode())


def parse_lock(text: str, *, what: str = LOCK_NAME) -> BaseLock:
    """Read the text of a lock; raise LockError, with the key's path, for what is not understood."""
    hint = "remove it to lock the base again"
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LockError(f"{what} is not valid TOML: {error}", hint=hint) from error
    if document.pop("version", None) != _VERSION:
        raise LockError(f"{what}: version not understood: want {_VERSION}", hint=hint)
    try:
        images = tuple(_image(row) for row in document.pop("image", ()))
    except (KeyError, TypeError, AttributeError, LightshipError) as error:
        raise LockError(f"{what}: image not understood: {error}", hint=hint) from error
    sections = {}
    for name, section in document.items():
        try:
            sections[name] = ArchitectureLock(
                releases=tuple(_release(row) for row in section.get("release", ())),
                packages=tuple(_package(row) for row in section.get("package", ())),
                requested=tuple(map(str, section.get("system-packages", ()))),
                missing=tuple(map(str, section.get("missing", ()))),
            )
        except (KeyError, TypeError, AttributeError, LightshipError) as error:
            raise LockError(f"{what}: section {name} not understood: {error}", hint=hint) from error
    return BaseLock(architectures=sections, images=images)


def _image(row: Mapping[str, Any]) -> LockedImage:
    return LockedImage(name=str(row["name"]), digest=Digest.parse(str(row["digest"])))


def _release(row: Mapping[str, Any]) -> LockedRelease:
    return LockedRelease(**{field: str(row[field.replace("_", "-")]) for field in _RELEASE})


def _package(row: Mapping[str, Any]) -> PackageRecord:
    if not isinstance(row["size"], int):
        raise TypeError(f"size of {row['name']}: want a number")
    texts = {field: str(row[field] if field not in _OPTIONAL else row.get(field, "")) for field in _FIELDS}
    return PackageRecord(size_bytes=row["size"], **texts)
