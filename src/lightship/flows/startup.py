"""Which modules a start imports: traced once for a set of packages, and kept beside the project's own lock.

``lightship-startup.lock`` is text: comment lines, ``key = …``, then one source path a line, sorted; then sections,
each a name in brackets and a path a line: ``[files]``, all files that were opened until the application was ready, in
the order of first use, ``[requested]``, those that were opened first once it was: by the probe's requests, or by
modules that can wait; and ``[deferred]``, the names of these top-level modules, where that was asked for. It makes the
same image on every machine; it is traced anew when the packages, the interpreter, the entrypoint, its environment or
the probe change, not for a changed line of the application, whose new imports cost a moment at the start.

One list serves all platforms: what an application imports until it is ready is told by its code, and the few modules
that differ (``_sysconfigdata``) bear the machine in their name. A start is traced on this machine alone; an image for
another one takes the modules of the image for this one, built by the same command, and the lock then has a ``key`` for
each.
"""

import logging
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.errors import InputError, LightshipError
from lightship.findings import Finding
from lightship.oci.platform import MACHINES
from lightship.paths import atomic_file, normal_path
from lightship.progress import Progress

if TYPE_CHECKING:
    from lightship.coldstart.lazy import LazyPlan
    from lightship.launch.trace import StartTrace

__all__ = [
    "StartupModules",
    "adopted_modules",
    "as_traced",
    "first_files",
    "for_machine",
    "on_machine",
    "read_startup_lock",
    "startup_modules",
]

_log = logging.getLogger(__name__)
_HEAD = """\
# Modules that the application imports until it is ready, traced by lightship: those whose bytecode is in the image.
# Remove this file, or build with --retrace, to trace the start anew.
"""
_LIMIT_BYTES = 16 << 20
_SECTIONS = ("files", "requested", "deferred")
_MACHINE = re.compile(r"(?<![A-Za-z0-9])(?:{})(?![A-Za-z0-9])".format("|".join(MACHINES.values())))


@dataclass(frozen=True, slots=True, kw_only=True)
class StartupModules:
    """Source paths relative to the root, sorted, and the keys of what they are for: of the image that was traced
    first, then of its kin for other platforms. ``files`` and ``requested`` are in the order of first use, relative to
    the root; they are empty in a lock that was written where files could not be watched."""

    keys: tuple[str, ...]
    modules: tuple[str, ...]
    files: tuple[str, ...] = ()
    requested: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()


def startup_modules(
    lock: Path,
    key: str,
    trace: Callable[[], StartupModules],
    *,
    retrace: bool,
    allow_stale: bool,
    findings: list[Finding],
    progress: Progress,
) -> StartupModules:
    """What is known for ``key``: from ``lock``, or traced and written there; the keys of a trace do not matter.

    When the application cannot be started here, the trace's error stands: an image that does not start is no result.
    With ``allow_stale`` a lock of an earlier state serves instead, and ``findings`` gets a warning.
    """
    known = read_startup_lock(lock)
    if known is not None and key in known.keys and not retrace:
        return known
    try:
        traced = replace(trace(), keys=(key,))
    except LightshipError as error:
        if known is None or retrace:
            raise
        if not allow_stale:
            hint = f"{lock.name} is of an earlier state; if it fails here alone: --allow-stale-trace builds with it"
            error.hint = f"{error.hint}; {hint}" if error.hint else hint
            raise
        findings.append(_stale(lock.name, error))
        return known
    _write(lock, traced, progress)
    return traced


def as_traced(traced: "StartTrace", lazy: "LazyPlan | None" = None) -> StartupModules:
    """What a start showed; files that wait with the modules of ``lazy`` come after all that it reads."""
    waiting = frozenset(lazy.waiting if lazy is not None else ())
    return StartupModules(
        keys=(),
        modules=traced.modules,
        files=tuple(path for path in traced.files if path not in waiting),
        requested=(*traced.requested, *(path for path in traced.files if path in waiting)),
        deferred=lazy.names if lazy is not None else (),
    )


