"""Bars: their lengths are their values, what they say is in words too."""

import re

import pytest
from tests.report.html.test_page import HOSTILE, Reader

from lightship.report.html.chart import Bar, Part, stacked_bars


def part(name: str, value: float) -> Part:
    return Part(name=name, value=value, low=value * 0.9, high=value * 1.2)


def bars() -> list[Bar]:
    one = Bar(label="one", total="3 s", parts=(part("pull", 2.0), part("ready", 1.0)), low=2.5, high=3.5)
    other = Bar(label="other", total="9 s", parts=(part("pull", 6.0), part("ready", 3.0)), low=8.0, high=10.0)
    return [one, other]


def drawn(bars: list[Bar]) -> str:
    return stacked_bars(bars, lambda value: f"{value:.1f} s", about="Seconds")


def widths(svg: str) -> list[float]:
    """Of the parts of the bars, without their patterns and the legend."""
    found = re.findall(r'<rect x="[0-9.]+" y="[0-9]+" width="([0-9.]+)" height="30" rx="2" fill="var', svg)
    return [float(width) + 1 for width in found]


def test_lengths_are_in_proportion() -> None:
    first, second, third, fourth = widths(drawn(bars()))
    assert first / second == pytest.approx(2.0, rel=0.01)
    assert third / first == pytest.approx(3.0, rel=0.01)
    assert third / fourth == pytest.approx(2.0, rel=0.01)


def test_a_whisker_runs_from_the_quickest_to_the_slowest() -> None:
    svg = drawn(bars())
    scale = sum(widths(svg)[2:]) / 9.0
    (low, high) = map(float, re.findall(r'class="range" d="M([0-9.]+),.*?H([0-9.]+)M', svg)[1])
    assert low / scale == pytest.approx(8.0, rel=0.01)
    assert high / scale == pytest.approx(10.0, rel=0.01)


def test_everything_stays_inside_the_picture() -> None:
    svg = drawn(bars())
    right = [float(x) for x in re.findall(r'(?:x|x1|x2)="([0-9.]+)"', svg)]
    assert max(right) <= 900
    assert "10 s" in Reader(svg).said  # a grid line at the end of the longest whisker


def test_it_can_be_read_without_seeing_and_without_colour() -> None:
    svg = drawn(bars())
    reader = Reader(svg)
    assert ("aria-label", "Seconds: one: 3 s; other: 9 s") in reader.attributes
    assert ("role", "img") in reader.attributes
    assert "ready: 1.0 s, 0.9 s to 1.2 s" in reader.said
    assert {"pull", "ready"} <= set(reader.said)
    assert 'fill="url(#m1)"' in svg


def test_a_single_kind_of_part_has_no_legend() -> None:
    svg = drawn([Bar(label="one", total="2 s", parts=(part("pulled", 2.0),))])
    assert "pulled" not in Reader(svg).said


@pytest.mark.parametrize("value", [0.0, 1e-9, 1e12])
def test_any_value_can_be_drawn(value: float) -> None:
    assert Reader(drawn([Bar(label="x", total="?", parts=(part("pull", value), part("ready", 0.0)))])).open == []


def test_nothing_can_be_drawn() -> None:
    assert Reader(drawn([])).open == []


def test_a_long_label_keeps_its_end() -> None:
    svg = drawn([Bar(label="oci:" + "x" * 300 + "/slim", total="", parts=(part("pull", 1.0),), note="note")])
    (label,) = [said for said in Reader(svg).said if said.startswith("…")]
    assert label.endswith("x/slim")


def test_hostile_labels_only_show() -> None:
    def made(text: str) -> str:
        return stacked_bars(
            [Bar(label=text, total=text, parts=(part(text, 1.0), part("b", 1.0)), note=text)], str, about=text
        )

    assert Reader(made(HOSTILE)).tags == Reader(made("plain")).tags
