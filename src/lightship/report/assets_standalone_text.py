"""The report of ``lightship assets standalone`` as text."""

from typing import Any, cast

from lightship.findings import Report
from lightship.report.text import render_table
from lightship.units import format_bytes

__all__ = ["render_standalone"]

_MOST_LINES = 20


def render_standalone(report: Report, *, verbose: bool = False) -> str:
    """A line for each rule, the tree before and after, how the pages answered; with ``verbose`` every page, and every
    path that was left out."""
    found = cast("dict[str, Any]", report.document)
    head = ("rule", "safety", "files", "unpacked", "gzip")
    rows = [
        (
            row["rule"],
            row["safety"],
            str(row["files"]),
            format_bytes(row["unpacked_bytes"]),
            format_bytes(row["compressed_bytes"]),
        )
        for row in found["dropped"]
    ]
    lines = render_table(head, rows) if rows else ["there is nothing to leave out"]
    if rows:
        reasons = ["why", *(row["reason"] for row in found["dropped"])]
        lines = [f"{line}  {reason}" for line, reason in zip(lines, reasons, strict=True)]
    lines.append("")
    lines.append(_sizes("before", found["before"]))
    lines.append(_sizes("after", found["after"]))
    lines += [
        f"--safety {row['safety']} leaves out {format_bytes(row['unpacked_bytes'])} more "
        f"({format_bytes(row['compressed_bytes'])} gzip, {row['files']} files)"
        for row in found["further"]
    ]
    lines += _pages(found, verbose=verbose)
    if found["written"] is not None:
        lines.append(f"written to {found['written']}")
    if found["set_aside"] is not None:
        lines.append(f"what was left out is in {found['set_aside']}; --restore brings it back")
    lines += [f"note: {note}" for note in found["notes"]]
    if verbose:
        lines += ["", *(f"{row['path']}: {row['rule']}" for row in found["left_out"])]
    return "\n".join(line.replace("\n", "\\n") for line in lines) + "\n"


def _sizes(when: str, sizes: dict[str, int]) -> str:
    unpacked, compressed = format_bytes(sizes["unpacked_bytes"]), format_bytes(sizes["compressed_bytes"])
    return f"{when + ':':<8}{sizes['files']:>6} files  {unpacked:>8}  {compressed:>8} gzip"


def _pages(found: dict[str, Any], *, verbose: bool) -> list[str]:
    pages = found["pages"]
    if not pages:
        return []
    counts = {verdict: sum(page["verdict"] == verdict for page in pages) for verdict in ("same", "unstable", "differs")}
    said = f"{len(pages)} requests: {counts['same']} with the same answer as before"
    if counts["unstable"]:
        said += f", {counts['unstable']} with the same status and another body each time, as before"
    if counts["differs"]:
        said += f", {counts['differs']} with another answer: nothing is written"
    lines = [said]
    shown = pages if verbose else [page for page in pages if page["verdict"] == "differs"]
    lines += [_page(page) for page in (shown if verbose else shown[:_MOST_LINES])]
    if not verbose and len(shown) > _MOST_LINES:
        lines.append(f"  {len(shown) - _MOST_LINES} more, with -v")
    return lines


def _page(page: dict[str, Any]) -> str:
    name = f"{page['path']} ({', '.join(page['headers'])})" if page["headers"] else page["path"]
    detail = f": {page['detail']}" if page["detail"] else ""
    return f"  {page['verdict']:<9} {page['status'] or '-'} {page['bytes']:>8} B  {name}{detail}"
