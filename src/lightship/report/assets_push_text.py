"""The report of ``lightship assets push`` as text."""

from typing import Any, cast

from lightship.findings import Report
from lightship.report.text import render_table
from lightship.units import format_bytes

__all__ = ["render_push"]

_MOST_LINES = 20


def render_push(report: Report, *, verbose: bool = False) -> str:
    """What was sent, what was there, what was collected and purged, in one table; names as far as there is room, all of
    them with ``verbose`` or in a dry run's plan of them."""
    found = cast("dict[str, Any]", report.document)
    dry = bool(found["dry_run"])
    lines = _site(found, dry_run=dry, verbose=verbose)
    lines += _maps(found["source_maps"], dry_run=dry, verbose=verbose)
    if found["hidden"]:
        lines.append(f"hidden, not pushed: {_named(found['hidden'], verbose=verbose)}")
    lines += _some([f"link, not followed: {link}" for link in found["links"]], verbose=verbose)
    lines += [f"warning: {warning}" for warning in found["warnings"]]
    lines += _some([f"note: {note}" for note in found["notes"]], verbose=verbose)
    return "\n".join(line.replace("\n", "\\n") for line in lines) + "\n"


def _site(site: dict[str, Any], *, dry_run: bool, verbose: bool) -> list[str]:
    sent, there, collected, purged = site["sent"], site["there"], site["collected"], site["purged"]
    rows = [
        ("to send" if dry_run else "sent", sent["files"], sent["stored_bytes"], sent["plain_bytes"]),
        ("there already", there["files"], there["stored_bytes"], there["plain_bytes"]),
        ("to collect" if dry_run else "collected", collected["files"], collected["stored_bytes"], None),
    ]
    table = [
        (name, f"{files:,}", format_bytes(stored), format_bytes(plain) if plain is not None else "")
        for name, files, stored, plain in rows
        if files or name != rows[2][0]
    ]
    lines = render_table(("", "objects", "stored", "plain"), table)
    if dry_run or verbose:
        lines += _some([_object(row) for row in sent["objects"]], verbose=verbose)
        lines += _some([f"collect {path}" for path in collected["paths"]], verbose=verbose)
        lines += _some([f"purge {path}" for path in purged["paths"]], verbose=verbose)
    lines.append(_conclusion(site, dry_run=dry_run))
    if collected["releases"]:
        lines.append(f"{'to be dropped' if dry_run else 'dropped'}: {', '.join(collected['releases'])}")
    if purged["order"]:
        lines.append(f"purged: {len(purged['paths'])} addresses, {purged['order']}")
    return lines


def _conclusion(site: dict[str, Any], *, dry_run: bool) -> str:
    kept = f"{site['releases']} release{'s' if site['releases'] != 1 else ''}"
    if site["unchanged"]:
        return f"{site['to']}: nothing changed, {kept} there"
    if dry_run:
        return f"{site['to']}: dry run, {kept} afterwards"
    return f"{site['to']}: release {site['release']}, {kept} there"


def _object(row: dict[str, Any]) -> str:
    size = format_bytes(row["stored_bytes"])
    if row["content_encoding"] != "identity":
        size += f" {row['content_encoding']}, {format_bytes(row['plain_bytes'])} plain"
    return f"send {row['path']}: {size}; {row['content_type']}; {row['cache_control']}"


def _maps(maps: dict[str, Any], *, dry_run: bool, verbose: bool) -> list[str]:
    if not maps["files"]:
        return []
    said = f"source maps: {maps['files']}, {format_bytes(maps['plain_bytes'])} plain"
    if maps["aside"] is not None:
        return [f"{said}, on their own:", *_site(maps["aside"], dry_run=dry_run, verbose=verbose)]
    if maps["pushed"] == "push":
        return [f"{said}: pushed, for everybody to read"]
    return [f"{said}: not pushed; --maps push or --maps-to s3://private/prefix"]


def _some(lines: list[str], *, verbose: bool) -> list[str]:
    if verbose or len(lines) <= _MOST_LINES:
        return lines
    return [*lines[:_MOST_LINES], f"and {len(lines) - _MOST_LINES} more, with -v"]


def _named(names: list[str], *, verbose: bool) -> str:
    shown = names if verbose else names[:5]
    more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
    return ", ".join(shown) + more
