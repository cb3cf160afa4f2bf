"""What ``lightship verify`` prints."""

from dataclasses import replace

from lightship.findings import Finding
from lightship.flows.verified import CheckSummary, ProbeSummary, VerifyOutcome, verify_report
from lightship.report.verify_text import render_github, render_verify

FINDING = Finding(
    code="file-missing",
    severity="error",
    title="a file, gone",
    message="pkg lacks 100 %\nof it",
    location="/x",
    fix="f",
)
OUTCOME = VerifyOutcome(
    image="oci:out",
    digest="sha256:" + "0" * 64,
    platform="linux/amd64",
    python="3.12.1",
    engine="bubblewrap",
    pull_s=0.0,
    unpack_s=1.5,
    start_s=0.01,
    ready_s=2.0,
    probes=(ProbeSummary(name="ready", ok=True, seconds=2.0),),
    checks=(
        CheckSummary(name="files", findings=1, seconds=0.5),
        CheckSummary(name="imports", findings=0, seconds=0.0, skipped="the image has no Python that starts"),
    ),
    compared_with="the image's own metadata",
)


def test_a_good_image() -> None:
    text = render_verify(verify_report(OUTCOME))
    assert "pull 0.00 s  unpack 1.50 s  start 0.01 s  ready 2.00 s" in text
    assert "  ok     ready" in text
    assert "1 checks\nnot checked: imports: the image has no Python that starts" in text
    assert text.endswith("the image is good\n")


def test_checks_that_were_not_made_for_one_reason_are_one_line() -> None:
    more = (*OUTCOME.checks, replace(OUTCOME.checks[1], name="metadata"))
    text = render_verify(verify_report(replace(OUTCOME, checks=more)))
    assert "1 checks\nnot checked: imports, metadata: the image has no Python that starts\n" in text


def test_a_bad_one_and_everything_that_is_known() -> None:
    bad = replace(
        OUTCOME, findings=(FINDING,), ready_s=None, probes=(ProbeSummary(name="ready", ok=False, seconds=1.0),)
    )
    text = render_verify(verify_report(bad), verbose=True)
    assert "FAILED ready" in text
    assert "ready 2.00 s" not in text
    assert "imports were compared with the image's own metadata" in text
    assert "  fix: f" in text
    assert text.endswith("the image is not good\n")


def test_the_threshold_decides() -> None:
    warned = replace(OUTCOME, findings=(replace(FINDING, severity="warning"),))
    assert warned.passed
    assert not replace(warned, fail_on="warning").passed
    assert not replace(warned, fail_on="note").passed
    assert not replace(OUTCOME, probes=(ProbeSummary(name="x", ok=False, seconds=0),)).passed


def test_annotations_are_escaped() -> None:
    line = render_github([FINDING, replace(FINDING, severity="note", fix=None, location="")])
    first, second = line.splitlines()
    assert first == "::error title=file-missing%3A a file%2C gone::pkg lacks 100 %25%0Aof it (/x)%0Afix: f"
    assert second.startswith("::notice title=")
