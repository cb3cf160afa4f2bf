"""The report of ``lightship diff`` as text and Markdown: what is pulled, which packages changed, layer by layer."""

import textwrap
from collections.abc import Iterable

from lightship.findings import Report
from lightship.report.markdown import escape_markdown, render_markdown_table
from lightship.report.text import render_table
from lightship.units import format_bytes

__all__ = ["render_diff", "render_diff_markdown"]

_WORDS = 44
"""Columns for what a layer is made of; the rest of a line of 80 is sizes."""
_LAYERS = ("layer", "", "compressed", "unpacked")
_PACKAGES = ("package", "before", "after", "unpacked", "")


def render_diff(report: Report, *, verbose: bool = False) -> str:
    """What is pulled and unpacked, then packages and layers that changed; ``verbose`` tells kept layers and digests."""
    document = report.document
    layers, packages = _rows(document["layers"]), document["packages"]
    shown = [layer for layer in layers if verbose or layer["state"] != "kept"]
    lines = [*_sides(document), ""]
    for line in _summary(document):
        lines += textwrap.wrap(line, 80, subsequent_indent="  ")
    if shown:
        rows = [(_cut(_words(layer)), str(layer["state"]), *_sizes(layer)) for layer in shown]
        lines += ["", *render_table(_LAYERS, rows)]
    if isinstance(packages, list) and packages:
        lines += ["", *render_table(_PACKAGES, [_package(row) for row in packages])]
    if verbose:
        lines += ["", *(f"{layer['state']:4}  {layer['digest']}  {_cut(_words(layer))}".rstrip() for layer in layers)]
    return "\n".join(lines) + "\n"


def render_diff_markdown(report: Report) -> str:
    """The same for a pull request; kept layers are told by their number only."""
    document = report.document
    layers, packages = _rows(document["layers"]), document["packages"]
    lines = [*(f"{escape_markdown(line)}  " for line in _sides(document)), ""]
    lines += [f"* {escape_markdown(line)}" for line in _summary(document)]
    changed = [layer for layer in layers if layer["state"] != "kept"]
    if changed:
        rows = [[escape_markdown(_words(layer)), str(layer["state"]), *_sizes(layer)] for layer in changed]
        lines += ["", *render_markdown_table(_LAYERS, rows)]
    if isinstance(packages, list) and packages:
        cells = [[escape_markdown(cell) for cell in _package(row)] for row in packages]
        lines += ["", *render_markdown_table(_PACKAGES, cells)]
    return "\n".join(lines) + "\n"


def _sides(document: dict[str, object]) -> Iterable[str]:
    for name in ("before", "after"):
        side = _row(document[name])
        what = str(side["reference"] or side["digest"])
        size = f"{format_bytes(_int(side['compressed_bytes']))} in {_layers(_int(side['layers']))}"
        yield f"{name:7}{what}  {side['platform']}  {size}"


def _summary(document: dict[str, object]) -> Iterable[str]:
    totals = _row(document["totals"])
    if _row(document["before"])["digest"] == _row(document["after"])["digest"]:
        yield "the same image: a node that has the one pulls nothing for the other"
    elif not totals["pulled_layers"]:
        metadata = format_bytes(_int(totals["metadata_bytes"]))
        yield f"every layer is already there: {metadata} of manifest and config differ"
        if totals["gone_bytes"]:
            yield _growth(document)
    else:
        yield from _totals(totals)
        yield _growth(document)


def _totals(totals: dict[str, object]) -> Iterable[str]:
    share = totals["pulled_share"]
    percent = f"{share:.1%}" if isinstance(share, float) else "0.0%"
    pulled = f"{format_bytes(_int(totals['pulled_bytes']))} in {_layers(_int(totals['pulled_layers']))}"
    yield f"to pull: {pulled}, {percent} of the image"
    kept = f"{format_bytes(_int(totals['kept_bytes']))} in {_layers(_int(totals['kept_layers']))}"
    yield f"already there: {kept}"
    anew = f"{_layers(_int(totals['unpacked_anew_layers']))}, "
    anew += f"{format_bytes(_int(totals['unpacked_anew_compressed_bytes']))} compressed"
    yield f"to unpack, what lies above the first change: {anew}"


def _growth(document: dict[str, object]) -> str:
    return f"growth: {_row(document['explanation'])['sentence']}"


def _layers(number: int) -> str:
    return "1 layer" if number == 1 else f"{number} layers"


def _words(layer: dict[str, object]) -> str:
    said = str(layer["created_by"]).removeprefix("lightship build: ")
    return " ".join((said or str(layer["digest"])).split())


def _cut(text: str) -> str:
    return text if len(text) <= _WORDS else f"{text[: _WORDS - 1]}…"


def _sizes(layer: dict[str, object]) -> tuple[str, str]:
    unpacked = layer["unpacked_bytes"]
    return format_bytes(_int(layer["compressed_bytes"])), format_bytes(unpacked) if isinstance(unpacked, int) else ""


def _package(row: dict[str, object]) -> tuple[str, str, str, str, str]:
    before, after = row["before_unpacked_bytes"], row["after_unpacked_bytes"]
    size = after if isinstance(after, int) else before
    grown = ""
    if isinstance(before, int) and isinstance(after, int) and before != after:
        grown = f"{'+' if after > before else '-'}{format_bytes(abs(after - before))}"
    name = str(row["name"]) if row["ecosystem"] == "python" else f"{row['name']} ({row['ecosystem']})"
    told = format_bytes(size) if isinstance(size, int) else ""
    return name, str(row["before"] or "-"), str(row["after"] or "-"), told, grown


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []


def _row(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _int(value: object) -> int:
    return value if isinstance(value, int) else 0
