"""An application is started, probed and ended; what it does wrong is a finding."""

from pathlib import Path

import pytest

from lightship.errors import UsageError
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import Probe
from lightship.oci.config import Runtime
from lightship.sandbox.bubblewrap import Bubblewrap
from lightship.verify.start import Started, started

SERVE = ("python3", "/app/server.py")


def begin(sandbox: Bubblewrap, root: Path, *argv: str, probe: Probe | None = None, port: int = 0) -> Started:
    runtime = Runtime(entrypoint=argv, env=("PATH=/usr/bin", "PYTHONDONTWRITEBYTECODE=1"), user="1001")
    return started(sandbox, root, runtime, LaunchOptions(env={"PORT": str(port)}), probe)


def test_a_server_becomes_ready(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    probe = Probe(http=f"http://127.0.0.1:{port}/health", timeout_s=30, command=("python3", "-c", "import json"))
    outcome = begin(sandbox, server_root, *SERVE, probe=probe, port=port)
    assert outcome.findings == ()
    assert [check.ok for check in outcome.checks] == [True, True]
    assert outcome.start_s is not None
    assert outcome.ready_s is not None
    assert outcome.ready_s >= outcome.start_s


def test_a_server_that_ends_is_told_with_what_it_said(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    probe = Probe(http=f"http://127.0.0.1:{port}/health", timeout_s=30)
    outcome = begin(sandbox, server_root, "python3", "-c", "import pretend_gone", probe=probe, port=port)
    (finding,) = outcome.findings
    assert (finding.code, finding.severity) == ("start-failed", "error")
    assert "pretend_gone" in finding.message
    assert outcome.ready_s is None
    assert [check.ok for check in outcome.checks] == [False]


def test_a_command_that_fails_is_told(sandbox: Bubblewrap, server_root: Path) -> None:
    outcome = begin(sandbox, server_root, *SERVE, probe=Probe(command=("python3", "-c", "raise SystemExit(3)")))
    assert [finding.code for finding in outcome.findings] == ["probe-failed"]


@pytest.mark.parametrize(
    ("argv", "name", "ok"),
    [
        (("python3", "-c", "import time; time.sleep(60)"), "stays alive", True),
        (("python3", "-c", "pass"), "ends well", True),
        (("python3", "-c", "raise SystemExit(1)"), "stays alive", False),
        (("pretend-gone",), "start", False),
    ],
    ids=["stays", "ends", "fails", "is not there"],
)
def test_without_a_probe(
    sandbox: Bubblewrap, server_root: Path, monkeypatch: pytest.MonkeyPatch, argv: tuple[str, ...], name: str, ok: bool
) -> None:
    if "sleep" not in argv[-1]:  # it ends by itself, and a busy machine takes its time
        monkeypatch.setattr("lightship.verify.start.ALIVE_S", 60.0)
    outcome = begin(sandbox, server_root, *argv)
    assert [(check.name, check.ok) for check in outcome.checks] == [(name, ok)]
    assert [finding.code for finding in outcome.findings] == ([] if ok else ["start-failed"])


def test_an_image_that_starts_nothing_is_a_note(sandbox: Bubblewrap, server_root: Path) -> None:
    (finding,) = begin(sandbox, server_root).findings
    assert finding.severity == "note"


def test_an_address_in_use_is_refused(sandbox: Bubblewrap, server_root: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        probe = Probe(http=f"http://127.0.0.1:{listening.getsockname()[1]}/")
        with pytest.raises(UsageError, match="something else answers"):
            begin(sandbox, server_root, *SERVE, probe=probe)
