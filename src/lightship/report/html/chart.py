"""Stacked bars as SVG inside a page: readable without colour, for every part has a pattern and a legend, and a number
where there is room. SVG 1.1 (https://www.w3.org/TR/SVG11/); colours and type come from `lightship.report.html.page`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from lightship.report.html.page import escaped

__all__ = ["Bar", "Part", "stacked_bars"]

_WIDTH = 900
_RIGHT = 170
_BAR = 30
_ROW = 74
_LEGEND = 30
_AXIS = 26
_LETTER = 7.6  # of 13 px system-ui, the widest of digits and small letters; more only hides a label that would fit
_PATTERNS = (
    "",
    '<path class="mark" d="M-3,3L3,-3M0,12L12,0M9,15L15,9"/>',
    '<path class="mark" d="M0,6H12"/>',
    '<circle class="dot" cx="4" cy="4" r="1.9"/><circle class="dot" cx="10" cy="10" r="1.9"/>',
    '<path class="mark" d="M6,0V12"/>',
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of a bar; ``low`` and ``high`` are what it was in other rounds."""

    name: str
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Parts one after the other. ``total`` stands at its end, with the range ``low`` to ``high`` as a whisker."""

    label: str
    total: str
    parts: tuple[Part, ...]
    low: float | None = None
    high: float | None = None
    note: str = ""


def stacked_bars(bars: Sequence[Bar], show: Callable[[float], str], *, about: str) -> str:
    """A figure of ``bars`` on one scale from zero; ``show`` writes a value, ``about`` says it to who cannot see."""
    names = list(dict.fromkeys(part.name for bar in bars for part in bar.parts))
    most = max((max(sum(part.value for part in bar.parts), bar.high or 0.0) for bar in bars), default=0.0) or 1.0
    step = _step(most)
    scale = (_WIDTH - _RIGHT) / most
    legend = _LEGEND if len(names) > 1 else 4
    height = legend + len(bars) * _ROW + _AXIS
    pieces = [_definitions(), _legend(names) if len(names) > 1 else "", _grid(most, step, scale, legend, height, show)]
    pieces += [_bar(bar, names, scale, legend + row * _ROW, show) for row, bar in enumerate(bars)]
    said = f"{about}: " + "; ".join(f"{bar.label}: {bar.total}" for bar in bars)
    svg = f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escaped(said)}">'
    return "\n".join(("<figure>", svg, *filter(None, pieces), "</svg>", "</figure>"))


def _definitions() -> str:
    made = "".join(
        f'<pattern id="m{number}" width="12" height="12" patternUnits="userSpaceOnUse">{marks}</pattern>'
        for number, marks in enumerate(_PATTERNS)
    )
    return f"<defs>{made}</defs>"


def _legend(names: Sequence[str]) -> str:
    pieces, x = [], 0.0
    for number, name in enumerate(names):
        pieces.append(_rectangle(x, 2, 16, 14, number))
        pieces.append(f'<text x="{x + 22:.1f}" y="14">{escaped(name)}</text>')
        x += 22 + len(name) * _LETTER + 22
    return "".join(pieces)


def _grid(most: float, step: float, scale: float, top: int, height: int, show: Callable[[float], str]) -> str:
    pieces = []
    for count in range(1, int(most / step) + 1):
        x = count * step * scale
        said = escaped(_round(show(count * step)))
        pieces.append(f'<line class="grid" x1="{x:.1f}" y1="{top + 4}" x2="{x:.1f}" y2="{height - _AXIS + 2}"/>')
        pieces.append(f'<text class="soft" x="{x:.1f}" y="{height - 8}" text-anchor="middle">{said}</text>')
    return f'<text class="soft" x="0" y="{height - 8}">0</text>' + "".join(pieces)


def _bar(bar: Bar, names: Sequence[str], scale: float, top: int, show: Callable[[float], str]) -> str:
    longest = int((_WIDTH - len(bar.note) * _LETTER - 20) / _LETTER)
    label = bar.label if len(bar.label) <= longest else f"…{bar.label[-longest + 1 :]}"
    y = top + 26
    pieces = [
        f'<text class="strong" x="0" y="{top + 18}">{escaped(label)}</text>',
        f'<text class="soft" x="{_WIDTH}" y="{top + 18}" text-anchor="end">{escaped(bar.note)}</text>',
    ]
    x = 0.0
    for part in bar.parts:
        width = part.value * scale
        said = f"{part.name}: {show(part.value)}, {show(part.low)} to {show(part.high)}"
        pieces.append(f"<g><title>{escaped(said)}</title>{_rectangle(x, y, width, _BAR, names.index(part.name))}</g>")
        text = show(part.value)
        if width > len(text) * _LETTER + 12 and len(bar.parts) > 1:
            pieces.append(
                f'<text class="on" style="stroke:{_colour(names.index(part.name))}" x="{x + 8:.1f}" y="{y + 20}">'
                f"{escaped(text)}</text>"
            )
        x += width
    if bar.low is not None and bar.high is not None:
        low, high, middle = bar.low * scale, bar.high * scale, y + _BAR + 6
        path = (
            f"M{low:.1f},{middle - 4}V{middle + 4}M{low:.1f},{middle}H{high:.1f}M{high:.1f},{middle - 4}V{middle + 4}"
        )
        pieces.append(f'<path class="range" d="{path}"/>')
    pieces.append(f'<text class="strong" x="{x + 8:.1f}" y="{y + 20}">{escaped(bar.total)}</text>')
    return "".join(pieces)


def _rectangle(x: float, y: float, width: float, height: float, number: int) -> str:
    place = f'x="{x:.1f}" y="{y}" width="{max(width - 1, 0.6):.1f}" height="{height}" rx="2"'
    kind = number % len(_PATTERNS)
    return f'<rect {place} fill="{_colour(number)}"/>' + (f'<rect {place} fill="url(#m{kind})"/>' if kind else "")


def _colour(number: int) -> str:
    return f"var(--p{number % len(_PATTERNS)})"


def _round(text: str) -> str:
    """A number on a grid line, which is round: without zeros behind the point."""
    number, space, unit = text.partition(" ")
    return (number.rstrip("0").rstrip(".") if "." in number else number) + space + unit


def _step(most: float) -> float:
    """A round distance of grid lines: 1, 2 or 5 times a power of ten, four to nine of them."""
    rough = most / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
