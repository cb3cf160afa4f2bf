"""``lightship build`` from outside: what it refuses, what it prints, what programs can rely on."""

import datetime
import hashlib
import http.server
import json
import re
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.base.pretend import PretendArchive, distribution, served
from tests.cli.conftest import Lightship, World, make_project
from tests.validated import assert_valid
from tools.reference import REFERENCE

from lightship.image.views import digest_of
from lightship.store.oci_layout import open_layout
from lightship.store.select import host_platform

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def schema(name: str) -> Draft202012Validator:
    return Draft202012Validator(json.loads((REFERENCE / "schemas" / f"{name}.schema.json").read_text()))


def write_project(home: Path, *, lock: bool = False, toml: str = "") -> Path:
    project = home / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text('[project]\nname = "x"\nversion = "1"\ndependencies = ["click"]\n')
    if lock:
        (project / "requirements.txt").write_text(f"click==8 --hash=sha256:{'0' * 64}\n")
    if toml:
        (project / "lightship.toml").write_text(toml)
    return project


def test_a_project_without_a_lock_is_told_the_command_that_makes_one(lightship: Lightship) -> None:
    said = lightship("build", write_project(lightship.home))
    assert (said.status, said.stdout) == (2, "")
    assert "has no lock file" in said.error
    assert "uv lock" in said.hint


