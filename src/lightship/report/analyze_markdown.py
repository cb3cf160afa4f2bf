"""The report of ``lightship analyze`` as Markdown: for a pull request or a job's summary."""

from collections.abc import Sequence

from lightship.findings import Finding, Report
from lightship.report.diff import render_diff_markdown
from lightship.report.markdown import escape_markdown, render_markdown_table
from lightship.units import format_bytes

__all__ = ["render_analysis_markdown"]

_MOST_ROWS = 15
_MOST_LETTERS = 160


def render_analysis_markdown(report: Report, *, diff: Report | None = None) -> str:
    """The three figures, findings, and to unfold: layers, packages, and what changed where ``diff`` tells of it."""
    document = report.document
    image, totals = _object(document["image"]), _object(document["totals"])
    layers, packages = _rows(image["layers"]), _rows(document["packages"])
    hidden = (
        f"{_size(totals, 'wasted_bytes')} of it hidden by higher layers" if totals["wasted_bytes"] else "none hidden"
    )
    figures = [
        ["compressed", _size(totals, "compressed_bytes"), f"travels, in {len(layers)} layers"],
        ["unpacked", _size(totals, "unpacked_bytes"), f"lies on disk, {hidden}"],
        ["unique", _size(totals, "unique_bytes"), "compressed, and in no image given with \\-\\-beside"],
    ]
    lines = [
        f"### {escape_markdown(str(image['reference'] or image['digest']))}",
        "",
        *render_markdown_table(("figure", "bytes", ""), figures),
        "",
        *_findings(report.findings),
        *_unfolded(f"{len(layers)} layers", ("layer", "compressed", "unpacked", "hidden"), _layers(layers)),
        *_unfolded(
            f"{len(packages)} packages, the largest {min(len(packages), _MOST_ROWS)}",
            ("package", "compressed", "unpacked", "needed by"),
            [_package(row) for row in packages[:_MOST_ROWS]],
        ),
    ]
    if diff is not None:
        lines += ["", "<details><summary>What changed</summary>", "", render_diff_markdown(diff), "</details>"]
    return "\n".join(lines).rstrip("\n") + "\n"


def _findings(findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return ["Nothing was found that is waste."]
    ordered = sorted(findings, key=lambda each: (each.severity != "error", -(each.unpacked_bytes or 0)))
    rows = [
        [
            f"{each.severity}: {_escaped(each.message, None)}",
            format_bytes(each.unpacked_bytes) if each.unpacked_bytes is not None else "",
            _escaped(each.fix or "", None),
        ]
        for each in ordered[:_MOST_ROWS]
    ]
    left = len(ordered) - len(rows)
    more = ["", f"and {left} more findings"] if left else []
    return [*render_markdown_table(("finding", "unpacked", "fix"), rows), *more]


def _layers(layers: Sequence[dict[str, object]]) -> list[list[str]]:
    return [
        [
            f"{number + 1} {_escaped(str(row['instruction']))}",
            _size(row, "compressed_bytes"),
            _size(row, "unpacked_bytes"),
            _size(row, "wasted_bytes") if row["wasted_bytes"] else "",
        ]
        for number, row in enumerate(layers)
    ]


def _package(row: dict[str, object]) -> list[str]:
    by = row["required_by"]
    names = [str(name) for name in by] if isinstance(by, list) else []
    needed = names[0] + (f" +{len(names) - 1}" if len(names) > 1 else "") if names else ""
    name = f"{row['name']} {row['version']} ({row['ecosystem']})"
    return [_escaped(name), _size(row, "compressed_bytes"), _size(row, "unpacked_bytes"), _escaped(needed)]


def _unfolded(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    table = render_markdown_table(head, rows)
    return ["", f"<details><summary>{title}</summary>", "", *table, "", "</details>"]


def _escaped(text: str, most: int | None = _MOST_LETTERS) -> str:
    return escape_markdown(text if most is None or len(text) <= most else f"{text[: most - 1]}…")


def _size(row: dict[str, object], key: str) -> str:
    value = row[key]
    return format_bytes(value) if isinstance(value, int) else "?"


def _object(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
