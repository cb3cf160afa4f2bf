"""``lightship analyze`` from outside."""

import json
import tarfile

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tests.flows.test_analyze import wasteful
from tools.schemas_analyze import analyze_schema

from lightship.image.synthetic import synthetic_image
from lightship.store.docker_archive import write_docker_archive
from lightship.store.oci_archive import write_oci_archive
from lightship.store.oci_layout import write_layout
from lightship.store.tags import Tag


@pytest.fixture
def layout(lightship: Lightship) -> str:
    write_layout(wasteful(), lightship.home / "out", [Tag("latest")])
    return "oci:out"


def test_text_is_for_people(layout: str, lightship: Lightship) -> None:
    said = lightship("analyze", layout)
    assert said.status == 0
    assert said.stdout.startswith("oci:out  linux/amd64\nsha256:")
    assert "[metadata-copy]" in said.stdout
    assert "\x1b" not in said.stdout


def test_json_is_as_its_schema_says_and_survives_any_name(layout: str, lightship: Lightship) -> None:
    said = lightship("analyze", layout, "--format", "json", "-o", "report.json")
    assert (said.status, said.stdout) == (0, "")
    document = json.loads((lightship.home / "report.json").read_bytes())
    Draft202012Validator(analyze_schema()).validate(document)
    assert document["image"]["reference"] == "oci:out"


def test_every_archive_gives_the_same_report(layout: str, lightship: Lightship) -> None:
    image = wasteful()
    write_docker_archive(image, lightship.home / "docker.tar", [])
    write_oci_archive(image, lightship.home / "oci.tar", [Tag("latest")])
    documents = []
    for reference in (layout, "docker-archive:docker.tar", "oci-archive:oci.tar", "oci.tar"):
        said = lightship("analyze", reference, "--format", "json")
        document = json.loads(said.stdout)
        assert document["image"].pop("reference") == reference
        documents.append(document)
    assert all(document == documents[0] for document in documents)


def test_beside_an_image_that_nodes_have(layout: str, lightship: Lightship) -> None:
    said = lightship("analyze", layout, "--beside", layout, "--format", "json")
    assert json.loads(said.stdout)["totals"]["unique_bytes"] == 0


def test_what_changed_follows_the_text(layout: str, lightship: Lightship) -> None:
    write_layout(synthetic_image({"srv/other": b"1"}), lightship.home / "before", [Tag("latest")])
    said = lightship("analyze", layout, "--against", "oci:before")
    assert "\nbefore oci:before  linux/amd64  " in said.stdout
    assert "\nto pull: " in said.stdout
    said = lightship("analyze", layout, "--against", "oci:before", "--format", "json")
    assert "note: --against tells nothing in json: take lightship diff oci:before oci:out --format json" in said.stderr
    Draft202012Validator(analyze_schema()).validate(json.loads(said.stdout))


@pytest.mark.parametrize(
    ("words", "sentence", "hint"),
    [
        (["-o", "absent/report"], "-o absent/report: there is no directory absent", "mkdir -p absent"),
        (["-o", "oci:report"], "-o is for the report: got oci:report", "the image is named without -o: oci:report"),
    ],
)
def test_a_report_that_cannot_be_written_is_told_before_the_work(
    words: list[str], sentence: str, hint: str, layout: str, lightship: Lightship
) -> None:
    said = lightship("analyze", layout, *words)
    assert (said.status, said.stdout) == (2, "")
    assert said.error == f"error: {sentence}" or sentence in said.error
    assert hint in said.hint


def test_a_page_is_one_file(layout: str, lightship: Lightship) -> None:
    write_layout(synthetic_image({"srv/other": b"1"}), lightship.home / "before", [Tag("latest")])
    said = lightship("analyze", layout, "--against", "oci:before", "--format", "html", "-o", "report.html")
    assert (said.status, said.stdout) == (0, "")
    text = (lightship.home / "report.html").read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "A node that has oci:before pulls" in text
    assert "caf\\\\udce9" in text  # a name in another encoding, as a text in JSON


def test_other_forms_tell_of_the_findings(layout: str, lightship: Lightship) -> None:
    said = lightship("analyze", layout, "--format", "markdown").stdout
    assert said.startswith("### oci:out")
    assert "warning: " in said
    said = lightship("analyze", layout, "--format", "github").stdout
    assert said.startswith("::warning title=lightship%3A ")
    (run,) = json.loads(lightship("analyze", layout, "--format", "sarif").stdout)["runs"]
    assert [result["ruleId"] for result in run["results"]] == ["metadata-copy"]


def test_what_is_no_image_is_one_sentence(lightship: Lightship) -> None:
    with tarfile.open(lightship.home / "other.tar", "w"):
        pass
    assert lightship("analyze", "docker-archive:other.tar").status == 2
    assert "Traceback" not in lightship("analyze", "oci:nowhere").stderr


def test_a_damaged_blob_is_one_sentence(lightship: Lightship) -> None:
    image = synthetic_image({"a": b"1" * 100_000})
    write_layout(image, lightship.home / "bad", [Tag("latest")])
    blob = lightship.home / "bad/blobs/sha256" / image.layers[0].digest.hex
    content = blob.read_bytes()
    blob.chmod(0o644)
    blob.write_bytes(content[:40] + b"\0" + content[41:])
    said = lightship("analyze", "oci:bad")
    assert said.status in (2, 3)
    assert said.error
    assert said.stdout == ""
