"""Budgets as arithmetic: kept exactly up to the limit; growth exact; a ratchet never shuts out what it was set by."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from lightship.gate.budgets import budgets_of_flags
from lightship.gate.judge import judge
from lightship.gate.measures import LayerSize, Measures
from lightship.gate.ratchet import lower

BYTES = st.integers(min_value=0, max_value=2**50)
UNITS = st.sampled_from(["B", "kB", "MB", " GB", "TB", "KiB", "MiB", " GiB"])


def image(size: int) -> Measures:
    return Measures(reference="x", layers=(LayerSize(digest="a", compressed_bytes=size),))


@given(value=BYTES, limit=BYTES)
def test_a_budget_is_kept_exactly_up_to_its_limit(value: int, limit: int) -> None:
    (row,) = judge(budgets_of_flags([f"compressed={limit}B"], []), image(value), None)
    assert (row.passed, row.limit) == (value <= limit, limit)


@given(value=BYTES, base=BYTES, hundredths=st.integers(min_value=0, max_value=100_000))
def test_growth_is_exact(value: int, base: int, hundredths: int) -> None:
    share = f"{hundredths // 100}.{hundredths % 100:02}%"
    (row,) = judge(budgets_of_flags([], [share]), image(value), image(base))
    assert row.passed == (value <= base * (1 + Fraction(hundredths, 10_000)))


@given(value=BYTES, unit=UNITS, amount=st.integers(min_value=1, max_value=10**6))
def test_what_the_ratchet_sets_holds_the_image_and_is_less(value: int, unit: str, amount: int) -> None:
    written = f"{amount}{unit}"
    before = judge(budgets_of_flags([f"compressed={written}"], []), image(value), None)
    for change in lower([replace(row, order=0) for row in before], {0: written}):
        (after,) = judge(budgets_of_flags([f"compressed={change.after}"], []), image(value), None)
        assert after.passed
        assert after.limit is not None
        assert before[0].limit is not None
        assert after.limit < before[0].limit
