"""The report of ``lightship analyze`` as text: three figures, layers, packages, what nobody owns, what is waste."""

import textwrap
from collections.abc import Mapping, Sequence

from lightship.findings import Finding, Report
from lightship.report.text import render_table
from lightship.units import format_bytes

__all__ = ["render_analysis"]

_COLUMNS = 80
_MOST_LAYERS = 20
_MOST_PACKAGES = 15
_MOST_PLACES = 8
_MOST_FINDINGS = 12
_LAYERS = ("layer", "compressed", "unpacked", "files", "wasted")
_PACKAGES = ("package", "compressed", "unpacked", "files", "")
_PLACES = ("owned by no package", "compressed", "unpacked", "files")
_NAME_COLUMNS = 34

_Row = Mapping[str, object]


def render_analysis(report: Report, *, verbose: bool = False) -> str:
    """80 columns, readable without colour. ``verbose`` tells of every layer, package, place and finding, and why each
    package is there."""
    document = report.document
    image, totals = _object(document["image"]), _object(document["totals"])
    lines = [
        *_wrapped(f"{image['reference']}  {image['platform']}"),
        f"{image['digest']}",
        "",
        *_figures(totals, len(_rows(image["layers"]))),
        "",
        *_layers(_rows(image["layers"]), None if verbose else _MOST_LAYERS),
        *_packages(_rows(document["packages"]), None if verbose else _MOST_PACKAGES, verbose=verbose),
        *_places(_rows(document["unowned"]), None if verbose else _MOST_PLACES),
        *_findings(report.findings, None if verbose else _MOST_FINDINGS),
    ]
    return "\n".join(lines) + "\n"


def _figures(totals: _Row, layers: int) -> list[str]:
    wasted = _int(totals["wasted_bytes"])
    share = 1 - _float(totals["efficiency"])
    hidden = f"{_size(totals, 'wasted_bytes')} ({share:.1%}) hidden by higher layers" if wasted else "none of it hidden"
    words = "1 layer" if layers == 1 else f"{layers} layers"
    unowned = f"{_size(totals, 'unowned_bytes')} of it owned by no package"
    return [
        f"compressed {_size(totals, 'compressed_bytes'):>9}   travels, in {words}",
        f"unpacked   {_size(totals, 'unpacked_bytes'):>9}   lies on disk; {hidden}",
        f"unique     {_size(totals, 'unique_bytes'):>9}   compressed, and in no image given with --beside",
        f"visible    {_size(totals, 'visible_bytes'):>9}   {_int(totals['files']):,} files; {unowned}",
    ]


def _layers(layers: Sequence[_Row], most: int | None) -> list[str]:
    shown = range(len(layers))
    if most is not None and len(layers) > most:
        largest = sorted(shown, key=lambda number: -_int(layers[number]["unpacked_bytes"]))[:most]
        kept: Sequence[int] = sorted(largest)
    else:
        kept = shown
    rows = [
        (
            f"{number + 1}",
            _size(layers[number], "compressed_bytes"),
            _size(layers[number], "unpacked_bytes"),
            f"{_int(layers[number]['files']):,}",
            _size(layers[number], "wasted_bytes") if layers[number]["wasted_bytes"] else "",
        )
        for number in kept
    ]
    table = render_table(_LAYERS, rows)
    width = max((len(line) for line in table), default=0)
    room = _COLUMNS - width - 2
    said = ["instruction", *(str(layers[number]["instruction"]) for number in kept)]
    lines = [f"{row:{width}}  {_cut(text, room)}".rstrip() for row, text in zip(table, said, strict=True)]
    left = len(layers) - len(kept)
    return [*lines, *([f"and {left} smaller layers: -v shows them"] if left else [])]


