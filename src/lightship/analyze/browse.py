"""Trees to browse, as people know them from dive: what one layer did, or all that is visible, with what became of it.

A state is said of files: *added* and *changed* by the layer, *removed* by a whiteout of it, *shadowed* when a higher
layer (or a later member of the same) hides what it brought. A directory is the sum of what is in it.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Literal, get_args

from lightship.analyze.entries import DIRECTORY, WHITEOUT
from lightship.analyze.model import Analysis

__all__ = ["STATES", "Branch", "State", "browse"]

State = Literal["added", "changed", "removed", "shadowed"]
STATES: tuple[State, ...] = get_args(State)


@dataclass(slots=True, kw_only=True)
class Branch:
    """A file, or a directory with what is ``inside``. ``state`` is that of a file, None for a directory; ``row`` is
    None for a directory. What a whiteout removes has no bytes."""

    name: str
    path: str
    state: State | None = None
    row: int | None = None
    unpacked_bytes: int = 0
    files: int = 0
    inside: "dict[str, Branch]" = field(default_factory=dict)

    def largest_first(self) -> list["Branch"]:
        """What is in it, by bytes and then by name."""
        return sorted(self.inside.values(), key=lambda each: (-each.unpacked_bytes, each.name))


def browse(analysis: Analysis, layer: int | None, states: Collection[State] = STATES) -> Branch:
    """The root of the tree of ``layer``, by its index from the bottom; of all that is visible for None. Only files in
    one of ``states`` are there, and directories that have any. With all states its bytes are those of the layer, or all
    that are visible."""
    root = Branch(name="/", path="")
    wanted = frozenset(states)
    for path, row, size, state in _files(analysis, layer):
        if state in wanted:
            _put(root, path, row, size, state)
    return root


def _files(analysis: Analysis, layer: int | None) -> Iterator[tuple[str, int, int, State]]:
    entries, tree = analysis.entries, analysis.tree
    shadows = list(tree.shadows())
    hidden = {shadow.row for shadow in shadows}
    changed = {shadow.by_row for shadow in shadows if shadow.how == "changed"}
    if layer is None:
        for path, row, size, _ in tree.shares(entries):
            yield path, row, size, "changed" if row in changed else "added"
        return
    for row in analysis.layers[layer].rows or ():
        kind = entries.kinds[row]
        if kind >= WHITEOUT:
            yield entries.paths[row], row, 0, "removed"
        elif kind != DIRECTORY:
            state: State = "shadowed" if row in hidden else "changed" if row in changed else "added"
            yield entries.paths[row], row, entries.sizes[row], state


def _put(root: Branch, path: str, row: int, size: int, state: State) -> None:
    here, walked = root, ""
    *above, name = path.split("/")
    for each in above:
        here.unpacked_bytes += size
        here.files += 1
        walked = f"{walked}/{each}" if walked else each
        below = here.inside.get(f"{each}/")
        if below is None:
            below = here.inside[f"{each}/"] = Branch(name=each, path=walked)
        here = below
    here.unpacked_bytes += size
    here.files += 1
    key = name if name not in here.inside else f"{name}\0{row}"  # a layer may have a name twice
    here.inside[key] = Branch(name=name, path=path, state=state, row=row, unpacked_bytes=size, files=1)
