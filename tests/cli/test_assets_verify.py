"""``lightship assets verify`` as a process: statuses, formats, the schema, and what it keeps to itself."""

import json
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.assets.faulty import FaultySite
from tests.cli.conftest import Lightship
from tools.reference import REFERENCE

PROGRAM = Path(sys.executable).parent / "lightship"


@pytest.fixture(scope="module")
def _running() -> Iterator[FaultySite]:
    with FaultySite.running() as found:
        yield found


@pytest.fixture
def faulty(_running: FaultySite) -> FaultySite:
    _running.plant()
    return _running


def test_a_good_site_is_status_0(lightship: Lightship, faulty: FaultySite) -> None:
    said = lightship("assets", "verify", faulty.root, "--cdn", faulty.cdn.origin)
    assert said.status == 0, said.stdout
    assert said.stdout.endswith("the site is good\n")
    assert said.stdout.startswith(faulty.root)


def test_findings_are_status_1_in_every_format(lightship: Lightship, faulty: FaultySite) -> None:
    faulty.plant("/logo.svg -> Cache-Control:; X-Content-Type-Options:", "/ -> X-Content-Type-Options:")
    words = ("assets", "verify", faulty.root, "--cdn", faulty.cdn.origin)
    said = lightship(*words)
    assert said.status == 1
    assert "warning: no X-Content-Type-Options: nosniff: 2 times [nosniff-missing]\n  /\n  /logo.svg\n" in said.stdout
    assert lightship(*words, LIGHTSHIP_IGNORE="nosniff-missing lifetime-guessed").status == 0
    markdown = lightship(*words, "--format", "markdown")
    assert markdown.status == 1
    assert markdown.stdout.startswith("### the site is not good: 3 warnings\n")
    assert lightship(*words, "--format", "github").stdout.count("::warning title=") == 3
    sarif = lightship(*words, "--format", "sarif")
    assert sarif.status == 1
    (run,) = json.loads(sarif.stdout)["runs"]
    uris = [each["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for each in run["results"]]
    assert sorted(uris) == [faulty.root, f"{faulty.root}logo.svg", f"{faulty.root}logo.svg"]
    said = lightship(*words, "--format", "json", "-o", "report.json")
    assert said.status == 1
    report = json.loads((lightship.home / "report.json").read_text())
    schema = json.loads((REFERENCE / "schemas" / "assets-verify.schema.json").read_text())
    Draft202012Validator(schema).validate(report)
    assert (report["passed"], report["mode"], report["addresses"], len(report["findings"])) == (False, "site", 9, 3)
    assert report["urls"][0]["clients"]["br"]["status"] == 200
    again = lightship(*words, "--releases", "report.json", "--check", "releases")
    assert again.status == 0, again.stdout
    assert "9 of older releases" in again.stdout


def test_a_directory_alone(lightship: Lightship) -> None:
    web = lightship.home / "web"
    web.mkdir()
    (web / "index.html").write_text("<!doctype html><script src=/app/assets/app.js></script>")
    said = lightship("assets", "verify", web, "--format", "json")
    assert said.status == 1
    report = json.loads(said.stdout)
    schema = json.loads((REFERENCE / "schemas" / "assets-verify.schema.json").read_text())
    Draft202012Validator(schema).validate(report)
    assert [one["code"] for one in report["findings"]] == ["reference-missing"]
    (run,) = json.loads(lightship("assets", "verify", "web", "--format", "sarif").stdout)["runs"]
    (result,) = run["results"]
    assert result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "web/index.html"
    (web / "assets").mkdir()
    (web / "assets/app.js").write_text("1")
    assert lightship("assets", "verify", web, "--base", "/app").status == 0


def test_secrets_are_the_sites_alone(lightship: Lightship, faulty: FaultySite) -> None:
    root = faulty.root.replace("//", "//user:hush@")
    words = ("assets", "verify", root, "--cdn", faulty.cdn.origin, "--header", "X-Token: whisper", "-v", "--debug")
    said = lightship(*words)
    assert said.status == 0, said.stdout
    assert {asked.headers["x-token"] for asked in faulty.site.asked} == {"whisper"}
    assert all(asked.headers["authorization"].startswith("Basic ") for asked in faulty.site.asked)
    assert not any({"authorization", "x-token"} & set(asked.headers) for asked in faulty.cdn.asked)
    for text in (said.stdout, said.stderr, lightship(*words, "--format", "json").stdout):
        assert "hush" not in text
        assert "whisper" not in text


def test_an_interrupt_ends_it_though_a_server_is_silent(lightship: Lightship) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        root = f"http://127.0.0.1:{server.getsockname()[1]}/"
        with subprocess.Popen(
            [PROGRAM, "assets", "verify", root, "--timeout", "10min"],
            cwd=lightship.home, env=lightship.environ(), stderr=subprocess.PIPE, text=True,
        ) as process:  # fmt: skip
            first, _ = server.accept()
            with first:
                first.recv(4096)
                page = b"<!doctype html><script src=a.js></script>"
                first.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)
            for _ in range(3):  # the page for each client, then HEAD, which nobody answers
                asked, _ = server.accept()
                with asked:
                    asked.recv(4096)
                    asked.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n" + page)
            silent, _ = server.accept()
            with silent:
                silent.recv(4096)
                process.send_signal(signal.SIGINT)
                try:
                    assert process.wait(timeout=120) == 130
                finally:
                    process.kill()


def test_wrong_use_is_one_sentence(lightship: Lightship, tmp_path: Path) -> None:
    (lightship.home / "front/node_modules").mkdir(parents=True)
    for words, status, said in (
        (("no-such",), 2, "want a directory of static files"),
        (("http://127.0.0.1:9/", "--files", "front"), 2, "front is the project"),
        (("ftp://app.example/",), 2, "want an http or https address"),
        (("http://127.0.0.1:9/",), 3, "nothing listens"),
        ((".", "--check", "no-such"), 2, "no such check"),
        ((".", "--header", "no colon but a secret"), 2, "want NAME: VALUE"),
        ((".", "--base", "app"), 2, "want a path such as"),
        (("http://127.0.0.1:9/", "--timeout", "soon"), 2, "duration not understood"),
        (("http://127.0.0.1:9/", "--releases", "no-such.txt"), 3, "nothing listens"),
    ):
        found = lightship("assets", "verify", *words)
        assert found.status == status, found.stderr
        assert said in found.error
        assert "secret" not in found.stderr


def test_a_configuration_without_a_server_is_said(lightship: Lightship) -> None:
    (lightship.home / "web").mkdir()
    (lightship.home / "web.conf").write_text("server { }")
    said = lightship("assets", "verify", "web", "--nginx", "no-such.conf")
    assert said.status == 2
    (lightship.home / "web.conf").write_text("gzip on;")
    said = lightship("assets", "verify", "web", "--nginx", "web.conf")
    assert said.status == 2
    assert said.error == "web.conf: there is no server in it"
