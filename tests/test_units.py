"""Sizes and durations as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.errors import UsageError
from lightship.units import format_bytes, format_seconds, parse_bytes, parse_seconds


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.00 kB"),
        (12_800_000, "12.8 MB"),
        (999_600, "1.00 MB"),
        (2_050_000_000, "2.05 GB"),
    ],
)
def test_bytes_have_three_figures(size: int, text: str) -> None:
    assert format_bytes(size) == text


@pytest.mark.parametrize(
    ("text", "size"),
    [("200 MB", 200_000_000), ("64MiB", 64 * 2**20), ("1.5 kB", 1500), ("7B", 7), ("0", 0), ("2 gib", 2 * 2**30)],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse_bytes(text) == size


@pytest.mark.parametrize("text", ["", "MB", "12 parsecs", "-3 MB", "1e9"])
def test_other_sizes_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="size not understood"):
        parse_bytes(text)


def test_a_size_without_a_unit_is_asked_back() -> None:
    with pytest.raises(UsageError, match="size not understood") as caught:
        parse_bytes("19")
    assert caught.value.hint == "say which: 19MB or 19B"


@given(st.integers(0, 10**14))
def test_a_formatted_size_is_near_the_size(size: int) -> None:
    assert abs(parse_bytes(format_bytes(size).replace(",", "")) - size) <= size * 0.006


@pytest.mark.parametrize(("text", "seconds"), [("60s", 60), ("250 ms", 0.25), ("2min", 120), ("1h", 3600), ("3", 3)])
def test_durations_are_read(text: str, seconds: float) -> None:
    assert parse_seconds(text) == seconds


def test_durations_are_written() -> None:
    assert [format_seconds(value) for value in (0.421, 12.34, 125)] == ["0.42 s", "12.3 s", "2 min 05 s"]
