"""The simple repository API: the files that an index, a directory or a page of links offers for a project.

PEP 503 (HTML), PEP 691 (JSON), PEP 592 (yanked), PEP 700 (sizes); version 1 of the API
(https://packaging.python.org/en/latest/specifications/simple-repository-api/). Nothing here is believed: a file
counts only once its bytes have the locked hash. Yanked files are listed as others: a lock may still name them.
"""

import contextlib
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

from lightship.build.index.settings import display_url
from lightship.errors import NetworkError

__all__ = ["ACCEPT", "IndexFile", "links_of_directory", "normalised", "parse_html", "parse_json"]

ACCEPT = "application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+/[A-Za-z0-9._~/+!-]*")
"""An absolute address without port, escapes, query and fragment, which `urljoin` would return as it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexFile:
    """One file on offer. ``url`` is absolute: http, https, or (only from local listings) file."""

    filename: str
    url: str
    sha256: str | None = None
    size_bytes: int | None = None
    requires_python: str | None = None
    yanked: bool = False

    @property
    def path(self) -> Path | None:
        """The host path of a ``file:`` URL."""
        parts = urlsplit(self.url)
        return Path(unquote(parts.path)) if parts.scheme == "file" else None


def normalised(name: str) -> str:
    """A project's name as simple pages are addressed (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def parse_json(content: bytes, base_url: str) -> tuple[IndexFile, ...]:
    """The files of a PEP 691 answer; entries that break the format are left out, as nothing could be won by them.

    Raise NetworkError when the answer as a whole is none.
    """
    try:
        page = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise _no_page(base_url, "what it calls JSON is none") from error
    files = page.get("files") if isinstance(page, dict) else None
    if not isinstance(files, list):
        raise _no_page(base_url, "its JSON has no list of files")
    meta = page.get("meta")
    _check_version(meta.get("api-version") if isinstance(meta, dict) else None, base_url)
    return tuple(file for entry in files if (file := _entry(entry, base_url)) is not None)


def _entry(entry: object, base_url: str) -> IndexFile | None:
    if not isinstance(entry, dict):
        return None
    filename, url = entry.get("filename"), entry.get("url")
    if not isinstance(filename, str) or not isinstance(url, str):
        return None
    address = _absolute(base_url, url, local=_is_local(base_url))
    if address is None:
        return None
    hashes, size, python = entry.get("hashes"), entry.get("size"), entry.get("requires-python")
    sha256 = hashes.get("sha256") if isinstance(hashes, dict) else None
    return IndexFile(
        filename=filename,
        url=address,
        sha256=_hash(sha256 if isinstance(sha256, str) else None),
        size_bytes=size if isinstance(size, int) and not isinstance(size, bool) and size >= 0 else None,
        requires_python=python if isinstance(python, str) else None,
        yanked=bool(entry.get("yanked", False)),
    )


def parse_html(content: bytes, base_url: str) -> tuple[IndexFile, ...]:
    """The links of a PEP 503 page or of any page of links; the file name is the last part of each address."""
    links = _Links()
    with contextlib.suppress(AssertionError):  # html.parser's answer to "<![" and rubbish: the links before it count
        links.feed(content.decode("utf-8", errors="replace"))
        links.close()
    _check_version(links.version, base_url)
    base = _base(base_url, links.base)
    local = _is_local(base_url)
    return tuple(file for attributes in links.anchors if (file := _anchor(attributes, base, local=local)) is not None)


def _base(page: str, element: str | None) -> str:
    try:
        return urljoin(page, element) if element else page
    except ValueError:
        return page


def _anchor(attributes: dict[str, str | None], base: str, *, local: bool) -> IndexFile | None:
    address = _absolute(base, attributes.get("href") or "", local=local)
    if address is None:
        return None
    parts = urlsplit(address)
    found = re.search(r"(?:^|&)sha256=([0-9a-fA-F]{64})(?:&|$)", parts.fragment)
    return IndexFile(
        filename=unquote(parts.path.rpartition("/")[2]),
        url=address.partition("#")[0],
        sha256=found[1].lower() if found else None,
        requires_python=attributes.get("data-requires-python"),
        yanked="data-yanked" in attributes,
    )


class _Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.anchors: list[dict[str, str | None]] = []
        self.base: str | None = None
        self.version: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        if tag == "a" and attributes.get("href"):
            self.anchors.append(attributes)
        elif tag == "base" and self.base is None:
            self.base = attributes.get("href")
        elif tag == "meta" and attributes.get("name") == "pypi:repository-version":
            self.version = attributes.get("content")


def _is_local(url: str) -> bool:
    return url.startswith("file:")


def _absolute(base: str, url: str, *, local: bool) -> str | None:
    """``url`` seen from ``base``; None for what may not be followed: a page from the network has no ``local`` files.

    Whether a page is local is known from where it was read, never from a ``<base>`` that it carries.
    """
    if _PLAIN_URL.fullmatch(url):  # nearly all of them, and there may be 300,000 for one lock
        return url
    try:
        address = urljoin(base, url.strip())
        parts = urlsplit(address)
    except ValueError:
        return None
    if "\0" in unquote(parts.path):
        return None
    return address if parts.scheme in ("http", "https") or (local and parts.scheme == "file") else None


def _hash(text: str | None) -> str | None:
    if text is None:
        return None
    lower = text.lower()
    return lower if _SHA256.fullmatch(lower) else None


def _check_version(version: object, url: str) -> None:
    if isinstance(version, str) and version.partition(".")[0] not in ("", "1"):
        raise _no_page(url, f"its simple API has version {version[:20]}, and version 1 is understood")


def _no_page(url: str, why: str) -> NetworkError:
    return NetworkError(
        f"{display_url(url)} is no page of a package index: {why}",
        hint="the index URL ends where the simple API begins, usually in /simple; a log-in page also looks like this",
    )


def links_of_directory(directory: Path) -> Iterator[IndexFile]:
    """The files that lie in ``directory`` itself, by name."""
    for path in sorted(directory.iterdir()):
        if path.is_file():
            yield IndexFile(filename=path.name, url=path.absolute().as_uri(), size_bytes=path.stat().st_size)
