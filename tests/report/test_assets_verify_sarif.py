"""``lightship assets verify`` as SARIF: where each finding is shown."""

import json
from typing import Any

from lightship.findings import Finding, Report
from lightship.report.assets_verify_sarif import render_assets_verify_sarif


def results(mode: str, locations: list[str], *, directory: str = "", root: str | None = None) -> list[dict[str, Any]]:
    findings = tuple(
        Finding(code="nosniff-missing", severity="warning", title="t", message="m", location=each, fix="f")
        for each in locations
    )
    document: dict[str, object] = {"target": directory or "https://app.example/", "mode": mode, "root": root}
    report = Report(schema="x", document=document, findings=findings)
    said = json.loads(render_assets_verify_sarif(report, version="1.0", directory=directory))
    (run,) = said["runs"]
    assert said["version"] == "2.1.0"
    assert [rule["id"] for rule in run["tool"]["driver"]["rules"]] == ["nosniff-missing"]
    assert all(result["level"] == "warning" for result in run["results"])
    return list(run["results"])


def places(found: list[dict[str, Any]]) -> list[str]:
    assert all("uriBaseId" not in each["locations"][0]["physicalLocation"]["artifactLocation"] for each in found)
    return [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in found]


def test_what_a_site_answers_is_at_its_address() -> None:
    root = "https://app.example/"
    found = results("site", [f"{root}a%20b.js?v=1", "https://static.example:8443/é.css", ""], root=root)
    assert places(found) == [f"{root}a%20b.js?v=1", "https://static.example:8443/%C3%A9.css", root]


def test_files_are_below_the_directory_as_it_was_named() -> None:
    found = results("directory", ["assets/a b.js", "index.html", ""], directory="web/out/")
    assert places(found) == ["web/out/assets/a%20b.js", "web/out/index.html", "web/out/"]


def test_what_nginx_answers_is_at_the_file_that_it_is_of() -> None:
    root = "http://localhost/app/"
    asked = [root, f"{root}docs/", f"{root}a%20b.js?v=1", "https://static.example/x.js", "index.html"]
    assert places(results("nginx", asked, directory="out", root=root)) == [
        "out/index.html",
        "out/docs/index.html",
        "out/a%20b.js",
        "https://static.example/x.js",
        "out/index.html",
    ]


def test_two_of_a_kind_at_one_place_are_two() -> None:
    found = results("directory", ["a.js", "a.js"], directory="out")
    assert len({each["partialFingerprints"]["lightship/v1"] for each in found}) == 2
