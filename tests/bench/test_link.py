"""Links as people write them, and when bytes leave through one."""

import math
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.bench.link import FREE, Bucket, Link, parse_link
from lightship.errors import UsageError


@pytest.mark.parametrize(
    ("text", "bits_per_s", "delay_s"),
    [
        ("100mbit,20ms", 100_000_000, 0.02),
        ("1gbit", 1_000_000_000, 0.0),
        ("2.5Gbit/s, 0.1s", 2_500_000_000, 0.1),
        ("512kbit,0ms", 512_000, 0.0),
        ("none", None, 0.0),
        ("none,35ms", None, 0.035),
        ("35ms", None, 0.035),
    ],
)
def test_a_link_is_read(text: str, bits_per_s: int | None, delay_s: float) -> None:
    assert parse_link(text) == Link(bits_per_s=bits_per_s, delay_s=delay_s)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "want BANDWIDTH,DELAY"),
        ("100mbit,", "want BANDWIDTH,DELAY"),
        ("1gbit,2ms,3ms", "want BANDWIDTH,DELAY"),
        ("100", "bandwidth not understood"),
        ("fast", "bandwidth not understood"),
        ("-1mbit", "bandwidth not understood"),
        ("100mbps", "bandwidth not understood"),
        ("12MB/s", "bandwidth not understood"),
        ("1bit", "from 8kbit to 100gbit"),
        ("101gbit", "from 8kbit to 100gbit"),
        ("1gbit,20", "delay not understood"),
        ("1gbit,-20ms", "delay not understood"),
        ("1gbit,11s", "at most 10 s"),
        ("none,none", "delay not understood"),
    ],
)
def test_what_is_no_link_is_told(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        parse_link(text)


def test_bytes_for_bits_are_explained() -> None:
    with pytest.raises(UsageError) as caught:
        parse_link("100mbps,20ms")
    assert caught.value.hint == "mbit is 10^6 bits a second; a byte has eight"


@given(st.none() | st.integers(8_000, 100 * 10**9), st.integers(0, 10_000))
def test_a_link_reads_back_as_it_is_written(bits_per_s: int | None, delay_ms: int) -> None:
    link = Link(bits_per_s=bits_per_s, delay_s=delay_ms / 1000)
    again = parse_link(str(link))
    assert again.bits_per_s == bits_per_s
    assert again.delay_s == pytest.approx(link.delay_s)


def test_a_free_link_shapes_nothing() -> None:
    assert FREE.is_free
    assert not Link(delay_s=0.001).is_free
    assert Bucket(FREE.bytes_per_s, lambda: 7.0).take(10**12) == 7.0


class Clock:
    """A clock that goes when it is told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_bytes_leave_one_after_the_other() -> None:
    clock = Clock()
    bucket = Bucket(1000.0, clock)
    assert bucket.take(500) == 100.5
    assert bucket.take(500) == 101.0  # of another connection: queued behind
    clock.now = 100.9
    assert bucket.take(100) == 101.1


def test_an_idle_link_gives_no_credit() -> None:
    clock = Clock()
    bucket = Bucket(1000.0, clock)
    bucket.take(1)
    clock.now = 200.0
    assert bucket.take(1000) == 201.0


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=50), st.integers(1000, 10**9))
def test_a_backlog_takes_bytes_over_bandwidth(sizes: list[int], bytes_per_s: int) -> None:
    clock = Clock()
    bucket = Bucket(bytes_per_s, clock)
    last = [bucket.take(size) for size in sizes][-1]
    assert math.isclose(last - clock.now, sum(sizes) / bytes_per_s, rel_tol=1e-6, abs_tol=1e-9)


def test_many_connections_share_one_bandwidth() -> None:
    bucket = Bucket(1000.0, Clock())
    threads = [threading.Thread(target=lambda: [bucket.take(10) for _ in range(100)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert bucket.take(0) == pytest.approx(100.0 + 8 * 100 * 10 / 1000)
