"""``lightship base`` from outside: its formats and its statuses."""

import json

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tests.flows.fit_lock import MANY, MUSL, PURE, write_project
from tools.schemas_base import base_schema

OFFLINE = {"LIGHTSHIP_MEASURE": "0", "LIGHTSHIP_PYTHON": "3.11"}


@pytest.fixture(autouse=True)
def _project(lightship: Lightship) -> None:
    write_project(lightship.home / "shop", {"pure-lib": [PURE], "both-lib": [MANY, MUSL], "glibc-lib": [MANY]})


def test_the_verdict_is_the_first_line(lightship: Lightship) -> None:
    said = lightship("base", "shop", **OFFLINE)
    assert (said.status, said.stderr) == (0, "")
    assert said.stdout.startswith("Alpine is closed: 1 of 3 packages has no musllinux wheel")
    assert not (lightship.home / "shop" / "lightship-base.lock").exists()


def test_json_is_as_its_schema_says(lightship: Lightship) -> None:
    said = lightship("base", "shop", "--format", "json", **OFFLINE)
    document = json.loads(said.stdout)
    Draft202012Validator(base_schema()).validate(document)
    assert document["schema"] == "lightship/base/1"
    assert document["python"]["version"].startswith("3.11.")


def test_markdown_to_a_file(lightship: Lightship) -> None:
    said = lightship("base", "shop", "--format", "markdown", "-o", "base.md", **OFFLINE)
    assert (said.status, said.stdout) == (0, "")
    assert (lightship.home / "base.md").read_text().startswith("**Alpine is closed: ")


@pytest.mark.parametrize(("image", "status"), [("python:3.11-slim", 0), ("python:3.11-alpine", 1), ("example/x:1", 1)])
def test_an_image_that_does_not_fit_is_status_1(image: str, status: int, lightship: Lightship) -> None:
    assert lightship("base", "shop", "--against", image, **OFFLINE).status == status


def test_a_platform_does_not_change_the_c_library(lightship: Lightship) -> None:
    said = lightship("base", "shop", "--platform", "linux/arm64", "--against", "python:3.11-alpine", **OFFLINE)
    assert said.status == 1
    assert said.stdout.startswith("No base fits: 2 of 3 packages have neither a wheel for Python 3.11 on aarch64")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["shop", "--python", "three"], "python not understood"),
        (["shop", "--group", "absent"], "absent"),
        (["shop", "--platform", "what"], "platform"),
        (["."], "no Python project"),
    ],
)
def test_wrong_use_is_status_2(words: list[str], sentence: str, lightship: Lightship) -> None:
    said = lightship("base", *words, LIGHTSHIP_MEASURE="0")
    assert said.status == 2
    assert sentence in said.error


def test_nothing_that_answers_is_no_error(lightship: Lightship) -> None:
    """Where no registry can be reached figures are cited."""
    said = lightship("base", "shop", LIGHTSHIP_PYTHON="3.11", HTTPS_PROXY="http://127.0.0.1:9")
    assert said.status == 0
    assert "Bases are cited" in said.stdout
