"""Findings and the tables of stages as text."""

from collections.abc import Mapping

from lightship.findings import Report
from lightship.report.lint_text import render_lint_text


def _row(line: int, keyword: str, size: int | None, *, measured: bool = False, seconds: float | None = None) -> object:
    half = None if size is None else size // 2
    return {
        "line": line, "keyword": keyword, "unpacked_bytes": size, "compressed_bytes": half, "seconds": seconds,
        "measured": measured, "how": "",
    }  # fmt: skip


def _text(*rows: object, name: str = "final stage", verbose: bool = False) -> list[str]:
    stage: Mapping[str, object] = {
        "name": name, "base": "debian:12", "ships": True, "needed": True, "instructions": list(rows),
    }  # fmt: skip
    totals = {"files": 1, "errors": 0, "warnings": 0, "notes": 0, "ignored": 0}
    file = {"path": "Dockerfile", "stages": [stage], "findings": [], "ignored": []}
    report = Report(schema="lightship/lint/1", document={"files": [file], "totals": totals})
    return render_lint_text(report, verbose=verbose).splitlines()


def test_what_is_not_known_is_a_question_mark_and_the_total_a_least() -> None:
    lines = _text(_row(1, "FROM", 2_000_000), _row(2, "RUN", None), _row(3, "ENV", 0), _row(4, "COPY", 4_000))
    assert lines == [
        "final stage from debian:12: ships",
        "  line          compressed          unpacked",
        "  1 FROM     about 1.00 MB     about 2.00 MB",
        "  2 RUN                  ?                 ?",
        "  4 COPY     about 2.00 kB     about 4.00 kB",
        "  total   at least 1.00 MB  at least 2.00 MB",
        "",
        "1 file: nothing found",
    ]


def test_totals_of_what_is_measured_or_estimated() -> None:
    assert _text(_row(1, "FROM", 2_000, measured=True), _row(2, "RUN", 4_000, measured=True))[4] == (
        "  total      3.00 kB   6.00 kB"
    )
    assert "  total   about 3.00 kB  about 6.00 kB" in _text(_row(1, "FROM", 2_000), _row(2, "RUN", 4_000))
    assert "  total            ?         ?" in _text(_row(1, "FROM", None), _row(2, "RUN", None))
    assert not any("total" in line for line in _text(_row(1, "FROM", 2_000)))


def test_seconds_have_a_column_where_there_are_some() -> None:
    assert "seconds" not in _text(_row(1, "FROM", 2_000))[1]
    lines = _text(_row(1, "FROM", 2_000), _row(2, "RUN", 4_000, seconds=1.5))
    assert lines[1].endswith("seconds")
    assert lines[-3].endswith("1.50 s")


def test_stages_by_their_names() -> None:
    assert _text(_row(1, "FROM", 2_000), name="web")[0] == "stage web from debian:12: ships"
    assert _text(_row(1, "FROM", 2_000), name="stage 2")[0] == "stage 2 from debian:12: ships"
