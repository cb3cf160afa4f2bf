"""Sizes, durations and lists as people write them. MB is 10^6 bytes, MiB is 2^20; they are never mixed."""

import re
from collections.abc import Sequence

from lightship.errors import UsageError

__all__ = ["format_bytes", "format_names", "format_seconds", "parse_bytes", "parse_seconds"]

_FACTORS = {
    "B": 1,
    "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0}
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([A-Za-z]*)\s*")


def format_bytes(size_bytes: int) -> str:
    """Decimal units with three significant figures: ``12.8 MB``; below 1 kB plain bytes."""
    if abs(size_bytes) < 1000:
        return f"{size_bytes} B"
    value = float(size_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if abs(value) < 999.5 or unit == "TB":
            break
    digits = 2 if abs(value) < 9.995 else 1 if abs(value) < 99.95 else 0
    return f"{value:,.{digits}f} {unit}"


def format_names(names: Sequence[str]) -> str:
    """``a, b, c and 4 more``."""
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def parse_bytes(text: str) -> int:
    """Read ``200 MB`` or ``64MiB`` into bytes; raise UsageError for anything else. Only nought needs no unit: who
    writes a bare number means megabytes as often as bytes."""
    match = _QUANTITY.fullmatch(text)
    factor = _FACTORS.get(match[2].upper()) if match else None
    if match is None or factor is None:
        if match is not None and not match[2]:
            if not float(match[1]):
                return 0
            hint = f"say which: {match[1]}MB or {match[1]}B"
        else:
            hint = "such as 200MB"
        raise UsageError(
            f"size not understood: want a number and B, kB, MB, GB, KiB, MiB or GiB, got {text!r:.80}", hint=hint
        )
    return round(float(match[1]) * factor)


def format_seconds(seconds: float) -> str:
    """``0.42 s``, ``12.3 s``, ``2 min 05 s``."""
    if seconds < 10:
        return f"{seconds:.2f} s"
    if seconds < 120:
        return f"{seconds:.1f} s"
    return f"{int(seconds // 60)} min {int(seconds % 60):02d} s"


def parse_seconds(text: str) -> float:
    """Read ``60s``, ``250 ms``, ``2 min`` or a bare number into seconds; raise UsageError for anything else."""
    match = _QUANTITY.fullmatch(text)
    factor = _SECONDS.get(match[2].lower()) if match else None
    if match is None or factor is None:
        raise UsageError(f"duration not understood: want a number and ms, s, min or h, got {text!r}")
    return float(match[1]) * factor
