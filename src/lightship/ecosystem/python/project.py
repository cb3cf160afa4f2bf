"""A Python project on disk: its name, what it asks for and its lock files.

``pyproject.toml``: https://packaging.python.org/en/latest/specifications/pyproject-toml/ and dependency groups
(PEP 735); ``[tool.uv]`` and ``[tool.poetry]`` as those tools document them. Nothing of the project is executed.
"""

import fnmatch
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Literal

from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.toml_view import Table, read_toml
from lightship.errors import InputError, LockError, UsageError
from lightship.paths import storage_errors
from lightship.values import dataclass

__all__ = ["Lock", "LockKind", "Project"]

LockKind = Literal["uv", "pylock", "poetry", "requirements"]

_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A lock file and which reader understands it."""

    kind: LockKind
    path: Path

    @classmethod
    def of(cls, path: Path) -> "Lock":
        """The kind of a lock, told by its name: ``uv.lock``, ``pylock*.toml``, ``poetry.lock``, ``*.txt``."""
        name = path.name
        if name == "uv.lock":
            return cls(kind="uv", path=path)
        if name == "pylock.toml" or (name.startswith("pylock.") and name.endswith(".toml")):
            return cls(kind="pylock", path=path)
        if name == "poetry.lock":
            return cls(kind="poetry", path=path)
        if path.suffix == ".txt":
            return cls(kind="requirements", path=path)
        raise UsageError(
            f"lock file not understood: want uv.lock, pylock.toml, pylock.NAME.toml, poetry.lock or *.txt, got {name!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project's directory and what its pyproject.toml says. ``name`` is normalised, None where there is none.

    ``locks`` stand in the order in which they are preferred: uv.lock (of the workspace too), pylock.toml,
    pylock.NAME.toml by name, poetry.lock, requirements.txt. ``groups`` are the dependency groups as written;
    ``default_groups`` those that the project's own tool installs unasked; ``dependency_groups`` is that table as it is
    (PEP 735). ``lock_command`` makes a lock.
    """

    directory: Path
    name: str | None = None
    version: str | None = None
    requires_python: str | None = None
    has_build_system: bool = False
    dependencies: tuple[str, ...] = ()
    extra_dependencies: tuple[str, ...] = ()
    dynamic_dependencies: bool = False
    groups: tuple[str, ...] = ()
    dependency_groups: Mapping[str, object] = field(default_factory=dict)
    default_groups: tuple[str, ...] = ()
    locks: tuple[Lock, ...] = ()
    lock_command: str = "uv lock"

    @classmethod
    def discover(cls, directory: Path) -> "Project":
        """Read what is in ``directory``; raise InputError when that is no Python project or no directory."""
        directory = directory.absolute()
        if not directory.is_dir():
            raise InputError(f"no project: want a directory, got {directory}")
        with storage_errors("list the project"):
            names = {entry.name for entry in directory.iterdir()}
        if "pyproject.toml" not in names:
            return _without_pyproject(directory, names)
        top, _ = read_toml(directory / "pyproject.toml", error=InputError)
        project, poetry, uv = top.table("project"), top.table("tool").table("poetry"), top.table("tool").table("uv")
        name = project.maybe_text("name") or poetry.maybe_text("name")
        groups = tuple(sorted({*top.table("dependency-groups"), *_legacy_groups(poetry, uv)}))
        dynamic = project.texts("dynamic")
        return cls(
            directory=directory,
            name=normal_name(name) if name else None,
            version=project.maybe_text("version") or poetry.maybe_text("version"),
            requires_python=project.maybe_text("requires-python"),
            has_build_system="build-system" in top,
            dependencies=project.texts("dependencies"),
            extra_dependencies=_extra_dependencies(project),
            dynamic_dependencies="dependencies" in dynamic or "optional-dependencies" in dynamic,
            groups=groups,
            dependency_groups=_comparable_groups(top.table("dependency-groups"), uv),
            default_groups=_default_groups(uv, groups),
            locks=_find_locks(directory, names),
            lock_command=_lock_command(names, top),
        )

    def lock(self, name: str | None = None) -> Lock:
        """The lock to use: the file ``name`` (relative to the project), otherwise the first of ``locks``.

        Raise LockError when there is none; its hint is the command that makes one.
        """
        if name is not None:
            lock = Lock.of(self.directory / name)
            if not lock.path.is_file():
                raise LockError(f"lock file not found: {lock.path}", hint=f"run: {self.lock_command}")
            return lock
        if not self.locks:
            raise LockError(
                f"{self.directory.name or self.directory} has no lock file: want uv.lock, pylock.toml, poetry.lock "
                "or requirements.txt with hashes",
                hint=f"run: {self.lock_command}",
            )
        return self.locks[0]

    def chosen_groups(self, wanted: Wanted) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The groups to select, and notes about those left out. ``all_groups`` is for the reader to add."""
        groups = list(wanted.groups)
        notes = []
        for group in self.default_groups if wanted.default_groups else ():
            if normal_name(group) != "dev":
                groups.append(group)
            elif not wanted.all_groups and "dev" not in map(normal_name, wanted.groups):
                notes.append("the default group dev is left out of the image; --group dev brings it back")
        return tuple(dict.fromkeys(groups)), tuple(notes)


def _find_locks(directory: Path, names: set[str]) -> tuple[Lock, ...]:
    found = [Lock(kind="uv", path=directory / "uv.lock")] if "uv.lock" in names else _workspace_lock(directory)
    pylocks = sorted(name for name in names if name.startswith("pylock.") and name.endswith(".toml"))
    pylocks.sort(key=lambda name: name != "pylock.toml")
    found += [Lock(kind="pylock", path=directory / name) for name in pylocks]
    if "poetry.lock" in names:
        found.append(Lock(kind="poetry", path=directory / "poetry.lock"))
    if "requirements.txt" in names:
        found.append(Lock(kind="requirements", path=directory / "requirements.txt"))
    return tuple(found)


def _workspace_lock(directory: Path) -> list[Lock]:
    """The uv.lock of the workspace around ``directory``, when that counts it among its members."""
    for parent in directory.parents:
        lock = parent / "uv.lock"
        if not (lock.is_file() and (parent / "pyproject.toml").is_file()):
            continue
        uv = read_toml(parent / "pyproject.toml", error=InputError)[0].table("tool").table("uv")
        workspace = uv.maybe_table("workspace")
        if workspace is not None:
            path = directory.relative_to(parent).as_posix()
            return [Lock(kind="uv", path=lock)] if _is_member(path, workspace) else []
    return []


def _is_member(path: str, workspace: Table) -> bool:
    """``members`` and ``exclude`` are globs whose ``*`` stays inside one directory, unless it is ``**``."""

    def listed(key: str) -> bool:
        return any(_glob(path, pattern.removeprefix("./").rstrip("/")) for pattern in workspace.texts(key))

    return listed("members") and not listed("exclude")


def _glob(path: str, pattern: str) -> bool:
    if "**" not in pattern and path.count("/") != pattern.count("/"):
        return False
    return fnmatch.fnmatchcase(path, pattern)


def _extra_dependencies(project: Table) -> tuple[str, ...]:
    extras = project.table("optional-dependencies")
    return tuple(text for extra in extras for text in extras.texts(extra))


def _comparable_groups(groups: Table, uv: Table) -> dict[str, object]:
    """The groups as written, without ``dev`` where [tool.uv] adds to it."""
    mixed = "dev-dependencies" in uv
    return {name: group for name, group in groups.values.items() if not (mixed and normal_name(name) == "dev")}


def _legacy_groups(poetry: Table, uv: Table) -> set[str]:
    groups = set(poetry.table("group"))
    return groups | {"dev"} if "dev-dependencies" in uv or "dev-dependencies" in poetry else groups


def _default_groups(uv: Table, groups: tuple[str, ...]) -> tuple[str, ...]:
    """``default-groups`` of [tool.uv]; without it uv takes ``dev`` alone, which an image does not get."""
    written = uv.values.get("default-groups")
    if written == _ALL:
        return groups
    return uv.texts("default-groups")


def _lock_command(names: set[str], top: Table) -> str:
    tool = top.table("tool")
    if "poetry" in tool or "poetry.lock" in names:
        return "poetry lock"
    if "pdm" in tool or "pdm.lock" in names:
        return "pdm lock && pdm export -o requirements.txt"
    if "project" in top or "uv" in tool:
        return "uv lock (or: pip lock -o pylock.toml .)"
    return _loose_command(names)


def _loose_command(names: set[str]) -> str:
    """For projects without [project]: compile whatever lists the requirements."""
    if "Pipfile.lock" in names:
        return "pipenv requirements --hash > requirements.txt"
    sources = [name for name in ("requirements.in", "setup.cfg", "setup.py", "requirements.txt") if name in names]
    source = sources[0] if sources else "requirements.in"
    return f"uv pip compile --generate-hashes {source} -o requirements.txt"


def _without_pyproject(directory: Path, names: set[str]) -> Project:
    locks = _find_locks(directory, names)
    if not locks and not names & {"setup.py", "setup.cfg", "requirements.in", "Pipfile", "Pipfile.lock"}:
        raise InputError(
            f"{directory} is no Python project: want pyproject.toml, a lock file or setup.py",
            hint="name the project's directory",
        )
    return Project(
        directory=directory,
        has_build_system=bool(names & {"setup.py", "setup.cfg"}),
        locks=locks,
        lock_command=_loose_command(names),
    )
