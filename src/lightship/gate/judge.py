"""Budgets against measures: what is kept, what is broken, and what could not be told, which counts as broken."""

import datetime
import fnmatch
from collections.abc import Iterable

from lightship.findings import Finding
from lightship.gate.measures import Figure, Measures, is_called
from lightship.gate.model import Budget, Failure, Ignore, Ignored, Row

__all__ = ["apply_ignores", "expired", "judge"]

_NOT_COMPARABLE = (
    "one of the two has layers that are not compressed, as in a docker-archive: their bytes cannot be compared"
)
_FOR_NOTHING = ": a budget for nothing is a typing mistake, or to be deleted"


def judge(budgets: Iterable[Budget], image: Measures | None, baseline: Measures | None) -> tuple[Row, ...]:
    """One row for each limit of each budget. ``image`` None: nothing was measured; ``baseline`` None: there is none.
    A limit without a value, or growth without a baseline, is broken."""
    rows: list[Row] = []
    for budget in budgets:
        figure = image.figure(budget.metric, budget.name) if image is not None else _unmeasured(budget)
        before = baseline.figure(budget.metric, budget.name) if baseline is not None else None
        comparable = _comparable(budget, image, baseline)
        if budget.max is not None:
            rows.append(_against_max(budget, budget.max, figure, before if comparable else None))
        if budget.max_growth is not None:
            rows.append(_against_growth(budget, figure, before, comparable=comparable))
    return tuple(rows)


def expired(entries: Iterable[Ignore], today: datetime.date) -> tuple[Failure, ...]:
    """A failure for each entry whose last day is over."""
    return tuple(
        Failure(
            code="ignore-expired",
            message=f"{entry.source.name}: the entry for {entry.code} expired on {entry.expires}: {entry.reason}",
            hint="take the finding away, or decide again: a later day in expires",
            source=entry.source,
        )
        for entry in entries
        if entry.expires is not None and entry.expires < today
    )


def apply_ignores(
    measures: Measures, entries: Iterable[Ignore], today: datetime.date
) -> tuple[tuple[Finding, ...], tuple[Ignored, ...], tuple[Ignore, ...]]:
    """The findings of ``measures`` that count, those that do not with the entry that says so, and the entries that met
    nothing. An entry that has expired meets nothing, and is not told of as unused."""
    valid = [entry for entry in entries if entry.expires is None or entry.expires >= today]
    counting: list[Finding] = []
    ignored: list[Ignored] = []
    for finding in measures.findings or ():
        entry = next((entry for entry in valid if _meets(entry, finding, measures)), None)
        if entry is None:
            counting.append(finding)
        else:
            ignored.append(Ignored(finding=finding, entry=entry))
    used = [each.entry for each in ignored]
    return tuple(counting), tuple(ignored), tuple(entry for entry in valid if entry not in used)


def _meets(entry: Ignore, finding: Finding, measures: Measures) -> bool:
    if not fnmatch.fnmatchcase(finding.code, entry.code):
        return False
    if entry.path and not fnmatch.fnmatchcase(finding.location.removeprefix("/"), entry.path):
        return False
    return not entry.package or _is_about(finding, entry.package, measures)


def _is_about(finding: Finding, package: str, measures: Measures) -> bool:
    """Whether the finding is about the package: its location is owned by it, or names it (``python:numpy``)."""
    said = {finding.location, measures.owners.get(finding.location, "")}
    meant = {f"{each.ecosystem}:{each.name}" for each in measures.packages or () if is_called(each, package)}
    return bool(said & {package, *meant})


def _unmeasured(budget: Budget) -> Figure:
    return Figure(value=None, subject=budget.name, reason="the image was not measured")


def _comparable(budget: Budget, image: Measures | None, baseline: Measures | None) -> bool:
    if image is None or baseline is None or budget.metric not in ("compressed", "layer"):
        return True
    return image.compressed == baseline.compressed


def _against_max(budget: Budget, limit: float, figure: Figure, before: Figure | None) -> Row:
    reason = "" if figure.value is not None else figure.reason
    if _is_absent(figure) and limit > 0:  # with a limit of 0 the package is banned: it is good that it is not there
        reason = f"{figure.reason}{_FOR_NOTHING}"
    return Row(
        metric=budget.metric,
        name=budget.name,
        rule="max",
        limit=limit,
        value=figure.value,
        baseline=before.value if before is not None else None,
        passed=figure.value is not None and figure.value <= limit and not reason,
        subject=figure.subject,
        reason=reason,
        source=budget.source,
        order=budget.order,
    )


def _against_growth(budget: Budget, figure: Figure, before: Figure | None, *, comparable: bool) -> Row:
    growth = budget.max_growth
    reason = _why_no_growth(figure, before, comparable=comparable)
    known = before.value if before is not None and comparable else None
    limit = growth.limit(known) if growth is not None and known is not None else None
    return Row(
        metric=budget.metric,
        name=budget.name,
        rule="max-growth",
        limit=limit,
        value=figure.value,
        baseline=known,
        passed=figure.value is not None and limit is not None and figure.value <= limit and not reason,
        subject=figure.subject,
        allowed=growth.text if growth is not None else "",
        reason=reason,
        source=budget.source,
        order=budget.order,
    )


def _why_no_growth(figure: Figure, before: Figure | None, *, comparable: bool) -> str:
    if figure.value is None:
        return figure.reason
    if before is None:
        return "there is no baseline to measure it against: --baseline"
    if before.value is None:
        return f"baseline: {before.reason}"
    if _is_absent(figure) and _is_absent(before):
        return f"{figure.reason}, nor in the baseline{_FOR_NOTHING}"
    return "" if comparable else _NOT_COMPARABLE


def _is_absent(figure: Figure) -> bool:
    """A package that is not there: a value of 0, with a reason."""
    return figure.value == 0 and bool(figure.reason)
