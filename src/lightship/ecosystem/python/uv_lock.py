"""Reader of ``uv.lock``, version 1 (all revisions): the packages that ``uv sync --locked`` would install.

The format is uv's own, https://docs.astral.sh/uv/concepts/projects/layout/#the-lockfile; it was learned from what
uv 0.9 to 0.13 write. ``no-binary-package`` and its like in ``[tool.uv]`` are not looked at.
"""

import itertools
from pathlib import Path

from lightship.ecosystem.python.artifacts import local_path, read_artifact, url_filename
from lightship.ecosystem.python.freshness import require_fresh
from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, SourceKind, Wanted
from lightship.ecosystem.python.markers import Markers, require_python
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.target import Target
from lightship.ecosystem.python.uv_graph import Graph
from lightship.ecosystem.toml_view import Table, read_toml
from lightship.errors import LockError

__all__ = ["select"]


def select(lock: Path, target: Target, wanted: Wanted, project: Project) -> Selection:
    """The packages for ``project`` in a uv.lock, without the project itself.

    Raise LockError for a lock that is broken, too old, out of date or not for the target's Python, UsageError for
    groups and extras that it does not have or that conflict.
    """
    table, digest = read_toml(lock)
    _require_version(table)
    require_python(table.maybe_text("requires-python"), target, where=lock.name)
    markers = Markers(target)
    _require_supported(table, markers, target)
    graph = Graph(table, markers)
    roots = graph.roots(project.name)
    groups, notes = project.chosen_groups(wanted)
    if not wanted.frozen and project.name is not None:
        require_fresh(project, graph.packages[roots[0]], project.groups if wanted.all_groups else groups)
    reached = graph.walk(roots, wanted, groups)
    packages = []
    for place, askers in reached.items():
        package = graph.packages[place]
        if place not in roots and "virtual" not in package.table("source"):
            packages.append(_read_package(package, lock.parent.absolute(), tuple(sorted(askers))))
    packages.sort(key=lambda package: package.name)
    _refuse_doubles(packages, lock.name)
    return Selection(lock=lock, lock_sha256=digest, packages=tuple(packages), notes=notes)


def _require_version(table: Table) -> None:
    version = table.maybe_integer("version")
    if version != 1:
        raise LockError(f"{table.file}: want version 1, got {version}", hint="run: uv lock")
    if "distribution" in table:
        raise LockError(f"{table.file} was written by a uv before 0.4 and cannot be read", hint="run: uv lock")


def _require_supported(table: Table, markers: Markers, target: Target) -> None:
    supported = table.texts("supported-markers")
    where = table.where("supported-markers")
    if supported and not any(markers.applies(marker, where=where) for marker in supported):
        raise LockError(
            f"{table.file} is only for {' or '.join(supported)}, which {target.cache_key} is not",
            hint="change environments in [tool.uv] and run: uv lock",
        )


def _refuse_doubles(packages: list[LockedPackage], file: str) -> None:
    for one, other in itertools.pairwise(packages):
        if one.name == other.name:
            raise LockError(
                f"{file} gives {one.name} twice for this target: {one.version} and {other.version}", hint="run: uv lock"
            )


_LOCAL: tuple[SourceKind, ...] = ("editable", "directory")


def _read_package(package: Table, base: Path, required_by: tuple[str, ...]) -> LockedPackage:
    source = package.table("source")
    name, version = normal_name(package.text("name")), package.maybe_text("version") or ""
    index = source.maybe_text("registry")
    if index is not None:
        folder = base if "://" in index else local_path(index, base)
        wheels, sdist = _files(package, folder)
        return LockedPackage(
            name=name, version=version, wheels=wheels, sdist=sdist, index=index, required_by=required_by
        )
    for kind in _LOCAL:
        path = source.maybe_text(kind)
        if path is not None:
            return LockedPackage(
                name=name, version=version, kind=kind, directory=local_path(path, base), required_by=required_by
            )
    git = source.maybe_text("git")
    if git is not None:
        return LockedPackage(name=name, version=version, kind="git", url=git, required_by=required_by)
    url, path = source.maybe_text("url"), source.maybe_text("path")
    if url is None and path is None:
        raise LockError(
            f"{package.where('source')}: want registry, url, path, git or a directory, got {sorted(source)}"
        )
    file = local_path(path, base) if path is not None else None
    wheels, sdist = _files(package, base, url=url, path=file)
    return LockedPackage(
        name=name,
        version=version,
        kind="path" if url is None else "url",
        wheels=wheels,
        sdist=sdist,
        url=url,
        required_by=required_by,
    )


def _files(
    package: Table, base: Path, *, url: str | None = None, path: Path | None = None
) -> tuple[tuple[Artifact, ...], Artifact | None]:
    filename = path.name if path is not None else url_filename(url) if url is not None else ""
    wheels = tuple(
        read_artifact(wheel, base=base, filename=filename, url=url, path=path) for wheel in package.tables("wheels")
    )
    sdist = package.maybe_table("sdist")
    if sdist is None:
        return wheels, None
    return wheels, read_artifact(sdist, base=base, filename=filename, url=url, path=path)
