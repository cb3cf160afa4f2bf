"""``lightship assets retarget`` as a process: the report, the schema, statuses, and what it refuses."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tools.reference import REFERENCE

from lightship.image.synthetic import synthetic_image
from lightship.image.views import digest_of
from lightship.oci.reference import Reference
from lightship.store.copy import copy
from lightship.store.oci_layout import open_layout

PLACEHOLDER = "https://cdn.lightship.invalid"


@pytest.fixture
def web(lightship: Lightship) -> Path:
    folder = lightship.home / "web"
    folder.mkdir()
    (folder / "index.html").write_text(f'<script src="{PLACEHOLDER}/app.js"></script><img src="/logo.png">')
    (folder / "app.js").write_text(f'fetch("{PLACEHOLDER.replace("/", chr(92) + "/")}/x")')
    return folder


def test_the_json_is_what_its_schema_says(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "retarget", web, "--cdn", "https://a.example", "--format", "json")
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    schema = json.loads((REFERENCE / "schemas" / "assets-retarget.schema.json").read_text())
    Draft202012Validator(schema).validate(report)
    assert report["from"] == PLACEHOLDER
    assert report["to"] == "https://a.example"
    assert report["places"] == {"url": 1, r"url :\/\/.": 1}
    assert [file["path"] for file in report["files"]] == ["app.js", "index.html"]
    assert [finding["code"] for finding in report["findings"]] == ["public-file"]


def test_the_text_says_what_changed_and_what_stays(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "retarget", web, "--cdn", "https://a.example/", "-v")
    assert said.status == 0, said.stderr
    assert f"{PLACEHOLDER} -> https://a.example\n" in said.stdout
    assert "2 files changed: 1 the prefix, 1 the prefix as" in said.stdout
    assert "  index.html: 1 the prefix\n" in said.stdout
    assert "note: files of public/ stay [public-file]\n" in said.stdout
    assert "  fix: " in said.stdout
    said = lightship("assets", "retarget", web, "--origin")
    assert "https://a.example -> the page's own origin" in said.stdout
    said = lightship("assets", "retarget", web, "--cdn", "")
    assert said.stdout == "assets come from the page's own origin: nothing changes\n"


def test_the_placeholder_is_printed(lightship: Lightship) -> None:
    said = lightship("assets", "retarget", "--placeholder")
    assert (said.status, said.stdout) == (0, f"{PLACEHOLDER}\n")


def test_findings_are_a_status(lightship: Lightship, web: Path) -> None:
    assert lightship("assets", "retarget", web, "--cdn", "https://a.example", "--fail-on", "note").status == 1
    (web / "app.js").unlink()
    (web / "index.html").write_text('<script src="/app.js"></script>')
    (web / ".lightship-retarget.json").unlink()
    said = lightship("assets", "retarget", web, "--cdn", "https://a.example")
    assert said.status == 1
    assert "error: no prefix to replace [no-prefix]" in said.stdout
    assert lightship("assets", "retarget", web, "--cdn", "https://a.example", "--fail-on", "never").status == 0


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "no directory is named"),
        (("web",), "where do the assets come from"),
        (("web", "--cdn", "https://a", "--origin"), "two places"),
        (("web", "--cdn", "a.example"), "is no prefix of assets"),
        (("missing", "--origin"), "want a directory"),
        (("web", "--cdn", f"{PLACEHOLDER}/"), "is the placeholder, which no browser finds"),
    ],
)
def test_what_is_refused_is_told(lightship: Lightship, web: Path, words: tuple[str, ...], sentence: str) -> None:
    said = lightship("assets", "retarget", *(str(web) if word == "web" else word for word in words))
    assert said.status == 2
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr


def test_an_image_gets_a_layer_and_its_digest_is_the_last_line(lightship: Lightship) -> None:
    built = lightship.home / "built"
    page = f'<img src="{PLACEHOLDER}/a.png">'.encode()
    copy(synthetic_image({"srv/index.html": page}), Reference.parse(f"oci:{built}"))
    words = ("assets", "retarget", f"oci:{built}", "--cdn", "https://a.example")
    said = lightship(*words, "--output", f"oci:{lightship.home}/made:a")
    assert said.status == 0, said.stderr
    assert said.stdout == f"{digest_of(open_layout(lightship.home / 'made', tag='a'))}\n"
    assert "one layer on top of the build" in said.stderr
    said = lightship(*words, "--output", f"oci:{lightship.home}/made:b", "--path", "srv", "--format", "json")
    report = json.loads(said.stdout)
    schema = json.loads((REFERENCE / "schemas" / "assets-retarget.schema.json").read_text())
    Draft202012Validator(schema).validate(report)
    assert report["directory"] == "/srv"
    assert report["image"]["digest"] == str(digest_of(open_layout(lightship.home / "made", tag="b")))
    said = lightship(*words)
    assert said.status == 2
    assert "is an image: where does the retargeted one go?" in said.stderr


def test_options_of_images_are_for_images(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "retarget", web, "--origin", "--path", "srv")
    assert said.status == 2
    assert "--path is for images" in said.stderr
