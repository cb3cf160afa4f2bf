"""The report of ``lightship check`` as text, and as Markdown for one comment on a pull request.

The comment begins with a marker that is not shown, by which it is found again and edited in place.
"""

import re
import textwrap
from collections.abc import Iterable, Sequence

from lightship.findings import Finding, Report
from lightship.report.markdown import escape_markdown, render_markdown_table
from lightship.report.problems import budget_name, budget_sentence, format_amount
from lightship.report.text import render_findings, render_table
from lightship.units import format_bytes

__all__ = ["MARKER", "render_check", "render_check_markdown"]

MARKER = "<!-- lightship check -->"
_HEAD = ("budget", "value", "limit", "baseline", "")
_BREAKS = re.compile(r"[\r\n\v\f\x85\u2028\u2029]+")
_MOST_FINDINGS = 10
_MOST_CHANGES = 10


def render_check(report: Report, *, verbose: bool = False) -> str:
    """Budgets, what explains growth, failures, and the verdict as the last line; ``verbose`` tells findings too."""
    document = report.document
    lines = [*_sides(document)]
    rows = _rows(document["budgets"])
    if rows:
        lines += ["", *render_table(_HEAD, [_cells(row) for row in rows])]
    broken = [row for row in rows if not row["passed"]]
    if broken:
        lines += ["", *(f"error: {budget_sentence(row)}" for row in broken)]
    for failure in _rows(document["failures"]):
        lines += [f"error: {failure['message']}", *([f"  hint: {failure['hint']}"] if failure["hint"] else [])]
    sentence = _sentence(document)
    lines += ["", *textwrap.wrap(sentence, 80, subsequent_indent="  ")] if sentence else []
    lines += _findings(report.findings, verbose=verbose)
    lines += [f"note: {note}" for note in _texts(document["notes"])]
    lines += [_lowered(each) for each in _rows(document["ratchet"])]
    return "\n".join([*map(_harmless, lines), "", _verdict(document)]) + "\n"


def render_check_markdown(report: Report) -> str:
    """The same for a pull request, with the changes and findings to unfold."""
    document = report.document
    mark = "✅" if document["passed"] else "❌"
    lines = [MARKER, f"### {mark} lightship: {escape_markdown(_verdict(document))}", ""]
    lines += [f"{escape_markdown(line)}  " for line in _sides(document)]
    rows = _rows(document["budgets"])
    if rows:
        cells = [[escape_markdown(cell) for cell in _cells(row, passed="✅", failed="❌")] for row in rows]
        lines += ["", *render_markdown_table(_HEAD, cells)]
    broken = [f"* {escape_markdown(budget_sentence(row))}" for row in rows if not row["passed"]]
    broken += [f"* {escape_markdown(str(failure['message']))}" for failure in _rows(document["failures"])]
    lines += ["", *broken] if broken else []
    sentence = _sentence(document)
    lines += ["", f"**{escape_markdown(sentence)}**"] if sentence else []
    lines += _unfolded("What changed", ("", "before", "after", "bytes"), _changes(document))
    found = [
        [escape_markdown(cell) for cell in (each.severity, each.message, each.code, _bytes(each))]
        for each in _ordered(report.findings)[:_MOST_FINDINGS]
    ]
    title = f"{len(report.findings)} findings" if len(report.findings) != 1 else "1 finding"
    lines += _unfolded(title, ("severity", "finding", "code", "unpacked"), found)
    lines += ["", *(f"* {escape_markdown(_lowered(each))}" for each in _rows(document["ratchet"]))]
    return "\n".join(lines).rstrip("\n") + "\n"


def _harmless(line: str) -> str:
    """``line`` as one that gives the runner of a job no order: names in images are somebody else's, and GitHub's
    takes whatever begins with two colons, after blanks too, for a workflow command."""
    line = _BREAKS.sub(" ", line)
    return f"\\{line.lstrip()}" if line.lstrip().startswith("::") else line


def _verdict(document: dict[str, object]) -> str:
    if document["passed"]:
        return "the image keeps its budgets"
    if document["image"] is None:
        return "the image was not measured"
    broken = sum(not row["passed"] for row in _rows(document["budgets"]))
    if not broken:
        return "the check was not made"
    return "1 budget is broken" if broken == 1 else f"{broken} budgets are broken"


def _sides(document: dict[str, object]) -> Iterable[str]:
    for name, word in (("image", ""), ("baseline", "against ")):
        side = document[name]
        if isinstance(side, dict):
            yield word + "  ".join(str(side[key]) for key in ("reference", "platform") if side[key])
            yield from [f"  {side['digest']}"] if side["digest"] else []


def _cells(row: dict[str, object], *, passed: str = "", failed: str = "FAILED") -> tuple[str, str, str, str, str]:
    unit = str(row["unit"])
    value, limit, baseline = (format_amount(row[key], unit) or "?" for key in ("value", "limit", "baseline"))
    known = row["baseline"] is not None or row["rule"] == "max-growth"
    return budget_name(row), value, limit, baseline if known else "", passed if row["passed"] else failed


def _sentence(document: dict[str, object]) -> str:
    explanation = document["explanation"]
    return str(explanation["sentence"]) if isinstance(explanation, dict) else ""


def _changes(document: dict[str, object]) -> list[list[str]]:
    explanation = document["explanation"]
    changes = _rows(explanation["changes"]) if isinstance(explanation, dict) else []
    return [
        [
            escape_markdown(str(each["what"])),
            escape_markdown(str(each["before"])) or ("" if each["state"] == "new" else "there"),
            escape_markdown(str(each["after"])) or ("" if each["state"] == "gone" else "there"),
            _signed(each["grown_bytes"]),
        ]
        for each in changes[:_MOST_CHANGES]
    ]


def _unfolded(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    if not rows:
        return []
    table = render_markdown_table(head, rows)
    return ["", f"<details><summary>{title}</summary>", "", *table, "", "</details>"]


def _findings(findings: Sequence[Finding], *, verbose: bool) -> list[str]:
    if not findings:
        return []
    if verbose:
        return ["", *render_findings(findings)]
    counts = [(name, sum(each.severity == name for each in findings)) for name in ("error", "warning", "note")]
    told = ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts if count)
    return ["", f"findings: {told} (-v shows them)"]


def _ordered(findings: Sequence[Finding]) -> list[Finding]:
    order = ("error", "warning", "note")
    return sorted(findings, key=lambda each: (order.index(each.severity), -(each.unpacked_bytes or 0)))


def _bytes(finding: Finding) -> str:
    return format_bytes(finding.unpacked_bytes) if finding.unpacked_bytes is not None else ""


def _signed(value: object) -> str:
    number = value if isinstance(value, int) else 0
    return f"{'+' if number > 0 else '-' if number < 0 else ''}{format_bytes(abs(number))}"


def _lowered(row: dict[str, object]) -> str:
    return f"max of {row['metric']} lowered from {row['before']} to {row['after']}"


def _texts(value: object) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list) else []


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
