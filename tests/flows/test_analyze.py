import json
from typing import cast

from jsonschema import Draft202012Validator
from tests.analyze.making import Made, files, image_of
from tests.flows.test_layer_contents import package
from tools.schemas_analyze import analyze_schema

from lightship.findings import Report
from lightship.flows.analyze import ANALYZE_SCHEMA, analyze_image, analyze_report
from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.oci.reference import Reference

LAYOUT = Reference.parse("oci:out")


def reported(image: PlainImage, *others: PlainImage) -> Report:
    return analyze_report(analyze_image(image, LAYOUT, name="oci:out", others=others))


def rows(report: Report, key: str) -> list[dict[str, object]]:
    return cast("list[dict[str, object]]", report.document[key])


def wasteful() -> PlainImage:
    wheel = package("numpy", "1.0", {"numpy.py": b"x" * 3_000_000})
    return image_of(files(wheel), files(wheel, uid=7), [Made("etc/x", b"1"), Made("caf\udce9", b"2")])


def test_a_report_is_as_its_schema_says_and_in_json() -> None:
    report = reported(wasteful())
    assert report.schema == report.document["schema"] == ANALYZE_SCHEMA
    document = json.loads(json.dumps(report.document))
    Draft202012Validator.check_schema(analyze_schema())
    Draft202012Validator(analyze_schema()).validate(document)
    assert document["findings"][0]["cause"] == {
        "layer": 1,
        "digest": document["image"]["layers"][1]["digest"],
        "instruction": "RUN step 1",
    }


def test_the_figures_agree_with_each_other() -> None:
    totals = cast("dict[str, int]", reported(wasteful()).document["totals"])
    assert totals["visible_bytes"] + totals["wasted_bytes"] == totals["unpacked_bytes"]
    assert totals["efficiency"] == round(totals["visible_bytes"] / totals["unpacked_bytes"], 6)
    assert totals["wasted_bytes"] > 3_000_000
    assert 0 < totals["wasted_compressed_bytes"] < totals["compressed_bytes"]


def test_packages_say_who_needs_them() -> None:
    asked = {"s/a-1.dist-info/METADATA": b"Name: a\nVersion: 1\nRequires-Dist: b\nRequires-Dist: c\n"}
    report = reported(synthetic_image({**asked, "s/b-2.dist-info/METADATA": b"Name: b\nVersion: 2\n"}))
    a, b = sorted(rows(report, "packages"), key=lambda row: str(row["name"]))
    assert (a["requires"], a["missing"], b["required_by"]) == (["b"], ["c"], ["a"])


def test_beside_another_image_the_shared_layers_are_not_unique() -> None:
    image, other = synthetic_image({"a": b"1"}, {"b": b"2"}), synthetic_image({"a": b"1"}, {"c": b"3"})
    totals = cast("dict[str, int]", reported(image, other).document["totals"])
    assert totals["unique_bytes"] == image.layers[1].compressed_bytes


def test_measures_are_for_budgets() -> None:
    measures = reported(wasteful()).measures
    assert measures["wasted_bytes"] > 3_000_000
    assert 0 < measures["efficiency"] < 1
