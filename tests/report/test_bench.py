"""What ``bench`` says in a terminal and in Markdown."""

import json

import pytest
from jsonschema import Draft202012Validator
from tests.report.benched import HOSTILE, benched
from tools.schemas_bench import bench_schema

from lightship.report.bench import render_bench_markdown, render_bench_text, time_text
from lightship.report.markdown import escape_markdown


def test_medians_stand_above_ranges_and_ratios() -> None:
    lines = render_bench_text(benched("oci:slim", "docker-archive:naive.tar")).splitlines()
    assert lines[0].split() == ["pulled", "pull", "unpack", "start", "ready", "total", "request"]
    assert lines[1].split("  ")[0] == "1"
    assert "11.0 s" in lines[1]
    assert lines[1].rstrip().endswith("4 ms")
    assert lines[2].split() == ["10.0-14.0", "2.00-2.00", "20-20", "3.00-3.00", "15.0-19.0", "4-4"]
    assert "22.0 s" in lines[3]
    assert lines[5].split() == ["2.00x", "2.00x", "1.00x", "1.00x", "1.00x", "1.69x", "1.00x"]


def test_one_round_has_no_range() -> None:
    report = benched("oci:slim", "oci:other", times=(11.0,))
    lines = render_bench_text(report).splitlines()
    assert "11.0 s" in lines[1]
    assert lines[3].split()[0] == "2.00x"
    assert "(11.0" not in render_bench_markdown(report)
    assert "11.0 s" in render_bench_markdown(report)


def test_it_says_what_was_measured_and_how() -> None:
    text = render_bench_text(benched("oci:slim", "docker-archive:naive.tar"))
    said = " ".join(text.split())
    assert "100 MB compressed in 4 layers, 300 MB unpacked in 12,000 files, 10.0 s of unpacking in all" in said
    assert "unpack bottom first, while layers above are pulled" in said
    assert "1 plain layer was" in " ".join(text.split())
    assert "100mbit,20ms (a proxy on loopback; the delay is one way" in text
    assert "rounds      3, interleaved" in text
    assert "Example <CPU>, 2 processors, 8.00 GB, load 0.5" in text


@pytest.mark.parametrize(
    ("kind", "said"), [("ext4", "to disk (ext4)"), ("tmpfs", "to memory (tmpfs)"), ("", "verified, to disk ")]
)
def test_it_says_what_nodes_were_on(kind: str, said: str) -> None:
    assert said in " ".join(render_bench_text(benched("oci:slim", file_system=kind)).split())


def test_an_update_tells_what_was_there() -> None:
    text = " ".join(render_bench_text(benched("oci:slim", after="oci:earlier")).split())
    assert "node has oci:earlier" in text
    assert "4 layers, 1 of them pulled" in text


def test_what_was_not_started_has_no_such_columns() -> None:
    lines = render_bench_text(benched("oci:slim", started=False)).splitlines()
    assert lines[0].split() == ["pulled", "pull", "unpack", "total"]
    assert "start       not measured" in lines


def test_a_failed_check_and_the_dearest_imports_are_told() -> None:
    text = render_bench_text(benched("oci:slim", failed=True, imports=True))
    assert "error: oci:slim: first: want 200, got <500> [probe-failed]" in text
    assert [line.split() for line in text.splitlines() if line.startswith("numpy")] == [["numpy", "250", "ms", "app"]]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_no_line_is_wider_than_a_terminal(count: int) -> None:
    report = benched(*(f"registry.example/some/long/path/of/an/application:{number}" for number in range(count)))
    assert max(map(len, render_bench_text(report).splitlines())) <= 80


def test_the_document_is_as_its_schema_says() -> None:
    schema = bench_schema()
    Draft202012Validator.check_schema(schema)
    for report in (
        benched("a", "b", failed=True),
        benched("a", imports=True, after="z"),
        benched("a", started=False),
    ):
        Draft202012Validator(schema).validate(json.loads(json.dumps(report.document)))
    assert not Draft202012Validator(schema).is_valid({"schema": "lightship/bench/1"})


def test_the_first_image_stands_at_the_top() -> None:
    document = benched("oci:slim", "oci:other").document
    assert document["image"] == "oci:slim"
    assert document["phases"] == {"pull_s": 11.0, "unpack_s": 2.0, "start_s": 0.02, "ready_s": 3.0}
    assert document["probes"] == [{"name": "first", "ok": True, "seconds": 0.004}]
    images = document["images"]
    assert isinstance(images, list)
    assert [each["ratio"]["pull_s"] for each in images] == [1.0, 2.0]
    assert [each["total_s"] for each in images] == [16.0, 27.0]


def test_markdown_is_one_table_and_its_conditions() -> None:
    lines = render_bench_markdown(benched("oci:slim", "docker-archive:naive.tar")).splitlines()
    assert lines[0].startswith(
        "| image | pulled | unpacked | pull | unpack | start | ready | total | request | ratio |"
    )
    assert "**27.0 s (25.0-33.0)**" in render_bench_markdown(benched("x"))[:0] + "\n".join(lines)
    assert [line.count("|") for line in lines[:4]] == [11] * 4
    assert lines[3].endswith("| 1.69x |")


def test_hostile_names_stay_in_their_cell() -> None:
    lines = render_bench_markdown(benched(HOSTILE, "b\n# c")).splitlines()
    assert lines[2].replace("\\|", "").count("|") == 11
    assert "<script>" not in lines[2].replace("\\<", "")
    assert "b \\# c" in lines[3]


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a|b", "a\\|b"),
        ("*x*", "\\*x\\*"),
        ("@user", "\\@user"),
        ("a\r\n\u2028b", "a b"),
        ("oci:x-1.tar", "oci:x-1.tar"),
    ],
)
def test_marks_are_escaped(text: str, escaped: str) -> None:
    assert escape_markdown(text) == escaped


@pytest.mark.parametrize(("seconds", "text"), [(0.0, "0.00 s"), (0.0042, "4 ms"), (0.5, "0.50 s"), (17.36, "17.4 s")])
def test_short_times_are_milliseconds(seconds: float, text: str) -> None:
    assert time_text(seconds) == text
