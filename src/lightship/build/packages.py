"""Locked wheels as layers: which layer has which package, and its plan once somebody needs it.

Keys are made of hashes and options, so a layer that the cache has costs no look into a wheel. Only collisions need
every wheel's list of files; they are remembered for the set of wheels.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lightship.archive.inflate import Containers
from lightship.build.collisions import Collision, find_collisions, install_order, losers
from lightship.build.direct_url import direct_url
from lightship.build.duplicates import link_duplicates
from lightship.build.install import INSTALL_VERSION, InstalledWheel, install_wheel, with_record
from lightship.build.recompress import RECOMPRESS_VERSION, mark_poor
from lightship.ecosystem.python.interpreter import Scheme
from lightship.ecosystem.python.locked import LockedPackage
from lightship.ecosystem.python.target import Target
from lightship.plan.drop import RULES, Distribution, DropOptions, apply, drops_whole
from lightship.plan.layering import LayerRecipe, PackageUnit, package_recipes
from lightship.plan.model import Dropped, Entry, LayerPlan
from lightship.store.cache import Cache, cache_key
from lightship.units import format_names

__all__ = ["PackagePlanner", "Transform", "WheelFile"]

Transform = Callable[[InstalledWheel, Mapping[str, Entry]], Mapping[str, Entry]]
"""Changes the files of one distribution after the drop rules: stripping, for one. Paths are as in ``RECORD``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFile:
    """A locked package's wheel at hand. ``filename`` is the wheel's own name; ``sha256`` has been checked."""

    package: LockedPackage
    path: Path
    filename: str
    sha256: str
    size_bytes: int


class PackagePlanner:
    """The packages' part of a build plan.

    ``imports`` are dotted names of packages' tests that the application imports; ``transform`` runs on each
    distribution and ``transform_key`` names what it does.
    """

    def __init__(
        self,
        wheels: Sequence[WheelFile],
        *,
        scheme: Scheme,
        target: Target,
        cache: Cache,
        drop: DropOptions | None = None,
        imports: Collection[str] = (),
        transform: Transform | None = None,
        transform_key: str = "",
    ) -> None:
        self._wheels = {wheel.package.name: wheel for wheel in sorted(wheels, key=lambda wheel: wheel.package.name)}
        self._scheme = scheme
        self._target = target
        self._cache = cache
        self._drop = drop or DropOptions()
        self._imports = tuple(sorted(imports))
        self._transform = transform
        self._transform_key = transform_key
        self._installed: dict[str, InstalledWheel] = {}
        self.collisions = self._find_collisions()
        self._lost = losers(self.collisions)

    def recipes(self) -> tuple[LayerRecipe, ...]:
        """The packages' layers, bottom first. Opens no wheel unless a recipe's ``make`` is called."""
        return package_recipes(self.units(), self.context, self._make)

    def units(self) -> tuple[PackageUnit, ...]:
        """Each package with its weight and key, sorted by name."""
        return tuple(
            PackageUnit(name=name, weight_bytes=wheel.size_bytes, key=self._key(wheel))
            for name, wheel in self._wheels.items()
        )

    def installed(self, name: str) -> InstalledWheel:
        """One package's wheel, installed; the same value each time."""
        found = self._installed.get(name)
        if found is None:
            wheel = self._wheels[name]
            found = self._installed[name] = install_wheel(
                wheel.path,
                filename=wheel.filename,
                sha256=wheel.sha256,
                scheme=self._scheme,
                why=_why(wheel.package),
                direct_url=direct_url(wheel.package),
            )
        return found

    def package_files(self, name: str) -> tuple[tuple[Entry, ...], tuple[Dropped, ...]]:
        """What one package puts into the image, with its ``RECORD``, and what was left out of it."""
        installed = self.installed(name)
        places = {entry.path: place for place, entry in installed.files.items()}
        lost = {places[collision.path]: collision for collision in self._lost.get(name, ())}
        with Containers() as containers:
            distribution = Distribution(
                name,
                installed.files,
                containers,
                target=self._target,
                required_by=self._wheels[name].package.required_by,
                imports=self._imports,
            )
            kept, dropped = apply(distribution, RULES, self._drop)
        files: Mapping[str, Entry] = {place: entry for place, entry in kept.items() if place not in lost}
        if self._transform is not None:
            files = self._transform(installed, files)
        files = link_duplicates(installed, files)
        shared = [place for place in kept if place in lost and lost[place].identical and place in installed.rows]
        return mark_poor(with_record(installed, files, shared=shared)), tuple(
            drop for drop in dropped if places.get(drop.path) not in lost
        )

    def _make(self, name: str, key: str, packages: tuple[str, ...]) -> LayerPlan:
        entries: list[Entry] = []
        dropped: list[Dropped] = []
        for package in packages:
            kept, gone = self.package_files(package)
            entries.extend(kept)
            dropped.extend(gone)
        return LayerPlan(
            name=name,
            key=key,
            entries=tuple(sorted(entries, key=lambda entry: entry.path)),
            dropped=tuple(dropped),
            created_by=f"lightship build: {format_names(packages)}",
        )

    @property
    def context(self) -> str:
        """What all packages share and their entries depend on; part of their layers' keys."""
        return cache_key(
            "packages", self._scheme.prefix, self._scheme.minor, self._target.cache_key,
            self._drop.key(RULES), "imports", *self._imports, "transform", self._transform_key, RECOMPRESS_VERSION,
        )  # fmt: skip

    @property
    def sources(self) -> str:
        """What the bytes of packages' modules depend on beside their own keys; which of them stay is not in it."""
        return cache_key("sources", self._scheme.prefix, self._scheme.minor, "transform", self._transform_key)

    def _key(self, wheel: WheelFile) -> str:
        """Everything the package's own files depend on, `context` aside."""
        lost = self._lost.get(wheel.package.name, ())
        return cache_key(
            INSTALL_VERSION, wheel.filename, wheel.sha256, direct_url(wheel.package), bool(wheel.package.required_by),
            *(part for collision in lost for part in (collision.path, int(collision.identical))),
        )  # fmt: skip

    def _find_collisions(self) -> tuple[Collision, ...]:
        required_by = {name: wheel.package.required_by for name, wheel in self._wheels.items()}
        active = self._drop.active(RULES)
        order = [name for name in install_order(required_by) if not drops_whole(name, required_by[name], active)]
        wheels = [(name, self._wheels[name].filename, self._wheels[name].sha256) for name in order]
        key = cache_key("collisions", INSTALL_VERSION, self._scheme.prefix, self._scheme.minor, repr(wheels))
        path = self._cache.find("records", key)
        if path is not None and (known := _read_collisions(path)) is not None:
            return known
        found = find_collisions([self.installed(name) for name in order])
        with self._cache.write("records", key) as stream:
            rows = [[each.path, each.winner, each.loser, each.identical] for each in found]
            stream.write(json.dumps(rows).encode())
        return found


def _read_collisions(path: Path) -> tuple[Collision, ...] | None:
    """None for a damaged file, which is made again."""
    try:
        rows = json.loads(path.read_bytes())
        return tuple(
            Collision(path=str(row[0]), winner=str(row[1]), loser=str(row[2]), identical=bool(row[3])) for row in rows
        )
    except (OSError, ValueError, TypeError, LookupError):
        return None


def _why(package: LockedPackage) -> str:
    """``locked, required by the project and pandas``."""
    names = ["the project" if name == "project" else name for name in package.required_by]
    names.sort(key=lambda name: (name != "the project", name))
    return f"locked, required by {format_names(names)}" if names else "locked"
