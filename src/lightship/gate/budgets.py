"""Budgets and ignore entries from ``[[budget]]`` and ``[[ignore]]``; budgets from flags, which go before the file's.

Whatever is not understood is an error that names its key: a gate that reads past a typing mistake stands open.
"""

import datetime
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import cast

from lightship.ecosystem.python.names import normal_name
from lightship.ecosystem.toml_view import Table
from lightship.errors import InputError, UsageError
from lightship.gate.model import METRICS, UNITS, Budget, Growth, Ignore, Metric, Source
from lightship.units import parse_bytes, parse_seconds

__all__ = ["budgets_of_flags", "merged_budgets", "parse_growth", "read_budgets", "read_ignores"]

_SEVERITIES = ("error", "warning", "note")
_BUDGET_KEYS = ("metric", "package", "severity", "max", "max-growth")
_IGNORE_KEYS = ("code", "path", "package", "reason", "expires")
_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*%")
_WANTED = {"bytes": 'a size such as "200 MB"', "count": "a whole number", "seconds": 'a duration such as "3 s"'}


def read_budgets(tables: Sequence[Table], lines: Sequence[int] = (), *, file: str = "") -> tuple[Budget, ...]:
    """The budgets of ``file``, whose ``[[budget]]`` stand on ``lines`` (as many as tables, or none: not known).
    Raise InputError with the key that is not understood, and where two limit the same."""
    found: list[Budget] = []
    for order, table in enumerate(tables):
        _known(table, _BUDGET_KEYS)
        metric = _metric(table.text("metric"), table.where("metric"))
        budget = Budget(
            metric=metric,
            name=_name(table, metric),
            max=_limit(table, metric) if "max" in table else None,
            max_growth=_growth(table, metric) if "max-growth" in table else None,
            source=Source(name=table.where(), file=file, line=lines[order] if lines else None),
            order=order,
        )
        if budget.max is None and budget.max_growth is None:
            raise InputError(f"{table.where()}: want max or max-growth, got neither")
        twin = next((other for other in found if other.key == budget.key), None)
        if twin is not None:
            raise InputError(f"{table.where()}: want each budget once, got the same as {twin.source.name}")
        found.append(budget)
    return tuple(found)


def read_ignores(tables: Sequence[Table], lines: Sequence[int] = (), *, file: str = "") -> tuple[Ignore, ...]:
    """The ignore entries of a file; each has a code and a reason. Raise InputError with the key otherwise."""
    found: list[Ignore] = []
    for order, table in enumerate(tables):
        _known(table, _IGNORE_KEYS)
        reason = table.text("reason").strip()
        if not reason:
            raise InputError(f"{table.where('reason')}: want the reason in words, got nothing")
        entry = Ignore(
            code=table.text("code"),
            reason=reason,
            path=(table.maybe_text("path") or "").removeprefix("/"),
            package=table.maybe_text("package") or "",
            expires=_day(table, "expires"),
            source=Source(name=table.where(), file=file, line=lines[order] if lines else None),
        )
        found.append(entry)
    return tuple(found)


def budgets_of_flags(maxima: Iterable[str], growths: Iterable[str]) -> tuple[Budget, ...]:
    """The budgets of ``--max METRIC[:NAME]=LIMIT`` and ``--max-growth [METRIC[:NAME]=]GROWTH`` (compressed when none
    is named). Raise UsageError for what is not understood or said twice."""
    found: dict[tuple[Metric, str], Budget] = {}
    for flag, texts in (("--max", tuple(maxima)), ("--max-growth", tuple(growths))):
        for text in texts:
            where = f"{flag} {text}"
            subject, equals, limit = text.rpartition("=")
            if not equals and flag == "--max":
                raise UsageError(f"{where}: want METRIC=LIMIT", hint="such as --max compressed=200MB")
            metric, name = _subject(subject if equals else "compressed", where)
            known = found.get((metric, name), Budget(metric=metric, name=name, source=Source(name=where)))
            if (known.max if flag == "--max" else known.max_growth) is not None:
                raise UsageError(f"{where}: want each limit once, got two")
            if flag == "--max":
                found[known.key] = replace(known, max=_quantity(limit, metric, where))
            else:
                found[known.key] = replace(known, max_growth=parse_growth(limit, metric, where))
    return tuple(found.values())


