"""``lightship bench`` from outside."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.conftest import Lightship
from tests.shell_image import shell_image

from lightship.store.docker_archive import write_docker_archive
from lightship.store.oci_layout import write_layout
from lightship.store.tags import Tag


@pytest.fixture
def images(lightship: Lightship) -> tuple[str, str]:
    write_layout(shell_image({"app/one": b"1"}), lightship.home / "slim", [Tag("latest")])
    write_docker_archive(shell_image({"app/one": b"1"}, compressions=("none",)), lightship.home / "naive.tar", [])
    return "oci:slim", "docker-archive:naive.tar"


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ([], 2, "missing: IMAGE"),
        (["oci:absent"], 2, "want an OCI layout, got nothing there"),
        (["oci:absent", "--link", "fast"], 2, "bandwidth not understood"),
        (["oci:absent", "--rounds", "0"], 2, "--rounds"),
        (["oci:absent", "--parallel", "many"], 2, "--parallel"),
        (["oci:absent", "--format", "pdf"], 2, "--format"),
        (["oci:absent", "--probe-http", "ftp://x"], 2, "want an http URL"),
    ],
)
def test_a_refusal_is_one_sentence(words: list[str], status: int, sentence: str, lightship: Lightship) -> None:
    said = lightship("bench", *words)
    assert (said.status, said.stdout) == (status, "")
    assert sentence in said.error
    assert "Traceback" not in said.stderr


def test_a_table_is_data_and_everything_else_is_talk(
    images: tuple[str, str], lightship: Lightship, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    options = ("--link", "1gbit,1ms", "--rounds", "1", "--page-cache", "keep", "--probe-command", "/bin/sh -c :")
    said = lightship("bench", *images, *options)
    assert said.status == 0, said.stderr
    assert said.stdout.splitlines()[0].split() == ["pulled", "pull", "unpack", "ready", "total"]
    assert "docker-archive:naive.tar: plain layers were compressed as a push does" in said.stderr
    assert "compressed as a push does" in " ".join(said.stdout.split())


def test_formats_and_files(images: tuple[str, str], lightship: Lightship) -> None:
    common = ("bench", images[0], "--rounds", "1")
    document = json.loads(lightship(*common, "--format", "json").stdout)
    assert (document["schema"], document["image"]) == ("lightship/bench/1", "oci:slim")
    page = lightship.home / "bench.html"
    said = lightship(*common, "--format", "html", "-o", str(page))
    assert (said.status, said.stdout) == (0, "")
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "nothing was started: there is no probe" in said.stderr
    assert "oci:slim" in said.stderr
    assert lightship(*common, "--format", "markdown").stdout.startswith("| image |")


def test_a_failed_check_is_status_1(
    images: tuple[str, str], lightship: Lightship, require_tool: Callable[[str], str]
) -> None:
    require_tool("bwrap")
    options = ("--rounds", "1", "--page-cache", "keep", "--probe-command", "/bin/sh -c 'echo oops; exit 3'")
    said = lightship("bench", images[0], *options)
    assert said.status == 1
    assert "oops" in said.stdout


def test_the_probe_is_that_of_the_project(images: tuple[str, str], lightship: Lightship, tmp_path: Path) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "lightship.toml").write_text('[probe]\nhttp = "ftp://no"\n')
    said = lightship("bench", images[0], "--project", str(project))
    assert (said.status, said.stdout) == (2, "")
    assert "want an http URL, got 'ftp://no'" in said.error
