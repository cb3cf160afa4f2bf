"""The report of ``lightship copy`` as text for a terminal."""

from lightship.findings import Report
from lightship.report.text import render_table
from lightship.units import format_bytes, format_seconds

__all__ = ["render_copy"]

_HOW = {"kept": "unchanged", "cached": "compressed before", "made": "compressed"}


def render_copy(report: Report, *, verbose: bool = False) -> str:
    """What was copied, what it weighs, how much of it moved. ``verbose`` tells of every layer."""
    document = report.document
    before, after = _int(document["source_compressed_bytes"]), _int(document["compressed_bytes"])
    layers = _rows(document["layers"])
    lines = [f"{document['source']} to {document['destination']}"]
    platforms = document["platforms"]
    if isinstance(platforms, list):
        lines.append(f"{', '.join(map(str, platforms))}, {_counted(layers)}")
    if before == after:
        lines.append(f"{format_bytes(after)} in layers, {format_bytes(_int(document['moved_bytes']))} moved")
    else:
        lines.append(
            f"{format_bytes(before)} in layers before, {format_bytes(after)} after ({after / max(1, before):.2f}x), "
            f"{format_bytes(_int(document['moved_bytes']))} moved"
        )
    if document["digest"] == document["source_digest"]:
        lines.append("the digest is the source's")
    if verbose:
        rows = [
            (
                str(layer["digest"]),
                format_bytes(_int(layer["source_compressed_bytes"])),
                format_bytes(_int(layer["compressed_bytes"])),
                _HOW[str(layer["how"])],
            )
            for layer in layers
        ]
        lines += ["", *render_table(("layer", "before", "after", ""), rows)]
    seconds = document["seconds"]
    if isinstance(seconds, dict):
        lines.append("  ".join(f"{phase} {format_seconds(float(value))}" for phase, value in seconds.items()))
    return "\n".join(lines) + "\n"


def _counted(layers: list[dict[str, object]]) -> str:
    """How many layers, and what was done to them."""
    how = {str(layer["digest"]): str(layer["how"]) for layer in layers}
    counts = [(list(how.values()).count(kind), said) for kind, said in _HOW.items()]
    noun = "layer" if len(how) == 1 else "layers"
    return f"{len(how)} {noun}: " + ", ".join(f"{count} {said}" for count, said in counts if count)


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
