"""The lists of problems that other programs read: complete, each where it belongs, and nothing of it an order."""

import json
import xml.etree.ElementTree as ET
from dataclasses import replace

from tests.report.checked import HOSTILE, report

from lightship.findings import Finding, Place, Report
from lightship.report.github import render_annotations
from lightship.report.gitlab import render_gitlab
from lightship.report.junit import render_junit
from lightship.report.problems import problems_of
from lightship.report.sarif import render_sarif

CODES = [
    "budget-broken",
    "budget-not-measured",
    "no-baseline",
    "ignore-expired",
    "shadowed-bytes",
    "tests",
    "tests",
    "x",
]


def test_every_problem_is_listed_once_and_has_an_identity_of_its_own() -> None:
    found = problems_of(report())
    assert [problem.finding.code for problem in found] == CODES
    assert len({problem.fingerprint for problem in found}) == len(found)
    assert (found[0].file, found[0].line, found[0].is_in_image) == ("lightship.toml", 3, False)
    assert found[-1].suppressed == "known <b>"
    assert [problem.finding.code for problem in problems_of(report(passed=True))] == CODES[4:]


def test_an_annotation_in_a_file_says_what_its_fix_saves() -> None:
    finding = Finding(
        code="a",
        severity="note",
        title="t",
        message="m",
        compressed_bytes=7_000_000,
        place=Place(file="D", line=2, end_line=2),
    )
    found = Report(schema="s", document={}, findings=(finding, replace(finding, compressed_bytes=0)))
    first, second = render_annotations(problems_of(found)).splitlines()
    assert first.endswith("m%0Asaves 7.00 MB compressed")
    assert "saves" not in second


def test_fingerprints_stay_when_numbers_change() -> None:
    said = report()
    budgets = said.document["budgets"]
    assert isinstance(budgets, list)
    other = replace(said, document={**said.document, "budgets": [{**row, "value": 999_999_999} for row in budgets]})
    assert problems_of(said)[0].fingerprint == problems_of(other)[0].fingerprint
    assert problems_of(said)[0].finding.message != problems_of(other)[0].finding.message


def test_annotations_are_one_line_each_and_escaped() -> None:
    text = render_annotations(problems_of(report()))
    lines = text.splitlines()
    assert len(lines) == len(CODES) - 1, "what is ignored is not told"
    assert lines[0].startswith("::error file=lightship.toml,line=3,title=lightship%3A a budget is broken::compressed: ")
    assert all(line.startswith(("::error ", "::warning ", "::notice ")) for line in lines)
    assert "evil%0A::error::x" in lines[1]
    assert "%250A" in lines[1]


def test_annotations_stop_where_github_shows_no_more() -> None:
    many = tuple(Finding(code=f"c{n}", severity="note", title="t", message=str(n)) for n in range(30))
    one = Finding(code="e", severity="error", title="t", message="last")
    said = Report(schema="x", document={}, findings=(*many, one))
    lines = render_annotations(problems_of(said)).splitlines()
    assert [line.partition(" ")[0] for line in lines] == ["::notice"] * 10 + ["::error"]


def test_sarif_has_what_its_schema_requires() -> None:
    document = json.loads(render_sarif(problems_of(report()), version="1.0", successful=True, image="oci:out"))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert run["tool"]["driver"]["name"] == "lightship"
    assert len({rule["id"] for rule in rules}) == len(rules)
    assert [result["ruleId"] for result in run["results"]] == CODES
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note")
        assert result["message"]["text"]
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert uri.isascii()
        assert " " not in uri
    hidden = run["results"][4]
    place = hidden["locations"][0]["physicalLocation"]["artifactLocation"]
    assert place == {"uri": "opt/my%20app/x%231", "uriBaseId": "IMAGE"}
    assert hidden["properties"] == {"unpackedBytes": 68_000_000}
    assert run["results"][0]["locations"][0]["physicalLocation"]["region"] == {"startLine": 3}
    assert run["results"][-1]["suppressions"] == [{"kind": "external", "justification": "known <b>"}]
    assert run["invocations"] == [{"executionSuccessful": True}]


def test_junit_is_xml_whatever_is_said() -> None:
    suite = ET.fromstring(render_junit(report()))[0]  # noqa: S314 - it was written a moment ago
    cases = list(suite)
    assert [(case.get("name") or "").partition(" ")[0] for case in cases] == [
        "unpacked",
        "compressed",
        "package",
        "there",
        "an",
    ]
    assert [[child.tag for child in case] for case in cases] == [[], ["failure"], ["error"], ["error"], ["error"]]
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == ("5", "1", "3")
    assert HOSTILE.replace("\x07", "\ufffd") in (cases[2][0].get("message") or "")


def test_gitlab_wants_a_file_a_line_and_a_fingerprint() -> None:
    rows = json.loads(render_gitlab(problems_of(report()), file="./lightship.toml"))
    assert [row["check_name"] for row in rows] == CODES[:-1]
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    assert [row["severity"] for row in rows] == [*["blocker"] * 4, "minor", "info", "info"]
    assert rows[3]["location"] == {"path": "a/b.toml", "lines": {"begin": 9}}
    assert rows[4]["location"] == {"path": "lightship.toml", "lines": {"begin": 1}}
    assert all("\n" not in row["description"] for row in rows[4:])
