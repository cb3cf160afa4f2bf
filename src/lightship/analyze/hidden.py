"""Hidden copies, sorted by what hid them: what `metadata_copy` and `shadowed_bytes` share out between them."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lightship.analyze.entries import FILE
from lightship.analyze.merge import Shadow
from lightship.analyze.model import Analysis
from lightship.findings import Severity
from lightship.units import format_bytes

__all__ = ["Hidden", "common_directory", "hidden_by", "is_metadata_change", "told", "weight", "where_from"]

_MUCH_BYTES = 1_000_000


@dataclass(slots=True, kw_only=True)
class Hidden:
    """Files of layer ``layer`` that layer ``by`` hid."""

    layer: int
    by: int
    how: str
    shadows: list[Shadow] = field(default_factory=list, repr=False)
    unpacked_bytes: int = 0
    compressed_bytes: int = 0


def hidden_by(analysis: Analysis, *, metadata: bool) -> Iterator[Hidden]:
    """Groups of hidden files that have bytes, dearest first: those of which only the owner or the mode changed, or all
    others."""
    groups: dict[tuple[int, int, str], Hidden] = {}
    sizes, layers = analysis.entries.sizes, analysis.entries.layers
    for shadow in analysis.tree.shadows():
        if sizes[shadow.row] and is_metadata_change(analysis, shadow) == metadata:
            key = (layers[shadow.row], shadow.by, shadow.how)
            group = groups.setdefault(key, Hidden(layer=key[0], by=key[1], how=key[2]))
            group.shadows.append(shadow)
            group.unpacked_bytes += sizes[shadow.row]
            group.compressed_bytes += analysis.entries.compressed[shadow.row]
    yield from sorted(groups.values(), key=lambda group: (-group.unpacked_bytes, group.by, group.layer, group.how))


def is_metadata_change(analysis: Analysis, shadow: Shadow) -> bool:
    """Whether the file that hides this one has the same content, and another owner, mode or extended attributes."""
    entries, row, by_row = analysis.entries, shadow.row, shadow.by_row
    if by_row is None or shadow.by == entries.layers[row]:
        return False
    by_row = analysis.tree.source(by_row)
    if entries.kinds[by_row] != FILE or entries.sizes[row] != entries.sizes[by_row]:
        return False
    return entries.crcs[row] == entries.crcs[by_row] and (
        entries.uids[row] != entries.uids[by_row]
        or entries.gids[row] != entries.gids[by_row]
        or entries.modes[row] != entries.modes[by_row]
        or entries.xattrs.get(row) != entries.xattrs.get(by_row)
    )


def common_directory(analysis: Analysis, shadows: list[Shadow]) -> str:
    """The deepest directory with all of them in it, or the file itself when there is one; with its first ``/``."""
    paths = analysis.entries.paths
    if len(shadows) == 1:
        return f"/{paths[shadows[0].row]}"
    first = min(paths[shadow.row] for shadow in shadows)
    last = max(paths[shadow.row] for shadow in shadows)
    shared = []
    for one, other in zip(first.split("/")[:-1], last.split("/")[:-1], strict=False):
        if one != other:
            break
        shared.append(one)
    return f"/{'/'.join(shared)}"


def weight(unpacked_bytes: int) -> Severity:
    """A megabyte is worth a warning."""
    return "warning" if unpacked_bytes >= _MUCH_BYTES else "note"


def where_from(analysis: Analysis, layer: int) -> str:
    """``layer 2 (RUN pip install)``, as people count layers: from 1."""
    said = analysis.layers[layer].instruction
    if len(said) > 70:
        said = f"{said[:69]}…"
    return f"layer {layer + 1} ({said})" if said else f"layer {layer + 1}"


def told(files: int, unpacked_bytes: int) -> str:
    """``1,234 files, 12.3 MB``."""
    return f"{files:,} {'file' if files == 1 else 'files'}, {format_bytes(unpacked_bytes)}"
