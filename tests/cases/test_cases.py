"""Each case's image fires the rules it says, with these bytes, from that layer, and no other rule."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from tests.cases.image import expected, image

from lightship.analyze.analysis import analyze
from lightship.analyze.rules import RULES

HERE = Path(__file__).parent
BAD = sorted(HERE.glob("*/bad*.toml"))
GOOD = sorted(HERE.glob("*/good*.toml"))


def name(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", BAD, ids=name)
def test_bad_fires_its_rule_and_no_other(path: Path) -> None:
    wanted = expected(path)
    findings = list(analyze(image(path)).findings)
    assert [(each.code, each.unpacked_bytes) for each in findings] == [
        (each.get("code", path.parent.name), each.get("bytes")) for each in wanted
    ], findings
    for finding, said in zip(findings, wanted, strict=True):
        assert said.get("severity", finding.severity) == finding.severity
        assert said.get("safety", finding.safety) == finding.safety
        assert said.get("message", "") in finding.message
        assert said.get("location", finding.location) == finding.location
        assert said.get("fix", "") in (finding.fix or "")
        assert finding.fix
        if "layer" in said:
            assert finding.cause is not None
            assert finding.cause.layer + 1 == said["layer"]
        if finding.unpacked_bytes is not None:
            assert 0 < (finding.compressed_bytes or 0) <= finding.unpacked_bytes + 4096


@pytest.mark.parametrize("path", GOOD, ids=name)
def test_good_is_left_alone(path: Path) -> None:
    assert list(analyze(image(path)).findings) == []


def test_every_rule_has_a_bad_and_a_good_case() -> None:
    codes = {rule.code for rule in RULES}
    assert {path.parent.name for path in BAD} == codes
    assert {path.parent.name for path in GOOD} == codes


@pytest.mark.parametrize("path", BAD, ids=name)
def test_findings_of_a_case_never_add_up_to_more_than_there_is(path: Path) -> None:
    analysis = analyze(image(path))
    assert sum(each.unpacked_bytes or 0 for each in analysis.findings) <= analysis.totals.unpacked_bytes


@pytest.mark.parametrize("path", BAD, ids=name)
def test_what_a_finding_is_about_has_its_bytes(path: Path) -> None:
    analysis = analyze(image(path))
    for finding in analysis.findings:
        part_of_files = finding.code == "unstripped-objects"
        sizes: Mapping[int, int] | Sequence[int] = analysis.strippable if part_of_files else analysis.entries.sizes
        rows = analysis.evidence.get(finding, ())
        assert len(set(rows)) == len(rows)
        if finding.unpacked_bytes is not None:
            assert sum(sizes[row] for row in rows) == finding.unpacked_bytes
        elif finding.location.startswith("/"):
            assert rows
