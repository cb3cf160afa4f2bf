"""The ratchet: when an image has shrunk, the ``max`` of its budgets in ``lightship.toml`` follows, and nothing else of
the file changes: comments, order, blanks and line ends stay.

TOML 1.0.0 is not parsed here but searched: each ``[[budget]]`` header, and the ``max`` below it. The result is then
parsed, and given back only when it says what the file said before with these values alone changed.
"""

import copy
import json
import math
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from lightship.errors import InputError
from lightship.gate.model import Row

__all__ = ["Lowered", "header_lines", "lower", "lowered"]

_HEADER = re.compile(r"[ \t]*\[")
_MAX = re.compile(
    r"""(?P<key>[ \t]*(?:max|"max"|'max')[ \t]*=[ \t]*)(?P<value>"[^"\n]*"|'[^'\n]*'|[0-9_]+)(?P<end>.*)"""
)
_QUANTITY = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)(\s*)([A-Za-z]*)\s*")
_UNIT_BYTES = {
    "": 1, "B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12,
    "KIB": 2**10, "MIB": 2**20, "GIB": 2**30, "TIB": 2**40,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Lowered:
    """The ``max`` of the budget at ``order`` in the file: as it was written, and as it shall be."""

    metric: str
    order: int
    before: str
    after: str


def header_lines(text: str, table: str, prefix: str = "") -> list[int]:
    """The lines, from 1, on which ``[[table]]`` stands; below ``tool.lightship`` with that ``prefix``."""
    dotted = [*prefix.split("."), table] if prefix else [table]
    parts = r"[ \t]*\.[ \t]*".join(rf"(?:{re.escape(part)}|\"{re.escape(part)}\")" for part in dotted)
    header = re.compile(rf"[ \t]*\[\[[ \t]*{parts}[ \t]*\]\][ \t]*(?:#.*)?\r?")
    return [number for number, line in enumerate(text.split("\n"), 1) if header.fullmatch(line)]


def lower(rows: Iterable[Row], values: Mapping[int, object]) -> tuple[Lowered, ...]:
    """What the ratchet lowers: each ``max`` of the file that is more than its value, rounded up at the unit it is
    written in. ``values`` are the texts or numbers of ``max`` in the file by the budget's place. Seconds are not
    lowered: they differ from run to run."""
    found: list[Lowered] = []
    for row in rows:
        written = values.get(row.order) if row.order is not None else None
        if row.rule != "max" or row.order is None or written is None or row.unit == "seconds":
            continue
        if row.value is None or row.limit is None or not row.passed:
            continue
        after = _rounded(row.value, written)
        if after is not None and _worth(after) < row.limit:
            before = str(written)
            found.append(Lowered(metric=row.metric, order=row.order, before=before, after=str(after)))
    return tuple(found)


def lowered(text: str, changes: Iterable[Lowered], prefix: str = "") -> str:
    """``text`` with ``changes``. Raise InputError where they cannot be made without touching anything else."""
    lines = text.split("\n")
    starts = header_lines(text, "budget", prefix)
    wanted = copy.deepcopy(tomllib.loads(text))
    budgets: object = wanted
    for part in (*(prefix.split(".") if prefix else ()), "budget"):
        budgets = budgets.get(part) if isinstance(budgets, dict) else None
    if not isinstance(budgets, list) or len(budgets) != len(starts):
        raise _refusal("its budgets are not written as [[budget]] tables")
    for change in changes:
        number = _line_of_max(lines, starts[change.order])
        old = budgets[change.order]["max"]
        new = change.after if isinstance(old, str) else int(change.after)
        budgets[change.order]["max"] = new
        match = _MAX.fullmatch(lines[number])
        if match is None:
            raise _refusal(f"line {number + 1} cannot be changed alone")
        lines[number] = f"{match['key']}{json.dumps(new)}{match['end']}"
    made = "\n".join(lines)
    try:
        same = tomllib.loads(made) == wanted
    except tomllib.TOMLDecodeError:
        same = False
    if not same:
        raise _refusal("its layout is not understood")
    return made


def _line_of_max(lines: list[str], header: int) -> int:
    """The index of the line with ``max`` in the table whose header is on line ``header`` (from 1)."""
    for number in range(header, len(lines)):
        if _HEADER.match(lines[number]):
            break
        if _MAX.fullmatch(lines[number]):
            return number
    raise _refusal(f"the table on line {header} has no line of its own for max")


def _refusal(why: str) -> InputError:
    return InputError(f"the ratchet cannot change the file: {why}", hint="write max by hand")


def _rounded(value: float, written: object) -> str | int | None:
    """``value`` rounded up to a tenth of the unit (of small numbers to three figures) as ``written`` has it."""
    if isinstance(written, int):
        return math.ceil(value)
    match = _QUANTITY.fullmatch(str(written))
    factor = _UNIT_BYTES.get(match[3].upper()) if match else None
    if match is None or factor is None:
        return None
    amount = Fraction(value) / factor
    digits = 0 if factor == 1 else 1 if amount >= 10 else 3
    up = math.ceil(amount * 10**digits) / 10**digits
    return (
        f"{up:.{digits}f}".rstrip("0").rstrip(".") + match[2] + match[3] if digits else f"{up:.0f}{match[2]}{match[3]}"
    )


def _worth(text: str | int) -> float:
    if isinstance(text, int):
        return text
    match = _QUANTITY.fullmatch(text)
    return float(match[1]) * _UNIT_BYTES[match[3].upper()] if match else math.inf
