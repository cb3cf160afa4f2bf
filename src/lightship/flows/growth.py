"""What `lightship diff` found, as one sentence about growth: by packages, or by layers where no package explains it."""

from lightship.flows.diff import ImageDiff, LayerChange
from lightship.gate.growth import Change, Explanation, explain, layer_changes
from lightship.gate.measures import LayerSize

__all__ = ["explain_diff"]


def explain_diff(diff: ImageDiff) -> Explanation:
    """The explanation of ``diff``: unpacked bytes by the packages of layers that only one image has, where these were
    read and tell something; else compressed bytes by layers."""
    changes = [
        Change(
            state="new" if each.before is None else "gone" if each.after is None else "changed",
            what=each.name if each.ecosystem == "python" else f"{each.ecosystem}:{each.name}",
            before=each.before or "",
            after=each.after or "",
            grown_bytes=(each.after_unpacked_bytes or 0) - (each.before_unpacked_bytes or 0),
        )
        for each in diff.packages or ()
    ]
    if any(change.grown_bytes for change in changes):
        new, gone = (
            sum(layer.unpacked_bytes or 0 for layer in diff.layers if layer.state == state) for state in ("new", "gone")
        )
        return explain(changes, new - gone, "unpacked")
    before = [_size(layer) for layer in diff.layers if layer.state != "new"]
    after = [_size(layer) for layer in diff.layers if layer.state != "gone"]
    grown = diff.after.compressed_bytes - diff.before.compressed_bytes
    return explain(layer_changes(before, after), grown, "compressed")


def _size(layer: LayerChange) -> LayerSize:
    return LayerSize(digest=layer.digest, compressed_bytes=layer.compressed_bytes, created_by=layer.created_by)
