"""The budgets of ``lightship check`` as JUnit XML, one test case each, as CI systems read it
(github.com/testmoapp/junitxml, the common ground of the dialects, read 2026-11).

A broken budget is a ``failure``; one without a measurement, and what kept the check from being made, an ``error``.
"""

import re
from collections.abc import Iterable

from lightship.findings import Report
from lightship.report.problems import budget_name, budget_sentence, problems_of

__all__ = ["render_junit"]

_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML 1.0 document may hold, escaped or not (section 2.2, Characters)."""


def render_junit(report: Report) -> str:
    """One suite; ends with a newline."""
    document = report.document
    rows = [row for row in _rows(document["budgets"]) if isinstance(row, dict)]
    cases = [_budget(row) for row in rows]
    problems = [each for each in problems_of(report) if not each.finding.code.startswith("budget-")]
    broken = [
        each.finding for each in problems if each.finding.code in ("not-measured", "no-baseline", "ignore-expired")
    ]
    cases += [_case(each.title, f"<error {_attributes(message=each.message, type=each.code)}/>") for each in broken]
    failures = sum("<failure " in case for case in cases)
    errors = sum("<error " in case for case in cases)
    counts = {"tests": str(len(cases)), "failures": str(failures), "errors": str(errors)}
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f"<testsuites {_attributes(name='lightship check', **counts)}>",
        f"  <testsuite {_attributes(name='lightship check', **counts)}>",
        *cases,
        "  </testsuite>",
        "</testsuites>",
    ]
    return "\n".join(lines) + "\n"


def _budget(row: dict[str, object]) -> str:
    if row["passed"]:
        return _case(budget_name(row), "")
    known = row["value"] is not None and row["limit"] is not None and not row["reason"]
    kind = "failure" if known else "error"
    return _case(budget_name(row), f"<{kind} {_attributes(message=budget_sentence(row), type=str(row['metric']))}/>")


def _case(name: str, inside: str) -> str:
    head = f"    <testcase {_attributes(classname='lightship.check', name=name)}"
    return f"{head}>{inside}</testcase>" if inside else f"{head}/>"


def _attributes(**values: str) -> str:
    return " ".join(f'{name}="{_escaped(value)}"' for name, value in values.items())


def _escaped(text: str) -> str:
    legal = _ILLEGAL.sub("\ufffd", text)
    for letter, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("\n", "&#10;")):
        legal = legal.replace(letter, entity)
    return legal


def _rows(value: object) -> Iterable[object]:
    return value if isinstance(value, list) else []
