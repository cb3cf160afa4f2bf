"""Reader of ``poetry.lock``, lock-version 2.1 and later 2.x (Poetry 2): groups and markers stand with each package.

The format is Poetry's own, learned from what Poetry 2.1 to 2.5 write; selection follows
``Transaction.get_solution_packages`` and ``TransitivePackageInfo.get_marker``
(https://github.com/python-poetry/poetry/blob/main/src/poetry/packages/transitive_package_info.py).
Whether pyproject.toml has changed since is not looked at: the content hash depends on Poetry's version.
"""

import re
from collections.abc import Collection
from pathlib import Path

from lightship.ecosystem.python.artifacts import local_path, read_artifact, url_filename
from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, SourceKind, Wanted
from lightship.ecosystem.python.markers import Markers
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.target import Target
from lightship.ecosystem.toml_view import Table, read_toml
from lightship.errors import LockError, UsageError

__all__ = ["select"]

_MAIN = "main"
_VERSION = re.compile(r"([0-9]+)\.([0-9]+)")
_HINT = "run: poetry lock (Poetry 2.1 or later)"
_REQUIREMENT_NAME = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*)")


def select(lock: Path, target: Target, wanted: Wanted, project: Project) -> Selection:
    """The packages of a poetry.lock: group ``main``, the groups and extras of ``wanted``.

    Raise LockError for a lock that is broken or older than 2.1, UsageError for unknown groups and extras.
    """
    table, digest = read_toml(lock)
    _require_version(table)
    _require_python(table, target)
    packages = table.tables("package")
    extras = _extras(table, wanted)
    chosen, notes = project.chosen_groups(wanted)
    groups = {_MAIN, *_groups(packages, chosen, project, everything=wanted.all_groups)}
    markers = Markers(target)
    kept = [package for package in packages if _applies(package, groups, extras, markers)]
    _refuse_doubles(kept, lock.name)
    askers = _askers(kept, project)
    read = [_read_package(package, lock.parent.absolute(), askers) for package in kept]
    read.sort(key=lambda package: package.name)
    return Selection(lock=lock, lock_sha256=digest, packages=tuple(read), notes=notes)


def _require_version(table: Table) -> None:
    version = table.table("metadata").text("lock-version")
    parts = _VERSION.fullmatch(version)
    if not parts or not (2, 1) <= (int(parts[1]), int(parts[2])) < (3, 0):
        raise LockError(f"{table.file}: want lock-version 2.1 or a later 2.x, got {version!r:.50}", hint=_HINT)


def _require_python(table: Table, target: Target) -> None:
    """Poetry's ranges are not all PEP 440 (``^3.11``, ``~3.11``, ``a || b``); those that are not are left to it."""
    from lightship.ecosystem.python.markers import require_python

    wanted = table.table("metadata").maybe_text("python-versions") or "*"
    if not re.search(r"[\^*|]|~(?!=)", wanted) and re.match(r"\s*[<>=!~]", wanted):
        require_python(wanted, target, where=table.file)


def _extras(table: Table, wanted: Wanted) -> set[str]:
    have = {normal_name(extra) for extra in table.table("extras")}
    asked = {normal_name(extra) for extra in wanted.extras}
    _refuse_unknown("extra", asked, have)
    return have if wanted.all_extras else asked


def _groups(packages: list[Table], chosen: Collection[str], project: Project, *, everything: bool) -> set[str]:
    have = {normal_name(group) for package in packages for group in package.texts("groups")} - {_MAIN}
    asked = {normal_name(group) for group in chosen}
    _refuse_unknown("group", asked, have | {normal_name(group) for group in project.groups})
    return have if everything else asked


def _refuse_unknown(what: str, asked: set[str], have: set[str]) -> None:
    unknown = sorted(asked - have)
    if unknown:
        known = ", ".join(sorted(have)) or "none"
        raise UsageError(f"the lock has no {what} {unknown[0]!r}: want one of {known}")


