"""Which modules a start imports: a real start in the sandbox, with Python's bytecode written where it can be seen.

With ``PYTHONPYCACHEPREFIX`` (https://docs.python.org/3.11/using/cmdline.html#envvar-PYTHONPYCACHEPREFIX, PEP 304's
successor) an interpreter ignores every ``__pycache__`` and writes what it compiles below the prefix: all processes of
the application, in one tree. What appears there are the source modules that were imported; frozen modules and
extension modules have no bytecode. Which files are opened, and in which order, is seen beside it (`launch.opened`).
Nothing of the image runs outside the sandbox.
"""

import contextlib
import logging
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.errors import FindingError, HostileError, StorageError
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.opened import OpenedFiles, watch_opens
from lightship.launch.probe import Probe, ProbeOutcome, ensure_unused, probe, run_check
from lightship.launch.running import start
from lightship.oci.config import Runtime
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.rootfs.links import resolve_on_disk
from lightship.rootfs.removal import remove
from lightship.sandbox.protocol import Bind, Sandbox

__all__ = ["StartTrace", "trace_start"]

_log = logging.getLogger(__name__)
_PREFIX = "/run/lightship/pycache"
_BYTECODE = re.compile(r"(.+)\.[a-z]+-?[0-9]+(?:\.opt-[0-9a-z]+)?\.pyc")
"""PEP 3147 and 488: ``name.cpython-311.opt-1.pyc``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTrace:
    """``modules`` are source files relative to the root, sorted: those of which a start needs the bytecode.

    ``files`` are all regular files of the image that were opened until the application was ready, ``requested`` those
    that were first opened by the probe's requests; both in the order of first use, both empty where this machine does
    not let them be watched. Python opens a module's source here, in an image with its bytecode that instead.
    """

    modules: tuple[str, ...]
    files: tuple[str, ...] = ()
    requested: tuple[str, ...] = ()
    outcome: ProbeOutcome


def trace_start(
    sandbox: Sandbox,
    rootfs: Path,
    runtime: Runtime,
    options: LaunchOptions,
    wanted: Probe,
    *,
    progress: Progress = SILENT,
) -> StartTrace:
    """Start the image unpacked at ``rootfs``, probe it, end it, and say what was imported until then.

    A probe with a command only is that command itself. Raise FindingError when the application does not become
    ready, a check fails, or no module was written.
    """
    progress.start("trace the start")
    with storage_errors("make a temporary directory"):
        seen = Path(tempfile.mkdtemp(prefix="lightship-trace-"))
    try:
        with _watched(rootfs) as opened:
            ready: list[tuple[str, ...]] = []
            outcome = _probed(
                sandbox, rootfs, runtime, _with_prefix(options, seen), wanted, lambda: ready.append(opened())
            )
            until_end = opened()
        modules = _modules(rootfs, seen)
    finally:
        remove(seen)
        progress.finish("trace the start")
    failed = [check for check in outcome.checks if not check.ok]
    if failed:
        raise FindingError(f"the probe {failed[0].name!r} failed: {failed[0].detail}")
    if not modules:
        raise FindingError(
            "the start wrote no bytecode",
            hint="Python ignores PYTHONPYCACHEPREFIX with -I or -E, and writes nothing with -B",
        )
    files = ready[0] if ready else until_end
    return StartTrace(modules=modules, files=files, requested=until_end[len(files) :], outcome=outcome)


@contextlib.contextmanager
def _watched(rootfs: Path) -> Iterator[Callable[[], tuple[str, ...]]]:
    """What was opened below ``rootfs`` so far. A machine that does not tell costs the order, not the trace."""
    with contextlib.ExitStack() as stack:
        try:
            opened = stack.enter_context(watch_opens(rootfs))
        except StorageError as error:
            _log.warning("the files of the start are not known: %s", error)
            yield tuple
        else:
            yield lambda: _kept(rootfs, opened)


def _kept(rootfs: Path, opened: OpenedFiles) -> tuple[str, ...]:
    """Names come from the image, and go into a lock, a line each."""
    files = (path for path in opened.files() if path.isprintable() and not path.startswith("["))
    return tuple(path for path in files if os.path.isfile(f"{rootfs}/{path}"))  # noqa: PTH113 - the image's text


def _with_prefix(options: LaunchOptions, seen: Path) -> LaunchOptions:
    return replace(
        options,
        # Python takes an empty PYTHONDONTWRITEBYTECODE for one that is not set
        env={**options.env, "PYTHONPYCACHEPREFIX": _PREFIX, "PYTHONDONTWRITEBYTECODE": ""},
        binds=(*options.binds, Bind(source=seen, target=_PREFIX, writable=True)),
    )


def _probed(
    sandbox: Sandbox,
    rootfs: Path,
    runtime: Runtime,
    options: LaunchOptions,
    wanted: Probe,
    on_ready: Callable[[], None],
) -> ProbeOutcome:
    if wanted.http is None:
        with launch_command(rootfs, runtime, replace(options, entrypoint=wanted.command)) as command:
            check = run_check(sandbox, command, wanted.timeout_s)
            return ProbeOutcome(start_s=0.0, ready_s=check.seconds, checks=(check,))
    ensure_unused(wanted.http)
    with launch_command(rootfs, runtime, options) as command, start(sandbox, command) as running:
        return probe(running, wanted, sandbox, on_ready=on_ready)


def _modules(rootfs: Path, seen: Path) -> tuple[str, ...]:
    """The sources below ``rootfs`` whose bytecode is below ``seen``; names only are read, they may be hostile."""
    found = set()
    for directory, _, files in _walk(seen):
        inside = os.path.relpath(directory, seen)
        for name in files:
            match = _BYTECODE.fullmatch(name)
            if match is None:  # a file that was being written when the application ended
                continue
            source = resolve_on_disk(rootfs, f"{inside}/{match[1]}.py")
            # a module's name goes into a lock, a line each
            if source.isprintable() and os.path.isfile(f"{rootfs}/{source}"):  # noqa: PTH113 - the application's text
                found.add(source)
    return tuple(sorted(found))


def _walk(top: Path) -> Iterator[tuple[str, list[str], list[str]]]:
    try:
        yield from os.walk(top)
    except RecursionError as error:
        raise HostileError("the application made directories deeper than any module") from error
