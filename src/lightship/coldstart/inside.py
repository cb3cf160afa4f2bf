"""Python files that a started application is given from outside, found through PYTHONPATH; the image stays as it is."""

from collections.abc import Mapping
from dataclasses import replace
from importlib import resources
from pathlib import Path

from lightship.launch.command import LaunchOptions
from lightship.oci.config import Runtime
from lightship.sandbox.protocol import Bind

__all__ = ["EVENTS", "agent_source", "given_files", "lazy_source", "start_source"]

EVENTS = "/run/lightship/events"
_PLACE = "/run/lightship/agent"


def agent_source() -> bytes:
    """The agent that tells what is imported; it also lets the image's own ``sitecustomize`` follow."""
    return _source("_agent_worker.py")


def start_source() -> bytes:
    """The module that makes an interpreter start faster."""
    return _source("_start_worker.py")


def lazy_source() -> bytes:
    """The module beside it that lets imports wait."""
    return _source("_lazy_worker.py")


def _source(name: str) -> bytes:
    return resources.files("lightship.coldstart").joinpath(name).read_bytes()


def given_files(
    options: LaunchOptions, runtime: Runtime, scratch: Path, files: Mapping[str, bytes], *, env: Mapping[str, str]
) -> LaunchOptions:
    """``options`` with ``files`` first on ``sys.path`` and ``env`` set, and a directory `EVENTS` to write to, which is
    ``scratch/events``. Python runs ``sitecustomize.py`` of them at the end of its ``site``, unless it is started with
    ``-I``, ``-E`` or ``-S``."""
    given, events = scratch / "given", scratch / "events"
    given.mkdir()
    events.mkdir(exist_ok=True)
    for name, content in files.items():
        (given / name).write_bytes(content)
    before = options.env.get("PYTHONPATH", runtime.environment.get("PYTHONPATH", ""))
    return replace(
        options,
        env={**options.env, "PYTHONPATH": f"{_PLACE}:{before}" if before else _PLACE, **env},
        binds=(
            *options.binds,
            Bind(source=given, target=_PLACE),
            Bind(source=events, target=EVENTS, writable=True),
        ),
    )
