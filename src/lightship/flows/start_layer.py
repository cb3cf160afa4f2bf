"""The layer that makes an image start faster: a module, what it is to do, and the ``.pth`` file that runs it.

It is there when a lever is pulled and not otherwise. See docs/decisions/cold-start.md.
"""

from collections.abc import Sequence
from dataclasses import replace

from lightship.build.bytecode import BytecodeUnit
from lightship.coldstart.inside import start_source
from lightship.config import Options
from lightship.ecosystem.python.interpreter import Scheme
from lightship.flows.bytecode_layers import BytecodeMaker
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry, LayerPlan
from lightship.store.cache import cache_key

__all__ = ["start_recipe"]

_VERSION = 1
"""Raised when the same levers give another layer."""


def start_recipe(
    options: Options, scheme: Scheme, deferred: Sequence[str], maker: BytecodeMaker | None
) -> LayerRecipe | None:
    """The layer for the levers of ``options``, None without any. ``deferred`` are the modules that can wait; ``maker``
    compiles the module, which without one is compiled at each start."""
    told = _told(options, deferred)
    if not told:
        return None
    entries = _entries(scheme, told)
    source = start_source()
    key = cache_key("start", _VERSION, scheme.purelib, source, told, maker.context if maker is not None else "")

    def make() -> LayerPlan:
        compiled: tuple[Entry, ...] = ()
        if maker is not None:
            unit = BytecodeUnit(key=cache_key("start-module", scheme.purelib, source), entries=entries[:1], strict=True)
            compiled = replace(maker, mode="all").compile([unit]).entries
        return LayerPlan(
            name="start", key=key, entries=(*entries, *compiled), created_by=f"quick start: {_named(options)}"
        )

    return LayerRecipe(name="start", key=key, packages=(), make=make)


def _told(options: Options, deferred: Sequence[str]) -> str:
    sections = ["pause-gc\n"] if options.pause_gc else []
    if options.lazy_imports and deferred:
        sections.append("lazy\n" + "".join(f"{name}\n" for name in sorted(deferred)))
    return "\n".join(sections)


def _named(options: Options) -> str:
    levers = {"pause-gc": options.pause_gc, "lazy-imports": options.lazy_imports}
    return ", ".join(name for name, pulled in levers.items() if pulled)


def _entries(scheme: Scheme, told: str) -> tuple[Entry, ...]:
    files = {
        "_lightship_start.py": start_source().decode(),
        "_lightship_start.pth": "import _lightship_start\n",
        "_lightship_start.txt": told,
    }
    return tuple(
        Entry.text(f"{scheme.purelib}/{name}", text, owner="lightship", why="makes the start faster; LIGHTSHIP_START=0")
        for name, text in files.items()
    )
