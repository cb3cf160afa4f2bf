"""The report of ``analyze`` as Markdown."""

from tests.flows.test_analyze import reported, wasteful
from tests.report.html.analyses import hostile_analysis

from lightship.flows.analyze import analyze_report
from lightship.flows.diff import diff_images, diff_report
from lightship.image.synthetic import synthetic_image
from lightship.report.analyze_markdown import render_analysis_markdown


def test_three_figures_findings_layers_and_packages() -> None:
    report = reported(wasteful())
    said = render_analysis_markdown(report).splitlines()
    assert said[0] == "### oci:out"
    assert [line.split(" | ")[0] for line in said if line.startswith(("| compressed", "| unpacked", "| unique"))] == [
        "| compressed",
        "| unpacked",
        "| unique",
    ]
    (finding,) = [line for line in said if line.startswith("| warning: ")]
    assert "3.00 MB" in finding
    assert "COPY --chown=7:0" in finding
    assert "<details><summary>3 layers</summary>" in said
    assert any(line.startswith("| numpy 1.0 \\(python\\) | ") for line in said)
    assert "What changed" not in "".join(said)


def test_no_finding_is_said_too() -> None:
    assert "Nothing was found that is waste." in render_analysis_markdown(reported(synthetic_image({"a": b"1"})))


def test_what_changed_is_to_unfold() -> None:
    changes = diff_report(diff_images(synthetic_image({"a": b"1"}), wasteful(), references=("oci:before", "oci:out")))
    said = render_analysis_markdown(reported(wasteful()), diff=changes)
    assert "<details><summary>What changed</summary>" in said
    assert "before oci:before" in said


def test_hostile_names_only_show() -> None:
    said = render_analysis_markdown(analyze_report(hostile_analysis()))
    assert "<script>" not in said
    assert all(
        line.startswith("|") and line.endswith("|") for line in said.splitlines() if "alert" in line and "|" in line
    )