def test_a_network_that_is_not_there_is_waited_for_aloud(lightship: Lightship) -> None:
    """The port was ours a moment ago: nobody listens there."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        index = f"http://name:secret@127.0.0.1:{taken.getsockname()[1]}/simple"
    project = write_project(lightship.home, lock=True)
    archive = ("--archive-uri", index.replace("simple", "debian"), "--archive-suite", "bookworm")
    said = lightship("build", project, *archive, PIP_NO_INDEX="", PIP_INDEX_URL=index, PIP_RETRIES="2")
    assert said.status != 0
    waits = [line for line in said.stderr.splitlines() if "; again in " in line]
    assert waits, said.stderr
    assert all(line.startswith("note: ") for line in waits)
    assert "attempts)" in said.error
    assert said.hint.startswith("is there a network")
    assert "secret" not in said.stderr
    quiet = lightship("build", project, "--quiet", *archive, PIP_NO_INDEX="", PIP_INDEX_URL=index, PIP_RETRIES="2")
    assert "again in" not in quiet.stderr
    assert quiet.hint == said.hint


def test_a_bad_file_is_refused_with_the_key(lightship: Lightship) -> None:
    project = write_project(lightship.home, lock=True, toml='[image]\nentrypiont = ["x"]\n')
    said = lightship("build", project)
    assert (said.status, said.error) == (2, "lightship.toml: image.entrypiont is not a setting")
    assert said.hint == "did you mean image.entrypoint?"


def test_configuration_that_nobody_reads_is_told(lightship: Lightship) -> None:
    project = write_project(lightship.home, toml="[image]\nports = [80]\n")
    with (project / "pyproject.toml").open("a") as stream:
        stream.write("[tool.lightship.image]\nports = [90]\n")
    said = lightship("build", project, LIGHTSHIP_OUTPT="oci:out")
    notes = [line for line in said.stderr.splitlines() if line.startswith("note: ")]
    assert notes == [
        "note: LIGHTSHIP_OUTPT is no variable of lightship (did you mean LIGHTSHIP_OUTPUT?)",
        "note: [tool.lightship] in pyproject.toml is not read: lightship.toml stands beside it",
    ]
    assert said.status == 2, "it has no lock"
    assert lightship("build", project, "-q", LIGHTSHIP_OUTPT="oci:out").stderr.startswith("error: ")


@pytest.mark.parametrize(
    ("flags", "sentence", "hint"),
    [
        (["--output", "somewhere"], "--output not understood", "oci:DIR"),
        (["-o", "oci:out"], "-o is for the report", "--output oci:out"),
        (["--platform", "windows/amd64"], "--platform: want linux/amd64 or linux/arm64", ""),
        (["-t", "Bad Name"], "image name not understood", ""),
        (["--probe-timeout", "soon"], "--probe-timeout: duration not understood", ""),
        (["--entrypoint", "'open"], "--entrypoint: want words as for a shell", ""),
        (["--env", "NAME"], "--env: want NAME=VALUE", ""),
        (["--port", "http"], "port not understood: want 5001 or 5001/tcp", ""),
        (["--bytecode", "startup"], "bytecode = startup needs a probe", "probe.http"),
        (["--base", "scratch"], "base = scratch: a Python needs its C library", "base = auto"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_fetched(
    flags: list[str], sentence: str, hint: str, world: World, lightship: Lightship
) -> None:
    asked = len(world.asked)
    said = lightship("build", world.project, *world.flags, *flags)
    assert said.status == 2
    assert sentence in said.error
    assert hint in said.hint
    assert len(world.asked) == asked


def test_a_failing_world_is_status_3_and_leaves_nothing(world: World, lightship: Lightship) -> None:
    (lightship.home / "empty").mkdir()
    flags = ["--archive-uri", "http://127.0.0.1:9", *world.flags[4:]]
    said = lightship("build", world.project, *flags, "--output", "oci:out")
    assert (said.status, said.stdout) == (3, "")
    assert "Traceback" not in said.stderr
    assert not (lightship.home / "out").exists()
    assert not (world.project / "lightship-base.lock").exists()


def test_the_digest_is_the_last_line_and_the_json_is_what_its_schema_says(world: World, lightship: Lightship) -> None:
    command: list[str | Path] = ["build", world.project, *world.flags, "-t", "shop:1", "--output", "oci:out"]
    first = lightship(*command, "--format", "json", "-o", "report.json")
    assert first.status == 0, first.stderr
    digest = first.stdout.strip()
    assert _DIGEST.fullmatch(digest)
    assert "\x1b" not in first.stderr
    report = json.loads((lightship.home / "report.json").read_text())
    schema("build").validate(report)
    assert (report["digest"], report["output"], report["reference"]) == (digest, "oci:out", "shop:1")
    assert report["compressed_bytes"] == sum(layer["compressed_bytes"] for layer in report["layers"])
    assert not any(layer["cached"] for layer in report["layers"])
    assert "tests" in {dropped["rule"] for dropped in report["dropped"]}
    schema("plan").validate(json.loads(Path(report["kept_because"]).read_text()))
    image = open_layout(lightship.home / "out", tag="1")
    assert_valid(image)

    asked = len(world.asked)
    again = lightship(*command, LIGHTSHIP_FORMAT="json", LIGHTSHIP_QUIET="1")
    schema("build").validate(json.loads(again.stdout))
    assert json.loads(again.stdout)["digest"] == digest
    assert all(layer["cached"] for layer in json.loads(again.stdout)["layers"])
    assert again.stderr == ""
    assert len(world.asked) == asked

    text = lightship(*command, "-q")
    assert (text.stdout, text.stderr) == (f"{digest}\n", "")
    said = lightship(*command, "-v")
    assert said.stdout == f"{digest}\n"
    assert "written to oci:out\n" in said.stderr
    assert all(layer["digest"] in said.stderr for layer in report["layers"])


def test_the_plan_is_what_its_schema_says_and_makes_no_image(world: World, lightship: Lightship) -> None:
    said = lightship("build", world.project, *world.flags, "--plan", "--output", "oci:out")
    assert said.status == 0, said.stderr
    plan = json.loads(said.stdout)
    schema("plan").validate(plan)
    files = {file["path"]: file for layer in plan["layers"] for file in layer["files"]}
    assert files["opt/venv/lib/python3.11/site-packages/pretend_lib/__init__.py"]["why"]
    assert "app/app.py" in files
    assert not (lightship.home / "out").exists()
    assert lightship("build", world.project, *world.flags, LIGHTSHIP_PLAN="1").stdout == said.stdout


def test_variables_are_flags_and_flags_win(world: World, lightship: Lightship) -> None:
    variables = {
        "LIGHTSHIP_TAG": "shop:1 shop:2",
        "LIGHTSHIP_OUTPUT": "oci:out",
        "LIGHTSHIP_ENTRYPOINT": "python -c 'print(\"two words\")'",
        "LIGHTSHIP_ENV": "A=1 'B=two words'",
        "LIGHTSHIP_STRIP": "0",
        "LIGHTSHIP_JOBS": "1",
        "LIGHTSHIP_WORKDIR": "/elsewhere",
        "LIGHTSHIP_REPORT_FILE": "report.txt",
    }
    cache = lightship.home / "other cache"
    said = lightship("build", world.project, *world.flags, "--workdir", "/srv", "--cache-dir", cache, **variables)
    assert said.status == 0, said.stderr
    config = json.loads(open_layout(lightship.home / "out", tag="2").raw_config)["config"]
    assert config["Entrypoint"] == ["python", "-c", 'print("two words")']
    assert {"A=1", "B=two words"} <= set(config["Env"])
    assert config["WorkingDir"] == "/srv"
    assert said.stdout.strip() in (lightship.home / "report.txt").read_text()
    assert (cache / "blobs").is_dir()
    assert not lightship.cache.exists()


def test_without_output_the_image_is_on_the_shelf_under_its_projects_name(world: World, lightship: Lightship) -> None:
    said = lightship("build", world.project, *world.flags, "--format", "json")
    assert said.status == 0, said.stderr
    assert json.loads(said.stdout)["reference"] == "shop"
    said = lightship("build", world.project, *world.flags)
    if host_platform().architecture == "amd64":  # as the world
        assert said.stderr.endswith("start it: lightship run shop\n")
    assert_valid(open_layout(lightship.cache / "images", tag="shop"))


def test_projects_of_other_names_stay_on_the_shelf(world: World, lightship: Lightship) -> None:
    digests = {}
    for name in ("shop", "second", "shop"):
        project = (world.project / "pyproject.toml").read_text().replace('"shop"', f'"{name}"')
        other = world.project.with_name(name)
        if not other.exists():
            shutil.copytree(world.project, other)
            (other / "pyproject.toml").write_text(project)
        said = lightship("build", other, *world.flags)
        assert said.status == 0, said.stderr
        digests[name] = said.stdout.strip()
    for name, digest in digests.items():
        found = open_layout(lightship.cache / "images", tag=f"docker.io/library/{name}:latest")
        assert_valid(found)
        assert str(digest_of(found)) == digest


def test_an_image_for_another_processor_is_not_said_to_start_here(tmp_path: Path, lightship: Lightship) -> None:
    other = "arm64" if host_platform().architecture != "arm64" else "amd64"
    archive = PretendArchive(tmp_path / "archive")
    archive.date = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    archive.valid_until = None
    archive.add(*(replace(deb, architecture=other) for deb in distribution()))
    archive.write(architecture=other)
    project = make_project(lightship.home)
    with served(archive.root) as (uri, _):
        flags = ("--archive-uri", uri, "--archive-suite", archive.codename, "--archive-keyring", archive.keyring)
        said = lightship("build", project, "--platform", f"linux/{other}", *flags)
    assert said.status == 0, said.stderr
    assert "start it" not in said.stderr


def test_an_interrupt_is_130_and_leaves_nothing_half_written(world: World, lightship: Lightship) -> None:
    wheel = next((lightship.home / "wheels").iterdir())
    with stalling(wheel.name, wheel.read_bytes()) as (uri, stalled):
        process = lightship.begin(
            "build", world.project, *world.flags, "--output", "oci:out", PIP_FIND_LINKS=uri, PIP_TIMEOUT="2"
        )
        assert stalled.wait(60), process.communicate(timeout=60)
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate(timeout=60)
    assert (process.returncode, stdout) == (130, "")
    assert "Traceback" not in stderr
    assert stderr.splitlines()[-1] == "error: interrupted"
    assert not (lightship.home / "out").exists()
    assert not (world.project / "lightship-base.lock").exists()
    assert list(lightship.cache.rglob("*.tmp")) == []
    assert lightship("build", world.project, *world.flags, "--output", "oci:out").status == 0


@pytest.mark.network
def test_what_was_built_runs_by_its_name(lightship: Lightship, require_tool: Callable[[str], str]) -> None:
    """The base is of this machine's own package archive."""
    require_tool("bwrap")
    project = make_project(lightship.home)
    built = lightship("build", project, "-t", "registry.example/shop:2", "--bytecode", "all")
    assert built.status == 0, built.stderr
    said = lightship("run", "-q", "registry.example/shop:2")
    assert (said.status, said.stdout) == (0, "1\n"), said.stderr
    imports = "import pretend_lib, sys; print(pretend_lib.__cached__, sys.dont_write_bytecode)"
    said = lightship("run", "-q", "--entrypoint", f"python -c '{imports}'", "registry.example/shop:2")
    assert said.stdout.startswith("/opt/venv/lib/python3."), said.stderr
    assert lightship("build", project, "-t", "registry.example/shop:2", "--bytecode", "all").stdout == built.stdout


@contextmanager
def stalling(name: str, content: bytes) -> Iterator[tuple[str, threading.Event]]:
    """A page with a link to a wheel that is sent by half; the event is set then."""
    stalled, over = threading.Event(), threading.Event()
    page = f'<a href="{name}#sha256={hashlib.sha256(content).hexdigest()}">{name}</a>'.encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            wanted = self.path.endswith(".whl")
            body = content if wanted else page
            self.send_response(200)
            self.send_header("Content-Type", "application/octet-stream" if wanted else "text/html")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if wanted else body)
            if wanted:
                self.wfile.flush()
                stalled.set()
                over.wait(60)

        def log_message(self, *_args: object) -> None: ...

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", stalled
    finally:
        over.set()
        server.shutdown()
        server.server_close()
        thread.join()
