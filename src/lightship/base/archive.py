"""A distribution's archive, opened: verified releases, searchable indexes, and packages into the cache.

Trust runs one way: keyring, InRelease, Packages by its SHA-256, each package by its own.
"""

import datetime
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lightship.archive.codec import open_decompressed
from lightship.archive.verify import VerifyingReader
from lightship.base.fetch import Fetcher, NotInArchiveError
from lightship.base.index import (
    INDEX_VERSION,
    PackageRecord,
    contents_rows,
    find_packages,
    find_providers,
    package_rows,
)
from lightship.base.release import IndexFile, smallest_index
from lightship.base.source import ArchiveSettings
from lightship.base.suites import Suite, open_suites
from lightship.base.table import Table, encode_rows, open_table
from lightship.ecosystem.dpkg import Relation, version_key
from lightship.errors import InputError
from lightship.oci.digest import Digest
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache

__all__ = ["Archive", "open_archive"]

_INDEX_CAP_BYTES = 1 << 30
_SUFFIXES = (".xz", ".zst", ".gz")


class Archive:
    """What `open_archive` gives: look-ups over every suite, and downloads."""

    def __init__(
        self,
        *,
        architecture: str,
        suites: Sequence[Suite],
        tables: Sequence[tuple[Suite, Table]],
        fetcher: Fetcher,
        cache: Cache,
        notes: Sequence[str],
    ) -> None:
        self.architecture = architecture
        self.suites = tuple(suites)
        self.notes = tuple(notes)
        self._tables = tuple(tables)
        self._fetcher = fetcher
        self._cache = cache
        self._contents: list[Path] | None = None

    def find(self, name: str, relation: Relation | None = None) -> PackageRecord | None:
        """The newest version of ``name`` that ``relation`` accepts."""
        found = [
            record
            for suite, table in self._tables
            for record in find_packages(table, name, suite.name)
            if relation is None or relation.accepts(record.version)
        ]
        return max(found, key=lambda record: version_key(record.version), default=None)

    def providers(self, name: str) -> tuple[str, ...]:
        """Names of packages that provide the virtual package ``name``, sorted."""
        return tuple(sorted({other for _, table in self._tables for other in find_providers(table, name)}))

    def owners(self, key: str) -> tuple[str, ...]:
        """Names of packages with the library file name or the program path ``key`` (``usr/bin/bash``), sorted.

        The first call fetches the suites' Contents, some ten megabytes each, unless they are cached.
        """
        if self._contents is None:
            self._contents = list(self._contents_tables())
        found: set[str] = set()
        for path in self._contents:
            with open_table(path) as table:
                found |= {row[1] for row in table.find(key)}
        return tuple(sorted(found))

    def _contents_tables(self) -> Iterator[Path]:
        for suite in self.suites:
            paths = [f"{component}/Contents-{self.architecture}" for component in suite.components]
            for path in [*paths, f"Contents-{self.architecture}"]:
                index = smallest_index(suite.release, path, _SUFFIXES)
                if index is not None and index.size_bytes:
                    yield _table(suite, index, "contents", self._fetcher, self._cache)


@contextmanager
def open_archive(
    settings: ArchiveSettings,
    *,
    architecture: str,
    cache: Cache,
    at: datetime.datetime,
    distribution: str = "",
    progress: Progress = SILENT,
) -> Iterator[Archive]:
    """Fetch and verify the releases and indexes of ``settings`` for a Debian ``architecture`` (``amd64``).

    ``at`` is the time that dates are checked against. Of the host's own sources those of a distribution count;
    others, and suites that apt takes from only when told, are named in ``notes``. ``distribution`` (``bookworm``)
    chooses where the sources hold several.
    """
    with ExitStack() as stack:
        fetcher = stack.enter_context(Fetcher(proxies=settings.proxies, ca_file=settings.ca_file))
        suites, notes = open_suites(settings, fetcher, architecture=architecture, at=at, distribution=distribution)
        jobs = [(suite, index) for suite in suites for index in _package_indexes(suite, architecture)]
        progress.start("package index", len(jobs))
        tables = []
        for suite, index in jobs:
            path = _table(suite, index, "packages", fetcher, cache)
            tables.append((suite, stack.enter_context(open_table(path))))
            progress.advance("package index")
        progress.finish("package index")
        yield Archive(
            architecture=architecture, suites=suites, tables=tables, fetcher=fetcher, cache=cache, notes=notes
        )


def _package_indexes(suite: Suite, architecture: str) -> Iterator[IndexFile]:
    # Architecture-independent packages are in the architecture's own index as well (No-Support-for-Architecture-all).
    for component in suite.components:
        path = f"{component}/binary-{architecture}/Packages"
        index = smallest_index(suite.release, path, _SUFFIXES)
        if index is None:
            raise InputError(
                f"suite {suite.name} has no packages of {architecture} in {component}: it has "
                f"{', '.join(suite.release.architectures)} and {', '.join(suite.release.components)}",
                hint="set an archive of that architecture in [archive] of lightship.toml",
            )
        if index.size_bytes:
            yield index


def _table(suite: Suite, index: IndexFile, kind: str, fetcher: Fetcher, cache: Cache) -> Path:
    """The compact table of ``index``, made when the cache has none; its key names the bytes it was made of."""
    key = f"{kind}-{INDEX_VERSION}-{index.sha256}"
    found = cache.find("indexes", key)
    if found is not None:
        return found
    with closing(_open_index(suite, index, fetcher)) as stream, cache.write("indexes", key) as output:
        rows = package_rows(stream, what=index.path) if kind == "packages" else contents_rows(stream)
        output.write(encode_rows(rows))
    return cache.path("indexes", key)


def _open_index(suite: Suite, index: IndexFile, fetcher: Fetcher) -> BinaryIO:
    """The plain index; its hash has been checked when the stream ends."""
    folder, _, name = index.path.rpartition("/")
    by_name = f"{suite.directory}{index.path}"
    by_hash = f"{suite.directory}{folder}/by-hash/SHA256/{index.sha256}"
    try:
        packed = fetcher.read(by_hash if suite.release.by_hash else by_name, cap_bytes=index.size_bytes)
    except NotInArchiveError:
        if not suite.release.by_hash:
            raise
        packed = fetcher.read(by_name, cap_bytes=index.size_bytes)
    stream = VerifyingReader(BytesIO(packed), Digest("sha256", index.sha256), index.size_bytes, what=index.path)
    return open_decompressed(stream, limit_bytes=_INDEX_CAP_BYTES, what=name)
