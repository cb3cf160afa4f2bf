"""Which package owns which row, so that packages and what nobody owns add up to what is visible, to the byte.

A row has one owner: the first recogniser that claims it, and of the same recogniser the first package. What no manifest
lists is a package's by two rules: bytecode belongs to whoever owns its source, and a directory that a package
claims as a whole has what nobody else in it has.
"""

import re
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lightship.analyze.entries import DIRECTORY, Entries
from lightship.analyze.merge import Merged
from lightship.analyze.model import NOBODY, Package
from lightship.analyze.view import MergedFiles
from lightship.ecosystem.inventory import Found, Recogniser

__all__ = ["Attribution", "attribute"]

_BYTECODE = re.compile(r"(.*/)?__pycache__/([^/]+?)\.[a-z]+-?[0-9][^/]*\.pyc")


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribution:
    """See `Analysis`: the columns of the same names. ``problems`` are (path, why) of what was not understood."""

    packages: tuple[Package, ...]
    owners: "array[int]" = field(repr=False)
    contested: dict[int, tuple[int, ...]]
    problems: tuple[tuple[str, str], ...]


def attribute(entries: Entries, tree: Merged, files: MergedFiles, recognisers: Iterable[Recogniser]) -> Attribution:
    """Ask ``recognisers`` in their order, and give every visible row that somebody claims its owner."""
    work = _Work(entries, tree, files)
    problems: list[tuple[str, str]] = []

    def problem(path: str, why: str) -> None:
        problems.append((path, why))

    for recogniser in recognisers:
        for found in recogniser.find(files, problem):
            work.claim(found)
    work.claim_bytecode()
    work.claim_directories()
    return Attribution(packages=work.packages(), owners=work.owners, contested=work.contested, problems=tuple(problems))


class _Work:
    def __init__(self, entries: Entries, tree: Merged, files: MergedFiles) -> None:
        self._entries = entries
        self._tree = tree
        self._files = files
        self._found: list[Found] = []
        self._within: dict[int, int] = {}
        self._directories: dict[str, int] = {}
        self.owners = array("i", [NOBODY]) * len(entries)
        self.contested: dict[int, tuple[int, ...]] = {}

    def claim(self, found: Found) -> None:
        """Take down a package and what it says it owns."""
        number = len(self._found)
        location = self._row(found.location)
        holder = NOBODY if location is None else self.owners[location]
        if holder != NOBODY:
            self._within[number] = holder
        self._found.append(found)
        for path in found.paths:
            row = self._row(path)
            if row is None or self._entries.kinds[row] == DIRECTORY:
                continue
            owner = self.owners[row]
            if owner == NOBODY:
                self.owners[row] = number
            elif owner not in (number, holder):  # that its holder has its files is no dispute
                self.contested[row] = (*self.contested.get(row, (owner,)), number)
        for directory in found.directories:
            self._directories.setdefault(self._files.place(directory), number)

    def claim_bytecode(self) -> None:
        """Bytecode that an installer or a start made, for whoever owns its source."""
        for path, row in self._tree.rows.items():
            if path.endswith(".pyc") and self.owners[self._tree.source(row)] == NOBODY:
                match = _BYTECODE.fullmatch(path)
                source = f"{match[1] or ''}{match[2]}.py" if match is not None else path[:-1]
                there = self._tree.rows.get(source)
                if there is not None:
                    self.owners[self._tree.source(row)] = self.owners[self._tree.source(there)]

    def claim_directories(self) -> None:
        """What nobody claimed by its path, for the package that claims the closest directory above."""
        if not self._directories:
            return
        known: dict[str, int] = {"": self._directories.get("", NOBODY)}
        for path, row in self._tree.rows.items():
            source = self._tree.source(row)
            if self.owners[source] == NOBODY and self._entries.kinds[source] != DIRECTORY:
                self.owners[source] = _closest(path.rpartition("/")[0], self._directories, known)

    def packages(self) -> tuple[Package, ...]:
        """Every package with its bytes: each file once, whatever names it has."""
        unpacked, compressed, files = ([0] * len(self._found) for _ in range(3))
        for _, row, unpacked_bytes, compressed_bytes in self._tree.shares(self._entries):
            owner = self.owners[row]
            if owner != NOBODY:
                files[owner] += 1
                unpacked[owner] += unpacked_bytes
                compressed[owner] += compressed_bytes
        requires, missing = _needs(self._found)
        required_by = _turned(requires)
        return tuple(
            Package(
                ecosystem=found.ecosystem,
                name=found.name,
                version=found.version,
                architecture=found.architecture,
                location=found.location,
                unpacked_bytes=unpacked[number],
                compressed_bytes=compressed[number],
                files=files[number],
                layer=self._layer(found.location),
                requires=requires[number],
                required_by=required_by[number],
                missing=missing[number],
                within=self._within.get(number),
                requested=found.requested,
            )
            for number, found in enumerate(self._found)
        )

    def _layer(self, location: str) -> int:
        row = self._row(location)
        return 0 if row is None else self._entries.layers[row]

    def _row(self, path: str) -> int | None:
        row = self._tree.rows.get(path)
        if row is None:
            row = self._tree.rows.get(self._files.place(path))
        return None if row is None else self._tree.sources.get(row, row)


def _closest(directory: str, claimed: dict[str, int], known: dict[str, int]) -> int:
    todo = []
    while (owner := known.get(directory)) is None:
        todo.append(directory)
        owner = claimed.get(directory)
        if owner is not None:
            break
        directory = directory.rpartition("/")[0]
    for below in todo:
        known[below] = owner
    return owner


def _needs(found: Sequence[Found]) -> tuple[list[tuple[int, ...]], list[tuple[str, ...]]]:
    """For each package the numbers of those it requires, and the names that nobody there goes by."""
    known: dict[tuple[str, str], list[int]] = {}
    for number, each in enumerate(found):
        for name in dict.fromkeys((each.name, *each.provides)):
            known.setdefault((each.ecosystem, name), []).append(number)
    requires, missing = [], []
    for number, each in enumerate(found):
        there: dict[int, None] = {}
        absent: dict[str, None] = {}
        for alternatives in each.requires:
            present = [place for name in alternatives for place in _reached(each, name, known, found)]
            there.update(dict.fromkeys(place for place in present if place != number))
            if not present and alternatives:
                absent[alternatives[0]] = None
        conditional = [place for name in each.may_require for place in _reached(each, name, known, found)]
        there.update(dict.fromkeys(place for place in conditional if place != number))
        requires.append(tuple(there))
        missing.append(tuple(absent))
    return requires, missing


def _reached(
    needing: Found, name: str, known: Mapping[tuple[str, str], Sequence[int]], found: Sequence[Found]
) -> Sequence[int]:
    """Who goes by ``name``: of several in npm's trees the one in the closest directory above, as Node looks for it."""
    candidates = known.get((needing.ecosystem, name), ())
    if len(candidates) < 2 or needing.ecosystem != "npm":
        return candidates
    above = {number: found[number].location.removesuffix(f"node_modules/{name}/package.json") for number in candidates}
    seen = [number for number in candidates if needing.location.startswith(above[number])]
    return [max(seen, key=lambda number: len(above[number]))] if seen else ()


def _turned(requires: Sequence[Iterable[int]]) -> list[tuple[int, ...]]:
    by: list[list[int]] = [[] for _ in requires]
    for number, needed in enumerate(requires):
        for each in needed:
            by[each].append(number)
    return [tuple(numbers) for numbers in by]
