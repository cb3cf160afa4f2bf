"""Which imports of a start can wait: found by starting without them, never by guessing.

A candidate is a top-level package that the start imported, that no other module imports *from* at its top, and that
the probe's requests did not import either; and that costs something: a watched start tells. Then the application is
started with all candidates deferred (`_start_worker.py`). What was loaded until the last answer was needed; what is
left can wait. A start that fails is tried again with halves, until the names that break it are known and left out.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightship.coldstart.events import PythonProcess, read_events
from lightship.coldstart.inside import EVENTS, agent_source, given_files, lazy_source, start_source
from lightship.errors import FindingError
from lightship.launch.command import LaunchOptions
from lightship.launch.probe import Probe
from lightship.launch.trace import StartTrace, trace_start
from lightship.oci.config import Runtime
from lightship.paths import storage_errors
from lightship.progress import Progress
from lightship.rootfs.removal import remove
from lightship.sandbox.protocol import Sandbox

__all__ = ["LazyPlan", "deferrable", "lazy_candidates", "plan_lazy", "worth_deferring"]

_MOST_STARTS = 12
_LEAST_CPU_S = 0.010
"""Compiled from source, as in a traced start; with bytecode it is less than half of it."""
_TAKEN_FROM = re.compile(rb"^(?:from[ \t]+([A-Za-z_]\w*)[\w.]*[ \t]+import|import[ \t]+([A-Za-z_]\w*)\.)", re.MULTILINE)
"""Imports at the top of a module that use what they import at once: ``from x import y``, and ``import x.y``."""
_MOST_SOURCE_BYTES = 4 << 20
_TEXT = "lazy\n{}\n\nno-warm-up\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class LazyPlan:
    """``names`` of top-level modules whose import can wait, sorted, and the packages' files that a start does not open
    while they do, in the order in which it opened them without the plan."""

    names: tuple[str, ...]
    waiting: tuple[str, ...] = ()


def plan_lazy(
    sandbox: Sandbox,
    rootfs: Path,
    runtime: Runtime,
    options: LaunchOptions,
    wanted: Probe,
    traced: StartTrace,
    *,
    purelib: str,
    progress: Progress,
) -> LazyPlan:
    """What can wait; ``traced`` is a start in which nothing does.

    ``purelib`` is where packages lie, relative to ``rootfs``. Every name was deferred in a start that became ready and
    passed all checks. Empty where this machine does not tell which files are opened.
    """
    opened: dict[frozenset[str], frozenset[str]] = {}
    told: list[PythonProcess] = []

    def trial(names: Sequence[str], *, watched: bool = False) -> StartTrace:
        with storage_errors("make a temporary directory"):
            scratch = Path(tempfile.mkdtemp(prefix="lightship-lazy-"))
        try:
            env = {"LIGHTSHIP_AGENT_DIR": EVENTS} if watched else {}
            files = {
                "sitecustomize.py": b"import _lightship_start\n" + agent_source(),
                "_lightship_start.py": start_source(),
                "_lightship_lazy.py": lazy_source(),
                "_lightship_start.txt": _TEXT.format("\n".join(names)).encode(),
            }
            given = given_files(options, runtime, scratch, files, env=env)
            found = trace_start(sandbox, rootfs, runtime, given, wanted, progress=progress)
            opened[frozenset(names)] = frozenset(found.files)
            if watched:
                told.extend(read_events(scratch / "events"))
            return found
        finally:
            remove(scratch)

    candidates = lazy_candidates(rootfs, traced, purelib)
    if candidates:
        trial((), watched=True)
        candidates = worth_deferring(candidates, told)
    names = deferrable(candidates, lambda names: _loaded(trial(names), purelib))
    if not names:
        return LazyPlan(names=())
    early = opened.get(frozenset(names), frozenset(traced.files))
    late = (path for path in traced.files if path not in early)
    # what lies elsewhere depends on the machine too: /etc/hosts, locales
    return LazyPlan(names=names, waiting=tuple(path for path in late if path.startswith(f"{purelib}/")))


def worth_deferring(candidates: Iterable[str], processes: Iterable[PythonProcess]) -> tuple[str, ...]:
    """Those of ``candidates`` whose import, with all that it imports in turn, takes a processor for some milliseconds;
    also those of which nothing is known."""
    cost: dict[str, float] = {}
    for process in processes:
        for event in process.imports:
            cost[event.module] = max(cost.get(event.module, 0.0), event.cpu_s)
    return tuple(name for name in candidates if cost.get(name, _LEAST_CPU_S) >= _LEAST_CPU_S)


def lazy_candidates(rootfs: Path, traced: StartTrace, purelib: str) -> tuple[str, ...]:
    """Top-level modules of ``purelib`` that were read until ready, and that nothing takes names from at its top."""
    read = {_top(path, purelib) for path in traced.files} - {""}
    late = {_top(path, purelib) for path in traced.requested}
    used: set[str] = set()
    for module in traced.modules:
        own = _package(module, purelib)
        used.update(name for name in _taken_from(f"{rootfs}/{module}") if name != own)
    return tuple(sorted(name for name in read - late - used if not name.startswith("_")))


def deferrable(candidates: Sequence[str], loaded: Callable[[Sequence[str]], frozenset[str]]) -> tuple[str, ...]:
    """Those of ``candidates`` that can wait. ``loaded`` starts the application with names deferred and gives those
    that were loaded all the same; it raises FindingError where that start fails. It is called at most a dozen times;
    names that this did not clear are left out."""
    good: tuple[str, ...] = ()
    waiting = [tuple(candidates)] if candidates else []
    starts, confirmed = 0, True
    while waiting and starts < _MOST_STARTS:
        group = waiting.pop()
        starts += 1
        try:
            needed = loaded((*good, *group))
        except FindingError:
            if len(group) > 1:
                middle = len(group) // 2
                waiting += [group[middle:], group[:middle]]
            continue
        good, confirmed = tuple(name for name in (*good, *group) if name not in needed), not needed
    if good and not confirmed:
        try:
            loaded(good)
        except FindingError:
            return ()
    return tuple(sorted(good))


def _loaded(trace: StartTrace, purelib: str) -> frozenset[str]:
    return frozenset(_top(path, purelib) for path in (*trace.files, *trace.requested))


def _top(path: str, purelib: str) -> str:
    """The module for a file that is a top-level module, or the beginning of a top-level package; else empty."""
    inside = path.removeprefix(f"{purelib}/")
    if inside == path:
        return ""
    name = inside.removesuffix("/__init__.py") if inside.endswith("/__init__.py") else inside.removesuffix(".py")
    return name if name.isidentifier() and name != inside else ""


def _package(module: str, purelib: str) -> str:
    return module.removeprefix(f"{purelib}/").partition("/")[0].removesuffix(".py") if purelib in module else ""


def _taken_from(path: str) -> set[str]:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return set()
    with os.fdopen(descriptor, "rb") as stream:
        source = stream.read(_MOST_SOURCE_BYTES)
    return {(match[1] or match[2]).decode() for match in _TAKEN_FROM.finditer(source)}
