"""Baselines from outside: every value of every report replaced in turn. It is refused in a sentence, or its figures
are numbers that a budget can be held against; and no image passes for what it is compared with."""

import copy
import json
import math
from collections.abc import Iterator

import pytest
from tests.gate.test_reports import ANALYZE, BUILD, CHECK, VERIFY

from lightship.errors import LightshipError
from lightship.gate.budgets import budgets_of_flags
from lightship.gate.judge import judge
from lightship.gate.measures import Measures
from lightship.gate.model import METRICS
from lightship.gate.reports import read_measures

VALUES: tuple[object, ...] = (None, True, -1, 1.5, 1e300, 2**70, "", "x" * 1000, "\0", [], [None], {}, {"a": 1})
GROWTHS = tuple(f"{metric}=50%" for metric in METRICS)


def places(document: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place below the root."""
    items: list[tuple[str | int, object]] = []
    if isinstance(document, dict):
        items = list(document.items())
    elif isinstance(document, list):
        items = list(enumerate(document))
    for key, value in items:
        yield (*path, key)
        yield from places(value, (*path, key))


def changed(document: dict[str, object], path: tuple[str | int, ...], value: object) -> bytes:
    """``document`` with another value at ``path``."""
    made = copy.deepcopy(document)
    inner: object = made
    for key in path[:-1]:
        inner = inner[key]  # type: ignore[index]
    inner[path[-1]] = value  # type: ignore[index]
    return json.dumps(made).encode()


@pytest.mark.parametrize("document", [ANALYZE, BUILD, CHECK, VERIFY], ids=["analyze", "build", "check", "verify"])
def test_any_value_is_refused_or_a_number(document: dict[str, object]) -> None:
    budgets = budgets_of_flags((), GROWTHS)
    refused = taken = 0
    for path in places(document):
        for value in VALUES:
            try:
                found = read_measures(changed(document, path, value), "old.json")
            except LightshipError:
                refused += 1
                continue
            taken += 1
            for row in judge(budgets, Measures(reference="x"), found):
                assert not row.passed
                assert row.baseline is None or (row.baseline >= 0 and math.isfinite(row.baseline))
    assert refused > 0
    assert taken > 0


@pytest.mark.parametrize("document", [ANALYZE, BUILD, CHECK, VERIFY], ids=["analyze", "build", "check", "verify"])
def test_a_report_that_was_cut_is_refused(document: dict[str, object]) -> None:
    raw = json.dumps(document).encode()
    for end in range(len(raw) - 1):
        with pytest.raises(LightshipError):
            read_measures(raw[:end], "old.json")
