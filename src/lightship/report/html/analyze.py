"""The report of ``analyze`` as a page: the image as a treemap to walk through, layers, findings, packages.

All but the treemap is there without a script as well. The script is the program's own (``assets/``), and the page's
policy names its hash; what an image says is data to it, never markup.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from lightship.analyze.model import NOBODY, Analysis, Package
from lightship.findings import Finding, Report
from lightship.report.html.analyze_parts import (
    ECOSYSTEMS,
    contents,
    explorer,
    figures,
    layers_of,
    packages_of,
    places_of,
)
from lightship.report.html.diff import diff_section
from lightship.report.html.findings_part import findings_of, ordered_findings
from lightship.report.html.page import definitions, embedded, page, section, shown
from lightship.report.html.tree_data import MIXED, Leaf, Names, tree_columns
from lightship.units import format_bytes

__all__ = ["render_analysis_html"]

_DATA_BYTES = 2_600_000
_HIDDEN_BYTES = 400_000
_MOST_PACKAGES = 3000
_MOST_NEEDS = 40
_MOST_LETTERS = 200
_MOST_MARKS = 400
_SCRIPTS = ("core.js", "marks.js", "treemap.js", "explore.js", "findings.js", "packages.js")


def render_analysis_html(analysis: Analysis, report: Report, *, diff: Report | None = None, version: str = "") -> str:
    """A self-contained page of ``report``, which is of ``analysis``; ``diff`` is what changed since another image. At
    most about 3 MB, however much the image holds."""
    findings = ordered_findings(report.findings)
    data = _data(analysis, findings)
    body = [
        "" if analysis.complete else _incomplete(),
        figures(analysis),
        contents(analysis, has_diff=diff is not None),
        "" if diff is None else diff_section(diff),
        explorer(has_hidden=data["hidden"] is not None, has_findings=bool(analysis.evidence)),
        findings_of(findings),
        layers_of(analysis),
        packages_of(analysis),
        places_of(analysis.unowned),
        section("The image", definitions(_facts(analysis))),
        embedded("data", data),
    ]
    return page(
        analysis.reference or analysis.digest,
        _lead(analysis),
        filter(None, body),
        footer=f"lightship {version} analyze".replace("  ", " "),
        style=_asset("parts.css") + _asset("analyze.css"),
        script=f'(()=>{{"use strict";\n{"".join(_asset(name) for name in _SCRIPTS)}}})();',
    )


def _lead(analysis: Analysis) -> str:
    totals = analysis.totals
    packages = len(analysis.packages)
    said = f"{analysis.platform}: {totals.files:,} files, {packages:,} package{'' if packages == 1 else 's'}"
    wasted = f"{format_bytes(totals.wasted_bytes)} of {format_bytes(totals.unpacked_bytes)} unpacked are hidden"
    return f"{said}. {wasted} by higher layers." if totals.wasted_bytes else f"{said}. No file is hidden."


def _incomplete() -> str:
    return '<p class="warning" role="note">A layer could not be read: the figures are those of the others.</p>'


def _facts(analysis: Analysis) -> Iterator[tuple[str, str]]:
    yield "digest", analysis.digest
    yield "platform", analysis.platform
    runtime = analysis.config.runtime
    words = {"entrypoint": runtime.entrypoint, "command": runtime.cmd, "user": runtime.user}
    for name, value in words.items():
        if value:
            yield name, value if isinstance(value, str) else " ".join(value)


def _data(analysis: Analysis, findings: Sequence[Finding]) -> dict[str, object]:
    names, numbers, marks = Names(shown), _numbers(analysis), _marks(analysis, findings)
    hidden = _hidden(analysis, marks) if analysis.totals.wasted_bytes else ()
    present = {package.ecosystem for package in analysis.packages}
    packages = [_package(analysis.packages[number], numbers) for number in numbers]
    left = _DATA_BYTES - len(json.dumps(packages)) - (_HIDDEN_BYTES if hidden else 0)
    return {
        "files": tree_columns(_visible(analysis, numbers, marks), names, most_bytes=left),
        "hidden": tree_columns(hidden, names, most_bytes=_HIDDEN_BYTES) if hidden else None,
        "names": names.table,
        "layers": [{"instruction": shown(layer.instruction[:_MOST_LETTERS])} for layer in analysis.layers],
        "ecosystems": {name: shown(ECOSYSTEMS.get(name, name)) for name in sorted(present)},
        "packages": packages,
        "findings": {
            number: {"code": each.code, "severity": each.severity, "message": shown(each.message[:_MOST_LETTERS])}
            for number, each in enumerate(findings[:_MOST_MARKS], start=1)
        },
        "unowned": {
            "unpacked": analysis.totals.unowned_bytes,
            "compressed": sum(place.compressed_bytes for place in analysis.unowned),
            "files": sum(place.files for place in analysis.unowned),
        },
    }


def _numbers(analysis: Analysis) -> dict[int, int]:
    """The numbers that packages have in the page, by those in the analysis; only the largest, if there are many."""
    packages = analysis.packages
    largest = sorted(range(len(packages)), key=lambda number: (-packages[number].unpacked_bytes, number))
    return {number: place for place, number in enumerate(sorted(largest[:_MOST_PACKAGES]))}


def _marks(analysis: Analysis, findings: Sequence[Finding]) -> Mapping[int, tuple[int, ...]]:
    """The numbers of findings that are about a row, by row."""
    marks: dict[int, tuple[int, ...]] = {}
    for number, finding in enumerate(findings[:_MOST_MARKS], start=1):
        for row in analysis.evidence.get(finding, ()):
            marks[row] = (*marks.get(row, ()), number)
    return marks


def _visible(analysis: Analysis, numbers: Mapping[int, int], marks: Mapping[int, tuple[int, ...]]) -> Iterator[Leaf]:
    layers, owners = analysis.entries.layers, analysis.owners
    for path, row, unpacked, compressed in analysis.tree.shares(analysis.entries):
        owner = owners[row]
        told = NOBODY if owner == NOBODY else numbers.get(owner, MIXED)
        yield Leaf(path, unpacked, compressed, layers[row], told, marks.get(row, ()))


def _hidden(analysis: Analysis, marks: Mapping[int, tuple[int, ...]]) -> Iterable[Leaf]:
    """Every copy that cannot be seen; as its owner, the layer that hides it."""
    entries = analysis.entries
    return [
        Leaf(
            entries.paths[row], entries.sizes[row], entries.compressed[row], entries.layers[row], by, marks.get(row, ())
        )
        for row, by, _, _ in analysis.tree.shadows()
    ]


def _package(package: Package, numbers: Mapping[int, int]) -> Mapping[str, object]:
    by, needs = (
        [numbers[number] for number in others if number in numbers]
        for others in (package.required_by, package.requires)
    )
    return {
        "ecosystem": package.ecosystem,
        "name": shown(package.name[:_MOST_LETTERS]),
        "version": shown(package.version[:_MOST_LETTERS]),
        "location": shown(package.location[:_MOST_LETTERS]),
        "unpacked": package.unpacked_bytes,
        "compressed": package.compressed_bytes,
        "files": package.files,
        "layer": package.layer,
        "by": by[:_MOST_NEEDS],
        "byCount": len(package.required_by),
        "needs": needs[:_MOST_NEEDS],
        "needsCount": len(package.requires),
        "missing": [shown(name[:_MOST_LETTERS]) for name in package.missing[:_MOST_NEEDS]],
        "within": None if package.within is None else numbers.get(package.within),
        "requested": package.requested,
    }


def _asset(name: str) -> str:
    return (resources.files("lightship.report.html") / "assets" / name).read_text(encoding="utf-8")