def adopted_modules(
    lock: Path, key: str, traced: StartupModules | None, *, progress: Progress
) -> tuple[str, ...] | None:
    """The modules for ``key`` of an image that cannot be started here: from ``lock``, else those that were ``traced``
    for its kin on this machine, which the lock then says. None where neither is there."""
    known = read_startup_lock(lock)
    if known is not None and key in known.keys:
        return known.modules
    if traced is None:
        return None
    if known is not None and set(traced.keys) & set(known.keys):
        _write(lock, replace(known, keys=(*known.keys, key)), progress)
        return known.modules
    return traced.modules


def on_machine(modules: Iterable[str], machine: str) -> tuple[str, ...]:
    """``modules``, and those of them that bear a machine's name as they are called on ``machine`` (``aarch64``)."""
    everything = tuple(modules)
    return tuple(sorted({*everything, *(_MACHINE.sub(machine, module) for module in everything)}))


def for_machine(paths: Iterable[str], machine: str) -> tuple[str, ...]:
    """``paths`` in their order, those that bear a machine's name as they are called on ``machine``."""
    return tuple(_MACHINE.sub(machine, path) for path in paths)


def read_startup_lock(lock: Path) -> StartupModules | None:
    """The lock's content, None where there is none; raise InputError for what is none."""
    try:
        with lock.open("rb") as stream:
            text = stream.read(_LIMIT_BYTES).decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot read {lock.name}: {error}") from error
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    if not lines or not lines[0].startswith("key = "):
        raise InputError(f"{lock.name}: want 'key = …' first, got {lines[0] if lines else 'nothing'!r:.60}")
    keys = tuple(line.removeprefix("key = ") for line in lines if line.startswith("key = "))
    sections: dict[str, list[str]] = {"": [], **{name: [] for name in _SECTIONS}}
    section = ""
    for line in lines:
        if line.startswith("[") and line.endswith("]"):
            section = line[1:-1]
        elif not line.startswith("key = "):
            sections.setdefault(section, []).append(_module_name(line) if section == "deferred" else normal_path(line))
    found = {name: tuple(sections[name]) for name in _SECTIONS}
    return StartupModules(keys=keys, modules=tuple(sections[""]), **found)


def _module_name(text: str) -> str:
    if not text.isidentifier():
        raise InputError(f"deferred: want the name of a module, got {text!r:.60}")
    return text


def first_files(found: StartupModules, *, cache_tag: str) -> tuple[str, ...]:
    """The files that a start and its first requests read, in the order of first use, as they are in an image with the
    start's bytecode: ``cpython-312`` is the ``cache_tag`` of ``sys.implementation``.

    A module's source gives way to its bytecode, which is what is read. A name that an image lacks does no harm: what
    a start opens depends on its machine and on what it is told.
    """
    modules = frozenset(found.modules)
    names = (
        _bytecode(path, cache_tag) if path in modules else path
        for path in dict.fromkeys((*found.files, *found.requested))
    )
    return tuple(dict.fromkeys(names))


def _bytecode(source: str, cache_tag: str) -> str:
    """PEP 3147."""
    directory, _, name = source.rpartition("/")
    return f"{directory}/__pycache__/{name.removesuffix('.py')}.{cache_tag}.pyc".lstrip("/")


def _write(lock: Path, found: StartupModules, progress: Progress) -> None:
    lines = [*(f"key = {key}" for key in found.keys), *found.modules]
    for name in _SECTIONS:
        if words := getattr(found, name):
            lines += [f"[{name}]", *words]
    text = _HEAD + "".join(f"{line}\n" for line in lines)
    try:
        with atomic_file(lock) as stream:
            stream.write(text.encode())
    except OSError as error:
        # The build is right without it; only the next one has to trace again.
        progress.note(f"{lock.name} could not be written ({error.strerror}): other machines trace the start themselves")
    else:
        progress.note(f"wrote {lock.name}: commit it, and every machine builds the same image")


def _stale(name: str, error: LightshipError) -> Finding:
    return Finding(
        code="trace-stale",
        severity="warning",
        title="the start was not traced",
        message=f"the start could not be traced, and {name} of an earlier state was used: {error}",
        fix="build where the application can start, and commit the new lock",
    )
