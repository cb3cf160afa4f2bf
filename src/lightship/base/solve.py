"""Which packages follow from the ones asked for: Depends and Pre-Depends, without what only installing needs.

Debian Policy 4.7, 7.2. Recommends are not followed. An alternative that is already chosen wins, then the first that
exists. What is skipped, and why, is data (`MAINTENANCE`): no maintainer script ever runs, so their tools stay out.
"""

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lightship.base.index import PackageRecord
from lightship.ecosystem.dpkg import Relation, parse_relations
from lightship.errors import InputError

__all__ = ["MAINTENANCE", "Catalog", "Chosen", "Selection", "solve"]

MAINTENANCE: Mapping[str, str] = {
    "adduser": "makes users in maintainer scripts; passwd is written here",
    "awk": "base-files wants it for its maintainer script",
    "base-passwd": "updates passwd, which is written here",
    "cdebconf": "asks questions at installation",
    "debconf": "asks questions at installation",
    "debconf-2.0": "asks questions at installation",
    "debianutils": "registers shells in maintainer scripts",
    "dpkg": "installs packages",
    "init-system-helpers": "registers services, and nothing starts them in an image",
    "install-info": "indexes info pages, which are left out",
    "libc-bin": "only its locale and loader configuration are kept",
    "lsb-base": "functions for init scripts",
    "passwd": "makes users in maintainer scripts; passwd is written here",
    "sysvinit-utils": "functions for init scripts",
    "ucf": "asks about changed configuration files at installation",
}
"""Dependencies that are left out unless asked for by name, each with its reason."""

_ONLY_SCRIPTS = {("ca-certificates", "openssl"): "rehashes certificates in its maintainer script"}
_PREFERRED = {"awk": "mawk", "mime-support": "media-types"}


class Catalog(Protocol):
    """Where packages are looked up."""

    def find(self, name: str, relation: Relation | None = None) -> PackageRecord | None:
        """The version to take of ``name``, when ``relation`` accepts it."""

    def providers(self, name: str) -> tuple[str, ...]:
        """Packages that provide the virtual package ``name``, sorted."""

    def is_locked(self, name: str) -> bool:
        """Whether a base lock chose the package: it wins over other alternatives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A package, and why it is there."""

    record: PackageRecord
    why: str


@dataclass(slots=True)
class Selection:
    """The packages chosen so far, by name; grows by `solve`."""

    chosen: dict[str, Chosen] = field(default_factory=dict)
    provided: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def add(self, record: PackageRecord, why: str) -> None:
        self.chosen[record.name] = Chosen(record=record, why=why)
        self.provided.update(_provided(record))

    def accepts(self, relation: Relation) -> bool:
        """Whether a chosen package fulfils ``relation``."""
        chosen = self.chosen.get(relation.name)
        if chosen is not None:
            return relation.accepts(chosen.record.version)
        return _fulfils(self.provided, relation)

    def records(self) -> list[PackageRecord]:
        """Every chosen package, by name."""
        return [self.chosen[name].record for name in sorted(self.chosen)]


def solve(
    selection: Selection,
    wanted: Iterable[tuple[str, str]],
    catalog: Catalog,
    *,
    architecture: str,
    skip: Mapping[str, str] = MAINTENANCE,
) -> list[str]:
    """Add each wanted (package, why) with what it depends on; return the names added, in the order found.

    Raise InputError for a package that is not in ``catalog``, or a dependency that nothing there fulfils.
    """
    added: list[str] = []
    queue: deque[tuple[PackageRecord, str]] = deque()
    for name, why in wanted:
        if name not in selection.chosen:
            record = catalog.find(name) or _provider(Relation(name=name), catalog)
            if record is None:
                raise InputError(f"package not in the archive: {name} ({why})", hint="check the name and the suites")
            queue.append((record, why))
    while queue:
        record, why = queue.popleft()
        if record.name in selection.chosen:
            continue
        selection.add(record, why)
        added.append(record.name)
        for group in parse_relations(record.depends, architecture=architecture):
            found = _follow(record, group, selection, catalog, skip)
            if found is not None:
                queue.append((found, f"required by {record.name}"))
    return added


def _follow(
    record: PackageRecord,
    group: tuple[Relation, ...],
    selection: Selection,
    catalog: Catalog,
    skip: Mapping[str, str],
) -> PackageRecord | None:
    if any(selection.accepts(relation) for relation in group):
        return None
    for relation in group:
        reason = skip.get(relation.name) or _ONLY_SCRIPTS.get((record.name, relation.name))
        if reason is not None:
            selection.skipped.setdefault(
                relation.name, f"{relation.name} left out, though {record.name} asks: {reason}"
            )
            return None
    for relation in sorted(group, key=lambda relation: not catalog.is_locked(relation.name)):
        if relation.name in selection.chosen:
            continue  # chosen in a version that does not fulfil the relation: try the other alternatives
        found = catalog.find(relation.name, relation)
        if found is not None:
            return found
    for relation in group:
        provider = _provider(relation, catalog)
        if provider is not None:
            return provider
    raise InputError(
        f"dependency not fulfilled: {record.name} {record.version} wants {' | '.join(map(str, group))}",
        hint="the base lock and the archive may be of different days: update the base lock",
    )


def _provider(relation: Relation, catalog: Catalog) -> PackageRecord | None:
    providers = catalog.providers(relation.name)
    preferred = _PREFERRED.get(relation.name, "")
    for candidate in sorted(providers, key=lambda name: (name != preferred, name)):
        record = catalog.find(candidate)
        if record is not None and _fulfils(_provided(record), relation):
            return record
    return None


def _provided(record: PackageRecord) -> dict[str, str]:
    """Virtual packages that ``record`` provides, each with its version or ``""``."""
    return {group[0].name: group[0].version for group in parse_relations(record.provides)}


def _fulfils(provided: Mapping[str, str], relation: Relation) -> bool:
    # Policy 7.5: an unversioned Provides fulfils only unversioned relations.
    version = provided.get(relation.name)
    return version is not None and (not relation.operator or (version != "" and relation.accepts(version)))
