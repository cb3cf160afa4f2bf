"""The walk through the dependency graph of a uv.lock: which packages a target gets, and who asks for each.

The steps are those of uv's own installer (``Installable::to_resolution`` in uv 0.9,
https://github.com/astral-sh/uv/blob/main/crates/uv-resolver/src/lock/installable.rs): breadth first from the roots,
``dependencies`` and the requested ``optional-dependencies``, each edge only when its marker holds. Locks with
``conflicts`` hold markers on extras and groups, so there the activated extras are gathered by a first walk.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.markers import Markers
from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.toml_view import Table
from lightship.errors import LockError, UsageError

__all__ = ["Graph", "Reached", "extra_token", "group_token"]

_Node = tuple[int, str]
"""A package's place in the lock, and one of its extras or "" for the package itself."""

Reached = dict[int, set[str]]
"""Each package that is reached, with the names of those who ask for it; "project" stands for the root."""


def extra_token(package: str, extra: str) -> str:
    """How uv writes "extra ``extra`` of ``package`` is active" in a marker: ``extra-4-demo-cpu``."""
    return f"extra-{len(package)}-{package}-{extra}"


def group_token(package: str, group: str) -> str:
    """The same for a dependency group: ``group-4-demo-test``."""
    return f"group-{len(package)}-{package}-{group}"


@dataclass(frozen=True, slots=True)
class _Edge:
    """One requirement: the package it leads to, the extras it asks for, its marker."""

    to: int
    extras: tuple[str, ...]
    marker: str | None
    where: str