def merged_budgets(file: Iterable[Budget], flags: Iterable[Budget]) -> tuple[Budget, ...]:
    """The file's budgets with the limits that flags give in their place, then those that only flags name."""
    given = {budget.key: budget for budget in flags}
    merged = []
    for budget in file:
        over = given.pop(budget.key, None)
        if over is None:
            merged.append(budget)
        else:  # a limit of the file that a flag replaced is not the file's: the ratchet must leave it alone
            order = budget.order if over.max is None else None
            source = budget.source if over.max is None else over.source
            most = over.max if over.max is not None else budget.max
            growth = over.max_growth or budget.max_growth
            merged.append(replace(budget, max=most, max_growth=growth, order=order, source=source))
    return (*merged, *given.values())


def parse_growth(text: str, metric: Metric, where: str) -> Growth:
    """``2 %``, or an amount in the metric's unit such as ``10 MB``; raise UsageError for anything else."""
    text = text.strip()
    share = _SHARE.fullmatch(text)
    if share is not None:
        return Growth(text=text, share=Fraction(share[1]) / 100)
    try:
        return Growth(text=text, amount=_quantity(text, metric, where))
    except UsageError as error:
        raise UsageError(
            f'{where}: want a share such as "2 %" or {_WANTED[UNITS[metric]]}, got {text!r:.80}', hint=error.hint
        ) from error


def _known(table: Table, keys: Sequence[str]) -> None:
    for key in table:
        if key not in keys:
            near = difflib.get_close_matches(key, keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(keys)}"
            raise InputError(f"{table.where(key)} is not a setting", hint=hint)


def _metric(text: str, where: str) -> Metric:
    if text not in METRICS:
        near = difflib.get_close_matches(text, METRICS, n=1)
        raise InputError(
            f"{where}: want one of {', '.join(METRICS)}, got {text!r:.80}",
            hint=f"did you mean {near[0]}?" if near else None,
        )
    return cast("Metric", text)


def _subject(text: str, where: str) -> tuple[Metric, str]:
    kind, _, name = text.strip().partition(":")
    metric = _metric(kind, where)
    if metric == "findings":
        return metric, _severity(name or "error", where)
    if name and metric != "package":
        raise UsageError(f"{where}: want {metric} without a name, got {name!r:.80}")
    return metric, _package(name)


def _name(table: Table, metric: Metric) -> str:
    for key, fitting in (("package", "package"), ("severity", "findings")):
        if key in table and metric != fitting:
            raise InputError(f"{table.where(key)}: want it with metric {fitting} alone, got {metric}")
    if metric == "findings":
        return _severity(table.maybe_text("severity") or "error", table.where("severity"))
    return _package(table.text("package")) if "package" in table else ""


def _package(name: str) -> str:
    """Python's names are compared as PEP 503 does; a name without its ecosystem may be any's."""
    ecosystem, colon, rest = name.partition(":")
    return f"{ecosystem}:{normal_name(rest)}" if colon and ecosystem == "python" else name.strip()


def _severity(text: str, where: str) -> str:
    if text not in _SEVERITIES:
        raise InputError(f"{where}: want one of {', '.join(_SEVERITIES)}, got {text!r:.80}")
    return text


def _limit(table: Table, metric: Metric) -> float:
    value = table.values["max"]
    if isinstance(value, str):
        return _quantity(value, metric, table.where("max"))
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0 and UNITS[metric] == "count":
        return value
    raise InputError(f"{table.where('max')}: want {_WANTED[UNITS[metric]]}, got {value!r:.80}")


def _growth(table: Table, metric: Metric) -> Growth:
    value = table.values["max-growth"]
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0 and UNITS[metric] == "count":
        return Growth(text=str(value), amount=value)
    if not isinstance(value, str):
        raise InputError(
            f'{table.where("max-growth")}: want a share such as "2 %" or {_WANTED[UNITS[metric]]}, got {value!r:.80}'
        )
    try:
        return parse_growth(value, metric, table.where("max-growth"))
    except UsageError as error:
        raise InputError(str(error), hint=error.hint) from error


def _quantity(text: str, metric: Metric, where: str) -> float:
    text = text.strip()
    try:
        match UNITS[metric]:
            case "bytes":
                return parse_bytes(text)
            case "seconds":
                return parse_seconds(text)
            case _ if text.isascii() and text.isdigit():
                return int(text)
    except UsageError as error:
        raise UsageError(f"{where}: {error}", hint=error.hint) from error
    raise UsageError(f"{where}: want a whole number, got {text!r:.80}")


def _day(table: Table, key: str) -> datetime.date | None:
    value = table.values.get(key)
    if value is None:
        return None
    if isinstance(value, str):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError as error:
            raise InputError(f"{table.where(key)}: want a day such as 2027-01-31, got {value!r:.80}") from error
    if isinstance(value, datetime.date) and not isinstance(value, datetime.datetime):
        return value
    raise InputError(f"{table.where(key)}: want a day such as 2027-01-31, got {value!r:.80}")