def _applies(package: Table, groups: set[str], extras: set[str], markers: Markers) -> bool:
    """In one of ``groups`` with that group's marker; a group that ``markers`` does not name has none."""
    own = [group for group in package.texts("groups") if normal_name(group) in groups]
    written = package.values.get("markers")
    if isinstance(written, dict):
        by_group = package.table("markers")
        found = [by_group.maybe_text(group) for group in own]
    else:
        found = [package.maybe_text("markers")] * len(own)
    where = package.where("markers")
    return any(markers.applies(marker, extras, where=where) for marker in found)


def _refuse_doubles(packages: list[Table], file: str) -> None:
    seen: dict[str, str] = {}
    for package in packages:
        name, version = normal_name(package.text("name")), package.text("version")
        if name in seen:
            raise LockError(f"{file} gives {name} twice for this target: {seen[name]} and {version}", hint=_HINT)
        seen[name] = version


def _askers(packages: list[Table], project: Project) -> dict[str, set[str]]:
    """Who asks for whom among ``packages``. Optional dependencies count: which extra asked for them is not written."""
    askers: dict[str, set[str]] = {}
    for text in (*project.dependencies, *project.extra_dependencies):
        found = _REQUIREMENT_NAME.match(text)
        if found:
            askers.setdefault(normal_name(found[1]), set()).add("project")
    for package in packages:
        for dependency in package.table("dependencies"):
            askers.setdefault(normal_name(dependency), set()).add(normal_name(package.text("name")))
    return askers


_KINDS: dict[str, SourceKind] = {
    "legacy": "index",
    "git": "git",
    "directory": "directory",
    "file": "path",
    "url": "url",
}


def _read_package(package: Table, base: Path, askers: dict[str, set[str]]) -> LockedPackage:
    name, version = normal_name(package.text("name")), package.text("version")
    required_by = tuple(sorted(askers.get(name, ()))) or ("project",)  # nobody else asks: it is a direct one
    source = package.maybe_table("source")
    type_ = source.text("type") if source is not None else "legacy"
    kind = _KINDS.get(type_)
    if kind is None:
        raise LockError(f"{package.where('source.type')}: want one of {', '.join(_KINDS)}, got {type_!r:.50}")
    address = source.text("url") if source is not None else None
    if kind == "directory" and address is not None:
        kind = "editable" if package.flag("develop") else "directory"
        directory = local_path(address, base)
        return LockedPackage(name=name, version=version, kind=kind, directory=directory, required_by=required_by)
    if kind == "git" and source is not None:
        return LockedPackage(name=name, version=version, kind="git", url=_git_url(source), required_by=required_by)
    wheels, sdist = _files(package, base, kind, address)
    return LockedPackage(
        name=name,
        version=version,
        kind=kind,
        wheels=wheels,
        sdist=sdist,
        index=address if kind == "index" else None,
        url=address if kind == "url" else None,
        required_by=required_by,
    )


def _git_url(source: Table) -> str:
    """As uv.lock writes it: the repository, ``subdirectory`` in the query, the commit as the fragment."""
    subdirectory = source.maybe_text("subdirectory")
    query = f"?subdirectory={subdirectory}" if subdirectory else ""
    return f"{source.text('url')}{query}#{source.text('resolved_reference')}"


def _files(
    package: Table, base: Path, kind: SourceKind, address: str | None
) -> tuple[tuple[Artifact, ...], Artifact | None]:
    """Wheels and sdist. Poetry names files without saying where they are, so an index is asked by name and hash."""
    url = address if kind == "url" else None
    path = local_path(address, base) if kind == "path" and address else None
    files = [
        read_artifact(entry, base=base, filename=url_filename(url or ""), url=url, path=path)
        for entry in package.tables("files")
    ]
    wheels = tuple(file for file in files if file.filename.endswith(".whl"))
    sdists = [file for file in files if file.filename.endswith((".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz"))]
    sdists.sort(key=lambda file: not file.filename.endswith(".tar.gz"))
    return wheels, sdists[0] if sdists else None
