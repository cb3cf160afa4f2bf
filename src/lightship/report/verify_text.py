"""The report of ``lightship verify`` as text for a terminal, and its findings as annotations of GitHub Actions."""

from collections.abc import Iterable

from lightship.findings import Finding, Report
from lightship.report.github import escape_message, escape_property
from lightship.report.text import render_findings, render_table
from lightship.units import format_seconds

__all__ = ["render_github", "render_verify"]

_MOST_NOTES = 5
_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


def render_verify(report: Report, *, verbose: bool = False) -> str:
    """What was verified, phase by phase, then probes, checks and findings; the verdict is the last line.

    ``verbose`` tells every note and how long each check took.
    """
    document = report.document
    head = [str(document["image"]), str(document["digest"])]
    facts = [str(document["platform"]), *([f"Python {document['python']}"] if document["python"] else [])]
    lines = ["  ".join(head), ", ".join(facts), ""]
    phases = document["phases"]
    if isinstance(phases, dict):
        told = [f"{name.removesuffix('_s')} {format_seconds(v)}" for name, v in phases.items() if v is not None]
        lines += ["  ".join(told), ""]
    lines += [_probe(probe) for probe in _rows(document["probes"])]
    checks = _rows(document["checks"])
    if verbose:
        rows = [(str(c["name"]), _seconds(c["seconds"]), str(c["findings"]), str(c["skipped"] or "")) for c in checks]
        lines += ["", *render_table(("check", "", "findings", "skipped"), rows)] if rows else []
        lines += ["", f"imports were compared with {document['compared_with']}"]
    else:
        skipped: dict[str, list[str]] = {}
        for check in checks:
            if check["skipped"]:
                skipped.setdefault(str(check["skipped"]), []).append(str(check["name"]))
        lines.append(f"{len(checks) - sum(map(len, skipped.values()))} checks")
        lines += [f"not checked: {', '.join(names)}: {why}" for why, names in skipped.items()]
    if report.findings:
        lines += ["", *render_findings(report.findings, most_notes=None if verbose else _MOST_NOTES)]
    lines += ["", "the image is good" if document["passed"] else "the image is not good"]
    return "\n".join(lines) + "\n"


def render_github(findings: Iterable[Finding]) -> str:
    """Workflow commands, one a finding (docs.github.com, "Workflow commands for GitHub Actions", read 2026-11)."""
    lines = [
        f"::{_LEVELS[one.severity]} title={escape_property(f'{one.code}: {one.title}')}::{escape_message(_whole(one))}"
        for one in findings
    ]
    return "".join(f"{line}\n" for line in lines)


def _whole(finding: Finding) -> str:
    where = f" ({finding.location})" if finding.location else ""
    return f"{finding.message}{where}" + (f"\nfix: {finding.fix}" if finding.fix else "")


def _probe(row: dict[str, object]) -> str:
    mark = "ok    " if row["ok"] else "FAILED"
    return f"  {mark} {row['name']!s:<40} {_seconds(row['seconds']):>8}"


def _seconds(value: object) -> str:
    return format_seconds(float(value)) if isinstance(value, int | float) else ""


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
