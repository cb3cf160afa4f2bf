"""A tree of files as columns of numbers with one shared table of names: what the treemap of a page is drawn from.

Bounded whatever the image holds: directories are opened largest first until the page has as much as it can bear, and of
one directory's content the smallest beyond a thousand become one node. What is left out stays in every sum.
"""

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = ["DIRECTORY", "FILE", "FOLDED", "MIXED", "UNOPENED", "Leaf", "Names", "tree_columns"]

FILE: Final = 0
DIRECTORY: Final = 1
FOLDED: Final = 2
UNOPENED: Final = 3
"""What a node is: FOLDED stands for the smallest of a directory, UNOPENED is a directory whose content is not told."""

MIXED: Final = -2
"""As an owner or a layer of a node: not the same for everything below."""

_MOST_CHILDREN = 1000
_LONGEST_NAME = 160
_MOST_NUMBERS_BYTES = 60
_LETTER_BYTES = 3
_CHILDREN_BYTES = 12
_MARK_BYTES = 9
_FULL = 0.97


class Leaf(NamedTuple):
    """A file, or whatever else is no directory. ``owner``, ``layer`` and ``marks`` (findings that are about it) are
    numbers that the page understands."""

    path: str
    unpacked_bytes: int
    compressed_bytes: int
    layer: int
    owner: int
    marks: tuple[int, ...] = ()


class Names:
    """The table of names; ``spent_bytes`` is what it takes."""

    def __init__(self, shown: Callable[[object], str]) -> None:
        self.table: list[str] = []
        self.spent_bytes = 0
        self._numbers: dict[str, int] = {}
        self._shown = shown

    def number(self, name: str) -> int:
        """That of ``name`` as it is shown, the middle of a long one left out."""
        known = self._numbers.get(name)
        if known is None:
            text = self._shown(name)
            if len(text) > _LONGEST_NAME:
                text = f"{text[: _LONGEST_NAME // 2]}…{text[-_LONGEST_NAME // 2 :]}"
            known = self._numbers[name] = len(self.table)
            self.table.append(text)
            self.spent_bytes += len(text.encode()) + 3
        return known


@dataclass(slots=True)
class _Directory:
    path: str
    unpacked_bytes: int = 0
    compressed_bytes: int = 0
    files: int = 0
    layer: int | None = None
    owner: int | None = None
    marks: frozenset[int] = frozenset()
    leaves: list[Leaf] = field(default_factory=list)
    inside: "list[_Directory]" = field(default_factory=list)

    def add(self, unpacked: int, compressed: int, files: int, layer: int, owner: int, marks: Iterable[int]) -> None:
        self.unpacked_bytes += unpacked
        self.compressed_bytes += compressed
        self.files += files
        self.layer = layer if self.layer in (None, layer) else MIXED
        self.owner = owner if self.owner in (None, owner) else MIXED
        if marks:
            self.marks = self.marks.union(marks)


class _Node(NamedTuple):
    name: str
    kind: int
    unpacked: int
    compressed: int
    files: int
    layer: int
    owner: int
    marks: Collection[int] = ()
    directory: _Directory | None = None


def tree_columns(leaves: Iterable[Leaf], names: Names, *, most_bytes: int) -> dict[str, list[int]]:
    """Columns of nodes, the root first, the children of one node next to each other: ``first`` and ``count`` say where.
    ``files`` counts what is no directory, here or below. ``marks`` is no column: for each mark its number and how many
    pairs follow, each of how many nodes are passed over and how many then have it, or have it somewhere below and no
    children to tell where. At most ``most_bytes`` as JSON, the names included, but the root is always there."""
    columns: dict[str, list[int]] = {
        key: [] for key in ("name", "kind", "unpacked", "compressed", "files", "layer", "owner", "first", "count")
    }
    before, root = names.spent_bytes, _summed(leaves)
    marked: list[tuple[int, Collection[int]]] = [(0, root.marks)]
    numbers = _append(columns, _of_directory(root, ""), names)
    waiting = [(-root.unpacked_bytes - root.compressed_bytes, 0, root)]
    while waiting and (spent := names.spent_bytes - before + numbers) < most_bytes * _FULL:
        _, place, directory = heapq.heappop(waiting)
        nodes = _content(directory)
        if spent + sum(_most_of(node) for node in nodes) > most_bytes:
            continue  # a smaller one may have room
        columns["first"][place], columns["count"][place] = len(columns["name"]), len(nodes)
        columns["kind"][place] = DIRECTORY
        numbers += _CHILDREN_BYTES + _MARK_BYTES * len(directory.marks)
        beside: Collection[int] = ()
        for node in nodes:
            number = len(columns["name"])
            numbers += _append(columns, node, names)
            if node.marks:
                numbers += _MARK_BYTES * len([mark for mark in node.marks if mark not in beside])
                marked.append((number, node.marks))
            beside = node.marks
            if node.directory is not None:
                heapq.heappush(waiting, (-node.unpacked - node.compressed, number, node.directory))
    columns["marks"] = _runs((number, marks) for number, marks in marked if not columns["count"][number])
    return columns


