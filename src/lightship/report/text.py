"""A report as text for a terminal: 80 columns, readable without colour."""

from collections.abc import Iterable, Sequence

from lightship.findings import Finding, Report
from lightship.units import format_bytes, format_seconds

__all__ = ["render_findings", "render_table", "render_text"]


def render_text(report: Report) -> str:
    """The summary of a build: size, layers, what was left out, phase times, findings."""
    document = report.document
    lines = [
        f"{document.get('reference') or 'image'}  {document['digest']}",
        (
            f"{format_bytes(_int(document['compressed_bytes']))} compressed, "
            f"{format_bytes(_int(document['unpacked_bytes']))} unpacked, "
            f"{_int(document['files']):,} files, {document['platform']}, Python {document['python']}"
        ),
        "",
        *render_table(("layer", "compressed", "unpacked", "files", ""), _layer_rows(document["layers"])),
    ]
    dropped = _rows(document["dropped"])
    if dropped:
        lines += ["", *render_table(("left out by rule", "unpacked", "files", "safety"), _drop_rows(dropped))]
    seconds = document["seconds"]
    if isinstance(seconds, dict):
        lines += ["", "  ".join(f"{phase} {format_seconds(float(value))}" for phase, value in seconds.items())]
    if report.findings:
        lines += ["", *render_findings(report.findings)]
    return "\n".join(lines) + "\n"


def render_findings(findings: Iterable[Finding]) -> list[str]:
    """One line a finding, its fix below it."""
    lines = []
    for finding in findings:
        where = f" ({finding.location})" if finding.location else ""
        lines.append(f"{finding.severity}: {finding.message}{where} [{finding.code}]")
        if finding.fix:
            lines.append(f"  fix: {finding.fix}")
    return lines


def render_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Columns padded to their widest cell; the first is flush left, numbers flush right."""
    table = [head, *rows]
    widths = [max(len(row[column]) for row in table) for column in range(len(head))]
    return [
        "  ".join(
            cell.ljust(width) if number == 0 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]


def _layer_rows(layers: object) -> list[tuple[str, ...]]:
    return [
        (
            str(layer["name"])[:36],
            format_bytes(_int(layer["compressed_bytes"])),
            format_bytes(_int(layer["unpacked_bytes"])),
            f"{_int(layer['files']):,}",
            "cached" if layer["cached"] else "",
        )
        for layer in _rows(layers)
    ]


def _drop_rows(dropped: list[dict[str, object]]) -> list[tuple[str, ...]]:
    ordered = sorted(dropped, key=lambda row: -_int(row["unpacked_bytes"]))
    return [
        (str(row["rule"]), format_bytes(_int(row["unpacked_bytes"])), f"{_int(row['files']):,}", str(row["safety"]))
        for row in ordered
    ]


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
