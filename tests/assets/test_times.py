"""Times from content: past for every clock, late enough for every archive, and far apart."""

import datetime
import hashlib

from lightship.assets.times import FIRST, LAST, content_time


def test_the_range() -> None:
    assert datetime.datetime.fromtimestamp(FIRST, datetime.UTC).year == 1980, "zip has no earlier year"
    assert datetime.datetime.fromtimestamp(LAST, datetime.UTC).year == 2014
    assert content_time("0" * 64) == FIRST
    assert content_time("f" * 64) == LAST


def test_contents_are_told_apart() -> None:
    times = [content_time(hashlib.sha256(str(number).encode()).hexdigest()) for number in range(2000)]
    assert all(FIRST <= time <= LAST for time in times)
    assert len(set(times)) >= 1995
