"""Whether a lock still says what pyproject.toml asks for, as ``uv sync --locked`` insists.

Only names and version ranges are compared: uv rewrites markers when it locks, so they differ without a difference.
"""

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet

from lightship.ecosystem.python.markers import normal_name
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.toml_view import Table
from lightship.errors import InputError, LockError

__all__ = ["require_fresh"]

_Asked = dict[str, set[SpecifierSet]]
"""Each required name with the version ranges it is asked for in."""


def require_fresh(project: Project, package: Table) -> None:
    """Raise LockError when the project's dependencies, extras' included, are not those of its ``package`` in the lock.

    Dependencies that are computed at build time (``dynamic``) cannot be compared and pass.
    """
    if project.dynamic_dependencies:
        return
    locked, elsewhere = _locked(package)
    asked = _asked(project)
    for name in sorted(asked.keys() | locked.keys()):
        if name == project.name:  # an extra that includes another extra
            continue
        if name not in locked:
            raise _stale(package.file, f"the project requires {name}, which the lock does not know")
        if name not in asked:
            raise _stale(package.file, f"the project no longer requires {name}")
        if name not in elsewhere and asked[name] != locked[name]:
            want, got = (" and ".join(sorted(map(str, side[name]))) or "in any version" for side in (asked, locked))
            raise _stale(package.file, f"the project requires {name} {want}, the lock has {got}")


def _stale(file: str, what: str) -> LockError:
    return LockError(f"{file} is out of date: {what}", hint="run: uv lock (or pass --frozen to take it as it is)")


def _asked(project: Project) -> _Asked:
    asked: _Asked = {}
    for text in (*project.dependencies, *project.extra_dependencies):
        try:
            requirement = Requirement(text)
        except InvalidRequirement as error:
            raise InputError(f"pyproject.toml: want a requirement, got {text[:200]!r}") from error
        ranges = asked.setdefault(normal_name(requirement.name), set())
        if requirement.specifier:
            ranges.add(requirement.specifier)
    return asked


def _locked(package: Table) -> tuple[_Asked, set[str]]:
    """The same from the lock, and the names that come from elsewhere than an index, so that no range is written."""
    locked: _Asked = {}
    elsewhere: set[str] = set()
    for entry in package.table("metadata").tables("requires-dist"):
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
