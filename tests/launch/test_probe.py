"""Probes of a real server under the sandbox."""

import socket
import threading
import time
from pathlib import Path

import pytest

from lightship.errors import FindingError, InputError, UsageError
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.probe import Probe, ProbeOutcome, ensure_unused, load_probe, probe
from lightship.launch.running import start
from lightship.oci.config import Runtime
from lightship.sandbox.bubblewrap import Bubblewrap

SERVER = Runtime(entrypoint=("/usr/bin/python3", "-B", "/app/server.py"), user="app")

REQUESTS = """
GET /health
###
# expect 404
# expect-body /missing
GET /missing
###
GET /moved
### shout
# expect 201
# expect-body QUIET
POST /shout

quiet
### broken
GET /broken
### other words
# expect-body nothing of the kind
GET /health
"""


def _probed(sandbox: Bubblewrap, root: Path, wanted: Probe, port: int) -> ProbeOutcome:
    options = LaunchOptions(env={"PORT": str(port)})
    with launch_command(root, SERVER, options) as command, start(sandbox, command) as running:
        return probe(running, wanted, sandbox)


@pytest.mark.conformance
def test_a_server_is_ready_and_asked(sandbox: Bubblewrap, server_root: Path, port: int, tmp_path: Path) -> None:
    (tmp_path / "smoke.http").write_text(REQUESTS)
    url = f"http://127.0.0.1:{port}/health"
    outcome = _probed(sandbox, server_root, load_probe(http=url, requests=tmp_path / "smoke.http"), port)
    assert [(check.name, check.ok) for check in outcome.checks] == [
        ("GET /health", True),
        ("GET /missing", True),
        ("GET /moved", True),
        ("shout", True),
        ("broken", False),
        ("other words", False),
    ]
    assert outcome.checks[4].detail.startswith("want a status below 400, got 500: you asked for /broken; it said")
    assert outcome.checks[5].detail == "want 'nothing of the kind' in the answer, got you asked for /health"
    assert not outcome.ok
    assert 0 < outcome.start_s < outcome.ready_s


@pytest.mark.conformance
def test_a_command_is_run_beside_the_server(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    url = f"http://127.0.0.1:{port}/health"
    code = "import os, urllib.request as r; print(r.urlopen('http://127.0.0.1:'+os.environ['PORT']+'/{}').read())"
    for path, ok in (("health", True), ("missing", False)):
        command = ("/usr/bin/python3", "-IBc", code.format(path))
        outcome = _probed(sandbox, server_root, Probe(http=url, command=command), port)
        assert outcome.ok is ok
        assert outcome.checks[0].name == " ".join(command)
    assert "ended with status 1" in outcome.checks[0].detail
    assert "HTTP Error 404" in outcome.checks[0].detail


@pytest.mark.conformance
def test_a_server_that_dies_says_why(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    runtime = Runtime(entrypoint=("/usr/bin/python3", "-IBc", "print('configuration is missing'); raise SystemExit(3)"))
    with (
        launch_command(server_root, runtime, LaunchOptions()) as command,
        start(sandbox, command) as running,
        pytest.raises(
            FindingError, match="ended with status 3 before it was ready; it said:\n  configuration is missi"
        ),
    ):
        probe(running, Probe(http=f"http://127.0.0.1:{port}/"), sandbox)


@pytest.mark.conformance
def test_a_server_that_is_never_ready(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    listening = threading.Event()
    options = LaunchOptions(env={"PORT": str(port)})
    with (
        launch_command(server_root, SERVER, options) as command,
        start(sandbox, command, on_line=lambda _: listening.set()) as running,
    ):
        assert listening.wait(120)
        patience_s = time.monotonic() - running.started_at + 2.0  # for one answer at least
        wanted = Probe(http=f"http://127.0.0.1:{port}/broken", timeout_s=patience_s)
        with pytest.raises(FindingError, match=r"was not ready within [\d.]+ s \(status 500\); it said:\n  listening"):
            probe(running, wanted, sandbox)


def test_what_answers_already_would_be_believed() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with pytest.raises(UsageError, match=f"something else answers at 127.0.0.1:{port}"):
            ensure_unused(f"http://127.0.0.1:{port}/health")
    ensure_unused(f"http://127.0.0.1:{port}/health")


@pytest.mark.parametrize("url", ["127.0.0.1:5001", "ftp://host/", "http:///health", "", f"http://{'a' * 64}/"])
def test_a_probe_has_a_url_that_can_be_asked(url: str) -> None:
    with pytest.raises(UsageError, match="want an http URL"):
        Probe(http=url)


def test_a_probe_asks_something() -> None:
    with pytest.raises(UsageError, match="want a URL or a command"):
        Probe()


def test_a_file_of_requests_that_is_missing_or_broken(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot read .*none\.http"):
        load_probe(http="http://127.0.0.1/", requests=tmp_path / "none.http")
    (tmp_path / "bad.http").write_text("GET")
    with pytest.raises(InputError, match=r"bad\.http: line 1: want METHOD URL"):
        load_probe(http="http://127.0.0.1/", requests=tmp_path / "bad.http")
