"""Whether a lock still says what pyproject.toml asks for, as ``uv sync --locked`` insists.

Only names and version ranges are compared: uv rewrites markers when it locks, so they differ without a difference.
"""

from collections.abc import Iterable

from packaging.dependency_groups import resolve_dependency_groups
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.toml_view import Table
from lightship.errors import InputError, LockError

__all__ = ["require_fresh"]

_Asked = dict[str, set[SpecifierSet]]
"""Each required name with the version ranges it is asked for in."""


def require_fresh(project: Project, package: Table, groups: Iterable[str]) -> None:
    """Raise LockError when what the project asks for, extras and ``groups`` included, is not what the lock has.

    ``package`` is the project's own entry of a uv.lock. Dependencies that are computed at build time (``dynamic``)
    cannot be compared and pass; so does a group ``dev`` that [tool.uv] adds to.
    """
    metadata = package.table("metadata")
    if not project.dynamic_dependencies:
        asked = _asked((*project.dependencies, *project.extra_dependencies))
        _compare(project, asked, metadata.tables("requires-dist"), package.file, "requires")
    for group in groups:
        if group in project.dependency_groups:
            listed = _resolved(project, group)
            _compare(project, _asked(listed), _locked_group(metadata, group), package.file, f"requires (group {group})")


def _resolved(project: Project, group: str) -> tuple[str, ...]:
    try:
        return resolve_dependency_groups(project.dependency_groups, group)  # type: ignore[arg-type]
    except (ValueError, LookupError, TypeError, ExceptionGroup) as error:
        raise InputError(f"pyproject.toml: dependency-groups.{group} cannot be resolved: {error}") from error


def _locked_group(metadata: Table, group: str) -> list[Table]:
    table = metadata.table("requires-dev")
    return next((table.tables(name) for name in table if normal_name(name) == normal_name(group)), [])


def _compare(project: Project, asked: _Asked, entries: Iterable[Table], file: str, verb: str) -> None:
    locked, elsewhere = _locked(entries)
    for name in sorted(asked.keys() | locked.keys()):
        if name == project.name:  # an extra that includes another extra
            continue
        if name not in locked:
            raise _stale(file, f"the project {verb} {name}, which the lock does not know")
        if name not in asked:
            raise _stale(file, f"the project no longer {verb} {name}")
        if name not in elsewhere and asked[name] != locked[name]:
            want, got = (" and ".join(sorted(map(str, side[name]))) or "in any version" for side in (asked, locked))
            raise _stale(file, f"the project {verb} {name} {want}, the lock has {got}")


def _stale(file: str, what: str) -> LockError:
    return LockError(f"{file} is out of date: {what}", hint="run: uv lock")


def _asked(requirements: Iterable[str]) -> _Asked:
    asked: _Asked = {}
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise InputError(f"pyproject.toml: want a requirement, got {text[:200]!r}") from error
        ranges = asked.setdefault(normal_name(requirement.name), set())
        if requirement.specifier:
            ranges.add(requirement.specifier)
    return asked


def _locked(entries: Iterable[Table]) -> tuple[_Asked, set[str]]:
    """The same from the lock, and the names that come from elsewhere than an index, so that no range is written."""
    locked: _Asked = {}
    elsewhere: set[str] = set()
    for entry in entries:
        name = normal_name(entry.text("name"))
        ranges = locked.setdefault(name, set())
        specifier = entry.maybe_text("specifier")
        if specifier:
            try:
                ranges.add(SpecifierSet(specifier))
            except InvalidSpecifier as error:
                raise LockError(f"{entry.where('specifier')}: want a version range, got {specifier[:200]!r}") from error
        if not {"name", "specifier", "marker", "extras"}.issuperset(entry):
            elsewhere.add(name)
    return locked, elsewhere