def _packages(packages: Sequence[_Row], most: int | None, *, verbose: bool) -> list[str]:
    if not packages:
        return []
    shown = packages[:most]
    rows = [
        (
            _cut(f"{row['ecosystem']}:{row['name']} {row['version']}", _NAME_COLUMNS),
            _size(row, "compressed_bytes"),
            _size(row, "unpacked_bytes"),
            f"{_int(row['files']):,}",
            "",
        )
        for row in shown
    ]
    lines = ["", *render_table(_PACKAGES, rows)]
    if verbose:
        told = [lines[0], lines[1]]
        for line, row in zip(lines[2:], shown, strict=True):
            told += [line, *_why(row)]
        return told
    width = max(len(line) for line in lines)
    room = _COLUMNS - width - 2
    said = ["", "needed by", *(_needed_by(row, room) for row in shown)]
    lines = [f"{line:{width}}  {text}".rstrip() for line, text in zip(lines, said, strict=True)]
    left = packages[len(shown) :]
    if left:
        lines.append(f"and {len(left)} smaller packages ({_sum(left)}): -v shows them")
    return lines


def _why(row: _Row) -> list[str]:
    words = []
    if row["within"]:
        words.append(f"its files are those of {row['within']}")
    if row["required_by"]:
        words.append(f"needed by {', '.join(_texts(row['required_by']))}")
    elif row["requested"]:
        words.append("asked for by name")
    return textwrap.wrap("; ".join(words), _COLUMNS, initial_indent="    ", subsequent_indent="    ")


def _needed_by(row: _Row, room: int) -> str:
    names = _texts(row["required_by"])
    if not names:
        return "asked for" if row["requested"] else ""
    text = names[0] if len(names) == 1 else f"{names[0]} +{len(names) - 1}"
    return _cut(text, room)


def _places(places: Sequence[_Row], most: int | None) -> list[str]:
    if not places:
        return []
    shown = places[:most]
    rows = [
        (
            _cut(f"/{row['path']}", _NAME_COLUMNS + 6),
            _size(row, "compressed_bytes"),
            _size(row, "unpacked_bytes"),
            f"{_int(row['files']):,}",
        )
        for row in shown
    ]
    left = places[len(shown) :]
    return ["", *render_table(_PLACES, rows), *([f"and {len(left)} other places ({_sum(left)})"] if left else [])]


def _findings(findings: Sequence[Finding], most: int | None) -> list[str]:
    if not findings:
        return ["", "nothing found that is waste"]
    order = ("error", "warning", "note")
    ordered = sorted(findings, key=lambda finding: order.index(finding.severity))
    lines: list[str] = []
    for finding in ordered[:most]:
        lines += ["", *_finding(finding)]
    left = len(ordered) - len(ordered[:most])
    return [*lines, *(["", f"and {left} more findings: -v shows them"] if left else [])]


def _finding(finding: Finding) -> list[str]:
    size = f"{format_bytes(finding.unpacked_bytes)} unpacked" if finding.unpacked_bytes is not None else ""
    if finding.compressed_bytes is not None:
        size += f", {format_bytes(finding.compressed_bytes)} compressed"
    lines = _wrapped(f"{finding.severity}: {finding.message} [{finding.code}]")
    if finding.location:
        lines += _wrapped(f"where: {finding.location}", "  ")
    if finding.cause is not None and finding.cause.instruction:
        lines += _wrapped(f"by layer {finding.cause.layer + 1}: {finding.cause.instruction}", "  ", most_lines=3)
    if size:
        lines += _wrapped(f"worth: {size}{f' ({finding.safety})' if finding.safety else ''}", "  ")
    if finding.fix:
        lines += _wrapped(f"fix: {finding.fix}", "  ")
    return lines


def _wrapped(text: str, indent: str = "", *, most_lines: int | None = None) -> list[str]:
    lines = textwrap.wrap(
        text,
        _COLUMNS,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        max_lines=most_lines,
        placeholder=" …",
    )
    return lines or [""]


def _cut(text: str, columns: int) -> str:
    text = " ".join(text.split())
    return text if len(text) <= columns else f"{text[: max(columns - 1, 0)]}…"


def _sum(rows: Sequence[_Row]) -> str:
    return format_bytes(sum(_int(row["unpacked_bytes"]) for row in rows))


def _size(row: _Row, key: str) -> str:
    return format_bytes(_int(row[key]))


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0


def _object(value: object) -> _Row:
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> Sequence[_Row]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []
