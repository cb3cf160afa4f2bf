"""``lightship base``: which base fits a project's lock, and why not the others."""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.base.fit.bases import Candidate, Figure, candidate_of, candidates
from lightship.base.fit.needs import Needs, find_needs
from lightship.base.fit.rank import Row, judge, rank
from lightship.build.index.settings import IndexSettings
from lightship.build.wheel_facts import WheelFacts, cached_wheel_facts
from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.ecosystem.elf.closure import Closure, PlacedElf, find_outside_needs
from lightship.ecosystem.python.fits import Reason, accepts_python, fits
from lightship.ecosystem.python.locked import LockedPackage
from lightship.ecosystem.python.offers import ANY_GLIBC, LockFacts, read_offers
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.target import Target
from lightship.errors import LightshipError, LockError, NetworkError
from lightship.flows.base_identity import PACKAGES
from lightship.flows.base_python import PythonChoice, choose_python, full_version
from lightship.flows.request import BuildRequest
from lightship.oci.platform import Platform
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.units import format_names

__all__ = ["Against", "FitOutcome", "FitRequest", "fit_base", "lock_facts"]

_MACHINES = (Platform(os="linux", architecture="amd64"), Platform(os="linux", architecture="arm64"))
_PATIENCE_S = 0.5
_TASK = "read wheels"


@dataclass(frozen=True, slots=True, kw_only=True)
class FitRequest:
    """``build`` says which project, with which options, and how registries are reached. ``measure``: ask registries and
    the package archive (True), only cite (False), or ask what answers at once (None). ``against`` are images that are
    judged beside the usual ones; so is the project's own base, where that is an image."""

    build: BuildRequest
    platform: Platform
    now: datetime.datetime
    measure: bool | None = None
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Against:
    """An image that the user named. ``base`` is None where its name does not tell what it is."""

    name: str
    base: KnownBase | None
    reasons: tuple[Reason, ...]
    row: Row | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FitOutcome:
    """``facts`` are those of the platform, ``machines`` those of every machine that was looked at, the platform's
    first; ``rows`` are ranked."""

    lock: Path
    python: PythonChoice
    platform: Platform
    facts: LockFacts
    machines: tuple[LockFacts, ...]
    needs: Needs
    rows: tuple[Row, ...]
    against: tuple[Against, ...]
    notes: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """True unless an image that was asked about does not fit, or is not known."""
        return all(each.base is not None and not each.reasons for each in self.against)


def fit_base(request: FitRequest, cache: Cache, progress: Progress) -> FitOutcome:
    """Judge every base. Raise LockError for a lock that is missing, broken or stale, UsageError for unknown groups."""
    build = request.build
    project = Project.discover(build.project)
    python = choose_python(project, build.options, request.platform, build.environ)
    notes: list[str] = []
    reading = _Reading(request, project, cache, progress, notes)
    facts = reading.facts(python.version, request.platform)
    machines = tuple(_machines(reading, python.version, request.platform, facts, notes))
    offered = candidates(facts.minor)
    wheels = reading.wheels(
        facts, _closure_libc(offered), all_of_them=request.measure is True or _is_locked(build.project)
    )
    closure, owners = _closure(wheels, request.platform)
    needs = find_needs(
        facts,
        {name: [elf for _, elf in found.elves] for name, found in wheels.items()},
        closure if wheels else None,
        owners,
    )
    own = build.options.base
    asked = (own, *request.against) if own not in PACKAGES and known_base(own) is not None else request.against
    named = [(name, known_base(name)) for name in dict.fromkeys(asked)]
    known = [candidate_of(base) for _, base in named if base is not None and base.family != "scratch"]
    figures = _figures(request, [*offered, *known], cache, progress, notes)
    offered = tuple(_measured(each, figures) for each in offered)
    offered = tuple(
        _with_closure(each, request, closure, wheels, facts, cache, progress, notes) if each.key == "closure" else each
        for each in offered
    )
    return FitOutcome(
        lock=project.lock(build.options.lock).path,
        python=python,
        platform=request.platform,
        facts=facts,
        machines=machines,
        needs=needs,
        rows=rank(judge(candidate, facts) for candidate in offered),
        against=tuple(_against(name, base, reading, facts, figures, request.platform) for name, base in named),
        notes=tuple(notes),
    )


