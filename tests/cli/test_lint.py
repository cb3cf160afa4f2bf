"""``lightship lint`` from outside."""

import json
import subprocess

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tools.schemas_lint import lint_schema

BAD = (
    "FROM debian:12\nRUN apt-get update\n"
    "RUN apt-get install -y --no-install-recommends libpq5\nUSER 1000\nCMD sleep 1\n"
)


@pytest.fixture
def bad(lightship: Lightship) -> str:
    (lightship.home / "Dockerfile").write_text(BAD)
    return "Dockerfile"


def test_findings_are_told_with_their_lines(bad: str, lightship: Lightship) -> None:
    said = lightship("lint", bad)
    assert said.status == 1
    assert "Dockerfile:2: warning: package lists fetched in a layer of their own [update-alone]" in said.stdout
    assert all(len(line) <= 80 for line in said.stdout.splitlines() if not line.startswith("Dockerfile:"))
    assert lightship("lint").stdout == said.stdout
    assert lightship("lint", bad, "--fail-on", "error").status == 0
    assert lightship("lint", bad, "--fail-on", "never").status == 0


@pytest.mark.parametrize("form", ["json", "sarif", "github", "markdown"])
def test_every_format(form: str, bad: str, lightship: Lightship) -> None:
    said = lightship("lint", bad, "--format", form)
    assert said.status == 1
    if form == "json":
        Draft202012Validator(lint_schema()).validate(json.loads(said.stdout))
    if form == "sarif":
        (run,) = json.loads(said.stdout)["runs"]
        places = [each["locations"][0]["physicalLocation"] for each in run["results"]]
        assert {"artifactLocation": {"uri": "Dockerfile"}, "region": {"startLine": 2}} in places
    if form == "github":
        assert "::warning file=Dockerfile,line=2,title=" in said.stdout
    if form == "markdown":
        assert "`update-alone`" in said.stdout


def test_a_patch_is_printed_that_git_takes(bad: str, lightship: Lightship) -> None:
    said = lightship("lint", "--fix", bad)
    assert (lightship.home / bad).read_text() == BAD
    (lightship.home / "fix.patch").write_text(said.stdout)
    subprocess.run(["git", "apply", "fix.patch"], cwd=lightship.home, check=True)
    mended = (lightship.home / bad).read_text()
    assert "RUN apt-get update && apt-get install" in mended
    assert 'CMD ["sleep", "1"]' in mended
    assert lightship("lint", "--fix", bad).stdout == ""


def test_a_patch_names_the_file_from_here(bad: str, lightship: Lightship) -> None:
    said = lightship("lint", "--fix", str(lightship.home / bad))
    assert said.stdout.startswith("--- a/Dockerfile\n+++ b/Dockerfile\n")


def test_files_are_written_when_asked(bad: str, lightship: Lightship) -> None:
    (lightship.home / bad).chmod(0o640)
    said = lightship("lint", "--fix", "--write", bad)
    assert said.stdout == ""
    assert (lightship.home / bad).read_text() != BAD
    assert (lightship.home / bad).stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        (["lint", "absent"], 2, "no file absent"),
        (["lint", "."], 2, "no Dockerfile in ."),
        (["lint", "--write", "."], 2, "--write goes with --fix"),
        (["lint", "--fix", "--write", "-"], 2, "- is stdin"),
        (["lint", "--rule", "nonsense", "."], 2, "no rule is called 'nonsense'"),
        (["lint", "--rule", "run-as-root", "."], 2, "did you mean runs-as-root?"),
        (["lint", "--context", "absent", "."], 2, "absent"),
    ],
)
def test_wrong_use_is_one_sentence(words: list[str], status: int, sentence: str, lightship: Lightship) -> None:
    said = lightship(*words)
    assert said.status == status
    assert sentence in said.stderr
    assert "Traceback" not in said.stderr


def test_what_the_base_has_anyway_saves_nothing(lightship: Lightship) -> None:
    lightship.home.mkdir(exist_ok=True)
    (lightship.home / "Dockerfile").write_text("FROM python:3.11\nRUN apt-get update && apt-get install -y libpq-dev\n")
    said = lightship("lint", "--rule", "dev-packages-shipped", ".")
    assert "saves nothing (in the base already)" in said.stdout
    assert "0 B" not in said.stdout


def test_no_such_target(bad: str, lightship: Lightship) -> None:
    said = lightship("lint", "--target", "nowhere", bad)
    assert said.status == 2
    assert "nowhere" in said.stderr


def test_a_build_argument_without_a_value_is_the_environment_s_or_none(lightship: Lightship) -> None:
    (lightship.home / "Dockerfile").write_text("ARG TAG=12\nFROM debian:$TAG\nUSER 1000\n")
    bases = [
        json.loads(lightship("lint", *words, "--format", "json", **more).stdout)["files"][0]["stages"][0]["base"]
        for words, more in (
            (("--build-arg", "TAG"), {"TAG": "13"}),
            (("--build-arg", "TAG"), {}),
            (("--build-arg", "TAG=11", "--build-arg", "TAG"), {}),
            (("--build-arg", "TAG="), {"TAG": "13"}),
        )
    ]
    assert bases == ["debian:13", "debian:12", "debian:12", "debian:"]


def test_bases_whose_names_say_nothing_are_told(lightship: Lightship) -> None:
    """On stderr, once for all files; what is known, and what is not built, is not named."""
    file = lightship.home / "Dockerfile"
    file.write_text(
        "FROM example/tools:1 AS unused\nFROM example/base:1 AS build\nFROM build AS more\nFROM scratch\n"
        "COPY --from=more /a /a\n"
    )
    said = lightship("lint", "Dockerfile", "--format", "json")
    (note,) = [line for line in said.stderr.splitlines() if "not known by name" in line]
    assert note.startswith("note: example/base:1 is not known")
    assert "SHELL is taken for /bin/sh" in note
    assert "not known by name" not in said.stdout
    assert "not known by name" not in lightship("lint", "Dockerfile", "--quiet").stderr
    file.write_text("FROM python:3.12-slim\nRUN id\n")
    assert "not known by name" not in lightship("lint", "Dockerfile").stderr
    stages = [f"FROM example/b:{number} AS s{number}\n" for number in range(4)]
    copies = [f"COPY --from=s{number} /a /{number}\n" for number in range(4)]
    file.write_text("".join([*stages, "FROM scratch\n", *copies]))
    assert "example/b:2 and 1 more are not known" in lightship("lint", "Dockerfile").stderr
