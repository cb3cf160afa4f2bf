"""A plan as JSON: for every file its layer, size, owner and why it is there; for everything left out which rule did it.

The document is what ``kept_because`` of ``lightship build`` points to; its schema is ``lightship/plan/1``.
"""

from collections.abc import Iterable

from lightship.archive.content import Deflated, Inline
from lightship.plan.drop.apply import losses
from lightship.plan.model import BuildPlan, Dropped, Entry, LayerPlan

__all__ = ["SCHEMA", "dropped_summary", "explain"]

SCHEMA = "lightship/plan/1"


def explain(plan: BuildPlan) -> dict[str, object]:
    """The whole plan, in the order in which it is written, as values that `json` takes."""
    return {
        "schema": SCHEMA,
        "platform": str(plan.platform),
        "config": plan.config,
        "annotations": plan.annotations,
        "created": plan.created,
        "layers": [_layer(layer) for layer in plan.layers],
        "dropped": dropped_summary(drop for layer in plan.layers for drop in layer.dropped),
    }


def dropped_summary(dropped: Iterable[Dropped]) -> list[dict[str, object]]:
    """Files and bytes for each rule, most bytes first: the ``dropped`` of ``lightship build --format json``."""
    return [
        {"rule": loss.rule, "safety": loss.safety, "files": loss.files, "unpacked_bytes": loss.unpacked_bytes}
        for loss in losses(dropped)
    ]


def _layer(layer: LayerPlan) -> dict[str, object]:
    return {
        "name": layer.name,
        "key": layer.key,
        "unpacked_bytes": sum(entry.unpacked_bytes for entry in layer.entries),
        "entries": [_entry(entry) for entry in layer.entries],
        "dropped": [
            {
                "path": drop.path,
                "owner": drop.owner,
                "rule": drop.rule,
                "safety": drop.safety,
                "reason": drop.reason,
                "unpacked_bytes": drop.unpacked_bytes,
            }
            for drop in layer.dropped
        ],
    }


def _entry(entry: Entry) -> dict[str, object]:
    found: dict[str, object] = {
        "path": entry.path,
        "type": entry.type,
        "mode": f"{entry.mode:04o}",
        "unpacked_bytes": entry.unpacked_bytes,
        "owner": entry.owner,
        "why": entry.why,
    }
    if entry.link_target:
        found["link_target"] = entry.link_target
    if entry.content is not None:
        found["from"] = _origin(entry)
    return found


def _origin(entry: Entry) -> str:
    """``made``, ``copied`` or ``spliced``: the host's paths are not told, they would differ from machine to machine."""
    if isinstance(entry.content, Inline):
        return "made"
    return "spliced" if isinstance(entry.content, Deflated) else "copied"
