"""A link to a registry, as a person writes it: ``100mbit,20ms``. And the arithmetic of its bandwidth.

Bandwidth is in bits a second as tc(8) of iproute2 6.1 writes it (``mbit`` is 10^6 bits, ``mbps`` would be bytes), the
delay is one way, as tc-netem(8) has it: a question and its answer take twice that.
"""

import math
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lightship.errors import UsageError
from lightship.units import parse_seconds

__all__ = ["FREE", "Bucket", "Link", "parse_link"]

_FACTORS = {"bit": 1, "kbit": 10**3, "mbit": 10**6, "gbit": 10**9}
_BANDWIDTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([a-z]+)(?:/s)?")
_DELAY = re.compile(r"[0-9]+(?:\.[0-9]+)?\s*(?:ms|s)")
_SLOWEST_BITS = 8_000
_FASTEST_BITS = 100 * 10**9
_LONGEST_DELAY_S = 10.0
_HINT = "such as 100mbit,20ms, 1gbit or none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """``bits_per_s`` in each direction (None: as fast as the machine), ``delay_s`` one way."""

    bits_per_s: int | None = None
    delay_s: float = 0.0

    @property
    def is_free(self) -> bool:
        """True when nothing is shaped."""
        return self.bits_per_s is None and not self.delay_s

    @property
    def bytes_per_s(self) -> float:
        """Infinite for a link without a bandwidth."""
        return math.inf if self.bits_per_s is None else self.bits_per_s / 8

    def __str__(self) -> str:
        """As `parse_link` reads it."""
        parts = [_bandwidth(self.bits_per_s)] if self.bits_per_s is not None else []
        parts += [f"{self.delay_s * 1000:g}ms"] if self.delay_s else []
        return ",".join(parts) or "none"


FREE = Link()
"""Nothing is shaped."""


def parse_link(text: str) -> Link:
    """Read ``BANDWIDTH[,DELAY]`` or ``none``; raise UsageError for anything else, saying which half was wrong."""
    words = [word.strip() for word in text.lower().split(",")]
    if words == ["none"]:
        return FREE
    if not 1 <= len(words) <= 2 or not all(words):
        raise UsageError(f"link not understood: want BANDWIDTH,DELAY, got {text!r:.80}", hint=_HINT)
    if len(words) == 1 and _DELAY.fullmatch(words[0]):
        return Link(delay_s=_delay(words[0]))
    bits_per_s = None if words[0] == "none" else _bits_per_s(words[0])
    return Link(bits_per_s=bits_per_s, delay_s=_delay(words[1]) if len(words) == 2 else 0.0)


def _bits_per_s(word: str) -> int:
    match = _BANDWIDTH.fullmatch(word)
    factor = _FACTORS.get(match[2]) if match else None
    if match is None or factor is None:
        hint = "mbit is 10^6 bits a second; a byte has eight" if match and match[2].endswith(("b", "ps")) else _HINT
        wanted = "want a number and kbit, mbit or gbit"
        raise UsageError(f"link: bandwidth not understood: {wanted}, got {word!r:.60}", hint=hint)
    bits = round(float(match[1]) * factor)
    if not _SLOWEST_BITS <= bits <= _FASTEST_BITS:
        raise UsageError(f"link: want a bandwidth from 8kbit to 100gbit, got {word!r:.60}")
    return bits


def _delay(word: str) -> float:
    if not _DELAY.fullmatch(word):
        raise UsageError(f"link: delay not understood: want a number and ms or s, got {word!r:.60}", hint=_HINT)
    delay_s = parse_seconds(word)
    if delay_s > _LONGEST_DELAY_S:
        raise UsageError(f"link: want a delay of at most {_LONGEST_DELAY_S:g} s, got {word!r:.60}")
    return delay_s


def _bandwidth(bits_per_s: int) -> str:
    unit = next(unit for unit in ("gbit", "mbit", "kbit", "bit") if bits_per_s >= _FACTORS[unit])
    return f"{bits_per_s / _FACTORS[unit]:.12g}{unit}"


class Bucket:
    """One direction of a link, shared by all connections: when have these bytes left?

    Bytes leave one after the other, each ``1 / bytes_per_s`` after the one before, and what is asked for while others
    wait is queued behind them. The bucket has no depth: a link that was idle gives no credit, so however short a
    transfer is, it is as slow as the link. Safe for many threads.
    """

    def __init__(self, bytes_per_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._bytes_per_s = bytes_per_s
        self._clock = clock
        self._free_at = -math.inf
        self._lock = threading.Lock()

    def take(self, size_bytes: int) -> float:
        """Queue ``size_bytes``; return when, by the clock, the last of them has left."""
        with self._lock:
            self._free_at = max(self._clock(), self._free_at) + size_bytes / self._bytes_per_s
            return self._free_at
