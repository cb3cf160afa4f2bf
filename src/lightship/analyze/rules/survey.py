"""What all rules look through: the visible tree by name, packages by name, and which bytes are told of already.

One pass over the tree serves every rule. A file's bytes are counted in one finding: the first rule that takes a file
has it, in the order of `lightship.analyze.rules.RULES`, so that findings about visible files never add up to more than
there is.
"""

import functools
import json
import re
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lightship.analyze.entries import DIRECTORY
from lightship.analyze.hidden import Hidden, hidden_by
from lightship.analyze.model import NOBODY, Analysis, Package
from lightship.analyze.rules.rule import Rule
from lightship.findings import Finding

__all__ = ["Group", "Survey"]

_PYTHON = re.compile(r"(?:.*/)?lib/python3\.([0-9]+)")
_WORD = re.compile(r"[\w.+-]+")


@dataclass(slots=True, kw_only=True)
class Group:
    """Files that one layer brought, each once. ``paths`` are their names."""

    layer: int
    paths: list[str] = field(default_factory=list, repr=False)
    files: int = 0
    unpacked_bytes: int = 0
    compressed_bytes: int = 0


class Survey:
    """One analysis as ``rules`` see it. Only names that one of the rules said it looks for are found."""

    def __init__(self, analysis: Analysis, rules: Collection[Rule]) -> None:
        self.analysis = analysis
        self.evidence: dict[Finding, array[int]] = {}
        self._taken = bytearray(len(analysis.entries))
        self._names: dict[str, list[str]] = {name: [] for rule in rules for name in rule.names}
        self._suffixes: dict[str, list[str]] = {suffix: [] for rule in rules for suffix in rule.suffixes}
        self._directories: dict[str, list[str]] = {name: [] for rule in rules for name in rule.directories}
        self._index()

    def _index(self) -> None:
        names, suffixes, directories = self._names, self._suffixes, self._directories
        kinds = self.analysis.entries.kinds
        backups = suffixes.get("~")
        for path, row in self.analysis.tree.rows.items():
            name = path[path.rfind("/") + 1 :]
            if kinds[row] == DIRECTORY:
                if name in directories:
                    directories[name].append(path)
                continue
            if name in names:
                names[name].append(path)
            dot = name.rfind(".")
            if dot >= 0:
                found = suffixes.get(name[dot:])
                if found is None:
                    found = suffixes.get(name[dot:].lower())
                if found is not None:
                    found.append(path)
            if backups is not None and name[-1:] == "~":
                backups.append(path)

    def named(self, *names: str) -> list[str]:
        """Paths of what is no directory and has one of these names."""
        return [path for name in names for path in self._names[name]]

    def suffixed(self, *suffixes: str) -> list[str]:
        """Paths of what is no directory and ends in one of these."""
        return [path for suffix in suffixes for path in self._suffixes[suffix]]

    def directories(self, *names: str) -> list[str]:
        """Directories with one of these names, without those that lie in another of them; sorted."""
        outermost: list[str] = []
        for path in sorted(
            (path for name in names for path in self._directories[name]), key=lambda path: path.split("/")
        ):
            if not outermost or not path.startswith(f"{outermost[-1]}/"):
                outermost.append(path)
        return outermost

    def below(self, directory: str) -> Iterator[str]:
        """Everything below ``directory`` that is no directory; nothing when there is no such directory."""
        children, todo = self.analysis.tree.children, [directory]
        while todo:
            for path in children.get(todo.pop(), ()):
                if path in children:
                    todo.append(path)
                else:
                    yield path

    def exists(self, path: str) -> bool:
        """Whether something visible is at ``path`` itself."""
        return path in self.analysis.tree.rows

    def kept(self, path: str) -> bytes | None:
        """What was kept of the visible file at ``path``."""
        row = self.analysis.tree.rows.get(path)
        return None if row is None else self.analysis.kept.get(self.analysis.tree.source(row))

    def take(self, paths: Iterable[str]) -> list[Group]:
        """Files that no rule has told of, by layer, most bytes first; they are told of from here on.

        A file with several names goes only with all of them, so only then is it taken. What has no bytes is left.
        """
        entries, rows, sources = self.analysis.entries, self.analysis.tree.rows, self.analysis.tree.sources
        chosen: dict[int, list[str]] = {}
        for path in dict.fromkeys(paths):
            row = rows.get(path)
            if row is not None:
                row = sources.get(row, row)
                if not self._taken[row] and entries.sizes[row]:
                    chosen.setdefault(row, []).append(path)
        groups: dict[int, Group] = {}
        for row, names in chosen.items():
            if len(names) < self._links.get(row, 1):
                continue
            self._taken[row] = 1
            group = groups.setdefault(entries.layers[row], Group(layer=entries.layers[row]))
            group.paths += names
            group.files += 1
            group.unpacked_bytes += entries.sizes[row]
            group.compressed_bytes += entries.compressed[row]
        return sorted(groups.values(), key=lambda group: (-group.unpacked_bytes, group.layer))

    def about(self, finding: Finding, rows: Iterable[int]) -> Finding:
        """``finding``, of which it is known from here on that it tells of the files of ``rows``."""
        source = self.analysis.tree.source
        self.evidence[finding] = array("I", dict.fromkeys(source(row) for row in rows))
        return finding

    def about_paths(self, finding: Finding, paths: Iterable[str]) -> Finding:
        """As `about`, of visible files by their paths."""
        rows = self.analysis.tree.rows
        return self.about(finding, (rows[path] for path in paths))

    def is_free(self, path: str) -> bool:
        """Whether no rule has told of the file at ``path``."""
        row = self.analysis.tree.rows.get(path)
        return row is not None and not self._taken[self.analysis.tree.source(row)]

    @functools.cached_property
    def _links(self) -> Mapping[int, int]:
        """How many visible names files have that have more than one."""
        tree = self.analysis.tree
        if not tree.sources:
            return {}
        linked = set(tree.sources.values())
        counted = Counter(tree.sources.get(row, row) for row in tree.rows.values())
        return {row: counted[row] for row in linked}

    @functools.cached_property
    def _owned(self) -> Mapping[int, list[str]]:
        owned: dict[int, list[str]] = {}
        owners, sources = self.analysis.owners, self.analysis.tree.sources
        for path, row in self.analysis.tree.rows.items():
            owner = owners[sources.get(row, row)]
            if owner != NOBODY:
                owned.setdefault(owner, []).append(path)
        return owned

    def owned(self, packages: Iterable[int]) -> list[str]:
        """Paths that the packages with these numbers own."""
        return [path for number in packages for path in self._owned.get(number, ())]

    def owner(self, path: str) -> int:
        """The number of the package that owns ``path``, or `NOBODY`."""
        row = self.analysis.tree.rows.get(path)
        return NOBODY if row is None else self.analysis.owners[self.analysis.tree.source(row)]

    def packages(self, *ecosystems: str) -> Iterator[tuple[int, Package]]:
        """Packages of these ecosystems with their numbers."""
        return ((n, package) for n, package in enumerate(self.analysis.packages) if package.ecosystem in ecosystems)

    @functools.cached_property
    def distributions(self) -> Mapping[str, tuple[int, ...]]:
        """Numbers of Python distributions by normal name."""
        found: dict[str, tuple[int, ...]] = {}
        for number, package in self.packages("python"):
            found[package.name] = (*found.get(package.name, ()), number)
        return found

    @functools.cached_property
    def python_tags(self) -> frozenset[str]:
        """``cpython-311`` for each Python whose standard library is there."""
        found = set()
        for path in self.analysis.tree.children:
            if path.endswith("/encodings") and (match := _PYTHON.fullmatch(path.removesuffix("/encodings"))):
                found.add(f"cpython-3{match[1]}")
        return frozenset(found)

    @functools.cached_property
    def hidden(self) -> tuple[list[Hidden], list[Hidden]]:
        """See `hidden_by`."""
        return hidden_by(self.analysis)

    @functools.cached_property
    def environment(self) -> Mapping[str, str]:
        """Variables that the image sets."""
        return self.analysis.config.runtime.environment

    @functools.cached_property
    def command_words(self) -> frozenset[str]:
        """Words of the command that the image starts, and of its health check."""
        runtime = self.analysis.config.runtime
        said = [*runtime.entrypoint, *runtime.cmd]
        document = json.loads(self.analysis.config.raw)  # valid: the config was parsed before
        check = (document.get("config") or {}).get("Healthcheck")
        test = check.get("Test") if isinstance(check, dict) else None
        said += [word for word in test if isinstance(word, str)] if isinstance(test, list) else []
        return frozenset(word for text in said for word in _WORD.findall(text))
