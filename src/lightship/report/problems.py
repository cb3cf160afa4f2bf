"""What a report complains of, one by one, for formats that list problems: annotations, SARIF, code quality.

A report of any feature has findings; that of ``lightship check`` has broken budgets and failures as well, which stand
first and name the line of the configuration that asked.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace

from lightship.findings import Finding, Report, Severity
from lightship.units import format_bytes, format_seconds

__all__ = ["Problem", "budget_name", "budget_sentence", "distinct", "format_amount", "problems_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A finding, and where it is to be shown: in the image, at the finding's location, or in the project, where
    ``file`` and ``line`` may be known. ``identity`` names it whatever its numbers are, and no other of the report.
    ``suppressed`` is the reason why it does not count."""

    finding: Finding
    identity: str
    is_in_image: bool = True
    file: str = ""
    line: int | None = None
    suppressed: str = ""

    @property
    def fingerprint(self) -> str:
        """The identity as formats want it: hexadecimal digits."""
        return hashlib.sha256(self.identity.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def sentences(self) -> str:
        """What, where in the image, and on a line of its own what to do."""
        where = f" ({self.finding.location})" if self.finding.location else ""
        return f"{self.finding.message}{where}" + (f"\nfix: {self.finding.fix}" if self.finding.fix else "")


def problems_of(report: Report) -> tuple[Problem, ...]:
    """Broken budgets, failures, findings, and last the findings that are ignored."""
    document = report.document
    broken = [row for row in _rows(document.get("budgets")) if not row["passed"]]
    found = [_of_budget(row) for row in broken]
    found += [_of_failure(row) for row in _rows(document.get("failures"))]
    found += [_of_finding(finding) for finding in report.findings]
    found += [_of_ignored(row) for row in _rows(document.get("ignored"))]
    return distinct(found)


def distinct(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """``problems``, of which no two have the same identity."""
    found, seen = [], dict[str, int]()
    for problem in problems:
        times = seen[problem.identity] = seen.get(problem.identity, 0) + 1
        found.append(problem if times == 1 else replace(problem, identity=f"{problem.identity}\0{times}"))
    return tuple(found)


def _of_finding(finding: Finding) -> Problem:
    place = finding.place
    if place is None:
        return Problem(finding=finding, identity=_identity(finding))
    return Problem(finding=finding, identity=_identity(finding), is_in_image=False, file=place.file, line=place.line)


def budget_name(row: dict[str, object]) -> str:
    """``compressed``, ``package torch growth``."""
    metric, name = str(row["metric"]), str(row["name"])
    largest = metric in ("layer", "package") and not name
    words = f"largest {metric}" if largest else f"{metric} {name}".strip()
    return f"{words} growth" if row["rule"] == "max-growth" else words


def budget_sentence(row: dict[str, object]) -> str:
    """What was allowed and what there is, or why that is not known."""
    name = budget_name(row).removesuffix(" growth")
    value, limit, baseline, unit = row["value"], row["limit"], row["baseline"], str(row["unit"])
    of = f"; it is {row['subject']}" if row["subject"] and row["metric"] in ("layer", "package") else ""
    if row["reason"]:
        return f"{budget_name(row)}: {row['reason']}"
    if not isinstance(value, int | float) or not isinstance(limit, int | float):
        return f"{budget_name(row)} was not measured"
    said, allowed = format_amount(value, unit), format_amount(limit, unit)
    if said == allowed and value != limit:  # one byte too many must not read as 200 MB of 200 MB
        said, allowed = f"{value:,} {unit}", f"{limit:,} {unit}"
    if row["rule"] == "max-growth" and isinstance(baseline, int | float):
        share = f" ({(value - baseline) / baseline:+,.1%})" if baseline else ""
        began = f"{name}: {format_amount(baseline, unit)} became {said}{share}"
        return f"{began}, allowed is {allowed} ({row['allowed']}){of}"
    return f"{name}: {said}, allowed is {allowed}{of}"


def format_amount(value: object, unit: str) -> str:
    """A value as people read it; empty for what is not known."""
    if not isinstance(value, int | float):
        return ""
    if unit == "bytes":
        return format_bytes(int(value))
    return format_seconds(float(value)) if unit == "seconds" else f"{value:g}"


def _of_budget(row: dict[str, object]) -> Problem:
    known = row["value"] is not None and row["limit"] is not None and not row["reason"]
    finding = Finding(
        code="budget-broken" if known else "budget-not-measured",
        severity="error",
        title="a budget is broken" if known else "a budget could not be held against a measurement",
        message=budget_sentence(row),
    )
    file, line = _place(row["source"])
    identity = "\0".join(("budget", str(row["metric"]), str(row["name"]), str(row["rule"])))
    return Problem(finding=finding, identity=identity, is_in_image=False, file=file, line=line)


_TITLES = {
    "not-measured": "the image was not measured",
    "no-baseline": "there is no baseline",
    "ignore-expired": "an ignore entry has expired",
}


def _of_failure(row: dict[str, object]) -> Problem:
    code = str(row["code"])
    finding = Finding(
        code=code,
        severity="error",
        title=_TITLES.get(code, code),
        message=str(row["message"]),
        fix=str(row["hint"]) if row["hint"] else None,
    )
    file, line = _place(row["source"])
    identity = f"{code}\0{file}\0{line}"
    return Problem(finding=finding, identity=identity, is_in_image=False, file=file, line=line)


def _of_ignored(row: dict[str, object]) -> Problem:
    severity: Severity = (
        "error" if row["severity"] == "error" else "warning" if row["severity"] == "warning" else "note"
    )
    finding = Finding(
        code=str(row["code"]),
        severity=severity,
        title=str(row["title"]),
        message=str(row["message"]),
        location=str(row["location"]),
    )
    return Problem(finding=finding, identity=_identity(finding), suppressed=str(row["reason"]))


def _identity(finding: Finding) -> str:
    return f"{finding.code}\0{finding.location}"


def _place(source: object) -> tuple[str, int | None]:
    if not isinstance(source, dict):
        return "", None
    line = source["line"]
    return str(source["file"] or ""), line if isinstance(line, int) else None


def _rows(value: object) -> list[dict[str, object]]:
    return value if isinstance(value, list) else []
