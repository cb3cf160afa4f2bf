"""One start, watched from outside; the agent runs in the sandbox's own interpreter."""

import os
from pathlib import Path

import pytest

from lightship.coldstart.measure import ColdStart, measure
from lightship.coldstart.page_cache import drop_cached
from lightship.coldstart.processor import ProcessorUse, processor_use
from lightship.errors import UsageError
from lightship.flows.coldstart import start_document
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import Probe
from lightship.launch.requests import HttpRequest
from lightship.oci.config import Runtime
from lightship.report.coldstart import render_start
from lightship.sandbox.bubblewrap import Bubblewrap

pytestmark = pytest.mark.conformance

SERVER = Runtime(entrypoint=("/usr/bin/python3", "/app/server.py"), user="app")


def _measured(sandbox: Bubblewrap, root: Path, port: int, runtime: Runtime = SERVER, **more: bool) -> ColdStart:
    url = f"http://127.0.0.1:{port}"
    wanted = Probe(http=f"{url}/health", requests=(HttpRequest(name="late", url=f"{url}/late"),))
    return measure(sandbox, root, runtime, LaunchOptions(env={"PORT": str(port)}), wanted, **more)


def test_phases_add_up_and_name_what_was_imported(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    start = _measured(sandbox, server_root, port)
    phases = start.phases
    assert phases.ready_s == pytest.approx(start.ready_s)
    assert min(phases.exec_s, phases.interpreter_s, phases.imports_s) > 0
    assert phases.application_s >= 0
    assert 0 < (start.listening_s or 0) < start.ready_s
    assert start.first_request_s is not None
    nodes = {node.module: node for node in start.imports}
    assert nodes["pretend_lib"].asked_by == "__main__"
    assert nodes["pretend_lib"].line == 2
    assert nodes["pretend_lib.inner"].depth == nodes["pretend_lib"].depth + 1
    assert nodes["pretend_lib.inner"].asked_by == "pretend_lib"
    assert "pretend_late" not in nodes  # that was after ready
    assert 0 < start.hook_s < start.ready_s
    document = start_document(start)
    text = render_start(document)
    assert "pretend_lib" in str(document["imports"])
    assert all(word in text for word in ("exec", "imports", "ready", "asked for by"))


def test_watching_changes_nothing_that_the_application_sees(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    code = """
import os, sys, traceback, warnings
import sitecustomize
assert sitecustomize.MINE == 1
assert not [entry for entry in sys.path if "lightship" in entry]
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    import warner
assert caught[0].filename == __file__, caught[0].filename
try:
    import broken
except ZeroDivisionError:
    frames = [frame.filename for frame in traceback.extract_tb(sys.exc_info()[2])]
assert frames == [__file__, "/app/broken.py"], frames
try:
    import absent
except ModuleNotFoundError as error:
    assert error.name == "absent"
pid = os.fork()
if pid == 0:
    import pretend_unused
    os._exit(0)
assert os.waitpid(pid, 0)[1] == 0
exec(compile(open("/app/server.py").read(), "/app/server.py", "exec"))
"""
    (server_root / "app/check.py").write_text(code)
    (server_root / "app/broken.py").write_text("1 / 0\n")
    (server_root / "app/warner.py").write_text(
        "import warnings\nwarnings.warn('old', DeprecationWarning, stacklevel=2)\n"
    )
    (server_root / "app/site").mkdir()
    (server_root / "app/site/sitecustomize.py").write_text("MINE = 1\n")
    runtime = Runtime(entrypoint=("/usr/bin/python3", "/app/check.py"), user="app", env=("PYTHONPATH=/app/site",))
    try:
        start = _measured(sandbox, server_root, port, runtime)
    finally:
        for name in ("check.py", "broken.py", "warner.py", "site/sitecustomize.py"):
            (server_root / "app" / name).unlink()
        (server_root / "app/site").rmdir()
    parent, child = start.processes
    assert (child.forked, child.parent) == (True, parent.pid)
    assert [event.module for event in child.imports] == ["pretend_unused"]
    assert {"warner", "broken", "absent"} <= {event.module for event in parent.imports}


def test_an_unwatched_start_tells_its_end_alone(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    start = _measured(sandbox, server_root, port, watched=False, cold=False)
    assert (start.imports, start.processes, start.hook_s, start.cold) == ((), (), 0, False)
    assert start.phases.ready_s == pytest.approx(start.ready_s)


def test_a_start_without_an_end_cannot_be_measured(sandbox: Bubblewrap, server_root: Path) -> None:
    with pytest.raises(UsageError, match="when a URL answers"):
        measure(sandbox, server_root, SERVER, LaunchOptions(), Probe(command=("/bin/true",)))


def test_processor_time_counts_what_was_started() -> None:
    use = processor_use(os.getpid())
    assert use.used_s > 0
    assert use.queued_s >= 0
    assert processor_use(2**22 + 1) == ProcessorUse(used_s=0, queued_s=0)


def test_the_cache_is_dropped_of_files_alone(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep/a").write_bytes(b"a" * 5000)
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    assert drop_cached(tmp_path) == 1
    assert (tmp_path / "deep/a").read_bytes() == b"a" * 5000
