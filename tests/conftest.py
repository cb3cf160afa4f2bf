"""Shared by every test: foreign tools are required in CI and skipped elsewhere; a root file system that runs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings
from tests.serving import port, sandbox, server_root

if TYPE_CHECKING:
    from tests.base.pretend import PretendArchive
    from tests.flows.world import World

__all__ = ["port", "require_tool", "sandbox", "server_root"]

# on top of hypothesis' own profile for CI: 200 ms an example, its default, is no law and no machine's promise
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")


# who is started in the background by a shell inherits that interrupts are ignored, and hands it on to what tests start
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def require_tool(name: str) -> str:
    """Path of a foreign program; skip the test where it is missing, fail in CI."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail(f"{name} is missing: in CI no conformance test may be skipped")
        pytest.skip(f"{name} is not installed")
    return path


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A short name for megabytes: a test's name is sent between workers and stands in the environment, where what is
    longer than 128 KiB keeps every program from being started."""
    return f"{argname} of {len(val)}" if isinstance(val, str | bytes) and len(val) > 200 else None


@pytest.fixture(name="require_tool")
def _require_tool() -> object:
    return require_tool


@pytest.fixture(scope="session")
def python_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system, made of the interpreter that runs the tests: ``/usr/bin/python3``, its libraries, its
    standard library without bytecode, and users ``root`` and ``app``. Tests leave it as it is."""
    root = tmp_path_factory.mktemp("python") / "rootfs"
    executable = Path(sys.executable).resolve()
    stdlib = Path(sysconfig.get_path("stdlib"))
    said = subprocess.run(
        ["ldd", executable, *(stdlib / "lib-dynload").glob("*.so")], capture_output=True, text=True, check=False
    ).stdout
    libraries = {Path(found) for found in re.findall(r"\s(/[^\s:]+) \(0x", said)}
    for file in sorted({executable, *libraries}):
        place = root / file.relative_to("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file.resolve(), place)
    left_out = ("__pycache__", "config-*", "dist-packages", "ensurepip", "idlelib", "lib2to3", "site-packages")
    ignore = shutil.ignore_patterns(*left_out, "test", "tests", "tkinter", "turtledemo")
    shutil.copytree(stdlib, root / stdlib.relative_to("/"), ignore=ignore, dirs_exist_ok=True)
    (root / "usr/bin").mkdir(parents=True, exist_ok=True)
    if not (root / "usr/bin/python3").exists():
        (root / "usr/bin/python3").symlink_to(executable)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text("root:x:0:0::/root:/bin/sh\napp:x:1001:1002::/home/app:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\napp:x:1002:\nmedia:x:1003:app\n")
    return root


@pytest.fixture(scope="session")
def _world_archive(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[tuple[PretendArchive, str, list[str]]]":
    from tests.base.pretend import served
    from tests.flows.world_archive import write_archive

    archive = write_archive(tmp_path_factory.mktemp("world") / "archive")
    with served(archive.root) as (uri, asked):
        yield archive, uri, asked


@pytest.fixture(scope="session")
def _world_seed(
    _world_archive: "tuple[PretendArchive, str, list[str]]", tmp_path_factory: pytest.TempPathFactory
) -> "World":
    """A world that was built once, so that its cache is warm."""
    from tests.flows.world import new_world

    world = new_world(tmp_path_factory.mktemp("seed"), *_world_archive)
    with world.with_own_links(world.links.folder) as complete:
        complete.build(world.home / "out")
    return world


@pytest.fixture
def cold_world(_world_archive: "tuple[PretendArchive, str, list[str]]", tmp_path: Path) -> "Iterator[World]":
    """A project, an archive and wheels, nothing cached; see `tests.flows.world`."""
    from tests.flows.world import new_world

    require_tool("bwrap")
    folder = tmp_path / "cold"
    folder.mkdir()
    world = new_world(folder, *_world_archive)
    with world.with_own_links(world.links.folder) as complete:
        yield complete
    shutil.rmtree(complete.cache.root, ignore_errors=True)


@pytest.fixture
def world(_world_seed: "World", tmp_path: Path) -> "Iterator[World]":
    """As `cold_world`, with a copy of a cache in which the project's image was built once."""
    require_tool("bwrap")
    with _world_seed.copy(tmp_path, cache=True).with_own_links(tmp_path / "links") as complete:
        yield complete
    shutil.rmtree(complete.cache.root, ignore_errors=True)
