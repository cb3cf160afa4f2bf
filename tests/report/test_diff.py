"""A diff for people: 80 columns in a terminal, tables in a pull request, foreign text only shown."""

import re

from tests.flows.test_diff import APP, BASE, NEW, OLD

from lightship.findings import Report
from lightship.flows.diff import diff_images, diff_report
from lightship.image.synthetic import synthetic_image
from lightship.report.diff import render_diff, render_diff_markdown


def report() -> Report:
    before, after = synthetic_image(BASE, OLD, APP), synthetic_image(BASE, NEW, APP)
    return diff_report(diff_images(before, after, references=("oci:a", "oci:b")))


def test_text_tells_bytes_layers_and_packages() -> None:
    lines = render_diff(report()).splitlines()
    assert lines[0].startswith("before oci:a  linux/amd64  ")
    assert any(line.startswith("to pull: ") and "in 1 layer," in line for line in lines)
    assert any(line.startswith("growth: +") and "numpy 1.0 → 1.1 (+" in line for line in lines)
    assert "to unpack, what lies above the first change: 2 layers, " in "\n".join(lines)
    assert [line.split()[:3] for line in lines if line.startswith("numpy")] == [["numpy", "1.0", "1.1"]]
    assert "kept" not in "\n".join(lines)
    assert max(map(len, lines)) <= 80


def test_verbose_tells_every_layer_and_its_digest() -> None:
    text = render_diff(report(), verbose=True)
    assert text.count("kept") == 4
    assert text.count("sha256:") == 4


def test_no_difference_has_no_tables() -> None:
    image = synthetic_image(BASE)
    same = diff_report(diff_images(image, image))
    for text in (render_diff(same), render_diff_markdown(same)):
        assert "the same image: a node that has the one pulls nothing for the other" in text
        assert "to pull" not in text
        assert "growth" not in text
        assert "package" not in text


def test_another_config_over_the_same_layers_is_metadata() -> None:
    one, other = synthetic_image(BASE), synthetic_image(BASE, runtime={"User": "7"})
    text = render_diff(diff_report(diff_images(one, other)))
    assert re.search(r"every layer is already there: [0-9.]+ k?B of manifest and config differ", text)
    assert "to pull" not in text


def test_markdown_escapes_what_images_say() -> None:
    said = report()
    layers = said.document["layers"]
    assert isinstance(layers, list)
    layers[1]["created_by"] = "RUN <b>|@all\n# no heading"
    text = render_diff_markdown(said)
    assert "| RUN \\<b\\>\\|\\@all \\# no heading | new |" in text
    assert "| numpy | 1.0 | 1.1 |" in text
    assert "\n# " not in text
