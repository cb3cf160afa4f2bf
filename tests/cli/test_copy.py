"""``lightship copy`` from outside: what it prints, what it refuses, what it leaves."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tools.reference import REFERENCE

from lightship.image.synthetic import synthetic_image
from lightship.image.views import digest_of
from lightship.oci.reference import ImageName
from lightship.store.oci_layout import write_layout
from lightship.store.select import host_platform
from lightship.store.tags import Tag

IMAGE = synthetic_image({"a": b"1" * 9000}, {"b": b"2" * 9000}, platform=host_platform())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_layout(IMAGE, tmp_path / "source", [Tag("1")])
    return tmp_path / "source"


def test_the_digest_is_the_only_line_of_stdout(source: Path, lightship: Lightship, tmp_path: Path) -> None:
    said = lightship("copy", source, f"oci:{tmp_path}/out")
    assert (said.status, said.stdout) == (0, f"{digest_of(IMAGE)}\n")
    assert "2 layers: 2 unchanged" in said.stderr
    assert "the digest is the source's" in said.stderr
    assert lightship("copy", "-q", source, f"oci:{tmp_path}/out").stderr == ""


def test_the_json_is_what_its_schema_says(source: Path, lightship: Lightship, tmp_path: Path) -> None:
    schema = json.loads((REFERENCE / "schemas" / "copy.schema.json").read_text())
    said = lightship("copy", source, f"oci:{tmp_path}/out", "--compression", "estargz", "--format", "json")
    report = json.loads(said.stdout)
    Draft202012Validator(schema).validate(report)
    assert [layer["how"] for layer in report["layers"]] == ["made", "made"]
    assert report["digest"] != report["source_digest"]


def test_a_report_goes_to_its_file_and_the_digest_to_stdout(source: Path, lightship: Lightship, tmp_path: Path) -> None:
    for form, start in (("json", "{"), ("text", "oci:")):
        said = lightship("copy", source, f"oci:{tmp_path}/out", "--format", form, "-o", "report")
        assert (said.status, said.stdout) == (0, f"{digest_of(IMAGE)}\n")
        text = (lightship.home / "report").read_text()
        assert text.startswith(start)
        assert "unchanged" in text if form == "text" else str(digest_of(IMAGE)) in text


def test_every_layer_is_told_when_asked(source: Path, lightship: Lightship, tmp_path: Path) -> None:
    said = lightship("copy", "-v", source, f"oci:{tmp_path}/out", "--compression", "zstd")
    assert said.stderr.count("  compressed\n") == 2


def test_an_image_on_the_shelf_has_its_name(lightship: Lightship, tmp_path: Path) -> None:
    name = ImageName.parse("pretend.invalid/shop:1")
    write_layout(IMAGE, lightship.cache / "images", [Tag("1", name)])
    said = lightship("copy", str(name), f"docker-archive:{tmp_path}/out.tar", "-t", str(name))
    assert said.stdout.strip() == str(digest_of(IMAGE))
    assert (tmp_path / "out.tar").is_file()


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["{source}", "out"], 2, "where to write is not understood: 'out' could be a folder or a name in a registry"),
        (["{source}", "oci:{out}", "--level", "3"], 2, "nothing is compressed without a compression"),
        (["{source}", "oci:{out}", "--compression", "zstd", "--level", "20"], 2, "level not supported: want 1 to 19"),
        (["{source}", "oci:{out}", "--compression", "lz4"], 2, "lz4"),
        (["{source}", "oci:{out}", "--platform", "linux/s390x"], 2, "want an image for linux/s390x"),
        (["oci:{out}", "oci:{out}-2"], 2, "want an OCI layout, got nothing there"),
        (["{source}", "docker-archive:/proc/none/out.tar", "-t", "a:1"], 3, "/proc/none"),
        (["{source}"], 2, "DST"),
    ],
)
def test_a_refusal_is_one_sentence_and_leaves_nothing(
    words: list[str], status: int, sentence: str, source: Path, lightship: Lightship, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    said = lightship("copy", *(word.format(source=source, out=out) for word in words))
    assert (said.status, said.stdout) == (status, "")
    assert sentence in said.error
    assert not out.exists()
