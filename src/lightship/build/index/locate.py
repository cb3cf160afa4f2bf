"""Where a locked file can be had: its own URL, local listings, the configured indexes; found by name and hash.

The locked URL comes first when the lock's index is one that the user configured. Where it is not (a mirror, a
shared lock), the file is looked up in what the user did configure, and the locked URL is the last resort: uv would
use it, and the hash decides in any case.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from lightship.build.index.http import IndexClient, MissingError, Page, StoppedError
from lightship.build.index.request import Request
from lightship.build.index.settings import canonical_url, display_url
from lightship.build.index.simple import (
    ACCEPT,
    IndexFile,
    links_of_directory,
    normalised,
    parse_html,
    parse_json,
)
from lightship.errors import NetworkError, StorageError
from lightship.paths import storage_errors

__all__ = ["Catalogue"]


_KEPT_FILES = 20_000
"""Listed files that are remembered, at about 600 bytes each; the pages of 384 projects list several times as many."""


class Catalogue:
    """What the user's indexes and link pages offer. Each page is read once, whatever number of threads asks; those
    that were not asked for longest are forgotten when they get too many."""

    def __init__(self, client: IndexClient) -> None:
        self._client = client
        self._settings = client.settings
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._pages: OrderedDict[str, tuple[IndexFile, ...] | NetworkError | StorageError] = OrderedDict()
        self._parsing = threading.Lock()

    def places(self, request: Request, faults: list[Exception]) -> Iterator[IndexFile]:
        """Every place that may have the file, the likeliest first; ``faults`` gets what could not be asked, and why.

        Nothing is asked before its turn comes, so a file found early costs no further request.
        """
        artifact = request.artifact
        own = IndexFile(filename=artifact.filename, url=artifact.url, sha256=artifact.sha256) if artifact.url else None
        trusted = request.pinned or (request.index is not None and self._settings.knows_index(request.index))
        if own is not None and trusted:
            yield own
        if not request.pinned:
            for file in self.offers(request.project, request.index, faults):
                if _same(file, request):
                    yield file
        if own is not None and not trusted:
            yield own

    def offers(self, project: str, index: str | None, faults: list[Exception]) -> Iterator[IndexFile]:
        """Every file that link pages and indexes list for ``project``; local listings before the network.

        ``index`` is asked too when the user configured it as explicit.
        """
        urls = self._settings.index_urls
        if index is not None and self._settings.knows_index(index):
            known = {canonical_url(url): url for url in (*urls, *self._settings.explicit_index_urls)}
            urls = tuple(dict.fromkeys((known[canonical_url(index)], *urls)))  # the spelling without a secret
        sources: list[tuple[str, Callable[[], tuple[IndexFile, ...]]]] = [
            *((link, lambda link=link: self._links(link)) for link in self._settings.find_links),
            *((url, lambda url=url: self._project(url, project)) for url in urls),
        ]
        sources.sort(key=lambda source: source[0].startswith(("http:", "https:")))
        for _, ask in sources:
            try:
                files = ask()
            except StoppedError:
                raise
            except (NetworkError, StorageError) as error:
                faults.append(error)
                continue
            yield from files

    def _project(self, index_url: str, project: str) -> tuple[IndexFile, ...]:
        address = f"{index_url.rstrip('/')}/{quote(normalised(project))}/"
        local = _local_path(address)
        if local is not None:
            return self._once(address, lambda: _read_local(local))
        return self._once(address, lambda: self._read_page(address))

    def _links(self, link: str) -> tuple[IndexFile, ...]:
        local = _local_path(link)
        if local is not None:
            return self._once(link, lambda: _read_local(local))
        return self._once(link, lambda: self._read_page(link))

    def _read_page(self, address: str) -> tuple[IndexFile, ...]:
        try:
            page = self._client.page(address, accept=ACCEPT)
        except MissingError:
            return ()
        parse = _parser(page)
        with self._parsing:  # it is the interpreter's work anyway, and a page takes ten times its size meanwhile
            return parse(page.content, page.url)

    def _once(self, key: str, read: Callable[[], tuple[IndexFile, ...]]) -> tuple[IndexFile, ...]:
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            with self._guard:
                found = self._pages.get(key)
            if found is None:
                try:
                    found = read()
                except StoppedError:
                    raise
                except (NetworkError, StorageError) as error:
                    found = error
            self._keep(key, found)
        if isinstance(found, Exception):
            raise found
        return found

    def _keep(self, key: str, found: tuple[IndexFile, ...] | NetworkError | StorageError) -> None:
        with self._guard:
            self._pages[key] = found
            self._pages.move_to_end(key)
            kept = sum(len(files) for files in self._pages.values() if isinstance(files, tuple))
            while kept > _KEPT_FILES and len(self._pages) > 1:
                _, forgotten = self._pages.popitem(last=False)
                kept -= len(forgotten) if isinstance(forgotten, tuple) else 0


def _parser(page: Page) -> Callable[[bytes, str], tuple[IndexFile, ...]]:
    if page.content_type.endswith("json"):
        return parse_json
    if page.content_type in ("", "text/html", "application/xhtml+xml", "application/vnd.pypi.simple.v1+html"):
        return parse_html
    raise NetworkError(f"{display_url(page.url)} is no page of a package index: it is {page.content_type[:60]}")


def _same(file: IndexFile, request: Request) -> bool:
    """The hash decides where it is listed; else the name, and the hash once the bytes are here."""
    if file.sha256 is not None and request.artifact.sha256 is not None:
        return file.sha256 == request.artifact.sha256
    return file.filename == request.artifact.filename


def _local_path(place: str) -> Path | None:
    if place.startswith("file:"):
        return Path(unquote(urlsplit(place).path))
    return None if place.startswith(("http:", "https:")) else Path(place)


def _read_local(path: Path) -> tuple[IndexFile, ...]:
    """A directory of files, a directory with an ``index.html`` of links, or an HTML file; nothing where none is."""
    with storage_errors(f"read the links of {path}"):
        page = path / "index.html" if path.is_dir() else path
        if page.is_file():
            return parse_html(page.read_bytes(), page.absolute().as_uri())
        if path.is_dir():
            return tuple(links_of_directory(path))
    return ()
