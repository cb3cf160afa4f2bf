"""A report of ``lightship check`` with everything in it that can be told, made from values."""

import datetime

from lightship.findings import Cause, Finding, Report
from lightship.flows.check import CheckOutcome
from lightship.flows.check_report import check_report
from lightship.gate.growth import Change, explain
from lightship.gate.measures import Measures
from lightship.gate.model import Failure, Ignore, Ignored, Row, Source, Verdict
from lightship.gate.ratchet import Lowered

__all__ = ["HOSTILE", "report"]

HOSTILE = 'evil\n::error::x <b>&"]]>\x07 | `a` %0A @team'
_FILE = Source(name="lightship.toml: budget[0]", file="lightship.toml", line=3)
_DIGEST = "sha256:" + "1" * 64


def report(*, passed: bool = False, measured: bool = True) -> Report:
    """Of an image that keeps one budget, and unless it ``passed`` breaks two and has two failures."""
    kept = Row(metric="unpacked", rule="max", limit=5e9, value=4e9, baseline=None, passed=True, source=_FILE)
    broken = (
        Row(
            metric="compressed", rule="max-growth", limit=204_000_000, value=231_000_000, baseline=200_000_000,
            passed=False, allowed="2 %", source=_FILE,
        ),
        Row(
            metric="package", name=HOSTILE, rule="max", limit=10, value=None, baseline=None, passed=False,
            subject=HOSTILE, reason=f"nothing tells it of {HOSTILE}", source=Source(name="--max"),
        ),
    )  # fmt: skip
    failures = (
        Failure(code="no-baseline", message=f"the baseline {HOSTILE} was not read", hint="build it"),
        Failure(code="ignore-expired", message="the entry expired", source=Source(name="i", file="a/b.toml", line=9)),
    )
    findings = (
        Finding(
            code="shadowed-bytes", severity="warning", title="hidden files", message=f"68 MB hidden by {HOSTILE}",
            location="opt/my app/x#1", unpacked_bytes=68_000_000, fix="make them once",
            cause=Cause(layer=1, digest=_DIGEST, instruction="RUN chown"),
        ),
        Finding(code="tests", severity="note", title="tests", message="tests are there"),
        Finding(code="tests", severity="note", title="tests", message="tests are there again"),
    )  # fmt: skip
    entry = Ignore(code="x", reason="known <b>", expires=datetime.date(2027, 1, 1), source=_FILE)
    ignored = (Ignored(finding=Finding(code="x", severity="error", title="x", message="ignored"), entry=entry),)
    changes = [Change(state="changed", what=HOSTILE, before="17.0", after="18.1", grown_bytes=29_800_000)]
    side = Measures(reference="oci:out", digest=_DIGEST, platform="linux/amd64")
    outcome = CheckOutcome(
        verdict=Verdict(
            rows=(kept,) if passed else (kept, *broken),
            failures=() if passed else failures,
            findings=findings,
            ignored=ignored,
            notes=("a note",),
        ),
        image=side if measured else None,
        baseline=side,
        explanation=explain(changes, 41_200_000, "unpacked"),
    )
    return check_report(outcome, ratchet=(Lowered(metric="layer", order=1, before="2 MB", after="1 MB"),))
