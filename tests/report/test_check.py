"""What check says to people: every number, the verdict last, and foreign text that only shows."""

from tests.report.checked import report

from lightship.report.check import MARKER, render_check, render_check_markdown
from lightship.report.problems import budget_sentence


def test_text_tells_budgets_reasons_growth_and_ends_with_the_verdict() -> None:
    lines = render_check(report()).splitlines()
    assert lines[0] == "oci:out  linux/amd64"
    assert any(
        line.split() == ["compressed", "growth", "231", "MB", "204", "MB", "200", "MB", "FAILED"] for line in lines
    )
    assert "error: compressed: 200 MB became 231 MB (+15.5%), allowed is 204 MB (2 %)" in lines
    assert "error: the entry expired" in lines
    assert any(line.startswith("+41.2 MB unpacked: ") for line in lines)
    assert "max of layer lowered from 2 MB to 1 MB" in lines
    assert "findings: 1 warning, 2 notes (-v shows them)" in lines
    assert lines[-1] == "2 budgets are broken"
    assert "  fix: make them once" in render_check(report(), verbose=True).splitlines()


def test_nothing_foreign_begins_a_line() -> None:
    for verbose in (False, True):
        text = render_check(report(), verbose=verbose)
        assert "::error::x" in text
        assert not any(line.lstrip().startswith("::") for line in text.splitlines())


def test_text_of_a_pass_and_of_nothing_measured() -> None:
    assert render_check(report(passed=True)).splitlines()[-1] == "the image keeps its budgets"
    assert "FAILED" not in render_check(report(passed=True))
    assert render_check(report(measured=False)).splitlines()[-1] == "the image was not measured"


def test_markdown_begins_with_the_marker_and_only_shows_what_is_foreign() -> None:
    text = render_check_markdown(report())
    assert text.startswith(f"{MARKER}\n### ❌ lightship: 2 budgets are broken\n")
    assert render_check_markdown(report(passed=True)).startswith(f"{MARKER}\n### ✅ ")
    for line in text.splitlines():
        assert not line.startswith("::")
        assert "<b>" not in line.replace("\\<b\\>", "")
        assert "@team" not in line.replace("\\@team", "")
    assert "| ❌ |" in text
    assert text.count("<details>") == text.count("</details>") == 2
    tables = [line for line in text.splitlines() if line.startswith("| ")]
    assert {line.replace("\\|", "").count("|") for line in tables} <= {5, 6}


def test_one_byte_too_many_reads_as_such() -> None:
    row: dict[str, object] = {
        "metric": "compressed", "name": "", "rule": "max", "value": 200_000_001, "limit": 200_000_000,
        "baseline": None, "unit": "bytes", "reason": None, "subject": "", "allowed": None,
    }  # fmt: skip
    assert budget_sentence(row) == "compressed: 200,000,001 bytes, allowed is 200,000,000 bytes"
