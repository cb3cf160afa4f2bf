"""Which package goes into which layer, and the key that a layer has before a wheel is opened.

See ``docs/decisions/layering.md`` for the measurements. The assignment is a function of each package's own name and
weight, never of its neighbours: when one version changes, one package layer changes, and its bytecode layer.
"""

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence

from lightship.plan.model import Dropped, Entry, LayerPlan
from lightship.store.cache import cache_key
from lightship.values import dataclass

__all__ = [
    "APPLICATION_BIN_BYTES",
    "BYTECODE_BINS",
    "HEAVY_BYTES",
    "LAYERING_VERSION",
    "LIGHT_BINS",
    "MAX_APPLICATION_BINS",
    "MAX_HEAVY",
    "MEDIUM_BINS",
    "MEDIUM_BYTES",
    "LayerRecipe",
    "PackageUnit",
    "Parts",
    "application_bins",
    "bytecode_bin",
    "bytecode_recipes",
    "layer_key",
    "package_bins",
    "package_recipes",
    "stable_hash",
]

LAYERING_VERSION = 1
"""Raised when the same packages go into other layers."""

HEAVY_BYTES = 8_000_000
"""Compressed bytes from which a package has a layer of its own."""
MEDIUM_BYTES = 1_000_000
MAX_HEAVY = 24
MEDIUM_BINS = 6
LIGHT_BINS = 6
BYTECODE_BINS = 8
APPLICATION_BIN_BYTES = 8_000_000
"""Unpacked bytes of an application's layer on the mean, at most, where `MAX_APPLICATION_BINS` are enough."""
MAX_APPLICATION_BINS = 8
"""At most 24 + 6 + 6 + 8 layers of packages, and 8 + 8 of the application. Engines on overlayfs take 127
(containers/storage and Docker's overlay2 driver, 2024) and fetch 3 at a time by default (Docker's
max-concurrent-downloads, containerd 1.7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageUnit:
    """One package to place. ``name`` is normalised; ``weight_bytes`` is the size of its wheel file, known from the lock
    or the cache; ``key`` names everything its entries depend on."""

    name: str
    weight_bytes: int
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """A layer's parts, in their order (`lightship.plan.parts`). ``keys`` name everything that the entries of each
    depend on; ``make`` gives the entries of those whose numbers it gets. A path lies in one part alone, and every
    directory in a part before what it holds. ``dropped`` is what is in none of them."""

    keys: tuple[str, ...]
    make: Callable[[Sequence[int]], Sequence[tuple[Entry, ...]]]
    created_by: str
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRecipe:
    """A layer that is not made yet. ``key`` is that of the plan that ``make`` gives: when the cache has a layer for it,
    ``make`` is never called. ``packages`` are sorted names. A layer that changes often has ``parts`` as well, which are
    made instead of the whole where the compression allows it."""

    name: str
    key: str
    packages: tuple[str, ...]
    make: Callable[[], LayerPlan]
    parts: Callable[[], Parts] | None = None


def package_bins(weights: Mapping[str, int]) -> dict[str, str]:
    """Layer name for each package: ``package-numpy``, ``packages-medium-3``, ``packages-light-5``.

    The limit for a layer of its own is `HEAVY_BYTES`, doubled until no more than `MAX_HEAVY` packages pass it.
    """
    limit = HEAVY_BYTES
    while sum(1 for weight in weights.values() if weight >= limit) > MAX_HEAVY:
        limit *= 2
    return {name: _bin(name, weight, limit) for name, weight in weights.items()}


def application_bins(paths: Iterable[str], total_bytes: int) -> tuple[tuple[str, ...], ...]:
    """The paths of each of the application's layers, in the order in which they come; a layer may have none.

    Its number is a power of two, that of the least layers that are small enough; which layer a path is in says the
    hash of its directory: what is changed together often lies together.
    """
    count = 1
    while count < MAX_APPLICATION_BINS and total_bytes > count * APPLICATION_BIN_BYTES:
        count *= 2
    bins: tuple[list[str], ...] = tuple([] for _ in range(count))
    of_directory: dict[str, list[str]] = {}
    for path in paths:
        directory = path.rpartition("/")[0]
        chosen = of_directory.get(directory)
        if chosen is None:
            chosen = of_directory[directory] = bins[stable_hash(directory) % count]
        chosen.append(path)
    return tuple(map(tuple, bins))


def bytecode_bin(name: str) -> str:
    """Layer name for a package's bytecode: ``bytecode-2``."""
    return f"bytecode-{stable_hash(name) % BYTECODE_BINS}"


def layer_key(kind: str, context: str, units: Iterable[PackageUnit]) -> str:
    """The key of a layer of ``units``, whatever their order. ``context`` names what they share: scheme, target, drop
    options, versions of what transforms them."""
    keys = sorted((unit.name, unit.key) for unit in units)
    return cache_key("layer", kind, LAYERING_VERSION, context, *(part for pair in keys for part in pair))


def package_recipes(
    units: Sequence[PackageUnit], context: str, make: Callable[[str, str, tuple[str, ...]], LayerPlan]
) -> tuple[LayerRecipe, ...]:
    """Recipes for the packages' layers, bottom first: heavy ones by name, then medium, then light.

    What is lower is unpacked once and stays: an engine unpacks again what lies above a changed layer, even when it has
    the bytes. ``make`` is called with name, key and packages of one layer.
    """
    bins = package_bins({unit.name: unit.weight_bytes for unit in units})
    return _recipes(units, bins, "packages", context, make)


def bytecode_recipes(
    units: Sequence[PackageUnit], context: str, make: Callable[[str, str, tuple[str, ...]], LayerPlan]
) -> tuple[LayerRecipe, ...]:
    """Recipes for the packages' bytecode, kept apart from the packages; ``context`` names interpreter and mode."""
    return _recipes(units, {unit.name: bytecode_bin(unit.name) for unit in units}, "bytecode", context, make)


def _recipes(
    units: Sequence[PackageUnit],
    bins: Mapping[str, str],
    kind: str,
    context: str,
    make: Callable[[str, str, tuple[str, ...]], LayerPlan],
) -> tuple[LayerRecipe, ...]:
    members: dict[str, list[PackageUnit]] = {}
    for unit in sorted(units, key=lambda unit: unit.name):
        members.setdefault(bins[unit.name], []).append(unit)
    return tuple(
        _recipe(name, layer_key(kind, context, members[name]), members[name], make)
        for name in sorted(members, key=_order)
    )


def _recipe(
    name: str, key: str, units: Sequence[PackageUnit], make: Callable[[str, str, tuple[str, ...]], LayerPlan]
) -> LayerRecipe:
    packages = tuple(unit.name for unit in units)
    return LayerRecipe(name=name, key=key, packages=packages, make=lambda: make(name, key, packages))


def _bin(name: str, weight: int, limit: int) -> str:
    if weight >= limit:
        return f"package-{name}"
    if weight >= MEDIUM_BYTES:
        return f"packages-medium-{stable_hash(name) % MEDIUM_BINS}"
    return f"packages-light-{stable_hash(name) % LIGHT_BINS}"


def _order(name: str) -> tuple[int, str]:
    """Heavy below medium below light; a package called ``medium-1`` is no bin, since bins are ``packages-…``."""
    return (1 if name.startswith("packages-medium-") else 2 if name.startswith("packages-light-") else 0, name)


def stable_hash(name: str) -> int:
    """A number for ``name`` that no process, version or machine changes; Python's own `hash` is salted."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:8])
