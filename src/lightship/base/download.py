"""Packages by their hash: from the cache, or from whichever configured archive still has them."""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lightship.base.fetch import Fetcher, NotInArchiveError
from lightship.base.index import PackageRecord
from lightship.base.source import ArchiveSettings
from lightship.base.suites import SCHEMES, configured_sources
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache

__all__ = ["archive_bases", "fetch_packages"]

_JOBS = 8


def archive_bases(settings: ArchiveSettings) -> dict[str, tuple[str, ...]]:
    """Archive URIs (with a slash at the end) by the suite that they are configured for; read without network."""
    bases: dict[str, dict[str, None]] = {}
    for source in configured_sources(settings):
        if source.uri.partition(":")[0] not in SCHEMES:
            continue
        for suite in source.suites:
            bases.setdefault(suite, {})[source.uri.rstrip("/") + "/"] = None
    return {suite: tuple(uris) for suite, uris in bases.items()}


def fetch_packages(
    records: Sequence[PackageRecord], settings: ArchiveSettings, cache: Cache, *, progress: Progress = SILENT
) -> list[Path]:
    """Cache entries (kind ``debs``) of ``records``, in their order; nothing is opened when all are there.

    Raise NotInArchiveError for a package that no archive has, MismatchError for one that is not what was promised.
    """
    missing = {record.sha256: record for record in records if cache.find_verified("debs", record.sha256) is None}
    if missing:
        _fetch_missing(missing.values(), settings, cache, progress)
    return [cache.path("debs", record.sha256) for record in records]


def _fetch_missing(
    records: Iterable[PackageRecord], settings: ArchiveSettings, cache: Cache, progress: Progress
) -> None:
    wanted = sorted(records, key=lambda record: -record.size_bytes)
    bases = archive_bases(settings)
    progress.start("packages", sum(record.size_bytes for record in wanted), unit="B")
    with (
        Fetcher(proxies=settings.proxies, ca_file=settings.ca_file) as fetcher,
        ThreadPoolExecutor(_JOBS) as pool,
    ):

        def save(record: PackageRecord) -> None:
            _save(record, bases, fetcher, cache)
            progress.advance("packages", record.size_bytes)

        list(pool.map(save, wanted))
    progress.finish("packages")


def _save(record: PackageRecord, bases: Mapping[str, tuple[str, ...]], fetcher: Fetcher, cache: Cache) -> None:
    # A package moves between suites (security to main at a point release) and keeps its hash: others may have it.
    own = bases.get(record.suite, ())
    others = (uri for suite in bases for uri in bases[suite])
    for base in dict.fromkeys([*own, *others]):
        try:
            fetcher.save(base + record.filename, cache, "debs", sha256=record.sha256, size_bytes=record.size_bytes)
        except NotInArchiveError:
            continue
        return
    raise NotInArchiveError(
        f"package gone from the archive: {record.name} {record.version} ({record.filename})",
        hint="remove the base lock to take what the archive has today, or set [archive] uri to a snapshot of that day",
    )
