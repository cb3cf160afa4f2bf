"""The report of ``lightship check``: a verdict as JSON says it."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from lightship.findings import Report
from lightship.flows.check import CheckOutcome
from lightship.gate.measures import Measures
from lightship.gate.model import METRICS, Failure, Metric, Row, Source
from lightship.gate.ratchet import Lowered

__all__ = ["CHECK_SCHEMA", "check_report"]

CHECK_SCHEMA = "lightship/check/1"
_MOST_CHANGES = 50


def check_report(outcome: CheckOutcome, *, ratchet: Sequence[Lowered] = ()) -> Report:
    """``outcome``, and what the ratchet lowered. ``measures`` has every figure that is known, so that the report can
    be the baseline of another check."""
    verdict, explanation = outcome.verdict, outcome.explanation
    measures = _figures(outcome.image, verdict.rows)
    document: dict[str, object] = {
        "schema": CHECK_SCHEMA,
        "passed": verdict.passed,
        "image": _side(outcome.image),
        "baseline": _side(outcome.baseline),
        "budgets": [_row(row) for row in verdict.rows],
        "failures": [_failure(failure) for failure in verdict.failures],
        "explanation": None
        if explanation is None
        else {
            "sentence": explanation.sentence,
            "of": explanation.of,
            "grown_bytes": explanation.grown_bytes,
            "changes": [asdict(change) for change in explanation.changes[:_MOST_CHANGES]],
        },
        "measures": measures,
        "findings": [asdict(finding) for finding in verdict.findings],
        "ignored": [
            {
                **asdict(each.finding),
                "reason": each.entry.reason,
                "expires": str(each.entry.expires) if each.entry.expires else None,
            }
            for each in verdict.ignored
        ],
        "ratchet": [asdict(each) for each in ratchet],
        "notes": list(verdict.notes),
    }
    return Report(
        schema=CHECK_SCHEMA,
        document=document,
        findings=verdict.findings,
        measures={name: float(value) for name, value in measures.items()},
    )


def _figures(image: Measures | None, rows: Iterable[Row]) -> dict[str, float]:
    if image is None:
        return {}
    asked: list[tuple[Metric, str]] = [(metric, "") for metric in METRICS if metric != "findings"]
    asked += [("findings", name) for name in ("error", "warning", "note")]
    asked += [(row.metric, row.name) for row in rows if row.metric == "package"]
    found = {f"{metric}:{name}" if name else metric: image.figure(metric, name).value for metric, name in asked}
    return {key: value for key, value in found.items() if value is not None}


def _side(measures: Measures | None) -> dict[str, object] | None:
    if measures is None:
        return None
    return {
        "reference": measures.reference,
        "digest": measures.digest or None,
        "platform": measures.platform or None,
        "compressed": measures.compressed,
    }


def _row(row: Row) -> dict[str, object]:
    return {
        "metric": row.metric,
        "limit": row.limit,
        "value": row.value,
        "baseline": row.baseline,
        "passed": row.passed,
        "rule": row.rule,
        "unit": row.unit,
        "name": row.name,
        "subject": row.subject,
        "allowed": row.allowed or None,
        "reason": row.reason or None,
        "source": _source(row.source),
    }


def _failure(failure: Failure) -> dict[str, object]:
    return {
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint or None,
        "source": _source(failure.source) if failure.source else None,
    }


def _source(source: Source) -> dict[str, object]:
    return {"name": source.name, "file": source.file or None, "line": source.line}
