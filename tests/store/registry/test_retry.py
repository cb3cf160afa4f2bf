"""When something is tried again, and when not."""

import datetime
import email.utils
import threading

import pytest

from lightship.errors import NetworkError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.retry import RetryableError, StoppedError, retry_after, retrying

QUICK = RegistryAccess(retries=2, backoff_s=0.0)


class _Pauses(threading.Event):
    """Notes how long it was waited for, and does not wait."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0.0)
        return self.is_set()


def test_attempts_that_win_something_do_not_count() -> None:
    left = [RetryableError("a", progressed=True) for _ in range(9)]

    def attempt() -> int:
        if left:
            raise left.pop()
        return 5

    assert retrying(attempt, QUICK, threading.Event()) == 5


def test_it_ends_with_the_last_error() -> None:
    def attempt() -> int:
        raise RetryableError("no answer", hint="wait")

    with pytest.raises(NetworkError, match=r"no answer \(3 attempts\)") as given:
        retrying(attempt, QUICK, threading.Event())
    assert given.value.hint == "wait"


def test_pauses_double_and_what_the_server_says_is_capped() -> None:
    stop = _Pauses()
    left = [
        RetryableError("a"),
        RetryableError("a"),
        RetryableError("a", after_s=1e9),
        RetryableError("a", after_s=7.0),
    ]

    def attempt() -> int:
        if left:
            raise left.pop(0)
        return 1

    assert retrying(attempt, RegistryAccess(retries=9, backoff_s=1.0), stop) == 1
    first, second, capped, told = stop.pauses
    assert 0.75 <= first <= 1.25
    assert 1.5 <= second <= 2.5
    assert 60 <= capped <= 61
    assert 7 <= told <= 8


def test_stopping() -> None:
    stop = threading.Event()

    def attempt() -> int:
        stop.set()
        raise RetryableError("a")

    with pytest.raises(StoppedError):
        retrying(attempt, QUICK, stop)
    with pytest.raises(StoppedError):
        retrying(lambda: 1, QUICK, stop)


@pytest.mark.parametrize(
    ("text", "wanted"), [("5", 5.0), (" 5 ", 5.0), ("-5", None), ("", None), (None, None), ("soon", None), ("٣", None)]
)
def test_seconds(text: str | None, wanted: float | None) -> None:
    assert retry_after(text) == wanted


@pytest.mark.parametrize(
    "date", ["01 Jan 99999999999999999999 00:00:00 GMT", "01 Jan 2020 00:00:00 +99999999999999999999"]
)
def test_a_date_beyond_all_numbers(date: str) -> None:
    assert retry_after(f"Mon, {date}") is None


@pytest.mark.parametrize(("minutes", "least", "most"), [(10, 590, 601), (-10, 0, 0)])
def test_a_date(minutes: int, least: int, most: int) -> None:
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(minutes=minutes)
    found = retry_after(email.utils.format_datetime(moment, usegmt=True))
    assert found is not None
    assert least <= found <= most
