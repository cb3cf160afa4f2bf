"""What the agent inside a started application wrote: read as what a stranger says.

Lines of JSON (`_agent_worker.py` says which). The application can write there too, so files are bounded, nothing is
followed, and a line that is not understood is left out.
"""

import json
import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ImportEvent", "PythonProcess", "read_events"]

_MOST_BYTES = 64 << 20
_MOST_FILES = 1000
_MOST_EVENTS = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportEvent:
    """One import of a module that was not there yet. ``at`` is CLOCK_MONOTONIC, ``seconds`` all of it, imports inside
    it included; ``asked_by`` is the module whose ``line`` asked."""

    module: str
    asked_by: str
    line: int
    at: float
    seconds: float
    cpu_s: float
    thread: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonProcess:
    """A process that ran Python. ``since`` is when the kernel made it, to 10 ms; ``at`` when its ``site`` was done, or
    it was forked; ``hook_s`` what the watching of one import costs; ``ports`` what it bound, with the times."""

    pid: int
    parent: int
    forked: bool
    since: float
    at: float
    hook_s: float
    argv: tuple[str, ...]
    imports: tuple[ImportEvent, ...] = ()
    ports: tuple[tuple[int, float], ...] = ()


def read_events(directory: Path) -> tuple[PythonProcess, ...]:
    """The processes that told something in ``directory``, in the order in which they began."""
    found: list[PythonProcess] = []
    for name in sorted(os.listdir(directory))[:_MOST_FILES]:  # noqa: PTH208 - the application's text
        found += _processes(f"{directory}/{name}")
    return tuple(sorted(found, key=lambda process: (process.at, process.pid)))


def _processes(path: str) -> Iterator[PythonProcess]:
    """One file has one process, or several that were executed one after the other under one pid."""
    head: PythonProcess | None = None
    imports: list[ImportEvent] = []
    ports: list[tuple[int, float]] = []
    for event in _lines(path):
        try:
            if "process" in event:
                if head is not None:
                    yield _with(head, imports, ports)
                head, imports, ports = _process(event), [], []
            elif "import" in event:
                imports.append(_import(event))
            elif "bind" in event:
                ports.append((int(str(event["bind"])), _seconds(event["at"])))
        except (KeyError, ValueError):
            continue
    if head is not None:
        yield _with(head, imports, ports)


def _lines(path: str) -> Iterator[dict[str, object]]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        return
    with os.fdopen(descriptor, "rb") as stream:
        lines = stream.read(_MOST_BYTES).splitlines()[:_MOST_EVENTS]
    for line in lines:
        try:
            event = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(event, dict):
            yield event


def _process(event: dict[str, object]) -> PythonProcess:
    argv = event["argv"]
    return PythonProcess(
        pid=int(str(event["pid"])),
        parent=int(str(event["parent"])),
        forked=event["process"] == "fork",
        since=_seconds(event["since"]),
        at=_seconds(event["at"]),
        hook_s=_seconds(event["hook"]),
        argv=tuple(str(word) for word in argv) if isinstance(argv, list) else (),
    )


def _import(event: dict[str, object]) -> ImportEvent:
    return ImportEvent(
        module=str(event["import"]),
        asked_by=str(event["by"]),
        line=int(str(event["line"])),
        at=_seconds(event["at"]),
        seconds=_seconds(event["s"]),
        cpu_s=_seconds(event["cpu"]),
        thread=int(str(event["thread"])),
    )


def _seconds(value: object) -> float:
    if not isinstance(value, int | float) or not 0 <= value < 1e12:
        raise ValueError("not a time")
    return float(value)


def _with(head: PythonProcess, imports: list[ImportEvent], ports: list[tuple[int, float]]) -> PythonProcess:
    return PythonProcess(
        pid=head.pid,
        parent=head.parent,
        forked=head.forked,
        since=head.since,
        at=head.at,
        hook_s=head.hook_s,
        argv=head.argv,
        imports=tuple(imports),
        ports=tuple(ports),
    )