def lock_facts(
    project: Project, python: str, request: BuildRequest, platform: Platform, cache: Cache, progress: Progress
) -> LockFacts:
    """What the project's lock offers CPython ``python`` on ``platform``, without asking any index."""
    reading = _Reading(
        FitRequest(build=request, platform=platform, now=datetime.datetime.now(datetime.UTC), measure=False),
        project, cache, progress, [],
    )  # fmt: skip
    return reading.facts(python, platform)


class _Reading:
    """The lock, read for one Python and machine after the other."""

    def __init__(
        self, request: FitRequest, project: Project, cache: Cache, progress: Progress, notes: list[str]
    ) -> None:
        self._request = request
        self._project = project
        self._cache = cache
        self._progress = progress
        self._notes = notes

    def facts(self, python: str, platform: Platform) -> LockFacts:
        """Offers of every package that applies."""
        from lightship.flows.wheels import select_packages

        target = Target(python=python, platform=platform, libc="glibc", libc_version=ANY_GLIBC)
        selection = select_packages(self._project, target, self._request.build.options, self._cache)
        packages = self._completed(selection.packages, selection.lock)
        return read_offers(packages, python=python, platform=platform, requires_python=self._project.requires_python)

    def _completed(self, packages: tuple[LockedPackage, ...], lock: Path) -> tuple[LockedPackage, ...]:
        """A lock of hashes alone gets its files from the index, or from what an index said before."""
        if not any(package.hashes and not package.wheels for package in packages):
            return packages
        from lightship.build.index.configured import read_index_settings
        from lightship.build.index.offered import with_offered_files

        def settings() -> IndexSettings:
            if self._request.measure is False:
                raise NetworkError("no index is asked")
            named = {package.index for package in packages if package.index}
            return read_index_settings(self._request.build.environ, lock, named=named)

        try:
            return with_offered_files(
                packages, settings, self._cache, jobs=self._request.build.jobs, progress=self._progress
            )
        except LightshipError as error:
            note = f"{lock.name} names hashes, no files, so which wheels there are is not known: {error}"
            if note not in self._notes:
                self._notes.append(note)
            return packages

    def wheels(self, facts: LockFacts, version: tuple[int, int], *, all_of_them: bool) -> dict[str, WheelFacts]:
        """What the wheels for this glibc that are in the cache ask for: of the compiled ones, or of all."""
        found: dict[str, WheelFacts] = {}
        self._progress.start(_TASK, len(facts.offers), unit="packages")
        for offer in facts.offers:
            self._progress.advance(_TASK)
            wheel = offer.wheel("glibc", version)
            if wheel is None or wheel.sha256 is None or (wheel.libc == "any" and not all_of_them):
                continue
            path = self._cache.find("wheels", wheel.sha256)
            if path is None:
                continue
            try:
                found[offer.name] = cached_wheel_facts(path, wheel.sha256, self._cache)
            except LightshipError as error:
                self._notes.append(f"{wheel.filename} is not understood: {error}")
        self._progress.finish(_TASK)
        return found


def _machines(
    reading: _Reading, python: str, platform: Platform, own: LockFacts, notes: list[str]
) -> Iterable[LockFacts]:
    yield own
    for other in _MACHINES:
        if other.machine == platform.machine:
            continue
        try:
            yield reading.facts(python, other)
        except LockError as error:
            notes.append(f"nothing is said of {other.machine}: {error}")


def _closure(wheels: Mapping[str, WheelFacts], platform: Platform) -> tuple[Closure, dict[str, str]]:
    placed = [
        PlacedElf(path=f"{name}/{path}", owner=name, elf=elf)
        for name, found in wheels.items()
        for path, elf in found.elves
    ]
    return find_outside_needs(placed, machine=platform.machine), {each.path: each.owner for each in placed}


