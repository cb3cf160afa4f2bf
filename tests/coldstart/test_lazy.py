"""Which imports can wait."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from lightship.coldstart.events import ImportEvent, PythonProcess
from lightship.coldstart.lazy import deferrable, lazy_candidates, plan_lazy, worth_deferring
from lightship.errors import FindingError
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import Check, Probe, ProbeOutcome
from lightship.launch.requests import HttpRequest
from lightship.launch.trace import StartTrace, trace_start
from lightship.oci.config import Runtime
from lightship.progress import SILENT
from lightship.sandbox.bubblewrap import Bubblewrap


class Application:
    """A pretended one: some names break it, some are needed at once."""

    def __init__(self, *, breaks: str = "", needs: str = "") -> None:
        self.breaks, self.needs = set(breaks), set(needs)
        self.starts: list[str] = []

    def __call__(self, names: Sequence[str]) -> frozenset[str]:
        self.starts.append("".join(names))
        if self.breaks & set(names):
            raise FindingError("it ended")
        return frozenset(self.needs & set(names))


def test_all_that_can_wait_waits() -> None:
    application = Application()
    assert deferrable("abcd", application) == tuple("abcd")
    assert application.starts == ["abcd"]


def test_what_is_needed_is_left_out_and_the_rest_is_tried_again() -> None:
    application = Application(needs="bd")
    assert deferrable("abcd", application) == ("a", "c")
    assert application.starts == ["abcd", "ac"]


def test_what_breaks_a_start_is_found_by_halves() -> None:
    application = Application(breaks="c", needs="a")
    assert deferrable("abcdefgh", application) == tuple("bdefgh")
    assert application.starts[-1] in ("bdefgh", "dbefgh") or set(application.starts[-1]) == set("bdefgh")


def test_starts_are_not_endless() -> None:
    application = Application(breaks="abcdefghijklmnopqrstuvwxyz")
    assert deferrable("abcdefghijklmnopqrstuvwxyz", application) == ()
    assert len(application.starts) == 12


def test_nothing_to_try_is_no_start() -> None:
    application = Application()
    assert deferrable("", application) == ()
    assert application.starts == []


def _trace(files: Sequence[str], requested: Sequence[str] = ()) -> StartTrace:
    outcome = ProbeOutcome(start_s=0, ready_s=1, checks=(Check(name="x", ok=True, seconds=0),))
    modules = tuple(path for path in files if path.endswith(".py"))
    return StartTrace(modules=modules, files=tuple(files), requested=tuple(requested), outcome=outcome)


def test_candidates_are_packages_that_nobody_takes_names_from(tmp_path: Path) -> None:
    sources = {
        "app/main.py": "import lazy_a\nimport lazy_b as b\nfrom eager_c import x\nimport eager_d.inner\n",
        "site/lazy_a/__init__.py": "from lazy_a.inner import y\nfrom eager_e import z\n",
        "site/lazy_a/inner.py": "def f():\n    from lazy_b import q\n",
        "site/lazy_b.py": "",
        "site/eager_c.py": "",
        "site/eager_d/__init__.py": "",
        "site/eager_e.py": "",
        "site/late.py": "",
    }
    for path, text in sources.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    traced = _trace([path for path in sources if path != "site/late.py"], ["site/late.py"])
    assert lazy_candidates(tmp_path, traced, "site") == ("lazy_a", "lazy_b")


def _process(*costs: tuple[str, float]) -> PythonProcess:
    imports = tuple(
        ImportEvent(module=name, asked_by="app", line=1, at=0.0, seconds=1.0, cpu_s=cpu_s, thread=1)
        for name, cpu_s in costs
    )
    return PythonProcess(pid=1, parent=0, forked=False, since=0.0, at=0.0, hook_s=0.0, argv=(), imports=imports)


def test_a_name_that_costs_next_to_nothing_is_not_worth_a_stand_in() -> None:
    """The dearest of its imports counts; a process may find half of it loaded. What was not seen is kept."""
    told = [_process(("cheap", 0.002), ("dear", 0.001), ("cheap.inner", 9.0)), _process(("dear", 0.3))]
    assert worth_deferring(["cheap", "dear", "unseen"], told) == ("dear", "unseen")


@pytest.mark.conformance
def test_a_plan_comes_from_real_starts(sandbox: Bubblewrap, server_root: Path, port: int) -> None:
    site = server_root / "app/site"
    site.mkdir()
    dear = "import time\nend = time.thread_time() + 0.02\nwhile time.thread_time() < end:\n    pass\n"
    for name, text in {
        "unused": dear,
        "used": f"{dear}def f(): return 1\n",
        "late": f"{dear}VALUE = 2\n",
        "odd": f"import sys\n{dear}",
        "cheap": "",
    }.items():
        (site / f"{name}.py").write_text(text)
    start = "import unused, used, late, odd, cheap, http.server\nused.f()\nimport sys\nassert 'odd' in sys.modules\n"
    serve = "class Late(http.server.BaseHTTPRequestHandler):\n    pass\n"
    server = (server_root / "app/server.py").read_text().replace("import pretend_late", "late.VALUE")
    (server_root / "app/lazy.py").write_text(start + serve + server)
    runtime = Runtime(entrypoint=("/usr/bin/python3", "/app/lazy.py"), user="app", env=("PYTHONPATH=/app/site",))
    options = LaunchOptions(env={"PORT": str(port)})
    url = f"http://127.0.0.1:{port}"
    wanted = Probe(http=f"{url}/health", requests=(HttpRequest(name="late", url=f"{url}/late"),))
    try:
        traced = trace_start(sandbox, server_root, runtime, options, wanted)
        found = plan_lazy(sandbox, server_root, runtime, options, wanted, traced, purelib="app/site", progress=SILENT)
    finally:
        (server_root / "app/lazy.py").unlink()
        for path in site.iterdir():
            path.unlink()
        site.rmdir()
    # used at the start; used by a request; not worth it; the other two were imported and nothing else
    assert found.names == ("odd", "unused")
    assert sorted(found.waiting) == ["app/site/odd.py", "app/site/unused.py"]
