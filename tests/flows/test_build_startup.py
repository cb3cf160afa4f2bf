"""Bytecode of a traced start: what a probe saw is shipped, remembered in a lock, and traced again only for a reason."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.flows.world import MINOR, World, layer_digests, listing, opened, requirements

from lightship.archive.estargz.verify import verify_estargz
from lightship.errors import FindingError
from lightship.flows.outcome import BuildOutcome

pytestmark = pytest.mark.conformance

SITE = f"opt/venv/lib/python{MINOR}/site-packages"


def _build(world: World, out: Path, port: int, **more: Any) -> BuildOutcome:
    probe = {"probe_http": f"http://127.0.0.1:{port}/", "cmd": ("serve",), "env": (f"PORT={port}",)}
    return world.build(out, **{**probe, **more})


def _compiled(out: Path) -> set[str]:
    """Sources, by path, of which the image has bytecode."""
    with opened(out) as image:
        found = [path for path in listing(image) if path.endswith(".pyc")]
    tag = f".cpython-{MINOR.replace('.', '')}.pyc"
    return {path.replace("/__pycache__/", "/").removesuffix(tag) + ".py" for path in found}


def _traced(outcome: BuildOutcome) -> bool:
    return "trace" in outcome.seconds


def _lock(world: World) -> Path:
    return world.project / "lightship-startup.lock"


def test_only_what_a_start_imports_has_bytecode(world: World, tmp_path: Path, port: int) -> None:
    outcome = _build(world, tmp_path / "out", port)
    assert _traced(outcome)
    compiled = _compiled(tmp_path / "out")
    # what is started as a script is compiled by Python each time and never read from a file
    assert {path for path in compiled if path.startswith("app/")} == {"app/helper/__init__.py", "app/helper/text.py"}
    packages = {path.removeprefix(f"{SITE}/") for path in compiled if path.startswith(SITE)}
    assert packages == {
        "pretend_lib/__init__.py", "pretend_lib/inner.py", "pretend_native/__init__.py", "pretend_shared/__init__.py",
    }  # fmt: skip
    assert f"usr/lib/python{MINOR}/http/server.py" in compiled
    assert f"usr/lib/python{MINOR}/sched.py" not in compiled
    text, _, opened_files = _lock(world).read_text().partition("[files]\n")
    lines = [line for line in text.splitlines() if not line.startswith(("#", "key = "))]
    assert lines == sorted(lines)
    assert f"{SITE}/pretend_lib/inner.py" in opened_files.splitlines()
    assert compiled <= set(lines)
    assert world.launch(tmp_path / "out", "once").startswith("hello 42")


def test_layers_of_the_traced_image_are_made_by_the_build_that_traced(world: World, tmp_path: Path, port: int) -> None:
    (world.project / "notes.txt").write_text(str(tmp_path))
    outcome = _build(world, tmp_path / "out", port, retrace=True)
    assert _traced(outcome)
    assert {layer.name: layer.cached for layer in outcome.layers}["application"] is False
    again = _build(world, tmp_path / "out", port)
    assert all(layer.cached for layer in again.layers)


def test_the_lock_stands_for_the_start(world: World, tmp_path: Path, port: int) -> None:
    """Not even a build that remembers nothing starts the application, nor does a changed line of it."""
    first = _build(world, tmp_path / "out", port)
    lock = _lock(world).read_text()
    again = _build(world, tmp_path / "out", port)
    assert (again.digest, _traced(again)) == (first.digest, False)
    (world.project / "helper/text.py").write_text('GREETING = "good day"\nimport helper.late\n')
    changed = _build(world, tmp_path / "out", port)
    assert not _traced(changed)
    assert _lock(world).read_text() == lock
    different = {name for name, digest in layer_digests(changed).items() if layer_digests(first).get(name) != digest}
    assert different == {"application", "application-bytecode"}
    assert "app/helper/late.py" not in _compiled(tmp_path / "out")


def test_retrace_starts_it_again(world: World, tmp_path: Path, port: int) -> None:
    _build(world, tmp_path / "out", port)
    (world.project / "helper/text.py").write_text('GREETING = "good day"\nimport helper.late\n')
    outcome = _build(world, tmp_path / "out", port, retrace=True)
    assert _traced(outcome)
    assert "app/helper/late.py" in _compiled(tmp_path / "out")
    assert "app/helper/late.py" in _lock(world).read_text()
    assert not _traced(_build(world, tmp_path / "out", port))


@pytest.mark.parametrize("what", ["package", "probe", "environment", "requests"])
def test_what_a_start_depends_on_is_traced_anew(world: World, tmp_path: Path, port: int, what: str) -> None:
    more: dict[str, Any] = {}
    requests = world.project / "smoke.http"
    if what == "requests":
        requests.write_text("GET /\n")
        more = {"probe_requests": "smoke.http"}
    _build(world, tmp_path / "out", port, **more)
    if what == "package":
        world.links.pretend(version="1.1")
        (world.project / "requirements.txt").write_text(requirements(world.links.folder))
    elif what == "requests":
        requests.write_text("GET /other\n")
    elif what == "probe":
        more = {"probe_http": f"http://127.0.0.1:{port}/health"}
    else:
        more = {"env": (f"PORT={port}", "MODE=other")}
    assert _traced(_build(world, tmp_path / "out", port, **more))
    with opened(tmp_path / "out"):
        pass


def test_a_start_that_fails_ends_the_build(world: World, tmp_path: Path, port: int) -> None:
    (world.project / "app.py").write_text("raise SystemExit('no database')\n")
    with pytest.raises(FindingError, match="no database"):
        _build(world, tmp_path / "out", port)
    assert not (tmp_path / "out").exists()
    assert not _lock(world).exists()


def test_a_command_can_be_the_probe(world: World, tmp_path: Path) -> None:
    outcome = world.build(tmp_path / "out", probe_command=("python", "-c", "import pretend_lib.unused"))
    assert _traced(outcome)
    compiled = _compiled(tmp_path / "out")
    assert f"{SITE}/pretend_lib/unused.py" in compiled
    assert f"{SITE}/pretend_lib/inner.py" not in compiled


def test_the_plan_tells_the_same(world: World, tmp_path: Path, port: int) -> None:
    _build(world, tmp_path / "out", port)
    plan = json.loads(world.plan(probe_http=f"http://127.0.0.1:{port}/", cmd=("serve",), env=(f"PORT={port}",)))
    planned = {file["path"] for layer in plan["layers"] for file in layer["files"] if file["path"].endswith(".pyc")}
    with opened(tmp_path / "out") as image:
        assert planned == {path for path in listing(image) if path.endswith(".pyc")}


def test_a_broken_lock_is_no_traceback(world: World, tmp_path: Path) -> None:
    _lock(world).write_bytes(b"\xff\xfe")
    done = world.run(tmp_path / "out", "--probe-command", "python app.py")
    assert done.returncode == 2
    assert "lightship-startup.lock" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_a_start_reads_comes_first_in_a_lazy_image(world: World, tmp_path: Path, port: int) -> None:
    """In eStargz, and in the order of first use; with the lock any other machine makes the same bytes."""
    first = _build(world, tmp_path / "out", port, compression="estargz")
    assert _traced(first)
    ahead: list[str] = []
    with opened(tmp_path / "out") as image:
        for layer in image.layers:
            with layer.open() as blob:
                found = verify_estargz(blob, None)
            directories = {entry.member.path for entry in found.entries if entry.member.type == "dir"}
            ahead += [path for path in found.prefetch if path not in directories]
    opened_files = _lock(world).read_text().partition("[files]\n")[2].splitlines()
    tag = f".cpython-{MINOR.replace('.', '')}.pyc"
    read = [path.replace("/__pycache__/", "/").replace(tag, ".py") for path in ahead]
    assert f"{SITE}/pretend_lib/__pycache__/inner{tag}" in ahead
    assert set(read) <= set(opened_files)
    again = _build(world.copy(tmp_path / "elsewhere"), tmp_path / "again", port, compression="estargz")
    assert not _traced(again)
    assert again.digest == first.digest
