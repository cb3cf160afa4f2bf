"""What may pass by itself is tried again: with doubling pauses and jitter, or when ``Retry-After`` says.

RFC 9110, 10.2.3 (https://www.rfc-editor.org/rfc/rfc9110#field.retry-after): seconds, or a date.
"""

import datetime
import email.utils
import logging
import random
import threading
import time
from collections.abc import Callable
from typing import TypeVar

from lightship.errors import NetworkError
from lightship.store.registry.access import RegistryAccess

__all__ = ["PASSING", "UNREACHED", "Retries", "RetryableError", "StoppedError", "retry_after", "retrying"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be others the next time."""

UNREACHED = "is there a network, or a proxy to go through (HTTPS_PROXY)? What the cache and the locks have needs none"
"""The hint where nothing else is known of a server that does not answer."""

_LONGEST_PAUSE_S = 60.0


class RetryableError(NetworkError):
    """It may work the next time. ``progressed`` says that bytes were won, so the attempt does not count."""

    def __init__(
        self, message: str, *, hint: str | None = None, after_s: float | None = None, progressed: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.after_s = after_s
        self.progressed = progressed


class StoppedError(NetworkError):
    """Another part of the same work failed; this one was told to stop."""


class Retries:
    """Counts the failures of one piece of work, and waits between its attempts."""

    def __init__(self, access: RegistryAccess, stop: threading.Event) -> None:
        self._access = access
        self._stop = stop
        self._failures = 0

    def failed(self, error: RetryableError) -> None:
        """Wait until it is time for another attempt; raise NetworkError when there were enough.

        An attempt that made progress is not counted against the retries.
        """
        self._failures = 0 if error.progressed else self._failures + 1
        if self._failures > self._access.retries:
            raise NetworkError(f"{error} ({self._failures} attempts)", hint=error.hint) from error
        pause_s = _pause(self._access, max(self._failures, 1), error.after_s)
        # once may happen to anyone; from then on a person is told what is waited for
        _log.log(logging.WARNING if self._failures > 1 else logging.INFO, "%s; again in %.1f s", error, pause_s)
        if self._stop.wait(pause_s):
            raise StoppedError("stopped")


def retrying(attempt: Callable[[], _T], access: RegistryAccess, stop: threading.Event) -> _T:
    """``attempt()``, repeated on RetryableError as `Retries` allows."""
    retries = Retries(access, stop)
    while True:
        if stop.is_set():
            raise StoppedError("stopped")
        try:
            return attempt()
        except RetryableError as error:
            retries.failed(error)


def retry_after(text: str | None) -> float | None:
    """Seconds that a ``Retry-After`` asks for, None where it says nothing that is understood."""
    if not text:
        return None
    text = text.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # no date, or a year or a zone beyond all numbers
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0.0, moment.timestamp() - time.time())


def _pause(access: RegistryAccess, failures: int, after_s: float | None) -> float:
    # Jitter: workers that failed together should not come back together.
    jitter = random.uniform(0.75, 1.25)  # noqa: S311 - no secret
    if after_s is not None:
        return min(after_s, _LONGEST_PAUSE_S) + access.backoff_s * jitter / 4
    return min(access.backoff_s * 2.0 ** (failures - 1), _LONGEST_PAUSE_S) * jitter
