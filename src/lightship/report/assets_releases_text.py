"""The report of ``lightship assets releases`` as text."""

from typing import Any, cast

from lightship.findings import Report
from lightship.report.text import render_table
from lightship.units import format_bytes

__all__ = ["render_releases"]

_MOST_NAMES = 5


def render_releases(report: Report) -> str:
    """A line for each release, newest first, then what is wrong or under way."""
    found = cast("dict[str, Any]", report.document)
    head = ("release", "made", "objects", "stored", "its alone", "replaced", "missing")
    rows = [
        (
            row["name"].removesuffix(".json"),
            row["made"],
            f"{row['files']:,}",
            format_bytes(row["stored_bytes"]),
            format_bytes(row["alone_bytes"]),
            f"{row['replaced']:,}",
            f"{len(row['missing']):,}",
        )
        for row in found["releases"]
    ]
    lines = render_table(head, rows) if rows else [f"{found['to']}: there is no release of lightship"]
    for row in found["releases"]:
        names = row["missing"]
        lines += [f"missing in {row['name']}: {name}" for name in names[:_MOST_NAMES]]
        if len(names) > _MOST_NAMES:
            lines.append(f"missing in {row['name']}: {len(names) - _MOST_NAMES} more")
    for push in found["pushes"]:
        state = ("collecting" if push["collecting"] else "under way") if push["alive"] else "aborted"
        lines.append(f"push {state}: {push['name']}, {push['files']:,} objects")
    lines += [f"not understood: {text}" for text in found["not_understood"]]
    foreign = found["foreign"]
    if foreign["files"]:
        size = format_bytes(foreign["stored_bytes"])
        lines.append(f"of others: {foreign['files']:,} objects, {size}; no push touches them")
    return "\n".join(lines) + "\n"
