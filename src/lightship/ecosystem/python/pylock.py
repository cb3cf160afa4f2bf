"""Reader of ``pylock.toml``, https://packaging.python.org/en/latest/specifications/pylock-toml/ (PEP 751, 1.0).

Reading and selecting is done by `packaging.pylock`; which wheel is taken is left to `choose`, as for every lock.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import cast

from packaging.markers import Environment, UndefinedComparison
from packaging.pylock import (
    Package,
    PackageArchive,
    PackageDirectory,
    PackageSdist,
    PackageVcs,
    PackageWheel,
    Pylock,
    PylockSelectError,
    PylockUnsupportedVersionError,
    PylockValidationError,
)
from packaging.tags import Tag
from packaging.utils import parse_wheel_filename

from lightship.ecosystem.python.artifacts import local_path, safe_filename, sha256_of, url_filename
from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, Wanted
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.target import Target
from lightship.ecosystem.toml_view import read_toml
from lightship.errors import LockError, UsageError

__all__ = ["select"]


def select(lock: Path, target: Target, wanted: Wanted, project: Project) -> Selection:
    """The packages of a pylock.toml for ``target``; entries for the project's own directory are left out.

    Raise LockError for a file that breaks the specification or does not cover the target, UsageError for groups and
    extras that it does not have.
    """
    table, digest = read_toml(lock)
    try:
        pylock = Pylock.from_dict(table.values)
    except PylockUnsupportedVersionError as error:
        raise LockError(f"{lock.name}: want lock-version 1.0, got another ({error})") from error
    except (PylockValidationError, RecursionError) as error:
        raise LockError(f"{lock.name}: {_sentence(error)}") from error
    groups, notes = _groups(pylock, wanted)
    extras = _known("extra", pylock.extras, wanted.extras, everything=wanted.all_extras)
    base = lock.parent.absolute()
    packages = [_read_package(package, base, lock.name) for package in _select(pylock, target, extras, groups, lock)]
    own = project.directory.resolve()
    kept = [package for package in packages if package.directory is None or package.directory.resolve() != own]
    return Selection(
        lock=lock,
        lock_sha256=digest,
        packages=tuple(sorted(_with_askers(kept, pylock), key=lambda package: package.name)),
        notes=notes,
    )


def _sentence(error: Exception) -> str:
    """`packaging` shows broken markers on several lines, with an arrow below."""
    return " ".join(str(error).split())[:500]


def _groups(pylock: Pylock, wanted: Wanted) -> tuple[list[str], tuple[str, ...]]:
    defaults = list(pylock.default_groups or ()) if wanted.default_groups else []
    kept = [group for group in defaults if normal_name(group) != "dev"]
    chosen = _known("group", pylock.dependency_groups, wanted.groups, everything=wanted.all_groups)
    left_out = len(kept) < len(defaults) and "dev" not in map(normal_name, chosen)
    note = "the default group dev is left out of the image; --group dev brings it back"
    return [*kept, *chosen], (note,) if left_out else ()


def _known(what: str, have: Iterable[str] | None, asked: Iterable[str], *, everything: bool) -> list[str]:
    """The names of ``have`` that are asked for, as the lock writes them."""
    written = {normal_name(name): name for name in have or ()}
    for name in asked:
        if normal_name(name) not in written:
            known = ", ".join(sorted(written.values())) or "none"
            raise UsageError(f"the lock has no {what} {name!r}: want one of {known}")
    return sorted(written.values()) if everything else sorted({written[normal_name(name)] for name in asked})


def _select(pylock: Pylock, target: Target, extras: list[str], groups: list[str], lock: Path) -> Iterator[Package]:
    """The packages that apply. Every tag of the lock counts as accepted: that none fits is said by `choose`, better."""
    wheels = (wheel for package in pylock.packages for wheel in package.wheels or ())
    tags: list[Tag] = sorted({tag for wheel in wheels for tag in parse_wheel_filename(wheel.filename)[-1]}, key=str)
    environment = cast(Environment, target.marker_environment())
    try:
        for package, _ in pylock.select(environment=environment, tags=tags, extras=extras, dependency_groups=groups):
            yield package
    except (PylockSelectError, UndefinedComparison) as error:
        raise LockError(f"{lock.name}: {_sentence(error)}") from error


def _read_package(package: Package, base: Path, file: str) -> LockedPackage:
    name, version = str(package.name), str(package.version or "")
    if package.vcs is not None:
        return LockedPackage(name=name, version=version, kind="git", url=_git_url(package.vcs, name, file))
    if package.directory is not None:
        return _directory(package.directory, name, version, base)
    if package.archive is not None:
        return _archive(package.archive, name, version, base, file)
    return LockedPackage(
        name=name,
        version=version,
        wheels=tuple(_artifact(wheel, base, file) for wheel in package.wheels or ()),
        sdist=_artifact(package.sdist, base, file) if package.sdist else None,
        index=package.index,
    )


def _git_url(vcs: PackageVcs, name: str, file: str) -> str:
    """As uv.lock writes it: the repository, ``subdirectory`` in the query, the commit as the fragment."""
    if vcs.type != "git":
        raise LockError(f"{file}: {name} comes from {vcs.type}, want git")
    query = f"?subdirectory={vcs.subdirectory}" if vcs.subdirectory else ""
    return f"{vcs.url or vcs.path}{query}#{vcs.commit_id}"


def _directory(source: PackageDirectory, name: str, version: str, base: Path) -> LockedPackage:
    directory = local_path(source.path, base) / (source.subdirectory or "")
    return LockedPackage(
        name=name, version=version, kind="editable" if source.editable else "directory", directory=directory
    )


def _archive(source: PackageArchive, name: str, version: str, base: Path, file: str) -> LockedPackage:
    artifact = _artifact(source, base, file)
    wheel = artifact.filename.endswith(".whl")
    return LockedPackage(
        name=name,
        version=version,
        kind="url" if source.url else "path",
        wheels=(artifact,) if wheel else (),
        sdist=None if wheel else artifact,
        url=source.url,
    )


def _artifact(source: PackageWheel | PackageSdist | PackageArchive, base: Path, file: str) -> Artifact:
    named = "" if isinstance(source, PackageArchive) else source.filename
    path = local_path(source.path, base) if source.path else None
    filename = named or (path.name if path is not None else url_filename(source.url or ""))
    safe_filename(filename, f"{file}: name of a package's file")
    return Artifact(
        filename=filename,
        sha256=_sha256(source.hashes, filename, file),
        size_bytes=source.size,
        url=source.url,
        path=path,
    )


def _sha256(hashes: Mapping[str, str], filename: str, file: str) -> str | None:
    written = hashes.get("sha256")
    if written is None:
        return None
    digest = sha256_of(f"sha256:{written}")
    if digest is None:
        raise LockError(f"{file}: want 64 hex digits as sha256 of {filename}, got {written!r:.200}")
    return digest


def _with_askers(packages: list[LockedPackage], pylock: Pylock) -> Iterator[LockedPackage]:
    """Fill ``required_by`` where the locker wrote ``dependencies``; without them nothing is known."""
    askers: dict[str, set[str]] = {}
    for asker in pylock.packages:
        for dependency in asker.dependencies or ():
            askers.setdefault(normal_name(str(dependency.get("name", ""))), set()).add(str(asker.name))
    here = {package.name for package in packages}
    for package in packages:
        yield dataclasses.replace(package, required_by=tuple(sorted(askers.get(package.name, set()) & here)))
