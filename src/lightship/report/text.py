"""A report as text for a terminal: 80 columns, readable without colour."""

import textwrap
from collections.abc import Iterable, Sequence

from lightship.findings import Finding, Report, Severity
from lightship.units import format_bytes, format_seconds

__all__ = ["render_findings", "render_table", "render_text"]


_COLUMNS = 80
_MOST_NOTES = 5
_RULES = {"asked": "drop (yours)"}
"""Codes of rules that say little by themselves."""
_MOST_LAYERS = 15
_NAME_COLUMNS = 22
_SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")


def render_text(report: Report, *, verbose: bool = False) -> str:
    """The summary of a build: size (of each platform), the layers that it made, what was left out, phase times,
    findings.

    Layers from the cache are one line, and so are the rules. ``verbose`` tells every layer and every rule, the layers'
    digests, where the image and the explanation of every file are, and every note.
    """
    document = report.document
    images = _rows(document.get("platforms"))
    if images:
        lines = [*_filled([str(document.get("reference") or "index"), str(document["digest"])], "  "), ""]
        lines += _platforms(images)
        for image in images:
            lines += ["", f"{image['platform']}:", *_contents(image, verbose=verbose)]
    else:
        lines = [*_headline(document), "", *_contents(document, verbose=verbose)]
    seconds = document["seconds"]
    if isinstance(seconds, dict):
        times = [f"{phase} {format_seconds(float(value))}" for phase, value in seconds.items()]
        lines += ["", *_filled(times, "  ")]
    written = _texts(document["output"])
    pushed = [output for output in written if output.startswith("docker://")]
    if pushed and not verbose:
        lines += ["", *(f"pushed to {output.removeprefix('docker://')}" for output in pushed)]
    if verbose:
        for image in images or [document]:
            lines += ["", *(f"{layer['digest']}  {layer['name']}" for layer in _rows(image["layers"]))]
        lines += ["", *(f"written to {output}" for output in written)]
        told = [str(image["kept_because"]) for image in images or [document] if image["kept_because"]]
        lines += [f"every file and why: {path}" for path in told]
    if report.findings:
        lines += ["", *render_findings(report.findings, most_notes=None if verbose else _MOST_NOTES)]
    return "\n".join(lines) + "\n"


def _contents(image: dict[str, object], *, verbose: bool) -> list[str]:
    """The layers of one image, and what was left out of it."""
    layers, dropped = _rows(image["layers"]), _rows(image["dropped"])
    lines = _all_layers(layers) if verbose else _made_layers(layers)
    if dropped:
        lines += ["", *_all_rules(dropped)] if verbose else [_rules_in_short(dropped)]
    return lines


def _platforms(images: Sequence[dict[str, object]]) -> list[str]:
    rows = [
        (
            str(image["platform"]),
            _bytes_of(image, "compressed_bytes"),
            _bytes_of(image, "unpacked_bytes"),
            f"{_int(image['files']):,}",
            str(image["python"]),
            str(image["digest"])[:19],
        )
        for image in images
    ]
    return render_table(("platform", "compressed", "unpacked", "files", "Python", "digest"), rows)


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


def _headline(document: dict[str, object]) -> list[str]:
    names = [str(document.get("reference") or "image"), str(document["digest"])]
    facts = [
        f"{_bytes_of(document, 'compressed_bytes')} compressed",
        f"{_bytes_of(document, 'unpacked_bytes')} unpacked",
        f"{_int(document['files']):,} files",
        str(document["platform"]),
        f"Python {document['python']}",
    ]
    return [*_filled(names, "  "), *_filled(facts, ", ")]


def _made_layers(layers: list[dict[str, object]]) -> list[str]:
    """A table of the layers that this build made, the largest of them when they are many, in the image's order; then
    one line for the smaller ones and one for those from the cache."""
    made = [layer for layer in layers if not layer["cached"]]
    largest = sorted(range(len(made)), key=lambda place: -_int(made[place]["compressed_bytes"]))
    shown = [made[place] for place in sorted(largest[:_MOST_LAYERS])]
    smaller = [made[place] for place in largest[_MOST_LAYERS:]]
    kept = [layer for layer in layers if layer["cached"]]
    lines = _described(shown) if shown else []
    if smaller:
        lines.append(f"and {len(smaller)} smaller ({format_bytes(_sum(smaller, 'compressed_bytes'))})")
    if kept:
        which = "layer" if len(kept) == 1 else "layers"
        lines.append(f"{len(kept)} {which} unchanged ({format_bytes(_sum(kept, 'compressed_bytes'))})")
    return lines


def _described(layers: list[dict[str, object]]) -> list[str]:
    """Rows that end with what is in each layer, as much of it as there is room for."""
    rows = [
        (
            str(layer["name"])[:_NAME_COLUMNS],
            _bytes_of(layer, "compressed_bytes"),
            _bytes_of(layer, "unpacked_bytes"),
            f"{_int(layer['files']):,}",
        )
        for layer in layers
    ]
    table = render_table(("layer made", "compressed", "unpacked", "files"), rows)
    room = _COLUMNS - 2 - len(table[0])
    said = ("of", *(str(layer["created_by"]).removeprefix("lightship build: ") for layer in layers))
    return [f"{row}  {_shortened(text, room)}".rstrip() for row, text in zip(table, said, strict=True)]


def _shortened(text: str, columns: int) -> str:
    return textwrap.shorten(text, columns, placeholder=" …", break_on_hyphens=False).replace(" and …", ", …")


def _all_layers(layers: list[dict[str, object]]) -> list[str]:
    rows = [
        (
            str(layer["name"])[:36],
            _bytes_of(layer, "compressed_bytes"),
            _bytes_of(layer, "unpacked_bytes"),
            f"{_int(layer['files']):,}",
            "cached" if layer["cached"] else "",
        )
        for layer in layers
    ]
    return render_table(("layer", "compressed", "unpacked", "files", ""), rows)


def _all_rules(dropped: list[dict[str, object]]) -> list[str]:
    ordered = sorted(dropped, key=lambda row: -_int(row["unpacked_bytes"]))
    rows = [
        (
            _RULES.get(str(row["rule"]), str(row["rule"])),
            _bytes_of(row, "unpacked_bytes"),
            f"{_int(row['files']):,}",
            str(row["safety"]),
        )
        for row in ordered
    ]
    return render_table(("left out by rule", "unpacked", "files", "safety"), rows)


def _rules_in_short(dropped: list[dict[str, object]]) -> str:
    rules = "1 rule" if len(dropped) == 1 else f"{len(dropped)} rules"
    return f"{format_bytes(_sum(dropped, 'unpacked_bytes'))} left out by {rules} (-v shows them)"


def _filled(pieces: Iterable[str], between: str) -> list[str]:
    """``pieces`` on as few lines as fit; a piece is never cut."""
    lines: list[str] = []
    for piece in pieces:
        if lines and len(lines[-1]) + len(between) + len(piece) <= _COLUMNS:
            lines[-1] += between + piece
        else:
            lines.append(piece)
    return lines


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else [str(value)]


def _bytes_of(row: dict[str, object], key: str) -> str:
    return format_bytes(_int(row[key]))


def _sum(rows: list[dict[str, object]], key: str) -> int:
    return sum(_int(row[key]) for row in rows)


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
