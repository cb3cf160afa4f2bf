"""``lightship diff`` from outside."""

import json

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tests.flows.test_diff import APP, BASE, NEW, OLD
from tools.schemas import diff_schema

from lightship.image.synthetic import synthetic_image
from lightship.store.oci_layout import write_layout
from lightship.store.tags import Tag


@pytest.fixture
def images(lightship: Lightship) -> tuple[str, str]:
    for name, files in (("before", OLD), ("after", NEW)):
        write_layout(synthetic_image(BASE, files, APP), lightship.home / name, [Tag("latest")])
    return "oci:before", "after"


def test_what_changed_is_told(images: tuple[str, str], lightship: Lightship) -> None:
    said = lightship("diff", *images)
    assert said.status == 0
    assert "to pull: " in said.stdout
    assert "numpy" in said.stdout


def test_json_is_as_its_schema_says(images: tuple[str, str], lightship: Lightship) -> None:
    for words in ((), ("--no-packages",)):
        said = lightship("diff", *images, "--format", "json", *words)
        document = json.loads(said.stdout)
        Draft202012Validator(diff_schema()).validate(document)
        assert document["before"]["reference"] == "oci:before"
        assert (document["packages"] is None) == bool(words)


def test_a_pull_request_gets_markdown_in_a_file(images: tuple[str, str], lightship: Lightship) -> None:
    said = lightship("diff", *images, "--format", "markdown", "-o", "diff.md")
    assert (said.status, said.stdout) == (0, "")
    assert "| numpy | 1.0 | 1.1 |" in (lightship.home / "diff.md").read_text()


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["oci:absent", "oci:after"], 2, "want an OCI layout, got nothing there"),
        (["oci:before"], 2, "AFTER"),
        (["oci:before", "after", "--platform", "linux/riscv64"], 2, "riscv64"),
    ],
)
def test_a_refusal_is_one_sentence(
    words: list[str], status: int, sentence: str, images: tuple[str, str], lightship: Lightship
) -> None:
    said = lightship("diff", *words)
    assert (said.status, said.stdout) == (status, "")
    assert sentence in said.error


def test_a_damaged_blob_is_one_sentence(images: tuple[str, str], lightship: Lightship) -> None:
    for path in (lightship.home / "after" / "blobs" / "sha256").iterdir():
        content = path.read_bytes()
        if content.startswith(b"\x1f\x8b"):
            path.chmod(0o644)
            path.write_bytes(content[:-4] + b"\0\0\0\1")
    said = lightship("diff", *images)
    assert said.status == 3
    assert "mismatch" in said.error


def test_a_page_needs_nothing_else(images: tuple[str, str], lightship: Lightship) -> None:
    said = lightship("diff", *images, "--format", "html", "-o", "diff.html")
    assert (said.status, said.stdout) == (0, "")
    page = (lightship.home / "diff.html").read_text()
    assert "<h1>oci:before → after</h1>" in page
    assert "numpy" in page
    assert "<script" not in page
