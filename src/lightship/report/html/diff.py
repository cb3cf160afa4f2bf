"""What ``diff`` found, as a page and as a part of the page of ``analyze``: what is pulled, why it grew, which packages
and layers changed."""

from collections.abc import Iterable, Mapping, Sequence
from importlib import resources
from typing import cast

from lightship.findings import Report
from lightship.report.html.page import Cell, definitions, escaped, page, paragraph, section, table
from lightship.report.html.words import counted
from lightship.units import format_bytes

__all__ = ["diff_section", "render_diff_html"]

_Row = Mapping[str, object]
_MOST_ROWS = 200
_MOST_LETTERS = 300


def render_diff_html(report: Report, *, version: str = "") -> str:
    """A self-contained page of a report of ``lightship diff``."""
    document = report.document
    before, after = (cast("_Row", document[side]) for side in ("before", "after"))
    sides = [(name, _side(side)) for name, side in (("before", before), ("after", after))]
    return page(
        f"{_called(before)} → {_called(after)}",
        _lead(document),
        (*_parts(document), section("The images", definitions(sides))),
        footer=f"lightship {version} diff".replace("  ", " "),
        style=(resources.files("lightship.report.html") / "assets" / "parts.css").read_text(encoding="utf-8"),
    )


def diff_section(report: Report) -> str:
    """A section of a report of ``lightship diff``, with the id ``changes``."""
    return section("What changed", paragraph(_lead(report.document)), *_parts(report.document), name="changes")


def _lead(document: _Row) -> str:
    before, after, totals = (cast("_Row", document[each]) for each in ("before", "after", "totals"))
    if before["digest"] == after["digest"]:
        return f"It is the same image as {_called(before)}: a node that has it pulls nothing."
    if not totals["pulled_layers"]:
        other = f"{format_bytes(_int(totals, 'metadata_bytes'))} of manifest and config differ"
        return f"A node that has {_called(before)} has every layer of {_called(after)}: {other}."
    pulled = f"{_size(totals, 'pulled_bytes')} compressed ({cast('float', totals['pulled_share']):.1%} of the image)"
    said = f"A node that has {_called(before)} pulls {pulled} for {_called(after)}."
    growth = str(cast("_Row", document["explanation"])["sentence"])
    return f"{said} In all {growth}."


def _parts(document: _Row) -> Iterable[str]:
    layers = _rows(document["layers"])
    changed = [row for row in layers if row["state"] != "kept"]
    packages = sorted(_rows(document["packages"]), key=lambda row: -abs(_grown(row)))
    yield _figures(cast("_Row", document["totals"]))
    yield _bar([row for row in layers if row["state"] != "gone"])
    if packages:
        heads = ("package", "before", "after", "unpacked", "growth")
        yield f"<h3>{counted(len(packages), 'package')} changed</h3>"
        yield table(heads, (_package(row) for row in packages[:_MOST_ROWS]))
        if len(packages) > _MOST_ROWS:
            yield paragraph(f"and {counted(len(packages) - _MOST_ROWS, 'package')} that changed less", note=True)
    if changed:
        yield "<h3>Layers that changed</h3>"
        shown = table(("layer", "", "compressed", "unpacked"), (_layer(row) for row in changed))
        yield f'<div class="changes">{shown}</div>'
    elif not packages:
        yield paragraph("Both have the same layers.", note=True)


def _figures(totals: _Row) -> str:
    anew = totals["unpacked_anew_layers"]
    cards = (
        ("to pull", _size(totals, "pulled_bytes"), f"compressed, in {counted(_int(totals, 'pulled_layers'), 'layer')}"),
        ("there already", _size(totals, "kept_bytes"), f"in {counted(_int(totals, 'kept_layers'), 'layer')}"),
        (
            "to unpack anew",
            _size(totals, "unpacked_anew_compressed_bytes"),
            f"compressed: {counted(_int(totals, 'unpacked_anew_layers'), 'layer')} from the first change upwards"
            if anew
            else "no layer",
        ),
        ("no longer needed", _size(totals, "gone_bytes"), "compressed, of layers that this image has not"),
    )
    pieces = "".join(
        f'<div><dt>{escaped(name)}</dt><dd class="big">{escaped(value)}</dd>'
        f'<dd class="small">{escaped(said)}</dd></div>'
        for name, value, said in cards
    )
    return f'<dl class="figures">{pieces}</dl>'


def _bar(layers: Sequence[_Row]) -> str:
    """The layers of the image after, bottom first; what has to be pulled stands out."""
    if not layers:
        return ""
    parts, words = [], []
    for number, row in enumerate(layers, start=1):
        said = f"layer {number}: {_size(row, 'compressed_bytes')} compressed, {row['state']}"
        words.append(said)
        kind = "new" if row["state"] == "new" else "same"
        title = escaped(f"{said}\n{str(row['created_by'])[:_MOST_LETTERS]}")
        weight = max(_int(row, "compressed_bytes"), 1)
        parts.append(f'<li class="{kind}" style="flex:{weight} 1 0" title="{title}"><b>{number}</b></li>')
    key = '<li><span class="new"></span>to pull</li><li><span class="same"></span>there already</li>'
    label = escaped("; ".join(words[:40]))
    return f'<ol class="stack" role="img" aria-label="{label}">{"".join(parts)}</ol><ul class="key">{key}</ul>'


def _package(row: _Row) -> Sequence[Cell]:
    after = row["after_unpacked_bytes"]
    grown = _grown(row)
    sign = "+" if grown > 0 else "-" if grown < 0 else ""
    return (
        Cell(text=str(row["name"]), small=str(row["ecosystem"])),
        Cell(text=str(row["before"] or "-")),
        Cell(text=str(row["after"] or "-")),
        Cell(text=format_bytes(after) if isinstance(after, int) else ""),
        Cell(text=f"{sign}{format_bytes(abs(grown))}" if grown else "", strong=True),
    )


def _layer(row: _Row) -> Sequence[Cell]:
    unpacked = row["unpacked_bytes"]
    return (
        Cell(text=str(row["created_by"] or row["digest"])[:_MOST_LETTERS]),
        Cell(text=str(row["state"])),
        Cell(text=_size(row, "compressed_bytes")),
        Cell(text=format_bytes(unpacked) if isinstance(unpacked, int) else ""),
    )


def _called(side: _Row) -> str:
    return str(side["reference"] or side["digest"])


def _side(side: _Row) -> str:
    size = f"{_size(side, 'compressed_bytes')} compressed in {counted(_int(side, 'layers'), 'layer')}"
    return f"{_called(side)}, {side['platform']}, {size}, {side['digest']}"


def _grown(row: _Row) -> int:
    before, after = row["before_unpacked_bytes"], row["after_unpacked_bytes"]
    return (after if isinstance(after, int) else 0) - (before if isinstance(before, int) else 0)


def _size(row: _Row, key: str) -> str:
    value = row[key]
    return format_bytes(value) if isinstance(value, int) else "?"


def _int(row: _Row, key: str) -> int:
    value = row[key]
    return value if isinstance(value, int) else 0


def _rows(value: object) -> list[_Row]:
    return value if isinstance(value, list) else []
