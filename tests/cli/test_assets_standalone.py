"""``lightship assets standalone`` as a process: report, schema, statuses, refusals. Servers start in conformance."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.assets.standalone.servers import answering
from tests.cli.conftest import Lightship
from tools.reference import REFERENCE


@pytest.fixture
def server(lightship: Lightship) -> Path:
    return answering(lightship.home / "server", {".env.production": "SECRET=1"}).root


def test_the_json_is_what_its_schema_says_and_adds_up(lightship: Lightship, server: Path) -> None:
    said = lightship("assets", "standalone", server, "--static", "moved", "--format", "json")
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    schema = json.loads((REFERENCE / "schemas" / "assets-standalone.schema.json").read_text())
    Draft202012Validator(schema).validate(report)
    for key in ("files", "unpacked_bytes", "compressed_bytes"):
        dropped = sum(row[key] for row in report["dropped"])
        assert report["before"][key] - report["after"][key] == dropped
    assert {row["rule"] for row in report["dropped"]} == {"build-tools", "docs", "static-moved"}
    assert report["before"]["unpacked_bytes"] == sum(
        path.stat().st_size for path in server.rglob("*") if path.is_file()
    )
    assert report["verified"] is None
    assert any(".env.production" in note for note in report["notes"])
    assert (server / "public/logo.svg").exists()


def test_the_text_says_why_and_what_more_there_is(lightship: Lightship, server: Path) -> None:
    said = lightship("assets", "standalone", server, "-v")
    assert said.status == 0, said.stderr
    assert "compiler or bundler, which a server does not start" in said.stdout
    assert "--safety closure leaves out 24 B more" in said.stdout
    assert "node_modules/typescript/lib/typescript.js: build-tools" in said.stdout


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (("--write", "--output", "x"), "--write changes DIR itself, --output makes another: want one of them"),
        (("--safety", "traced", "--no-verify"), "--safety traced starts the server to see what it opens"),
        (("--restore", "--write"), "--restore brings back what --write took: it goes alone"),
        (("--restore",), "nothing was set aside"),
        (("--off", "typo"), "no such rule: want one of static-moved"),
        (("--platform", "windows/amd64"), "--platform: want linux/ARCH, got 'windows/amd64'"),
        (("--env", "NAME"), "--env: want NAME=VALUE, got 'NAME'"),
        (("--timeout", "soon"), "duration not understood"),
    ],
)
def test_what_is_refused(lightship: Lightship, server: Path, words: tuple[str, ...], error: str) -> None:
    said = lightship("assets", "standalone", server, *words)
    assert said.status == 2
    assert said.error.startswith(error)


def test_a_directory_that_is_no_server(lightship: Lightship) -> None:
    said = lightship("assets", "standalone", lightship.home)
    assert said.status == 2
    assert "and there is none" in said.error
    assert said.hint == "next build writes it to .next/standalone"


def test_without_node_it_says_what_to_do(lightship: Lightship, server: Path) -> None:
    said = lightship("assets", "standalone", server, "--write", PATH="/nonexistent")
    assert said.status == 3
    assert not Path(f"{server}.left-out").exists()


def test_in_place_without_a_trial_and_back(lightship: Lightship, server: Path) -> None:
    said = lightship("assets", "standalone", server, "--write", "--no-verify")
    assert said.status == 0, said.stderr
    assert f"what was left out is in {server}.left-out; --restore brings it back" in said.stdout
    assert not (server / "node_modules/typescript").exists()
    assert "4 paths are back" not in said.stdout
    said = lightship("assets", "standalone", server, "--restore")
    assert said.stdout == f"3 paths are back in {server}\n"
    assert (server / "node_modules/typescript/lib/typescript.js").exists()
