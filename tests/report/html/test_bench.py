"""The page of ``bench``."""

import pytest
from tests.report.benched import HOSTILE, benched
from tests.report.html.test_page import Reader

from lightship.report.html.bench import render_bench_html


def test_the_page_has_charts_table_and_conditions() -> None:
    text = render_bench_html(benched("oci:slim", "docker-archive:naive.tar"))
    reader = Reader(text)
    assert reader.open == []
    assert reader.tags.count("svg") == 2
    assert reader.tags.count("table") == 1
    assert "oci:slim takes 16.0 s over 100mbit,20ms; docker-archive:naive.tar 1.69x as long." in reader.said
    for said in ("11.0 s", "10.0-14.0", "27.0 s · 1.69x", "200 MB", "12,000 files", "Example <CPU>"):
        assert any(said in each for each in reader.said), said
    assert not any(name.startswith("on") or name in ("src", "href") for name, _ in reader.attributes)


def test_the_parts_of_a_bar_follow_each_other() -> None:
    """What it took to execute the command is part of what it took to be ready: the bar has it once."""
    said = Reader(render_bench_html(benched("oci:slim"))).said
    assert "start: 20 ms, 20 ms to 20 ms" in said
    assert "ready: 2.98 s, 2.98 s to 2.98 s" in said


@pytest.mark.parametrize("name", [HOSTILE, "oci:" + "<b>" * 200])
def test_hostile_names_only_show(name: str) -> None:
    reader, plain = (
        Reader(render_bench_html(benched(each, "b", failed=True, imports=True))) for each in (name, "plain")
    )
    assert reader.tags == plain.tags
    assert [key for key, _ in reader.attributes] == [key for key, _ in plain.attributes]


def test_what_was_not_started_is_not_drawn() -> None:
    reader = Reader(render_bench_html(benched("oci:slim", started=False)))
    assert "From registry to unpacked" in reader.said
    assert "ready" not in reader.said


def test_imports_and_failures_have_their_parts() -> None:
    said = Reader(render_bench_html(benched("oci:slim", failed=True, imports=True))).said
    assert "Dearest imports of oci:slim" in said
    assert "What failed" in said
    assert "oci:slim: first: want 200, got <500>" in said


def test_the_same_report_gives_the_same_page() -> None:
    assert render_bench_html(benched("a", "b")) == render_bench_html(benched("a", "b"))
