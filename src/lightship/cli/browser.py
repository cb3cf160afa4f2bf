"""The terminal browser of ``lightship analyze --tui``: layers left, the tree of the chosen one right.

Textual 8 (https://textual.textualize.io), an optional extra: imported by nothing but ``--tui``. Every state has a mark
beside its colour. What an image says is text, never Textual's markup.
"""

from typing import ClassVar

from rich.text import Text
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import DataTable, Footer, Static, Tree
from textual.widgets.tree import TreeNode

from lightship.analyze.browse import STATES, Branch, State, browse
from lightship.analyze.model import Analysis
from lightship.cli.wording import visible
from lightship.units import format_bytes

__all__ = ["Browser"]

_MARKS: dict[State, tuple[str, str]] = {
    "added": ("+", "green"),
    "changed": ("~", "yellow"),
    "removed": ("-", "red"),
    "shadowed": ("x", "magenta"),
}
_MOST_SHOWN = 2000


class Browser(App[None]):
    """Walks through ``analysis``. ``states`` are those of the files that are shown, ``layer`` the index of the chosen
    one, None for all that is visible."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    #left { width: 46%; min-width: 34; }
    #layers { height: 1fr; }
    #details { height: auto; max-height: 45%; border-top: solid $primary; padding: 0 1; }
    #tree { border-left: solid $primary; }
    #said { height: auto; padding: 0 1; border-left: solid $primary; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q,escape", "quit", "quit"),
        Binding("tab", "app.focus_next", "other side", show=True),
        Binding("a", "turn('added')", "added"),
        Binding("c", "turn('changed')", "changed"),
        Binding("r", "turn('removed')", "removed"),
        Binding("s", "turn('shadowed')", "shadowed"),
    ]

    def __init__(self, analysis: Analysis) -> None:
        super().__init__()
        self.analysis = analysis
        self.states: set[State] = set(STATES)
        self.layer: int | None = None

    def compose(self) -> ComposeResult:
        """Layers and details, the tree and what is shown of it, keys."""
        with Horizontal():
            with Vertical(id="left"):
                yield DataTable[Text](id="layers", cursor_type="row", zebra_stripes=True)
                yield Static(id="details", markup=False)
            with Vertical():
                yield Tree[Branch]("/", id="tree")
                yield Static(id="said", markup=False)
        yield Footer()

    def on_mount(self) -> None:
        """Fill the table of layers, bottom first, after the whole image."""
        self.title = visible(self.analysis.reference)
        table = self._table()
        for name in ("layer", "unpacked", "hidden", "instruction"):
            table.add_column(name)
        totals = self.analysis.totals
        table.add_row(*self._cells("all", totals.visible_bytes, 0, "all that is visible"), key="all")
        for number, layer in enumerate(self.analysis.layers):
            cells = self._cells(str(number + 1), layer.unpacked_bytes, layer.wasted_bytes, layer.instruction)
            table.add_row(*cells, key=str(number))
        table.focus()

    def on_data_table_row_highlighted(self, event: DataTable.RowHighlighted) -> None:
        """Show the tree of the layer under the cursor."""
        key = event.row_key.value
        self.layer = None if key in (None, "all") else int(str(key))
        self._show()

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Branch]) -> None:
        """Fill a directory when it is first opened."""
        if event.node.data is not None and not event.node.children:
            self._fill(event.node, event.node.data)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Branch]) -> None:
        """Tell of what is under the cursor."""
        if event.node.data is not None:
            self._tell(event.node.data)

    def action_turn(self, state: State) -> None:
        """Show files in ``state``, or leave them out."""
        self.states ^= {state}
        self._show()

    def _show(self) -> None:
        root = browse(self.analysis, self.layer, self.states)
        tree = self._tree()
        tree.reset(self._label(root), root)
        self._fill(tree.root, root)
        tree.root.expand()
        told = "  ".join(f"[{'x' if each in self.states else ' '}] {_MARKS[each][0]} {each}" for each in STATES)
        self.query_one("#said", Static).update(
            f"{told}\n{root.files:,} files, {format_bytes(root.unpacked_bytes)} unpacked"
        )
        self._tell(root)

    def _fill(self, node: TreeNode[Branch], branch: Branch) -> None:
        inside = branch.largest_first()
        for each in inside[:_MOST_SHOWN]:
            if each.inside:
                node.add(self._label(each), each)
            else:
                node.add_leaf(self._label(each), each)
        left = inside[_MOST_SHOWN:]
        if left:
            rest = format_bytes(sum(each.unpacked_bytes for each in left))
            node.add_leaf(Text(f"{'':11}  … {len(left):,} smaller ones, {rest}"))

    def _label(self, branch: Branch) -> Text:
        mark, colour = _MARKS[branch.state] if branch.state is not None else (" ", "")
        text = Text(f"{format_bytes(branch.unpacked_bytes):>9} ", no_wrap=True)
        return text.append(f"{mark} ", colour).append(visible(branch.name), "bold" if branch.inside else colour)

    def _tell(self, branch: Branch) -> None:
        analysis = self.analysis
        lines = [f"/{branch.path}", f"{format_bytes(branch.unpacked_bytes)} unpacked, {branch.files:,} files"]
        if branch.row is not None:
            layer = analysis.layers[analysis.entries.layers[branch.row]]
            owner = analysis.owner(branch.path)
            lines = [lines[0], f"{lines[1].partition(',')[0]}; {branch.state}"]
            lines.append(f"by layer {analysis.entries.layers[branch.row] + 1}: {layer.instruction[:300]}")
            lines.append(
                f"owned by {owner.name} {owner.version} ({owner.ecosystem})" if owner else "owned by no package"
            )
        elif not branch.path:
            lines = self._of_layer()
        self.query_one("#details", Static).update(visible("\n".join(lines)))

    def _of_layer(self) -> list[str]:
        totals = self.analysis.totals
        if self.layer is not None:
            layer = self.analysis.layers[self.layer]
            size = f"{format_bytes(layer.compressed_bytes)} compressed, {format_bytes(layer.unpacked_bytes)} unpacked"
            return [f"layer {self.layer + 1}: {size}", layer.instruction[:500], layer.digest]
        return [
            self.analysis.reference,
            f"compressed {format_bytes(totals.compressed_bytes)}",
            f"unpacked {format_bytes(totals.unpacked_bytes)}",
            f"unique {format_bytes(totals.unique_bytes)}",
            f"hidden {format_bytes(totals.wasted_bytes)}: {1 - totals.efficiency:.1%} of what is unpacked",
        ]

    def _cells(self, name: str, unpacked: int, hidden: int, said: str) -> tuple[Text, ...]:
        sizes = (format_bytes(unpacked), format_bytes(hidden) if hidden else "")
        words = visible(" ".join(said.split()))
        return Text(name), *(Text(size, justify="right") for size in sizes), Text(words[:200])

    def _table(self) -> DataTable[Text]:
        return self.query_one("#layers", DataTable)

    def _tree(self) -> Tree[Branch]:
        return self.query_one("#tree", Tree)