class Graph:
    """The packages of one lock and the edges between them, read when the walk meets them."""

    def __init__(self, lock: Table, markers: Markers) -> None:
        self.packages = lock.tables("package")
        self.names = [normal_name(package.text("name")) for package in self.packages]
        self.conflicts = _conflicts(lock)
        self._file = lock.file
        self._markers = markers
        self._manifest = lock.table("manifest")
        self._by_name: dict[str, list[int]] = {}
        for place, name in enumerate(self.names):
            self._by_name.setdefault(name, []).append(place)
        self._edges: dict[_Node, list[_Edge]] = {}

    def roots(self, project: str | None) -> list[int]:
        """The places of the packages that an installation starts from: the project, or without one all members."""
        if project is not None:
            found = [place for place in self._by_name.get(project, []) if self._is_local(place)]
            if not found:
                raise LockError(
                    f"{self._file} has no package for the project {project!r}: it is out of date or another project's",
                    hint="run: uv lock",
                )
            return found[:1]
        members = [self._only(normal_name(name)) for name in self._manifest.texts("members")]
        own = [place for place, package in enumerate(self.packages) if _own_directory(package)]
        return members or own[:1]

    def walk(self, roots: list[int], wanted: Wanted, groups: Iterable[str]) -> Reached:
        """What ``roots`` need with the extras of ``wanted`` and ``groups`` (names as the project writes them).

        Roots are in the result too. Raise UsageError for extras or groups that no root has, LockError for
        conflicting ones and for edges that lead nowhere.
        """
        extras = self._chosen_extras(roots, wanted)
        chosen = self._chosen_groups(roots, wanted, groups)
        active = {extra_token(self.names[place], extra) for place, extra in extras}
        active |= {group_token(self.names[place], normal_name(group)) for place, group in chosen}
        active |= {f"project-{len(self.names[place])}-{self.names[place]}" for place in roots}
        queue: deque[_Node] = deque((place, "") for place in roots)
        queue.extend(extras)
        reached: Reached = {place: set() for place in roots}
        for place, group in chosen:
            edges = self._read_edges(self.packages[place].table("dev-dependencies"), group)
            self._follow(edges, "project", active, reached, queue)
        self._follow(self._manifest_edges(groups, wanted), "project", active, reached, queue)
        root_places = frozenset(roots)
        if self.conflicts:
            self._spread(deque(queue), {k: set(v) for k, v in reached.items()}, root_places, active, grow=True)
            self._refuse_conflicts(active)
        self._spread(queue, reached, root_places, active, grow=False)
        return reached

    def _spread(
        self, queue: deque[_Node], reached: Reached, roots: frozenset[int], active: set[str], *, grow: bool
    ) -> None:
        """Follow every node of ``queue`` to the end; with ``grow``, extras asked for on edges become active."""
        seen = set(queue)
        while queue:
            node = queue.popleft()
            found: deque[_Node] = deque()
            asker = "project" if node[0] in roots else self.names[node[0]]
            self._follow(self._edges_of(node), asker, active, reached, found, grow=grow)
            for after in found:
                if after not in seen:
                    seen.add(after)
                    queue.append(after)

    def _follow(
        self,
        edges: Iterable[_Edge],
        asker: str,
        active: set[str],
        reached: Reached,
        queue: deque[_Node],
        *,
        grow: bool = False,
    ) -> None:
        for edge in edges:
            tokens = {extra_token(self.names[edge.to], extra) for extra in edge.extras} if grow else set()
            if not self._markers.applies(edge.marker, active | tokens if tokens else active, where=edge.where):
                continue
            active |= tokens
            reached.setdefault(edge.to, set()).add(asker)
            queue.append((edge.to, ""))
            queue.extend((edge.to, extra) for extra in edge.extras)

    def _edges_of(self, node: _Node) -> list[_Edge]:
        known = self._edges.get(node)
        if known is None:
            place, extra = node
            package = self.packages[place]
            table, key = (package.table("optional-dependencies"), extra) if extra else (package, "dependencies")
            known = self._edges[node] = self._read_edges(table, key)
        return known

    def _read_edges(self, table: Table, key: str) -> list[_Edge]:
        return [
            _Edge(
                self._target_of(entry),
                tuple(normal_name(extra) for extra in entry.texts("extra")),
                entry.maybe_text("marker"),
                entry.where("marker"),
            )
            for entry in table.tables(key)
        ]

    def _target_of(self, entry: Table) -> int:
        """The package an edge leads to. Version and source are written only where the name alone is ambiguous."""
        name = normal_name(entry.text("name"))
        version, source = entry.maybe_text("version"), entry.maybe_table("source")
        found = self._by_name.get(name, [])
        if version is not None:
            found = [place for place in found if self.packages[place].maybe_text("version") == version]
        if source is not None:
            found = [place for place in found if self.packages[place].table("source").values == source.values]
        if len(found) == 1:
            return found[0]
        what = "is not in the lock" if not found else f"fits {len(found)} packages of the lock"
        raise LockError(f"{entry.where()}: {' '.join([name, version or ''])[:100].strip()} {what}", hint="run: uv lock")

    def _only(self, name: str) -> int:
        found = self._by_name.get(name, [])
        if len(found) != 1:
            raise LockError(f"{self._file}: manifest.members names {name!r}, found {len(found)} times in the lock")
        return found[0]

    def _is_local(self, place: int) -> bool:
        return any(key in self.packages[place].table("source") for key in ("virtual", "editable", "directory"))

    def _manifest_edges(self, groups: Iterable[str], wanted: Wanted) -> list[_Edge]:
        """Requirements of a workspace root that is no project; they are written like a project's metadata."""
        entries = list(self._manifest.tables("requirements"))
        table = self._manifest.table("dependency-groups")
        asked = {normal_name(group) for group in groups}
        for group in sorted(table):
            if wanted.all_groups or normal_name(group) in asked:
                entries += table.tables(group)
        edges = []
        for entry in entries:
            name = normal_name(entry.text("name"))
            fitting = [place for place in self._by_name.get(name, []) if self._fits(self.packages[place])]
            if len(fitting) != 1:
                raise LockError(
                    f"{entry.where()}: {name} fits {len(fitting)} packages of the lock", hint="run: uv lock"
                )
            extras = tuple(normal_name(extra) for extra in entry.texts("extras"))
            edges.append(_Edge(fitting[0], extras, entry.maybe_text("marker"), entry.where("marker")))
        return edges

    def _fits(self, package: Table) -> bool:
        markers = package.texts("resolution-markers")
        where = package.where("resolution-markers")
        return not markers or any(self._markers.applies(marker, where=where) for marker in markers)

    def _chosen_extras(self, roots: list[int], wanted: Wanted) -> list[_Node]:
        have = {place: self._extras_of(self.packages[place]) for place in roots}
        asked = {normal_name(extra) for extra in wanted.extras}
        _refuse_unknown("extra", asked, {extra for extras in have.values() for extra in extras})
        return [(place, e) for place, extras in have.items() for e in extras if wanted.all_extras or e in asked]

    def _extras_of(self, package: Table) -> list[str]:
        written = [*package.table("optional-dependencies"), *package.table("metadata").texts("provides-extras")]
        return sorted({normal_name(extra) for extra in written})

    def _chosen_groups(self, roots: list[int], wanted: Wanted, groups: Iterable[str]) -> list[_Node]:
        have = {place: self._groups_of(self.packages[place]) for place in roots}
        everywhere = {normal_name(group) for names in have.values() for group in names}
        everywhere |= {normal_name(group) for group in self._manifest.table("dependency-groups")}
        _refuse_unknown("group", {normal_name(group) for group in wanted.groups}, everywhere)
        asked = {normal_name(group) for group in groups}
        return [(p, g) for p, names in have.items() for g in names if wanted.all_groups or normal_name(g) in asked]

    def _groups_of(self, package: Table) -> list[str]:
        """Groups as the lock spells them; one without members stands in the metadata only."""
        return sorted({*package.table("dev-dependencies"), *package.table("metadata").table("requires-dev")})

    def _refuse_conflicts(self, active: set[str]) -> None:
        for names in self.conflicts:
            together = sorted(label for token, label in names.items() if token in active)
            if len(together) > 1:
                raise UsageError(
                    f"{self._file} declares {' and '.join(together)} as conflicting: they cannot be in one image",
                    hint="choose one of them with --extra or --group",
                )


def _own_directory(package: Table) -> bool:
    source = package.table("source")
    return any(source.values.get(key) == "." for key in ("virtual", "editable", "directory"))


def _conflicts(lock: Table) -> list[dict[str, str]]:
    """Each set of things that exclude each other: marker token to its name for a person."""
    rows = lock.values.get("conflicts", [])
    if not isinstance(rows, list):
        raise lock.fail("conflicts", "an array of arrays")
    sets = []
    for number, row in enumerate(rows):
        items = Table({"": row}, lock.file, f"conflicts[{number}]", lock.error).tables("")
        sets.append(dict(_conflict(item) for item in items))
    return sets


def _conflict(item: Table) -> tuple[str, str]:
    package = normal_name(item.text("package"))
    extra, group = item.maybe_text("extra"), item.maybe_text("group")
    if extra is not None:
        return extra_token(package, normal_name(extra)), f"extra {extra!r} of {package}"
    if group is not None:
        return group_token(package, normal_name(group)), f"group {group!r} of {package}"
    return f"project-{len(package)}-{package}", package


def _refuse_unknown(what: str, asked: set[str], have: set[str]) -> None:
    unknown = sorted(asked - have)
    if unknown:
        known = ", ".join(sorted(have)) or "none"
        raise UsageError(f"the lock has no {what} {unknown[0]!r}: want one of {known}")
