"""The levers of a quick start in built images: there when pulled, gone otherwise, and the application as it was."""

from pathlib import Path
from typing import Any

import pytest
from tests.flows.world import MINOR, World, layer_digests, listing, opened
from tests.validated import assert_valid

from lightship.coldstart import lazy as planning
from lightship.errors import UsageError
from lightship.flows.build import build
from lightship.flows.outcome import BuildOutcome
from lightship.flows.request import BuildRequest
from lightship.flows.startup import read_startup_lock
from lightship.flows.verify_build import verify_build
from lightship.progress import SILENT

pytestmark = pytest.mark.conformance

SITE = f"opt/venv/lib/python{MINOR}/site-packages"
OWN = [f"{SITE}/_lightship_start.{kind}" for kind in ("pth", "py", "txt")]


def _build(world: World, out: Path, port: int, **more: Any) -> BuildOutcome:
    probe = {"probe_http": f"http://127.0.0.1:{port}/", "cmd": ("serve",), "env": (f"PORT={port}",)}
    return world.build(out, **{**probe, **more})


def _own(out: Path) -> list[str]:
    with opened(out) as image:
        assert_valid(image)
        return sorted(path for path in listing(image) if "_lightship_start" in path)


def test_a_lever_is_one_layer_and_the_rest_stays(world: World, tmp_path: Path, port: int) -> None:
    plain = _build(world, tmp_path / "plain", port)
    quick = _build(world, tmp_path / "quick", port, pause_gc=True)
    assert _own(tmp_path / "plain") == []
    compiled = f"{SITE}/__pycache__/_lightship_start.cpython-{MINOR.replace('.', '')}.pyc"
    assert _own(tmp_path / "quick") == sorted([*OWN, compiled])
    before, after = layer_digests(plain), layer_digests(quick)
    assert {name: digest for name, digest in after.items() if name != "start"} == before
    said = world.launch(tmp_path / "plain", "once")
    assert world.launch(tmp_path / "quick", "once") == said
    assert world.launch(tmp_path / "quick", "once", options=("-e", "LIGHTSHIP_START=0")) == said
    show = ("--entrypoint", "python -c", "-e", "A=b")
    code = "import gc, _frozen_importlib as f; print(f._find_and_load.__code__.co_argcount, gc.get_threshold())"
    stand_in = world.launch(tmp_path / "quick", "import sys; print('_lightship_start' in sys.modules)", options=show)
    assert stand_in.strip() == "True"
    assert world.launch(tmp_path / "quick", code, options=show) == world.launch(tmp_path / "plain", code, options=show)


def test_imports_that_can_wait_are_found_and_remembered(
    world: World, tmp_path: Path, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "_LEAST_CPU_S", 0.0)  # nothing in this world costs anything
    lazy = _build(world, tmp_path / "lazy", port, lazy_imports=True)
    lock = world.project / "lightship-startup.lock"
    known = read_startup_lock(lock)
    assert known is not None
    assert known.deferred == ("pretend_shared",)
    with opened(tmp_path / "lazy") as image:
        assert f"{SITE}/_lightship_start.txt" in listing(image)
    # an application that does use it, by another command, finds it all the same
    assert world.launch(tmp_path / "lazy", "once").startswith("hello 42 pretend_rival")
    asked = "import sys, pretend_shared as p; print(type(p).__name__); p.OWNER; print(type(p).__name__)"
    kinds = world.launch(tmp_path / "lazy", asked, options=("--entrypoint", "python -c"))
    assert kinds.split() == ["_Waiting", "module"]
    again = _build(world, tmp_path / "again", port, lazy_imports=True)
    assert (again.digest, "trace" in again.seconds) == (lazy.digest, False)


def test_reading_ahead_lists_what_the_start_reads(world: World, tmp_path: Path, port: int) -> None:
    plain = _build(world, tmp_path / "plain", port)
    ahead = _build(world, tmp_path / "ahead", port, read_ahead=True)
    assert "trace" not in ahead.seconds, "the same start serves"
    with opened(tmp_path / "ahead") as image:
        assert_valid(image)
        inside = listing(image)
    listed = f"{SITE}/_lightship_start.ahead"
    assert {listed, *OWN} <= set(inside)
    show = "import sys; before = b''\nfor line in open(sys.argv[1], 'rb').read().splitlines():\n"
    show += "    before = before[:int(line[:2], 16)] + line[2:]; print(before.decode())\n"
    paths = world.launch(tmp_path / "ahead", show, f"/{listed}", options=("--entrypoint", "python -c")).splitlines()
    modules = [path.rpartition("/")[2].partition(".")[0] for path in paths if "pretend" in path or "/app/" in path]
    assert modules.index("inner") < modules.index("text")
    assert all(path.lstrip("/") in inside for path in paths if "pretend" in path)
    assert world.launch(tmp_path / "ahead", "once") == world.launch(tmp_path / "plain", "once")
    before, after = layer_digests(plain), layer_digests(ahead)
    assert {name: digest for name, digest in after.items() if name != "start"} == before


def test_verify_finds_the_same_with_and_without_levers(world: World, tmp_path: Path, port: int) -> None:
    probe = {"probe_http": f"http://127.0.0.1:{port}/", "cmd": ("serve",), "env": (f"PORT={port}",)}

    def found(name: str, **levers: bool) -> tuple[bool | None, list[tuple[str, str]]]:
        options = world.options(**probe, **levers)
        request = BuildRequest(
            project=world.project,
            options=options,
            outputs=(f"oci:{tmp_path / name}",),
            environ=world.environment,
            jobs=2,
        )
        built = build(request, world.cache, SILENT)
        assert isinstance(built, BuildOutcome)
        verified = verify_build(built, request, world.cache, SILENT)
        assert isinstance(verified, BuildOutcome)
        return verified.verified, sorted((finding.code, finding.message) for finding in verified.findings)

    assert found("quick", pause_gc=True, lazy_imports=True, read_ahead=True) == found("plain")


def test_lazy_imports_are_refused_without_a_traced_start(world: World, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="traced start"):
        world.build(tmp_path / "out", lazy_imports=True)
