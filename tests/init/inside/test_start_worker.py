"""Which modules a start imports: those of one that answers, and of no other."""

import errno
import os
import socket
import sys
from pathlib import Path

import pytest

from lightship.init.inside.start_worker import main

_SERVER = """
import http.server, os, sys
import first
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        assert "PYTHONDONTWRITEBYTECODE" not in os.environ
        import second
        self.send_response(int(sys.argv[2]))
        if sys.argv[3:]:
            self.send_header("Location", sys.argv[3])
        self.end_headers()
        import third  # after the answer's head: the caller goes on reading until the connection ends
    def log_message(self, *arguments):
        pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"""


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    packages = tmp_path / "venv/lib/python3.9/site-packages"
    packages.mkdir(parents=True)
    for name in ("first", "second", "third", "unused"):
        (packages / f"{name}.py").write_text("")
    (tmp_path / "outside.py").write_text("")
    (packages / "served.py").write_text(f"import sys; sys.path.append({str(tmp_path)!r}); import outside\n{_SERVER}")
    return tmp_path / "venv"


def _port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _modules(environment: Path, *command: str, port: int, lock: Path | None = None, patience: float = 120) -> set[str]:
    said = environment / "modules"
    locked = ("--lock", str(lock)) if lock is not None else ()
    asked = f"http://127.0.0.1:{port}/health"
    main([str(said), "--environment", str(environment), "--ask", asked, "--patience", str(patience), *locked, "--",
          *command])  # fmt: skip
    head, *names = said.read_text().splitlines()
    assert head.startswith("#")
    assert names == sorted(names)
    return {Path(name).stem for name in names}


def _server(environment: Path, port: int, status: int) -> tuple[str, ...]:
    return (sys.executable, str(environment / "lib/python3.9/site-packages/served.py"), str(port), str(status))


@pytest.mark.parametrize("status", [200, 503])
def test_the_modules_of_a_start_that_answers(environment: Path, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setattr("lightship.init.inside.start_worker._QUIET", 0.5)
    port = _port()
    found = _modules(environment, *_server(environment, port, status), port=port)
    assert {"first", "second"} <= found
    assert not {"unused", "outside", "served"} & found, "what is no module of the environment is compiled elsewhere"
    assert "socketserver" in found, "the standard library's count"
    assert not list(environment.rglob("*.pyc")), "the environment stays as it is"


@pytest.mark.parametrize("place", ["https://{}/health", "//elsewhere.invalid/", "/health/"])
def test_a_redirect_that_leads_to_nobody_is_an_answer(environment: Path, place: str) -> None:
    """Most applications behind a load balancer lead to TLS; the last one leads to itself for ever."""
    port = _port()
    server = (*_server(environment, port, 301), place.format(f"127.0.0.1:{port}"))
    assert "first" in _modules(environment, *server, port=port)


def test_what_cannot_be_cleaned_up_is_no_reason_to_fail(
    environment: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that left the command's group goes on writing to its home."""

    def busy(path: object, **_: object) -> None:
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), path)

    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr("os.rmdir", busy)
    assert _modules(environment, sys.executable, "-c", "raise SystemExit(3)", port=_port()) == set()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ((sys.executable, "-c", "raise SystemExit(3)"), "ended with status 3"),
        (("no-such-program",), "no-such-program cannot be started"),
    ],
)
def test_a_start_that_fails_means_all_modules(
    environment: Path, capfd: pytest.CaptureFixture[str], command: tuple[str, ...], says: str
) -> None:
    assert _modules(environment, *command, port=_port()) == set()
    said = capfd.readouterr().err
    assert says in said
    assert "bytecode for all modules" in said


def test_one_that_never_answers_is_ended(environment: Path, capfd: pytest.CaptureFixture[str]) -> None:
    waits = "import signal; signal.signal(signal.SIGTERM, lambda *_: exit()); signal.pause()"
    assert _modules(environment, sys.executable, "-c", waits, port=_port(), patience=0.5) == set()
    assert "within 0.5 s" in capfd.readouterr().err


def test_a_trace_that_is_there_is_taken_and_nothing_is_started(environment: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lightship-startup.lock"
    lock.write_text("# traced\nkey = 1\nopt/venv/a.py\n\n[files]\nopt/venv/b.py\n")
    assert _modules(environment, "no-such-program", port=1, lock=lock) == {"a"}


def test_all_may_be_asked_for(
    environment: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BYTECODE", "all")
    assert _modules(environment, "no-such-program", port=1) == set()
    assert "cannot be started" not in capfd.readouterr().err
