"""The report of ``lightship assets compress`` as text."""

from typing import Any, cast

from lightship.findings import Report
from lightship.report.text import render_table
from lightship.units import format_bytes

__all__ = ["render_assets"]

_MOST_LINES = 20


def render_assets(report: Report, *, verbose: bool = False) -> str:
    """A line for each encoding, the directory before and after, source maps, and what could not be done; with
    ``verbose`` a line for each sidecar."""
    found = cast("dict[str, Any]", report.document)
    head = ("encoding", "plain", "compressed", "made", "cached", "kept", "removed", "stale", "not smaller")
    rows = [
        (
            encoding,
            format_bytes(sums["plain_bytes"]),
            format_bytes(sums["compressed_bytes"]),
            *(str(sums[name]) for name in ("made", "cached", "kept", "removed", "stale", "unworthy")),
        )
        for encoding, sums in found["encodings"].items()
    ]
    lines = render_table(head, rows) if rows else ["nothing to compress"]
    before, after = format_bytes(found["before_bytes"]), format_bytes(found["after_bytes"])
    lines.append(f"{found['files']} files: {before} before, {after} after" + (" (dry run)" if found["dry_run"] else ""))
    if found["lone"] and found["mode"] == "gzip-only":
        lines.append(f"{len(found['lone'])} of them were there as .gz alone")
    lines += _maps(found["source_maps"], dry_run=found["dry_run"])
    if verbose:
        lines += [_sidecars(row) for row in found["results"]]
    lines += [f"link, not followed: {link}" for link in found["links"][:_MOST_LINES]]
    for kind, name in (("note", "notes"), ("not done", "faults")):
        lines += [f"{kind}: {text}" for text in found[name][: None if verbose else _MOST_LINES]]
        if not verbose and len(found[name]) > _MOST_LINES:
            lines.append(f"{kind}: {len(found[name]) - _MOST_LINES} more, with -v")
    return "\n".join(line.replace("\n", "\\n") for line in lines) + "\n"


def _maps(maps: dict[str, Any], *, dry_run: bool) -> list[str]:
    if not maps["files"]:
        return []
    said = f"source maps: {maps['files']}, {format_bytes(maps['unpacked_bytes'])}"
    if maps["removed"]:
        return [f"{said}, {'would be ' if dry_run else ''}removed"]
    return [f"{said}: only a browser's developer tools fetch them; --maps remove"]


def _sidecars(row: dict[str, Any]) -> str:
    states = ", ".join(
        f"{each['encoding']} {each['state']} {format_bytes(each['compressed_bytes'])}" for each in row["sidecars"]
    )
    gone = "; plain file removed" if row["plain_removed"] else ""
    return f"{row['path']}: {format_bytes(row['plain_bytes'])}; {states or 'no sidecar'}{gone}"
