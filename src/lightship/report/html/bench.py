"""The report of ``bench`` as a page: bars of seconds by phase, bytes beside, the table of all, the conditions."""

import statistics
from collections.abc import Mapping, Sequence
from typing import cast

from lightship.findings import Report
from lightship.report.bench import COLUMNS, conditions_of, images_of, ratio_text, spread_text, time_text
from lightship.report.html.chart import Bar, Part, stacked_bars
from lightship.report.html.page import Cell, definitions, page, paragraph, section, table
from lightship.units import format_bytes

__all__ = ["render_bench_html"]

_Row = Mapping[str, object]

_BEFORE = (("pull_s", "pull, unpacking meanwhile"), ("unpack_s", "unpack the rest"))


def render_bench_html(report: Report) -> str:
    """A self-contained page."""
    images = images_of(report)
    link = cast("_Row", report.document["link"])
    seconds = [_seconds(row, is_first=row is images[0]) for row in images]
    body = [
        section(
            "Seconds, phase by phase",
            stacked_bars(seconds, time_text, about="Seconds until ready"),
            paragraph(
                "A bar is the median of each phase; the number at its end is the median of whole rounds, the line "
                "below a bar runs from the quickest round to the slowest. Layers are unpacked, bottom first, while "
                "those above are pulled, as engines do; the second part is what is left when the last byte is there.",
                note=True,
            ),
        ),
        section(
            "Bytes",
            stacked_bars(
                [_pulled(row) for row in images], lambda value: format_bytes(round(value)), about="Bytes pulled"
            ),
        ),
        section("All figures", _table(images), *_notes(images)),
        *(_imports(row) for row in images if row.get("imports")),
        *([section("What failed", *(paragraph(each.message) for each in report.findings))] if report.findings else []),
        section("Conditions", definitions(conditions_of(report))),
    ]
    machine = cast("_Row", cast("_Row", report.document["conditions"])["machine"])
    return page(
        _title(images), _lead(images, str(link["text"])), body, footer=f"lightship {machine['lightship']} bench"
    )


def _title(images: Sequence[_Row]) -> str:
    started = _spread(images[0], "ready_s") is not None
    return "From registry to ready" if started else "From registry to unpacked"


def _lead(images: Sequence[_Row], link: str) -> str:
    over = "over loopback" if link == "none" else f"over {link}"
    best = _spread(images[0], "total_s")
    after = time_text(best["median"]) if best else "an unknown time"
    said = f"{images[0]['image']} takes {after} {over}"
    others = [f"{row['image']} {ratio_text(row, 'total_s')} as long" for row in images[1:]]
    return "; ".join((said, *others)) + "."


def _seconds(row: _Row, *, is_first: bool) -> Bar:
    """Parts that follow each other: what a start took to be executed is taken off what it took to be ready."""
    rounds = cast("list[_Row]", row["rounds"])
    parts = [_part(name, [each[key] for each in rounds]) for key, name in _BEFORE]
    if all(each["ready_s"] is not None for each in rounds):
        if all(each["start_s"] is not None for each in rounds):
            parts.append(_part("start", [each["start_s"] for each in rounds]))
        parts.append(_part("ready", [_float(each["ready_s"]) - _float(each["start_s"]) for each in rounds]))
    total, unpacking = _spread(row, "total_s"), _spread(row, "unpacking_s")
    ratio = "" if is_first else f" · {ratio_text(row, 'total_s')}"
    return Bar(
        label=str(row["image"]),
        total=time_text(total["median"]) + ratio if total else "",
        parts=tuple(parts),
        low=total["low"] if total else None,
        high=total["high"] if total else None,
        note=f"unpacking: {time_text(unpacking['median'])} in all" if unpacking else "",
    )


def _part(name: str, seconds: Sequence[object]) -> Part:
    values = [_float(value) for value in seconds]
    return Part(name=name, value=statistics.median(values), low=min(values), high=max(values))


def _pulled(row: _Row) -> Bar:
    pulled = _float(row["pulled_bytes"])
    count, layers = row["pulled_layers"], row["layers"]
    return Bar(
        label=str(row["image"]),
        total=format_bytes(round(pulled)),
        parts=(Part(name="pulled", value=pulled, low=pulled, high=pulled),),
        note=f"{layers} layers" if count == layers else f"{count} of {layers} layers",
    )


def _table(images: Sequence[_Row]) -> str:
    columns = [(key, name) for key, name in COLUMNS if any(_spread(row, key) for row in images)]
    head = ("image", "pulled", "unpacked", *(name for _, name in columns), "ratio")
    return table(head, (_cells(row, columns) for row in images))


def _cells(row: _Row, columns: Sequence[tuple[str, str]]) -> list[Cell]:
    cells = [Cell(text=str(row["image"]), small=str(row["digest"])[:19])]
    cells.append(Cell(text=format_bytes(round(_float(row["pulled_bytes"]))), small=ratio_text(row, "pulled_bytes")))
    files = f"{row['files']:,} files" if isinstance(row["files"], int) else ""
    cells.append(Cell(text=format_bytes(round(_float(row["unpacked_bytes"]))), small=files))
    for key, _ in columns:
        spread = _spread(row, key)
        text = time_text(spread["median"]) if spread else "-"
        cells.append(Cell(text=text, small=spread_text(row, key), strong=key == "total_s"))
    cells.append(Cell(text=ratio_text(row, "total_s"), strong=True))
    return cells


def _notes(images: Sequence[_Row]) -> list[str]:
    return [
        paragraph(
            f"{row['image']}: {row['compressed_here']} plain layers of the archive were compressed as an engine's push "
            "does (gzip level 6), before measuring.",
            note=True,
        )
        for row in images
        if row["compressed_here"]
    ]


def _imports(row: _Row) -> str:
    rows = [
        [
            Cell(text=str(each["module"])),
            Cell(text=f"{_float(each['self_s']) * 1000:,.0f} ms", strong=True),
            Cell(text=f"{_float(each['total_s']) * 1000:,.0f} ms"),
            Cell(text=str(each["asked_by"])),
        ]
        for each in cast("list[_Row]", row["imports"])
    ]
    return section(
        f"Dearest imports of {row['image']}", table(("module", "self", "with its own", "asked for by"), rows)
    )


def _spread(row: _Row, key: str) -> Mapping[str, float] | None:
    return cast("Mapping[str, Mapping[str, float] | None]", row["spread"])[key]


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
