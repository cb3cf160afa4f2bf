"""What ``diff`` found, as a part of a page: what is pulled, which packages changed, layer by layer."""

from collections.abc import Mapping, Sequence
from typing import cast

from lightship.findings import Report
from lightship.report.html.page import Cell, paragraph, section, table
from lightship.units import format_bytes

__all__ = ["diff_section"]

_Row = Mapping[str, object]
_MOST_ROWS = 200


def diff_section(report: Report) -> str:
    """A section of a report of ``lightship diff``."""
    document = report.document
    before, totals = cast("_Row", document["before"]), cast("_Row", document["totals"])
    pulled = f"{_size(totals, 'pulled_bytes')} compressed ({cast('float', totals['pulled_share']):.1%} of the image)"
    said = f"A node that has {before['reference'] or before['digest']} pulls {pulled} for this one; "
    said += f"{_size(totals, 'kept_bytes')} are there already."
    layers = [row for row in _rows(document["layers"]) if row["state"] != "kept"]
    packages = sorted(_rows(document["packages"]), key=lambda row: -abs(_grown(row)))
    pieces = [paragraph(said)]
    if packages:
        heads = ("package", "before", "after", "unpacked", "grown")
        pieces.append(table(heads, (_package(row) for row in packages[:_MOST_ROWS])))
    if layers:
        pieces.append(table(("layer", "", "compressed", "unpacked"), (_layer(row) for row in layers)))
    if not packages and not layers:
        pieces.append(paragraph("Both have the same layers.", note=True))
    return section("What changed", *pieces, name="changes")


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
        Cell(text=str(row["created_by"] or row["digest"])[:300]),
        Cell(text=str(row["state"])),
        Cell(text=_size(row, "compressed_bytes")),
        Cell(text=format_bytes(unpacked) if isinstance(unpacked, int) else ""),
    )


def _grown(row: _Row) -> int:
    before, after = row["before_unpacked_bytes"], row["after_unpacked_bytes"]
    return (after if isinstance(after, int) else 0) - (before if isinstance(before, int) else 0)


def _size(row: _Row, key: str) -> str:
    value = row[key]
    return format_bytes(value) if isinstance(value, int) else "?"


def _rows(value: object) -> list[_Row]:
    return value if isinstance(value, list) else []