def _closure_libc(offered: Iterable[Candidate]) -> tuple[int, int]:
    """The glibc of lightship's own base, as far as the Python tells it."""
    return next((each.libc_version for each in offered if each.key == "closure"), None) or ANY_GLIBC


def _is_locked(project: Path) -> bool:
    from lightship.base.lock_name import LOCK_NAME

    return (project / LOCK_NAME).is_file()


def _figures(
    request: FitRequest, known: Iterable[Candidate], cache: Cache, progress: Progress, notes: list[str]
) -> dict[str, Figure]:
    """What registries say of the images, as far as they were asked."""
    from lightship.base.fit.measure import measure_images, reachable, remembered

    if request.measure is False:
        return {}
    images = list(dict.fromkeys(each.image for each in known if each.image))
    figures = {
        image: figure
        for image in images
        if (figure := remembered(image, request.platform, cache, now=request.now)) is not None
    }
    missing = [image for image in images if image not in figures]
    environ = request.build.access.environ
    if request.measure is None and missing and not reachable(missing[0], environ, patience_s=_PATIENCE_S):
        return figures
    found, faults = measure_images(
        missing, request.platform, request.build.access, cache, now=request.now, progress=progress
    )
    notes += _not_measured(faults)
    return {**figures, **found}


def _not_measured(faults: Mapping[str, LightshipError]) -> Iterable[str]:
    """One note for a registry, however many of its images are missing."""
    from lightship.oci.reference import ImageName

    by_registry: dict[str, list[str]] = {}
    for image in sorted(faults):
        by_registry.setdefault(ImageName.parse(image).registry, []).append(image)
    for images in by_registry.values():
        yield f"not measured: {format_names(images)}: {faults[images[0]]}"


def _measured(candidate: Candidate, figures: Mapping[str, Figure]) -> Candidate:
    figure = figures.get(candidate.image)
    if figure is None:
        return candidate
    return replace(candidate, figure=replace(figure, at_least=bool(candidate.addition)))


def _with_closure(
    candidate: Candidate,
    request: FitRequest,
    closure: Closure,
    wheels: Mapping[str, WheelFacts],
    facts: LockFacts,
    cache: Cache,
    progress: Progress,
    notes: list[str],
) -> Candidate:
    """The closure with its own bytes, where lock and cache, or the archive, tell them."""
    from lightship.flows.base_closure import measure_closure

    online = request.measure is True
    if request.measure is False or not (online or _is_locked(request.build.project)):
        return candidate
    version = candidate.libc_version or ANY_GLIBC
    wanted = {offer.name: wheel for offer in facts.offers if (wheel := offer.wheel("glibc", version)) is not None}
    unread = [name for name, wheel in wanted.items() if wheel.libc != "any" and name not in wheels]
    if unread:
        notes.append(
            f"lightship's closure was not measured: {len(unread)} compiled wheels are not in the cache "
            f"({format_names(unread)}); lightship build fetches them"
        )
        return candidate
    try:
        figure, libc_version = measure_closure(
            request.build, request.platform, closure, wheels, cache,
            whole=wheels.keys() >= wanted.keys(), online=online, progress=progress,
        )  # fmt: skip
    except LightshipError as error:
        notes.append(f"lightship's closure was not measured: {error}")
        return candidate
    return replace(candidate, figure=figure, libc_version=libc_version, release="")


def _against(
    name: str,
    base: KnownBase | None,
    reading: _Reading,
    facts: LockFacts,
    figures: Mapping[str, Figure],
    platform: Platform,
) -> Against:
    if base is None:
        reason = Reason(code="not-known", message="its name does not tell what it is", closed=False)
        return Against(name=name, base=None, reasons=(reason,), row=None)
    if base.python is not None and base.python != facts.minor and accepts_python(facts.requires_python, base.python):
        facts = reading.facts(full_version(base.python), platform)
    row = judge(_measured(candidate_of(base), figures), facts)
    return Against(name=name, base=base, reasons=fits(facts, base), row=row)
