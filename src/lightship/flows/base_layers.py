"""The two lowest layers of an image: the base and, above it, the interpreter with its standard library."""

from lightship.archive.content import Deflated, Stored
from lightship.base.request import Base
from lightship.build.strip import STRIPPED_VERSION, strip_entries
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry, LayerPlan
from lightship.store.cache import Cache, cache_key

__all__ = ["base_recipes", "is_interpreters", "stdlib_sources", "stripped"]

_VERSION = 1
"""Raised when the same base gives other layers."""


def base_recipes(base: Base, cache: Cache, *, strip: bool) -> tuple[LayerRecipe, ...]:
    """Recipes for the layers ``base`` and ``interpreter``."""
    context = cache_key("base-layer", _VERSION, base.cache_key, STRIPPED_VERSION if strip else "whole")

    def make(name: str, key: str, created_by: str) -> LayerPlan:
        wanted = name == "interpreter"
        entries = tuple(entry for entry in base.entries if is_interpreters(entry) == wanted)
        return LayerPlan(
            name=name,
            key=key,
            entries=stripped(entries, cache) if strip else entries,
            dropped=tuple(drop for drop in base.dropped if _is_python(drop.owner) == wanted),
            created_by=created_by,
        )

    packages = f"base of {len(base.packages)} packages"
    python = f"interpreter {base.interpreter.executable} {base.interpreter.target.python}"
    return tuple(
        LayerRecipe(name=name, key=key, packages=(), make=lambda name=name, key=key, said=said: make(name, key, said))  # type: ignore[misc]
        for name, said, key in (
            ("base", packages, cache_key(context, "base")),
            ("interpreter", python, cache_key(context, "interpreter")),
        )
    )


def is_interpreters(entry: Entry) -> bool:
    """True for what belongs to the interpreter: a new base with the same Python keeps that layer."""
    return _is_python(entry.owner)


def stdlib_sources(base: Base) -> tuple[Entry, ...]:
    """The standard library's modules, sorted by path."""
    roots = tuple(f"{root}/" for root in base.interpreter.stdlib)
    return tuple(
        entry
        for entry in base.entries
        if entry.type == "file" and entry.path.endswith(".py") and entry.path.startswith(roots)
    )


def _is_python(owner: str) -> bool:
    kind, _, name = owner.partition(":")
    return kind == "python" or (kind == "deb" and name.startswith(("python3", "libpython3")))


def stripped(entries: tuple[Entry, ...], cache: Cache) -> tuple[Entry, ...]:
    """Strip what the packages' maintainers did not: by container, since an entry's place is told by its offset."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(_identity(entry), []).append(entry)
    replaced: dict[str, Entry] = {}
    for identity, members in groups.items():
        if identity:
            replaced |= {entry.path: entry for entry in strip_entries(members, identity, cache).entries}
    return tuple(replaced.get(entry.path, entry) for entry in entries)


def _identity(entry: Entry) -> str:
    """What names the bytes of an entry's container: a pack by its name in the cache, a plain file by its hash."""
    content = entry.content
    if isinstance(content, Deflated):
        return content.container.name
    if isinstance(content, Stored) and content.sha256 is not None:
        return content.sha256
    return ""
