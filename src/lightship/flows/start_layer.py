"""The layer that makes an image start faster: a module, what it is to do, and the ``.pth`` file that runs it.

It is there when a lever is pulled and not otherwise. See docs/decisions/cold-start.md.
"""

import os
from collections.abc import Sequence
from dataclasses import replace

from lightship.build.bytecode import BytecodeUnit
from lightship.coldstart.inside import lazy_source, start_source
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Scheme
from lightship.flows.bytecode_layers import BytecodeMaker
from lightship.flows.lower import Lower
from lightship.flows.request import STARTUP_LOCK, BuildRequest
from lightship.flows.startup import StartupModules, first_files, for_machine, read_startup_lock
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry, LayerPlan
from lightship.store.cache import cache_key

__all__ = ["ahead_list", "start_layer_recipe", "start_recipe"]

_VERSION = 2
"""Raised when the same levers give another layer."""

_SAMPLES = 8
_MOST_SHARED = 0xFF


def start_layer_recipe(lower: Lower, request: BuildRequest, maker: BytecodeMaker | None) -> LayerRecipe | None:
    """The recipe over ``lower`` that ``request`` asks for, by what is known of the traced start."""
    options = request.options
    known = _traced_start(lower, request)
    return start_recipe(
        options,
        Scheme(prefix=options.prefix.strip("/"), minor=lower.interpreter.target.minor),
        known.deferred if options.lazy_imports else (),
        maker,
        first_files=_ahead(lower, known) if options.read_ahead else (),
    )


def _traced_start(lower: Lower, request: BuildRequest) -> StartupModules:
    """What levers are told of the start: nothing in the image whose start is traced, which shows what it reads."""
    nothing = StartupModules(keys=(), modules=())
    if lower.mode != "startup" or not (request.options.lazy_imports or request.options.read_ahead):
        return nothing
    return read_startup_lock(request.project / STARTUP_LOCK) or nothing


def _ahead(lower: Lower, known: StartupModules) -> tuple[str, ...]:
    """What the start reads until it is ready; only its modules where the lock tells no more."""
    target = lower.interpreter.target
    until_ready = replace(known, files=known.files or known.modules, requested=())
    return for_machine(
        first_files(until_ready, cache_tag=f"cpython-{target.minor.replace('.', '')}"), lower.platform.machine
    )


def start_recipe(
    options: Options,
    scheme: Scheme,
    deferred: Sequence[str],
    maker: BytecodeMaker | None,
    *,
    first_files: Sequence[str] = (),
) -> LayerRecipe | None:
    """The layer for the levers of ``options``, None without any. ``deferred`` are the modules that can wait, and
    ``first_files`` what a start reads, in that order, relative to the root; ``maker`` compiles the module, which
    without one is compiled at each start."""
    told = _told(options, deferred, first_files)
    if not told:
        return None
    listed = ahead_list(first_files) if options.read_ahead else ""
    entries = _entries(scheme, told, listed)
    modules = tuple(entry for entry in entries if entry.path.endswith(".py"))
    source = start_source() + lazy_source()
    context = maker.context if maker is not None else ""
    key = cache_key("start", _VERSION, scheme.purelib, source, told, listed, context)

    def make() -> LayerPlan:
        compiled: tuple[Entry, ...] = ()
        if maker is not None:
            unit = BytecodeUnit(key=cache_key("start-module", scheme.purelib, source), entries=modules, strict=True)
            compiled = replace(maker, mode="all").compile([unit]).entries
        return LayerPlan(
            name="start", key=key, entries=(*entries, *compiled), created_by=f"quick start: {_named(options)}"
        )

    return LayerRecipe(name="start", key=key, packages=(), make=make)


def ahead_list(paths: Sequence[str]) -> str:
    """``paths``, relative to the root, as `_start_worker.py` reads them: a line each, two hexadecimal digits that say
    how many bytes it shares with the line before, and the rest. Of 3,845 paths 314 kB become 155 kB."""
    lines: list[str] = []
    before = ""
    for relative in paths:
        path = f"/{relative}"
        shared = os.path.commonprefix([before, path])  # noqa: RUF071 - characters are meant
        while len(shared.encode()) > _MOST_SHARED:
            shared = shared[:-1]
        lines.append(f"{len(shared.encode()):02x}{path.removeprefix(shared)}\n")
        before = path
    return "".join(lines)


def _samples(paths: Sequence[str]) -> list[str]:
    """A few bytecode files, spread over the whole start: those of a cold machine are not in memory."""
    compiled = [path for path in paths if path.endswith(".pyc")]
    return [f"/{path}" for path in compiled[:: max(1, -(-len(compiled) // _SAMPLES))]]


def _told(options: Options, deferred: Sequence[str], first_files: Sequence[str]) -> str:
    sections = ["pause-gc\n"] if options.pause_gc else []
    if options.remember_entry_points:
        sections.append("entry-points\n")
    if options.lazy_imports and deferred:
        sections.append("lazy\n" + "".join(f"{name}\n" for name in sorted(deferred)))
    if options.read_ahead and first_files:
        sections.append("read-ahead\n" + "".join(f"{path}\n" for path in _samples(first_files)))
    return "\n".join(sections)


def _named(options: Options) -> str:
    levers = {
        "pause-gc": options.pause_gc,
        "lazy-imports": options.lazy_imports,
        "remember-entry-points": options.remember_entry_points,
        "read-ahead": options.read_ahead,
    }
    return ", ".join(name for name, pulled in levers.items() if pulled)


def _entries(scheme: Scheme, told: str, listed: str) -> tuple[Entry, ...]:
    files = {
        "_lightship_start.py": start_source().decode(),
        "_lightship_start.pth": "import _lightship_start\n",
        "_lightship_start.txt": told,
    }
    if "lazy\n" in told:
        files["_lightship_lazy.py"] = lazy_source().decode()
    if listed:
        files["_lightship_start.ahead"] = listed
    return tuple(
        Entry.text(f"{scheme.purelib}/{name}", text, owner="lightship", why="makes the start faster; LIGHTSHIP_START=0")
        for name, text in files.items()
    )
