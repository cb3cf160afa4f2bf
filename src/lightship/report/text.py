"""A report as text for a terminal: 80 columns, readable without colour."""

from collections.abc import Iterable, Sequence

from lightship.findings import Finding, Report, Severity
from lightship.units import format_bytes, format_seconds

__all__ = ["render_findings", "render_table", "render_text"]


_MOST_NOTES = 5
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


def render_text(report: Report, *, verbose: bool = False) -> str:
    """The summary of a build: size, layers, what was left out, phase times, findings.

    ``verbose`` tells the layers' digests, where the image and the explanation of every file are, and every note.
    """
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
    if verbose:
        lines += ["", *(f"{layer['digest']}  {layer['name']}" for layer in _rows(document["layers"]))]
        lines += ["", *(f"written to {output}" for output in _texts(document["output"]))]
        lines += [f"every file and why: {document['kept_because']}"] if document["kept_because"] else []
    if report.findings:
        lines += ["", *render_findings(report.findings, most_notes=None if verbose else _MOST_NOTES)]
    return "\n".join(lines) + "\n"


def render_findings(findings: Iterable[Finding], *, most_notes: int | None = None) -> list[str]:
    """One line a finding, its fix below it; errors first, then warnings, then at most ``most_notes`` notes."""
    ordered = sorted(findings, key=lambda finding: _SEVERITIES.index(finding.severity))
    notes = [finding for finding in ordered if finding.severity == "note"]
    shown = len(ordered) if most_notes is None else len(ordered) - max(0, len(notes) - most_notes)
    lines = []
    for finding in ordered[:shown]:
        where = f" ({finding.location})" if finding.location else ""
        lines.append(f"{finding.severity}: {finding.message}{where} [{finding.code}]")
        if finding.fix:
            lines.append(f"  fix: {finding.fix}")
    if shown < len(ordered):
        lines.append(f"and {len(ordered) - shown} more notes: -v shows them")
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


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
