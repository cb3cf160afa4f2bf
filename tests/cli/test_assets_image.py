"""``lightship assets image`` as a process: the report, the schema, the last line, and what it refuses."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tests.flows.front_end import NEXT, PAGES, FrontEnd, front_end, write_files
from tests.flows.world import opened
from tools.reference import REFERENCE


@pytest.fixture
def front(tmp_path: Path) -> Iterator[FrontEnd]:
    with front_end(tmp_path / "world") as made:
        yield made


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    return write_files(tmp_path / "site" / "dist", PAGES)


def words(front: FrontEnd, directory: Path, *more: str) -> list[str]:
    where = ["--archive-uri", front.uri, "--archive-suite", front.archive.codename]
    where += ["--archive-keyring", str(front.archive.keyring), "--base-lock", str(front.root / "lock")]
    return ["assets", "image", str(directory), *where, *more]


def schema() -> Draft202012Validator:
    return Draft202012Validator(json.loads((REFERENCE / "schemas" / "assets-image.schema.json").read_text()))


def test_the_last_line_is_the_digest_and_the_rest_is_talk(lightship: Lightship, front: FrontEnd, pages: Path) -> None:
    out = f"oci:{front.root / 'out'}"
    more = ("-t", "registry.example/web:1.2", "--output", out, "--compress", "ci")
    said = lightship(*words(front, pages, *more))
    assert said.status == 0, said.stderr
    assert said.stdout.startswith("sha256:")
    assert len(said.stdout.splitlines()) == 1
    for told in ("registry.example/web:1.2", "nginx 1.22.1-9", "plain files alone", ".gz alone", "as 1001:1001"):
        assert told in said.stderr
    with opened(front.root / "out"):
        pass


def test_the_json_is_what_its_schema_says(lightship: Lightship, front: FrontEnd, pages: Path, tmp_path: Path) -> None:
    said = lightship(*words(front, pages, "--output", f"oci:{front.root / 'out'}", "--format", "json"))
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    schema().validate(report)
    assert report["server"]["kind"] == "nginx"
    assert report["web"]["plain_layer_bytes"] is None
    standalone = write_files(tmp_path / "next", NEXT) / ".next" / "standalone"
    links = {"PIP_FIND_LINKS": str(front.root / "links")}
    more = ("--output", f"oci:{front.root / 'node'}", "--format", "json", "--node", "22")
    said = lightship(*words(front, standalone, *more), **links)
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    schema().validate(report)
    assert (report["server"]["version"], report["server"]["source"], report["web"]) == ("22.20.0", "wheel", None)


def test_without_an_output_it_is_on_the_shelf(lightship: Lightship, front: FrontEnd, pages: Path) -> None:
    said = lightship(*words(front, pages, "-t", "registry.example/web:1"))
    assert said.status == 0, said.stderr
    assert "start it: lightship run registry.example/web:1" in said.stderr


@pytest.mark.parametrize(
    ("more", "error"),
    [
        (("--output", "nowhere"), "--output not understood"),
        (("--node", "22"), "--node is of a Node server"),
        (("--user", "me"), "user must be numeric"),
        (("--csp", 'say "no"'), "want a policy"),
        (("--platform", "windows/amd64"), "--platform"),
    ],
)
def test_wrong_use_is_one_sentence(
    lightship: Lightship, front: FrontEnd, pages: Path, more: tuple[str, ...], error: str
) -> None:
    said = lightship(*words(front, pages, *more))
    assert said.status == 2, said.stderr
    assert said.error.startswith(error)
    assert not (front.root / "lock" / "lightship-base.lock").exists() or more[0] == "--csp"
