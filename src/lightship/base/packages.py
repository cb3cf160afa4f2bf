"""Packages of a base: first those of the lock, then those of the archive; fetched, opened, remembered."""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from lightship.base.archive import Archive, open_archive
from lightship.base.deb import unpack_deb
from lightship.base.download import fetch_packages
from lightship.base.index import PackageRecord
from lightship.base.lock import ArchitectureLock, BaseLock, LockedRelease
from lightship.base.request import BaseRequest
from lightship.base.solve import Selection
from lightship.base.unpacked import UnpackedDeb
from lightship.ecosystem.dpkg import Relation, parse_relations
from lightship.progress import Progress
from lightship.store.cache import Cache

__all__ = ["Packages"]

_JOBS = 4


class Packages:
    """The `PackageSource` of a request. The archive is opened into ``stack`` when it is first needed."""

    def __init__(self, request: BaseRequest, cache: Cache, section: str, stack: ExitStack, progress: Progress) -> None:
        self._request = request
        self._cache = cache
        self._stack = stack
        self._progress = progress
        self._architecture = request.platform.architecture
        self._archive: Archive | None = None
        self._opened: dict[str, UnpackedDeb] = {}
        self._lock = request.lock or BaseLock(architectures={})
        self._section = self._architecture + section
        self.locked = self._lock.section(self._section)
        self._by_name = {record.name: record for record in self.locked.packages}
        self._locked_providers: dict[str, list[str]] = {}
        for record in self.locked.packages:
            for group in parse_relations(record.provides):
                self._locked_providers.setdefault(group[0].name, []).append(record.name)

    @property
    def notes(self) -> tuple[str, ...]:
        """What the archive's opening had to say."""
        return self._archive.notes if self._archive is not None else ()

    def find(self, name: str, relation: Relation | None = None) -> PackageRecord | None:
        """The locked version, or the archive's newest that ``relation`` accepts. A name that a locked package provides
        is a virtual one: the lock has decided who provides it."""
        locked = self._by_name.get(name)
        if locked is not None:
            return locked if relation is None or relation.accepts(locked.version) else None
        if name in self._locked_providers:
            return None
        return self._open_archive().find(name, relation)

    def providers(self, name: str) -> tuple[str, ...]:
        """Locked packages that provide ``name``, else the archive's."""
        locked = self._locked_providers.get(name)
        return tuple(locked) if locked else self._open_archive().providers(name)

    def has(self, name: str) -> bool:
        """Whether there is such a package; a lock that was made without it has not."""
        return name in self._by_name if self._by_name else self.find(name) is not None

    def is_locked(self, name: str) -> bool:
        return name in self._by_name

    def owners(self, key: str) -> tuple[str, ...]:
        return self._open_archive().owners(key)

    def open(self, records: Sequence[PackageRecord]) -> list[UnpackedDeb]:
        """Fetch what is not cached, check it, take it apart."""
        wanted = [record for record in records if record.sha256 not in self._opened]
        paths = fetch_packages(wanted, self._request.archive, self._cache, progress=self._progress)
        with ThreadPoolExecutor(_JOBS) as pool:  # decompressing, hashing and compressing leave the interpreter's lock
            for deb in pool.map(
                lambda pair: unpack_deb(pair[1], pair[0], self._cache), zip(wanted, paths, strict=True)
            ):
                self._opened[deb.record.sha256] = deb
        return [self._opened[record.sha256] for record in records]

    def lock_of(self, selection: Selection, *, requested: Iterable[str], missing: Iterable[str]) -> BaseLock:
        """The lock that reproduces ``selection``; the old one when nothing changed, so its dates stay."""
        packages = tuple(selection.records())
        if packages == self.locked.packages or self._archive is None:
            releases = self.locked.releases
        else:
            releases = tuple(
                LockedRelease(
                    suite=suite.name,
                    origin=suite.release.origin,
                    codename=suite.release.codename,
                    version=suite.release.version,
                    date=suite.release.date.isoformat(),
                    inrelease_sha256=suite.inrelease_sha256,
                )
                for suite in self._archive.suites
            )
        section = ArchitectureLock(
            releases=releases,
            packages=packages,
            requested=tuple(sorted(set(requested))),
            missing=tuple(sorted(missing)),
        )
        return self._lock.with_section(self._section, section)

    def _open_archive(self) -> Archive:
        if self._archive is None:
            self._archive = self._stack.enter_context(
                open_archive(
                    self._request.archive,
                    architecture=self._architecture,
                    cache=self._cache,
                    at=self._request.at,
                    distribution=self._request.distribution or self._locked_distribution(),
                    progress=self._progress,
                )
            )
        return self._archive

    def _locked_distribution(self) -> str:
        return self.locked.releases[0].codename.split("-")[0] if self.locked.releases else ""
