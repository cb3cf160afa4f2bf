"""The page of ``analyze``, as text; `tests.conformance.test_analyze_page` looks at it in a browser."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from typing import Any

import pytest
from tests.report.html.analyses import hostile_analysis, large_analysis, small_analysis
from tests.report.html.test_page import Reader
from tests.report.html.test_tree_data import marks_of

from lightship.analyze.model import Analysis
from lightship.flows.analyze import analyze_report
from lightship.flows.diff import diff_images, diff_report
from lightship.image.synthetic import synthetic_image
from lightship.report.html.analyze import render_analysis_html


def rendered(found: Analysis) -> str:
    return render_analysis_html(found, analyze_report(found), version="1.0")


def data_of(text: str) -> Any:
    (found,) = re.findall(r'<script type="application/json" id="data">(.*?)</script>', text, re.DOTALL)
    return json.loads(found)


@pytest.fixture(scope="module")
def small() -> str:
    return rendered(small_analysis())


def test_the_page_is_whole_and_needs_nothing_else(small: str) -> None:
    reader = Reader(small)
    assert reader.open == []
    assert not {"link", "img", "iframe", "object", "base"} & set(reader.tags)
    assert all(value.startswith("#") for name, value in reader.attributes if name in ("src", "href", "action"))
    assert not any(name.startswith("on") for name, _ in reader.attributes)


def test_the_policy_allows_the_one_script(small: str) -> None:
    (script,) = re.findall(r"<script>(.*?)</script>", small, re.DOTALL)
    wanted = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [value for name, value in Reader(small).attributes if name == "content" and "default-src" in value]
    assert policy == f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{wanted}'"
    assert "innerHTML" not in script


def test_without_the_script_figures_layers_findings_and_packages_are_there(small: str) -> None:
    said = Reader(small).said
    for text in ("compressed", "unpacked", "unique", "numpy", "1.0", "RUN chown -R 7 /", "metadata-copy", "/srv"):
        assert any(text in each for each in said), text
    assert any("COPY --chown=7:0" in each for each in said)  # the fix
    assert "app" in said
    assert "3.00 MB" in said


def test_the_data_adds_up_to_the_totals() -> None:
    found = small_analysis()
    data = data_of(rendered(found))
    assert data["files"]["unpacked"][0] == found.totals.visible_bytes
    assert data["hidden"]["unpacked"][0] == found.totals.wasted_bytes > 3_000_000
    owned = sum(each["unpacked"] for each in data["packages"])
    assert owned + data["unowned"]["unpacked"] == found.totals.visible_bytes
    names = {each["name"]: each for each in data["packages"]}
    assert data["packages"][names["app"]["needs"][0]]["name"] == "numpy"


def test_findings_know_their_files() -> None:
    found = small_analysis()
    data = data_of(rendered(found))
    (number,) = (each for each, told in data["findings"].items() if told["code"] == "metadata-copy")
    assert data["findings"][number]["message"] == found.findings[0].message
    marks = data["hidden"]["marks"]
    assert marks[0] == int(number)
    assert not data["files"]["marks"] or int(number) not in marks_of(data["files"])
    (nodes,) = marks_of(data["hidden"]).values()
    names = [data["names"][data["hidden"]["name"][node]] for node in nodes]
    assert "core.so" in names
    assert sum(data["hidden"]["unpacked"][node] for node in nodes) == found.findings[0].unpacked_bytes


def test_a_patch_is_told_line_by_line() -> None:
    found = small_analysis()
    bad = replace(found.findings[0], fix="join them\n-RUN <a>\n+RUN b\n same")
    text = rendered(replace(found, findings=(bad,)))
    assert '<pre class="patch"><del>-RUN &lt;a&gt;</del>\n<ins>+RUN b</ins>\n same</pre>' in text


def test_hostile_names_only_show() -> None:
    reader, plain = (Reader(rendered(each)) for each in (hostile_analysis(), small_analysis()))
    assert reader.open == []
    assert set(reader.tags) <= {*plain.tags, "pre", "ins"}
    assert reader.tags.count("script") == plain.tags.count("script") == 2
    assert not any(name.startswith("on") for name, _ in reader.attributes)
    shown = [each for each in reader.said if not each.startswith("(()=>") and "{color-scheme" not in each]
    assert all(each.replace("\n", "").isprintable() for each in shown)
    assert any("<script>alert(1)</script>" in each for each in reader.said)
    assert any("<_title><script>" in name for name in data_of(rendered(hostile_analysis()))["names"])


def test_sixty_thousand_files_stay_below_three_megabytes() -> None:
    text = rendered(large_analysis())
    data = data_of(text)
    assert len(text.encode()) < 3_000_000
    assert data["files"]["files"][0] == 60_000
    assert len(data["files"]["name"]) > 40_000
    assert 10_000 < len(marks_of(data["files"])[1]) <= 20_000


def test_thousands_of_packages_stay_below_the_same_limit() -> None:
    found = small_analysis()
    many = tuple(
        replace(found.packages[0], name=f"{number}" * 60, version="9" * 500, required_by=tuple(range(200)))
        for number in range(4000)
    )
    text = rendered(replace(found, packages=many))
    assert len(text.encode()) < 4_000_000
    assert len(data_of(text)["packages"]) == 3000


def test_what_could_not_be_read_is_said_first() -> None:
    found = small_analysis()
    layer = replace(found.layers[0], rows=None)
    said = Reader(rendered(replace(found, complete=False, layers=(layer, *found.layers[1:])))).said
    assert any("A layer could not be read" in each for each in said)
    assert "could not be read" in said


def test_what_changed_is_a_part_of_it() -> None:
    found = small_analysis()
    changes = diff_report(
        diff_images(synthetic_image({"a": b"1"}), synthetic_image({"a": b"2"}), references=("<b>", "n"))
    )
    text = render_analysis_html(found, analyze_report(found), diff=changes)
    reader = Reader(text)
    assert reader.open == []
    assert "What changed" in reader.said
    assert any(each.startswith("A node that has <b> pulls") for each in reader.said)
    assert ("href", "#changes") in reader.attributes


def test_an_empty_image_has_a_page() -> None:
    from lightship.analyze.analysis import analyze

    reader = Reader(rendered(analyze(synthetic_image({}), reference="oci:empty")))
    assert reader.open == []
    assert any("no package" in each.lower() for each in reader.said)


def test_the_same_report_gives_the_same_page(small: str) -> None:
    assert rendered(small_analysis()) == small
