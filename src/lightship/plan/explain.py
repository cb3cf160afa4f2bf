"""A plan as JSON: for every file its layer, size, owner and why it is there; for everything left out which rule did it.

The schema is ``lightship/plan/1``: ``lightship build --plan`` prints it, and ``kept_because`` of a build points to one.
"""

from dataclasses import asdict

from lightship.archive.content import Deflated, Inline
from lightship.plan.model import BuildPlan, Entry, LayerPlan

__all__ = ["PLAN_SCHEMA", "explain", "explain_entry", "explain_layer"]

PLAN_SCHEMA = "lightship/plan/1"


def explain(plan: BuildPlan) -> dict[str, object]:
    """The whole plan, in the order in which it is written, as values that `json` takes."""
    return {
        "schema": PLAN_SCHEMA,
        "platform": str(plan.platform),
        "config": plan.config,
        "annotations": plan.annotations,
        "layers": [explain_layer(layer) for layer in plan.layers],
    }


def explain_layer(layer: LayerPlan) -> dict[str, object]:
    """One layer: every file and why it is there, every path that was left out and by which rule."""
    return {
        "layer": layer.name,
        "created_by": layer.created_by,
        "files": [explain_entry(entry) for entry in layer.entries],
        "dropped": [asdict(drop) for drop in layer.dropped],
    }


def explain_entry(entry: Entry) -> dict[str, object]:
    """One file and why it is there."""
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
    return "spliced" if isinstance(entry.content, Deflated) and entry.content.splice else "copied"
