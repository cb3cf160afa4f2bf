"""Layers applied one on the other, in columns. OCI image-spec 1.1, layer.md, "Applying Changesets".

The rules are those of `lightship.rootfs.merge`, and a law in the tests holds both to the same tree. This one exists
because an analysis looks at a million rows in a bounded memory, must know of every copy that is hidden, and does not
end at a member that no engine could apply: it tells of it and goes on.
"""

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from lightship.analyze.entries import DIRECTORY, HARD_LINK, OPAQUE, SYMLINK, WHITEOUT, Entries
from lightship.errors import HostileError
from lightship.paths import parents
from lightship.rootfs.links import resolve

__all__ = ["MOST_PROBLEMS", "Merged", "Shadow", "merge_rows"]

MOST_PROBLEMS = 1000
_NOTHING = 0xFFFFFFFF


class Shadow(NamedTuple):
    """A row that cannot be seen: layer ``by`` changed its path (``by_row`` is what stands there) or removed it."""

    row: int
    by: int
    by_row: int | None
    how: Literal["changed", "removed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """The tree. ``rows`` maps the link-free path of everything visible to its row, the root is ``""``; ``children``
    maps each directory to the paths of what is in it. ``sources`` maps the rows of hard links to the row with the
    content. ``problems`` are (layer, path, why) of members that could not be applied, the first `MOST_PROBLEMS` of
    them."""

    rows: dict[str, int] = field(repr=False)
    children: dict[str, list[str]] = field(repr=False)
    sources: dict[int, int] = field(repr=False)
    problems: tuple[tuple[int, str, str], ...]
    _lost: "array[int]" = field(repr=False)
    _by: "array[int]" = field(repr=False)
    _by_rows: "array[int]" = field(repr=False)

    def source(self, row: int) -> int:
        """The row that has the content of ``row``: itself, unless it is a hard link."""
        return self.sources.get(row, row)

    def shares(self, entries: Entries) -> Iterator[tuple[str, int, int, int]]:
        """Everything visible but directories: path, row with the content, unpacked and compressed bytes. A file with
        several names has its bytes under the first, so that sums count nothing twice."""
        counted = bytearray(len(entries))
        for path, row in self.rows.items():
            source = self.sources.get(row, row)
            if entries.kinds[source] == DIRECTORY:
                continue
            unpacked = 0
            compressed = entries.compressed[row] if row != source else 0
            if not counted[source]:
                counted[source] = 1
                unpacked = entries.sizes[source]
                compressed += entries.compressed[source]
            yield path, source, unpacked, compressed

    def shadows(self) -> Iterator[Shadow]:
        """Every file that is in a layer and cannot be seen under any name, once, in the order in which they vanished.
        Directories hold no bytes and are not told."""
        for row, by, by_row in zip(self._lost, self._by, self._by_rows, strict=True):
            if by_row == _NOTHING:
                yield Shadow(row, by, None, "removed")
            else:
                yield Shadow(row, by, by_row, "changed")


def merge_rows(entries: Entries, layers: Sequence[range]) -> Merged:
    """Merge ``layers``, bottom first, each the range of its rows. ``entries`` gets link-free paths, and rows for
    directories that no member describes."""
    merger = _Merger(entries)
    for layer, rows in enumerate(layers):
        merger.apply(layer, rows)
    return merger.result()


class _Merger:
    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._rows: dict[str, int] = {}
        self._children: dict[str, list[str]] = {}
        self._sources: dict[int, int] = {}
        self._problems: list[tuple[int, str, str]] = []
        self._lost = array("I")
        self._by = array("H")
        self._by_rows = array("I")
        self._layer = 0
        self._removed = False

    def apply(self, layer: int, rows: range) -> None:
        self._layer = layer
        kinds, paths = self._entries.kinds, self._entries.paths
        if not self._children:
            self._rows[""] = self._entries.add_implied("", 0)
            self._children[""] = []
        hiding = [row for row in rows if kinds[row] >= WHITEOUT]
        for row in hiding:  # before all else, wherever in the tar they stand: they hide what lower layers have
            self._guarded(self._hide, row)
        children, visible = self._children, self._rows
        for row in rows:
            kind = kinds[row]
            if kind >= WHITEOUT:
                continue
            path = paths[row]
            siblings = children.get(path.rpartition("/")[0])
            if siblings is None or kind == HARD_LINK or not path:
                self._guarded(self._put_odd, row)
            elif path in visible:
                self._put(path, row, siblings)
            else:
                siblings.append(path)
                visible[path] = row
                if kind == DIRECTORY:
                    children[path] = []

    def result(self) -> Merged:
        told = bytearray(len(self._entries) if self._lost else 0)  # visible at first, then told of as well
        if self._lost:
            for row in self._rows.values():
                told[self._sources.get(row, row)] = 1
        lost, by, by_rows = array("I"), array("H"), array("I")
        for row, layer, by_row in zip(self._lost, self._by, self._by_rows, strict=True):
            source = self._sources.get(row, row)
            if not told[source]:
                told[source] = 1
                lost.append(source)
                by.append(layer)
                by_rows.append(by_row)
        for directory, inside in self._children.items():
            if self._removed:  # only then may a list name what is gone, or one path twice
                self._children[directory] = [path for path in dict.fromkeys(inside) if path in self._rows]
        return Merged(
            rows=self._rows,
            children=self._children,
            sources=self._sources,
            problems=tuple(self._problems),
            _lost=lost,
            _by=by,
            _by_rows=by_rows,
        )

    def _guarded(self, act: Callable[[int], None], row: int) -> None:
        try:
            act(row)
        except HostileError as error:  # a loop of links
            self._problem(row, str(error))

    def _problem(self, row: int, why: str) -> None:
        if len(self._problems) < MOST_PROBLEMS:
            self._problems.append((self._layer, self._entries.paths[row], why))

    def _put_odd(self, row: int) -> None:
        """A member below a link or an undescribed directory, a hard link, or the root itself."""
        path = self._entries.paths[row]
        if not path:
            if self._entries.kinds[row] == DIRECTORY:
                self._rows[""] = row
            else:
                self._problem(row, "the root is no directory")
            return
        parent, _, name = path.rpartition("/")
        directory = self._directory(parent)
        if directory is None:
            self._problem(row, "it lies below something that is no directory")
            return
        path = f"{directory}/{name}" if directory else name
        if self._entries.kinds[row] == HARD_LINK and not self._linked(row, path):
            return
        self._entries.paths[row] = path
        self._put(path, row, self._children[directory])

    def _linked(self, row: int, path: str) -> bool:
        """Whether the hard link ``row`` gives the file it names one name more."""
        name = self._entries.link_targets.get(row, "")
        wanted = self._resolve(name, follow_last=False)
        target = self._rows.get(wanted)
        if target is None or self._entries.kinds[target] == DIRECTORY:
            self._problem(row, f"it is a hard link to {name!r:.200}, which is no file")
            return False
        if wanted == path:
            return False
        self._sources[row] = self._sources.get(target, target)
        return True

    def _put(self, path: str, row: int, siblings: list[str]) -> None:
        kinds = self._entries.kinds
        before = self._rows.get(path)
        if before is None:
            siblings.append(path)
        elif kinds[before] != DIRECTORY:
            self._shadow(before, row)
        elif kinds[row] != DIRECTORY:
            self._remove(path, row)
            siblings.append(path)
        self._rows[path] = row
        if kinds[row] == DIRECTORY:
            self._children.setdefault(path, [])

    def _directory(self, path: str) -> str | None:
        """The link-free path of the directory ``path``, made when it is missing; None where something else is."""
        if path in self._children:
            return path
        path = self._resolve(path)
        for above in (*parents(path), path):
            if above in self._children:
                continue
            if above in self._rows:
                return None
            row = self._entries.add_implied(above, self._layer)
            self._put(above, row, self._children[above.rpartition("/")[0]])
        return path

    def _hide(self, row: int) -> None:
        path = self._entries.paths[row]
        if self._entries.kinds[row] == OPAQUE:
            directory = self._resolve(path)
            inside = self._children.get(directory)
            if inside:
                self._children[directory] = []
                for below in inside:
                    self._remove(below, _NOTHING)
            return
        parent, _, name = path.rpartition("/")
        self._remove(f"{self._resolve(parent)}/{name}".lstrip("/"), _NOTHING)

    def _remove(self, path: str, by_row: int) -> None:
        """Forget ``path`` and what is below; lists of children may go on naming it."""
        self._removed = True
        todo = [path]
        while todo:  # a recursion would end at a thousand levels
            here = todo.pop()
            row = self._rows.pop(here, None)
            if row is None:
                continue
            if self._entries.kinds[row] == DIRECTORY:
                todo += self._children.pop(here, ())
            else:
                self._shadow(row, by_row)

    def _shadow(self, row: int, by_row: int) -> None:
        self._lost.append(row)
        self._by.append(self._layer)
        self._by_rows.append(by_row)

    def _resolve(self, path: str, *, follow_last: bool = True) -> str:
        return resolve(path, self._readlink, follow_last=follow_last)

    def _readlink(self, path: str) -> str | None:
        row = self._rows.get(path)
        if row is None:
            return None
        row = self._sources.get(row, row)
        return self._entries.link_targets[row] if self._entries.kinds[row] == SYMLINK else None
