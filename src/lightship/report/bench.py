"""The report of ``bench`` as rows that every format shares, as text for a terminal, and as Markdown."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import cast

from lightship.bench.file_system import FileSystem
from lightship.findings import Report
from lightship.report.markdown import escape_markdown, render_markdown_table
from lightship.report.text import render_findings, render_table
from lightship.units import format_bytes, format_seconds

__all__ = [
    "COLUMNS",
    "conditions_of",
    "images_of",
    "ratio_text",
    "render_bench_markdown",
    "render_bench_text",
    "spread_text",
    "time_text",
]

_Row = Mapping[str, object]

COLUMNS = (
    ("pull_s", "pull"),
    ("unpack_s", "unpack"),
    ("start_s", "start"),
    ("ready_s", "ready"),
    ("total_s", "total"),
    ("first_request_s", "request"),
)
"""What was timed, by its key in the document, and what people call it."""

_WIDTH = 80
_SHORT_S = 0.1


def images_of(report: Report) -> list[_Row]:
    """The images of the document, in their order."""
    return cast("list[_Row]", report.document["images"])


def conditions_of(report: Report) -> list[tuple[str, str]]:
    """Under what was measured: name and value, for people."""
    conditions = cast("_Row", report.document["conditions"])
    link = cast("_Row", report.document["link"])
    machine = cast("_Row", conditions["machine"])
    after = conditions["after"]
    memory, load = format_bytes(_int(machine["memory_bytes"])), f"load {machine['load']}"
    shaped = "none: loopback, as fast as this machine"
    if link["text"] != "none":
        shaped = f"{link['text']} (a proxy on loopback; the delay is one way; no loss, no slow start)"
    dropped = "dropped before each start" if conditions["page_cache"] == "dropped" else "kept, as the unpacking left it"
    return [
        ("link", shaped),
        (
            "rounds",
            "1" if conditions["rounds"] == 1 else f"{conditions['rounds']}, interleaved; medians, and least to most",
        ),
        ("total", "pull, unpack and ready; ready counts from the start" if conditions["probe"] else "pull and unpack"),
        ("node", f"has {after}" if after else "empty"),
        ("pull", f"{conditions['parallel']} layers at a time, verified, to {_disk(conditions)}"),
        ("unpack", "bottom first, while layers above are pulled; the time is what was left after the pull"),
        ("page cache", dropped),
        (
            "start",
            f"{conditions['engine']}, until {conditions['probe']} answers" if conditions["probe"] else "not measured",
        ),
        ("machine", ", ".join((str(machine["processor"]), f"{machine['processors']} processors", memory, load))),
        ("versions", f"lightship {machine['lightship']}, Python {machine['python']}, {machine['kernel']}"),
    ]


def spread_text(row: _Row, key: str) -> str:
    """Least to most of a time, in the unit of `time_text`: ``11.9-12.3``; empty where nothing, or one round alone, was
    measured."""
    spread = cast("Mapping[str, _Row | None]", row["spread"])[key]
    if spread is None or len(cast("Sequence[object]", row["rounds"])) < 2:
        return ""
    low, high = _float(spread["low"]), _float(spread["high"])
    if 0 < _float(spread["median"]) < _SHORT_S:
        return f"{low * 1000:.0f}-{high * 1000:.0f}"
    digits = 2 if high < 10 else 1
    return f"{low:.{digits}f}-{high:.{digits}f}"


def time_text(seconds: float) -> str:
    """``17.4 s``, and ``12 ms`` for what is too short for seconds."""
    return f"{seconds * 1000:.0f} ms" if 0 < seconds < _SHORT_S else format_seconds(seconds)


def ratio_text(row: _Row, key: str) -> str:
    """Against the first image: ``4.31x``; empty where there is none."""
    ratio = cast("_Row", row["ratio"])[key]
    return "" if ratio is None else f"{_float(ratio):.2f}x"


def render_bench_text(report: Report) -> str:
    """For a terminal of 80 columns: a line of medians for each image, its ranges and ratios below."""
    images = images_of(report)
    columns = _measured(images)
    head = ("", "pulled", *(name for _, name in columns))
    rows: list[Sequence[str]] = []
    for number, row in enumerate(images, 1):
        medians = [time_text(median) if (median := _median(row, key)) is not None else "-" for key, _ in columns]
        rows.append((str(number), format_bytes(_int(row["pulled_bytes"])), *medians))
        if any(spreads := [spread_text(row, key) for key, _ in columns]):
            rows.append(("", "", *spreads))
        if number > 1:
            rows.append(("", ratio_text(row, "pulled_bytes"), *(ratio_text(row, key) for key, _ in columns)))
    lines = [*render_table(head, rows), ""]
    for number, row in enumerate(images, 1):
        lines += textwrap.wrap(f"{number}  {row['image']}", _WIDTH, subsequent_indent="   ", break_on_hyphens=False)
        lines += textwrap.wrap(_described(row), _WIDTH, initial_indent="   ", subsequent_indent="   ")
    lines.append("")
    for name, value in conditions_of(report):
        lines += textwrap.wrap(f"{name:<11} {value}", _WIDTH, subsequent_indent=" " * 12, break_on_hyphens=False)
    for number, row in enumerate(images, 1):
        lines += _imports_text(number, row)
    if report.findings:
        lines += ["", *render_findings(report.findings)]
    return "\n".join(lines) + "\n"


def render_bench_markdown(report: Report) -> str:
    """A table for a pull request or a document, ranges in brackets, and the conditions below."""
    images = images_of(report)
    columns = _measured(images)
    rows = []
    for row in images:
        times = []
        for key, _ in columns:
            median = _median(row, key)
            spread = spread_text(row, key)
            cell = "-" if median is None else f"{time_text(median)} ({spread})" if spread else time_text(median)
            times.append(f"**{cell}**" if key == "total_s" and median is not None else cell)
        pulled, unpacked = format_bytes(_int(row["pulled_bytes"])), format_bytes(_int(row["unpacked_bytes"]))
        rows.append((escape_markdown(str(row["image"])), pulled, unpacked, *times, ratio_text(row, "total_s")))
    head = ("image", "pulled", "unpacked", *(name for _, name in columns), "ratio")
    lines = [*render_markdown_table(head, rows), ""]
    lines += [f"* {name}: {escape_markdown(value)}" for name, value in conditions_of(report)]
    lines += [f"* {escape_markdown(str(row['image']))}: {note}" for row in images if (note := _note(row))]
    if report.findings:
        lines += ["", *(f"* **{each.severity}**: {escape_markdown(each.message)}" for each in report.findings)]
    return "\n".join(lines) + "\n"


def _disk(conditions: _Row) -> str:
    kind = str(conditions["file_system"])
    if not kind:
        return "disk"
    return f"{'memory' if FileSystem(kind=kind).is_memory else 'disk'} ({kind})"


def _described(row: _Row) -> str:
    pulled, layers = _int(row["pulled_layers"]), _int(row["layers"])
    which = f"{layers} layers" if pulled == layers else f"{layers} layers, {pulled} of them pulled"
    said = f"{format_bytes(_int(row['compressed_bytes']))} compressed in {which}, "
    said += f"{format_bytes(_int(row['unpacked_bytes']))} unpacked in {_int(row['files']):,} files"
    unpacking = _median(row, "unpacking_s")
    said += f", {time_text(unpacking)} of unpacking in all" if unpacking is not None else ""
    note = _note(row)
    return f"{said}; {note}" if note else said


def _note(row: _Row) -> str:
    count = _int(row["compressed_here"])
    plain = "1 plain layer was" if count == 1 else f"{count} plain layers were"
    return f"{plain} compressed as a push does (gzip level 6) before measuring" if count else ""


def _imports_text(number: int, row: _Row) -> list[str]:
    imports = cast("list[_Row]", row.get("imports") or [])
    if not imports:
        return []
    table = [
        (_short(each["module"], 36), f"{_float(each['self_s']) * 1000:,.0f} ms", _short(each["asked_by"], 30))
        for each in imports
    ]
    return ["", *render_table((f"dearest imports of {number}", "self", "asked for by"), table)]


def _short(name: object, letters: int) -> str:
    """Its end says more of a module than its beginning."""
    text = str(name)
    return text if len(text) <= letters else f"…{text[-letters + 1 :]}"


def _measured(images: Sequence[_Row]) -> list[tuple[str, str]]:
    """The columns in which at least one image has a time."""
    return [(key, name) for key, name in COLUMNS if any(_median(row, key) is not None for row in images)]


def _median(row: _Row, key: str) -> float | None:
    spread = cast("Mapping[str, _Row | None]", row["spread"])[key]
    return None if spread is None else _float(spread["median"])


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0


def _float(value: object) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
