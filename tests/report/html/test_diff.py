"""The page of ``diff``."""

from tests.flows.test_diff import APP, BASE, NEW, OLD
from tests.report.html.test_page import HOSTILE, Reader

from lightship.findings import Report
from lightship.flows.diff import diff_images, diff_report
from lightship.image.protocol import Image
from lightship.image.synthetic import synthetic_image
from lightship.report.html.diff import diff_section, render_diff_html


def report(before: Image, after: Image, names: tuple[str, str] = ("oci:a", "oci:b")) -> Report:
    return diff_report(diff_images(before, after, references=names))


def test_the_page_tells_bytes_packages_and_layers() -> None:
    reader = Reader(render_diff_html(report(synthetic_image(BASE, OLD, APP), synthetic_image(BASE, NEW, APP))))
    assert reader.open == []
    assert reader.tags.count("script") == 0
    said = reader.said
    assert "oci:a → oci:b" in said
    assert any(each.startswith("A node that has oci:a pulls ") and "numpy 1.0 → 1.1 (+" in each for each in said)
    assert "1 package changed" in said
    assert [name for name, value in reader.attributes if value in ("new", "same") and name == "class"] == ["class"] * 5
    assert ("class", "new") in reader.attributes
    assert any(value.startswith("layer 1: ") and "layer 2: " in value for _, value in reader.attributes)


def test_one_image_twice_is_said_to_be_one() -> None:
    image = synthetic_image(BASE)
    said = Reader(render_diff_html(report(image, image))).said
    assert any(each.startswith("It is the same image as oci:a") for each in said)
    assert "Both have the same layers." in said


def test_another_config_is_metadata() -> None:
    before, after = synthetic_image(BASE), synthetic_image(BASE, runtime={"User": "7"})
    said = Reader(render_diff_html(report(before, after))).said
    assert any("has every layer of oci:b" in each and "of manifest and config differ" in each for each in said)


def test_an_image_without_layers_has_a_page() -> None:
    assert Reader(render_diff_html(report(synthetic_image(), synthetic_image(BASE)))).open == []
    assert Reader(render_diff_html(report(synthetic_image(BASE), synthetic_image()))).open == []


def test_hostile_names_only_show() -> None:
    names = (HOSTILE, HOSTILE)
    said = report(synthetic_image(BASE, OLD), synthetic_image(BASE, NEW), names)
    for layer in said.document["layers"]:  # type: ignore[attr-defined]  # a list of a JSON document
        layer["created_by"] = HOSTILE
    for text in (render_diff_html(said), diff_section(said)):
        reader = Reader(text)
        assert reader.open == []
        assert "script" not in reader.tags
