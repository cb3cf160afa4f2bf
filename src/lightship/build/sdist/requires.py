"""Build requirements, resolved for the target: markers and tags are the target's, never the host's.

pip evaluates markers for the interpreter that runs it, whatever ``--python-version`` says; a build for another Python
needs its own. Graphs of build requirements are small, so this is a fixed point without backtracking: every name gets
the newest version that all known specifiers allow, and when a choice breaks a specifier that came later, the next
round knows it from the beginning (https://packaging.python.org/en/latest/specifications/dependency-specifiers/).
"""

import email.parser
import email.policy
import zipfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)
from packaging.version import Version

from lightship.build.index.request import Fetched, Request
from lightship.build.index.simple import IndexFile
from lightship.build.sdist.source import ZIP_ERRORS
from lightship.ecosystem.python.choose import wheel_rank
from lightship.ecosystem.python.locked import Artifact
from lightship.ecosystem.python.target import Target
from lightship.errors import ArchiveError, InputError, NetworkError

if TYPE_CHECKING:
    from lightship.build.index.locate import Catalogue

__all__ = ["Pin", "Resolver", "parse_requirements"]

_MAX_ROUNDS = 30
_MAX_METADATA_BYTES = 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One chosen build requirement: a wheel, on this machine."""

    name: str
    version: str
    filename: str
    fetched: Fetched


@dataclass(frozen=True, slots=True, kw_only=True)
class _Offer:
    version: Version
    file: IndexFile
    rank: tuple[int, int, str] | None
    """How well a wheel fits; None for an sdist."""


@dataclass(slots=True)
class _Known:
    """What has been asked of one name."""

    specifiers: SpecifierSet = field(default_factory=SpecifierSet)
    extras: set[str] = field(default_factory=set)
    askers: list[str] = field(default_factory=list)

    def add(self, requirement: Requirement, asker: str) -> None:
        self.specifiers &= requirement.specifier
        self.extras |= requirement.extras
        self.askers.append(f"{requirement.specifier or 'any version'} by {asker}")


class Resolver:
    """Chooses and fetches. ``fetch`` gets one file; ``build`` makes a wheel of an sdist and returns name and file.

    One resolver may serve many builds: listings and metadata are read once.
    """

    def __init__(
        self,
        target: Target,
        catalogue: "Catalogue",
        fetch: Callable[[Request], Fetched],
        build: Callable[[Request], tuple[str, Fetched]],
        constraints: Sequence[Requirement] = (),
    ) -> None:
        self._target = target
        self._catalogue = catalogue
        self._fetch = fetch
        self._build = build
        self._constraints: dict[str, Requirement] = {
            canonicalize_name(c.name): c for c in constraints if self._applies(c, frozenset())
        }
        self._offers: dict[str, list[_Offer]] = {}
        self._pins: dict[tuple[str, Version], Pin] = {}
        self._metadata: dict[str, tuple[Requirement, ...]] = {}

    def resolve(self, requirements: Iterable[Requirement], asker: str) -> tuple[Pin, ...]:
        """Wheels, sorted by name, that satisfy the ``requirements`` of ``asker`` and each other.

        Raise InputError where no version does, NetworkError where a file cannot be had.
        """
        roots = [requirement for requirement in requirements if self._applies(requirement, frozenset())]
        known: dict[str, _Known] = {}
        for _ in range(_MAX_ROUNDS):
            chosen, gathered = self._round(roots, asker, known)
            if all(_fits(pin, gathered[name]) for name, pin in chosen.items()):
                return tuple(chosen[name] for name in sorted(chosen))
            known = gathered
        raise InputError(f"build requirements of {asker} have no solution after {_MAX_ROUNDS} rounds")

    def _round(
        self, roots: Sequence[Requirement], asker: str, before: dict[str, _Known]
    ) -> tuple[dict[str, Pin], dict[str, _Known]]:
        gathered: dict[str, _Known] = {}
        chosen: dict[str, Pin] = {}
        visited: set[tuple[str, frozenset[str]]] = set()
        queue = [(requirement, asker) for requirement in roots]
        while queue:
            requirement, asker = queue.pop(0)
            name = canonicalize_name(requirement.name)
            known = gathered.setdefault(name, _Known())
            known.add(requirement, asker)
            if name not in chosen:
                chosen[name] = self._choose(name, known, before.get(name, _Known()))
            key = (name, frozenset(known.extras))
            if key in visited:
                continue
            visited.add(key)
            pin = chosen[name]
            queue += [
                (needed, f"{name} {pin.version}")
                for needed in self._requirements(pin)
                if self._applies(needed, frozenset(known.extras))
            ]
        return chosen, gathered

    def _choose(self, name: str, known: _Known, before: _Known) -> Pin:
        specifiers = known.specifiers & before.specifiers
        if name in self._constraints:
            specifiers &= self._constraints[name].specifier
        offers = self._listed(name)
        pinned = any(specifier.operator in ("==", "===") for specifier in specifiers)
        allowed = [offer for offer in offers if pinned or not offer.file.yanked]
        # Wheels first: an sdist is taken only where no version that fits has a wheel.
        for group in ([o for o in allowed if o.rank is not None], [o for o in allowed if o.rank is None]):
            versions = set(specifiers.filter({offer.version for offer in group}))
            if versions:
                newest = max(versions)
                best = max((o for o in group if o.version == newest), key=lambda o: o.rank or (0, 0, ""))
                return self._pin(name, best)
        asked = ", ".join(dict.fromkeys((*known.askers, *before.askers)))
        there = (
            f"the newest on offer is {max(offer.version for offer in offers)}"
            if offers
            else "none that does is on offer"
        )
        raise InputError(
            f"no version of the build requirement {name} fits {self._target.cache_key}: want {asked}; {there}",
            hint="build requirements come from the indexes that pip or uv is configured for",
        )

    def _listed(self, name: str) -> list[_Offer]:
        if name not in self._offers:
            faults: list[Exception] = []
            files = self._catalogue.offers(name, None, faults)
            offers = [offer for file in files if (offer := self._offer(name, file)) is not None]
            if not offers and faults:
                raise NetworkError(f"cannot find the build requirement {name}: {faults[0]}") from faults[0]
            self._offers[name] = offers
        return self._offers[name]

    def _offer(self, name: str, file: IndexFile) -> _Offer | None:
        if file.sha256 is None and file.path is None:
            return None  # nothing could tell whether its bytes are right
        try:
            if file.requires_python and not SpecifierSet(file.requires_python).contains(self._target.python, True):
                return None
            if file.filename.endswith(".whl"):
                rank = wheel_rank(file.filename, self._target, name=name)
                return (
                    None
                    if rank is None
                    else _Offer(version=parse_wheel_filename(file.filename)[1], file=file, rank=rank)
                )
            project, version = parse_sdist_filename(file.filename)
        except (InvalidWheelFilename, InvalidSdistFilename, InvalidSpecifier):
            return None
        return _Offer(version=version, file=file, rank=None) if project == name else None

    def _pin(self, name: str, offer: _Offer) -> Pin:
        key = (name, offer.version)
        if key not in self._pins:
            file = offer.file
            artifact = Artifact(
                filename=file.filename,
                sha256=file.sha256,
                size_bytes=file.size_bytes,
                url=None if file.path else file.url,
                path=file.path,
            )
            request = Request(project=name, artifact=artifact, pinned=True)
            filename, fetched = (file.filename, self._fetch(request)) if offer.rank else self._build(request)
            self._pins[key] = Pin(name=name, version=str(offer.version), filename=filename, fetched=fetched)
        return self._pins[key]

    def _requirements(self, pin: Pin) -> tuple[Requirement, ...]:
        if pin.fetched.sha256 not in self._metadata:
            self._metadata[pin.fetched.sha256] = _read_requirements(pin)
        return self._metadata[pin.fetched.sha256]

    def _applies(self, requirement: Requirement, extras: frozenset[str]) -> bool:
        if requirement.url is not None:
            raise InputError(f"build requirement {requirement.name} names a URL, and only indexes are asked")
        if requirement.marker is None:
            return True
        environment = self._target.marker_environment()
        try:
            return any(requirement.marker.evaluate({**environment, "extra": extra}) for extra in ("", *sorted(extras)))
        except (UndefinedComparison, UndefinedEnvironmentName) as error:
            raise InputError(f"marker of the build requirement {requirement.name} not understood: {error}") from error


def _fits(pin: Pin, known: _Known) -> bool:
    return known.specifiers.contains(pin.version, prereleases=True)


def parse_requirements(texts: Iterable[str], what: str) -> tuple[Requirement, ...]:
    """PEP 508 texts as values; raise InputError, naming ``what``, for one that is none."""
    parsed = []
    for text in texts:
        try:
            parsed.append(Requirement(text))
        except (InvalidRequirement, RecursionError) as error:  # parentheses nest as deep as their writer likes
            raise InputError(f"{what}: want a requirement, got {text[:200]!r}") from error
    return tuple(parsed)


def _read_requirements(pin: Pin) -> tuple[Requirement, ...]:
    try:
        with zipfile.ZipFile(pin.fetched.path) as archive:
            names = [n for n in archive.namelist() if n.endswith(".dist-info/METADATA") and n.count("/") == 1]
            if len(names) != 1 or archive.getinfo(names[0]).file_size > _MAX_METADATA_BYTES:
                raise ArchiveError(f"{pin.filename} is no wheel: want one METADATA, got {len(names)}")
            text = archive.read(names[0]).decode(errors="replace")
    except (*ZIP_ERRORS, OSError) as error:
        raise ArchiveError(f"{pin.filename} is no wheel: {error}") from error
    headers = email.parser.HeaderParser(policy=email.policy.compat32).parsestr(text)
    return parse_requirements((str(line) for line in headers.get_all("Requires-Dist", [])), pin.filename)
