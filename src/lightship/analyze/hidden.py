"""Hidden copies, sorted by what hid them: what `metadata_copy` and `shadowed_bytes` share out between them."""

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


def hidden_by(analysis: Analysis) -> tuple[list[Hidden], list[Hidden]]:
    """Groups of hidden files that have bytes, dearest first: those of which only the owner or the mode changed, and
    all others."""
    groups: dict[tuple[bool, int, int, str], Hidden] = {}
    sizes, compressed, layers = analysis.entries.sizes, analysis.entries.compressed, analysis.entries.layers
    for shadow in analysis.tree.shadows():
        row = shadow.row
        if sizes[row]:
            key = (is_metadata_change(analysis, shadow), layers[row], shadow.by, shadow.how)
            group = groups.get(key)
            if group is None:
                group = groups[key] = Hidden(layer=key[1], by=key[2], how=key[3])
            group.shadows.append(shadow)
            group.unpacked_bytes += sizes[row]
            group.compressed_bytes += compressed[row]
    ordered = sorted(groups.items(), key=lambda each: (-each[1].unpacked_bytes, each[1].by, each[1].layer, each[1].how))
    return [group for key, group in ordered if key[0]], [group for key, group in ordered if not key[0]]


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
