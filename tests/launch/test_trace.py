"""What a start imports, seen from outside."""

import py_compile
from pathlib import Path

import pytest

from lightship.errors import FindingError, StorageError, UsageError
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import Probe, load_probe
from lightship.launch.trace import trace_start
from lightship.oci.config import Runtime
from lightship.sandbox.bubblewrap import Bubblewrap

pytestmark = pytest.mark.conformance

SERVER = Runtime(entrypoint=("/usr/bin/python3", "/app/server.py"), user="app", env=("PYTHONDONTWRITEBYTECODE=1",))


def _application(modules: tuple[str, ...]) -> list[str]:
    return [module for module in modules if module.startswith("app/")]


def test_the_modules_of_a_start_are_seen(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    before = sorted(server_root.rglob("*.pyc"))
    url = f"http://127.0.0.1:{port}/health"
    trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(env={"PORT": str(port)}), Probe(http=url))
    assert _application(trace.modules) == ["app/pretend_lib/__init__.py", "app/pretend_lib/inner.py"]
    assert [path for path in trace.modules if path.endswith("/http/server.py")]
    assert not [path for path in trace.modules if path.endswith("/sqlite3/__init__.py")]
    assert list(trace.modules) == sorted(set(trace.modules))
    assert all((server_root / path).is_file() for path in trace.modules)
    assert trace.outcome.ok
    assert sorted(server_root.rglob("*.pyc")) == before == []


def test_what_a_request_imports_belongs_to_the_start(
    sandbox: Bubblewrap, server_root: Path, port: int, tmp_path: Path
) -> None:
    (tmp_path / "smoke.http").write_text("GET /late\n")
    wanted = load_probe(http=f"http://127.0.0.1:{port}/health", requests=tmp_path / "smoke.http")
    trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(env={"PORT": str(port)}), wanted)
    assert "app/pretend_late.py" in trace.modules
    assert "app/pretend_late.py" in trace.requested
    assert "app/pretend_late.py" not in trace.files


def test_files_come_in_the_order_of_first_use(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    url = f"http://127.0.0.1:{port}/health"
    trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(env={"PORT": str(port)}), Probe(http=url))
    own = [path for path in trace.files if path.startswith("app/")]
    assert own == ["app/server.py", "app/pretend_lib/__init__.py", "app/pretend_lib/inner.py"]
    first = trace.files.index("app/server.py")
    assert [path for path in trace.files[:first] if "/libc.so" in path or "/ld-linux" in path]  # not Python's own opens
    assert set(trace.files).isdisjoint(trace.requested)
    assert "app/pretend_unused.py" not in {*trace.files, *trace.requested}


def test_a_machine_that_does_not_tell_of_files_has_modules_all_the_same(
    sandbox: Bubblewrap, server_root: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_top: Path) -> None:
        raise StorageError("cannot watch 8193 directories")

    monkeypatch.setattr("lightship.launch.trace.watch_opens", refused)
    url = f"http://127.0.0.1:{port}/health"
    trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(env={"PORT": str(port)}), Probe(http=url))
    assert (trace.files, trace.requested) == ((), ())
    assert "app/pretend_lib/inner.py" in trace.modules


def test_shipped_bytecode_hides_nothing(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    source = server_root / "app/pretend_lib/inner.py"
    made = Path(
        py_compile.compile(str(source), doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH)
        or ""
    )
    try:
        wanted = Probe(http=f"http://127.0.0.1:{port}/health")
        trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(env={"PORT": str(port)}), wanted)
    finally:
        made.unlink()
        made.parent.rmdir()
    assert "app/pretend_lib/inner.py" in trace.modules


def test_paths_are_the_images_own(sandbox: Bubblewrap, server_root: Path) -> None:
    (server_root / "alias").symlink_to("/app")
    command = ("/usr/bin/python3", "-c", "import sys; sys.path.insert(0, '/alias'); import pretend_unused")
    try:
        trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(), Probe(command=command))
    finally:
        (server_root / "alias").unlink()
    assert _application(trace.modules) == ["app/pretend_unused.py"]


def test_what_the_application_writes_there_is_not_believed(sandbox: Bubblewrap, server_root: Path) -> None:
    code = """
import os, pathlib, sys
top = pathlib.Path(sys.pycache_prefix)
(top / "app").mkdir(exist_ok=True)
for name in ("../etc/passwd", "app/none.cpython-311.pyc", "app/server.cpython-311.pyc.140", "app/x.pyc"):
    (top / name).parent.mkdir(exist_ok=True) if ".." not in name else None
    (top / name).write_bytes(b"") if ".." not in name else None
os.symlink("/etc", top / "etc")
os.mkfifo(top / "app/pretend_late.cpython-311.pyc.fifo")
(top / "app").chmod(0o555)
"""
    command = ("/usr/bin/python3", "-c", code)
    trace = trace_start(sandbox, server_root, SERVER, LaunchOptions(), Probe(command=command))
    assert _application(trace.modules) == []


def test_a_check_that_fails_gives_no_trace(sandbox: Bubblewrap, server_root: Path) -> None:
    command = ("/usr/bin/python3", "-c", "import json; raise SystemExit('not today')")
    with pytest.raises(FindingError, match="not today"):
        trace_start(sandbox, server_root, SERVER, LaunchOptions(), Probe(command=command))


def test_an_interpreter_that_takes_no_wishes_is_reported(sandbox: Bubblewrap, server_root: Path) -> None:
    command = ("/usr/bin/python3", "-I", "-c", "import json")
    with pytest.raises(FindingError, match="wrote no bytecode") as caught:
        trace_start(sandbox, server_root, SERVER, LaunchOptions(), Probe(command=command))
    assert "-I" in (caught.value.hint or "")


def test_another_server_is_not_taken_for_the_application(sandbox: Bubblewrap, server_root: Path) -> None:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as listening:
        wanted = Probe(http=f"http://127.0.0.1:{listening.getsockname()[1]}/health")
        with pytest.raises(UsageError, match="something else answers"):
            trace_start(sandbox, server_root, SERVER, LaunchOptions(), wanted)
