"""The report as text: tables that line up, the worst first, no more notes than a person reads."""

from lightship.findings import Finding, Severity
from lightship.flows.outcome import BuildOutcome, LayerSummary, build_report
from lightship.report.text import render_findings, render_table, render_text


def finding(severity: Severity, number: int = 0, **fields: str) -> Finding:
    return Finding(code="pretend", severity=severity, title="pretend", message=f"{severity} {number}", **fields)  # type: ignore[arg-type]


def outcome(*findings: Finding) -> BuildOutcome:
    layer = LayerSummary(
        name="base", digest="sha256:1", diff_id="sha256:2", media_type="layer",
        compressed_bytes=1_500_000, unpacked_bytes=4_000_000, files=1234, created_by="base", cached=True,
    )  # fmt: skip
    return BuildOutcome(
        reference="shop:1", digest="sha256:0", outputs=("oci:one", "oci:two"), platform="linux/amd64", python="3.11.2",
        layers=(layer,), findings=findings, seconds={"plan": 0.5},
    )  # fmt: skip


def test_the_summary_has_what_a_person_asks_for() -> None:
    text = render_text(build_report(outcome()))
    assert text.startswith("shop:1  sha256:0\n1.50 MB compressed, 4.00 MB unpacked, 1,234 files, linux/amd64, Python")
    assert "base      1.50 MB   4.00 MB  1,234  cached\n" in text
    assert text.endswith("\nplan 0.50 s\n")
    assert "oci:one" not in text


def test_verbose_tells_digests_and_places() -> None:
    text = render_text(build_report(outcome()), verbose=True)
    assert "sha256:1  base\n" in text
    assert "written to oci:one\nwritten to oci:two\n" in text


def test_the_worst_comes_first_and_notes_are_counted() -> None:
    findings = [*(finding("note", number) for number in range(7)), finding("warning", fix="do"), finding("error")]
    text = render_text(build_report(outcome(*findings)))
    lines = text.splitlines()
    start = lines.index("error: error 0 [pretend]")
    assert lines[start + 1 : start + 3] == ["warning: warning 0 [pretend]", "  fix: do"]
    assert lines[-1] == "and 2 more notes: -v shows them"
    assert text.count("note: ") == 5
    assert render_text(build_report(outcome(*findings)), verbose=True).count("note: ") == 7


def test_a_finding_tells_where_it_is() -> None:
    assert render_findings([finding("error", location="a/b")]) == ["error: error 0 (a/b) [pretend]"]


def test_columns_line_up_without_trailing_blanks() -> None:
    assert render_table(("name", "bytes"), [("a", "10"), ("long name", "2")]) == [
        "name       bytes",
        "a             10",
        "long name      2",
    ]