def _runs(marked: Iterable[tuple[int, Collection[int]]]) -> list[int]:
    runs: dict[int, list[int]] = {}
    ends: dict[int, int] = {}
    for number, marks in marked:
        for mark in marks:
            pairs, end = runs.setdefault(mark, []), ends.get(mark, 0)
            if pairs and end == number:
                pairs[-1] += 1
            else:
                pairs += [number - end, 1]
            ends[mark] = number + 1
    return [each for mark in sorted(runs) for each in (mark, len(runs[mark]) // 2, *runs[mark])]


def _append(columns: dict[str, list[int]], node: _Node, names: Names) -> int:
    """Put ``node`` at the end; return the bytes of its numbers."""
    told = (node.kind, node.unpacked, node.compressed, node.files, node.layer, node.owner, 0, 0)
    values = (names.number(node.name), *told)
    for column, value in zip(columns.values(), values, strict=True):
        column.append(value)
    return sum(len(str(value)) + 1 for value in values)


def _most_of(node: _Node) -> int:
    """No fewer bytes than the node takes, whatever is known of its name."""
    marks = _MARK_BYTES * len(node.marks)
    return _MOST_NUMBERS_BYTES + min(len(node.name) * _LETTER_BYTES, _LONGEST_NAME * 4) + marks


def _summed(leaves: Iterable[Leaf]) -> _Directory:
    """The root of directories with the sums of everything below; those without content are not there."""
    directories = {"": _Directory("")}
    for leaf in leaves:
        parent = leaf.path.rpartition("/")[0]
        directory = directories.get(parent) or _made(directories, parent)
        directory.leaves.append(leaf)
        directory.add(leaf.unpacked_bytes, leaf.compressed_bytes, 1, leaf.layer, leaf.owner, leaf.marks)
    for path in sorted(directories, key=lambda path: -path.count("/")):
        if path:
            below, above = directories[path], directories[path.rpartition("/")[0]]
            above.inside.append(below)
            above.add(
                below.unpacked_bytes, below.compressed_bytes, below.files,
                _known(below.layer), _known(below.owner), below.marks,
            )  # fmt: skip
    return directories[""]


def _made(directories: dict[str, _Directory], path: str) -> _Directory:
    """The directory ``path``, and those above it that were missing."""
    here = path
    while here not in directories:
        directories[here] = _Directory(here)
        here = here.rpartition("/")[0]
    return directories[path]


def _known(number: int | None) -> int:
    return MIXED if number is None else number


def _of_directory(directory: _Directory, name: str) -> _Node:
    return _Node(
        name, UNOPENED, directory.unpacked_bytes, directory.compressed_bytes, directory.files,
        _known(directory.layer), _known(directory.owner), directory.marks, directory,
    )  # fmt: skip


def _content(directory: _Directory) -> Sequence[_Node]:
    nodes = [*_told(directory)]
    nodes.sort(key=lambda node: (-node.unpacked, -node.compressed, node.name))
    if len(nodes) <= _MOST_CHILDREN:
        return nodes
    rest = _Directory("")
    for node in nodes[_MOST_CHILDREN - 1 :]:
        rest.add(node.unpacked, node.compressed, node.files, node.layer, node.owner, node.marks)
    folded = _of_directory(rest, "")._replace(kind=FOLDED, directory=None)
    return [*nodes[: _MOST_CHILDREN - 1], folded]


def _told(directory: _Directory) -> Iterator[_Node]:
    for leaf in directory.leaves:
        name = leaf.path.rpartition("/")[2]
        yield _Node(name, FILE, leaf.unpacked_bytes, leaf.compressed_bytes, 1, leaf.layer, leaf.owner, leaf.marks)
    for below in directory.inside:
        yield _of_directory(below, below.path.rpartition("/")[2])
