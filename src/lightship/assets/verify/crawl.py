"""From one page, or the files of a directory, to everything that a browser would ask for, and all of it asked.

Pages of the site's own origin are followed to a depth and a number; assets wherever they lie. What a script merely may
ask for is asked as well, and forgotten where nothing is there.
"""

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from lightship.assets.kinds import hashed_folders
from lightship.assets.reading.page import policies
from lightship.assets.reading.reference import Reference, kind_of
from lightship.assets.references import references
from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.assets.verify.observe import observed, reply_of
from lightship.assets.verify.site import Asset, Former, Reply, Site, Use
from lightship.assets.verify.urls import candidates, file_url, origin_of, path_of
from lightship.progress import Progress

if TYPE_CHECKING:
    from lightship.assets.verify.fetch import Fetcher

__all__ = ["ABSENT_STEM", "CrawlRequest", "FileFact", "FormerWanted", "crawl"]

ABSENT_STEM = "lightship-absent-3f2a9c1b"
"""Of names that no site has; they look as if they held a hash, which is what a release that is gone looks like."""
_ABSENT_SUFFIXES = ("js", "css", "woff2")
_TASK = "ask for pages and assets"
_READ = {
    "text/html": "page.html", "application/xhtml+xml": "page.xhtml", "text/css": "style.css",
    "text/javascript": "script.js", "application/javascript": "script.js", "application/x-javascript": "script.js",
    "application/manifest+json": "site.webmanifest", "image/svg+xml": "image.svg",
}  # fmt: skip
"""What has references in it, and the name that says so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFact:
    """What a file of the directory holds, plain."""

    sha256: str
    plain_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerWanted:
    """An address of an older release, with what is known of it."""

    url: str
    release: str
    sha256: str = ""
    etag: str = ""
    hashed: bool = False
    listed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlRequest:
    """``root`` is where to begin; ``files`` are those of the directory that is served there, by their paths. ``others``
    False asks the site and named CDNs alone."""

    root: str
    files: Mapping[str, FileFact] = field(default_factory=dict)
    formers: tuple[FormerWanted, ...] = ()
    others: bool = True


@dataclass(slots=True, kw_only=True)
class _Found:
    """What is known of an address before all is."""

    depth: int
    page: bool
    asked: bool = False
    uses: dict[Use, None] = field(default_factory=dict)
    asset: Asset | None = None


def crawl(fetcher: "Fetcher", request: CrawlRequest, progress: Progress) -> Site:
    """Ask for all of it. Bounds are the fetcher's; what they cut off is counted in the result."""
    return _Crawl(fetcher, request, progress).run()


class _Crawl:
    def __init__(self, fetcher: "Fetcher", request: CrawlRequest, progress: Progress) -> None:
        self._fetcher = fetcher
        self._limits = fetcher.limits
        self._request = request
        self._progress = progress
        self._origin = origin_of(request.root)
        self._own = (self._origin, *fetcher.reach.cdns)
        self._found: dict[str, _Found] = {}
        self._left: set[str] = set()
        self._pages = 0
        self._elsewhere: list[Use] = []

    def run(self) -> Site:
        self._progress.start(_TASK, unit="addresses")
        try:
            with ThreadPoolExecutor(self._limits.workers) as pool:
                try:
                    return self._run(pool)
                except BaseException:  # or the pool would wait for whoever is silent
                    self._fetcher.abort()
                    raise
        finally:
            self._progress.finish(_TASK)

    def _run(self, pool: ThreadPoolExecutor) -> Site:
        wave = self._begin()
        while wave:
            seen = list(pool.map(self._ask, wave))
            wave = list(dict.fromkeys(url for one in seen for url in self._took(*one)))
        absent = dict(pool.map(self._absent, self._absent_urls()))
        formers = tuple(pool.map(self._former, self._request.formers))
        return self._site(absent, formers)

    def _begin(self) -> list[str]:
        root = self._request.root
        uses = [Use(url=root, by="", kind="page")]
        for path in self._request.files:
            url = file_url(root, path)
            uses.append(Use(url=url, by="", kind=kind_of(path) or "other"))
            if path.endswith("/index.html"):
                uses.append(Use(url=url.removesuffix("index.html"), by="", kind="page"))
        return [url for use in uses for url in self._add(use, 0)]

    def _add(self, use: Use, depth: int) -> Iterator[str]:
        """Remember the use; yield its address where that is to be asked."""
        known = self._found.get(use.url)
        if known is not None:
            known.uses[use] = None
            return
        foreign = origin_of(use.url) not in self._own
        page = use.kind == "page" and kind_of(use.url) in (None, "page")
        if use.kind == "map" or (page and origin_of(use.url) != self._origin):
            return
        if foreign and (not self._request.others or origin_of(use.url) == PLACEHOLDER):  # that one is nobody's
            self._elsewhere.append(use)
            return
        if page and (depth > self._limits.depth or self._pages >= self._limits.pages):
            if self._pages >= self._limits.pages:
                self._left.add(use.url)
            return
        if len(self._found) >= self._limits.urls:
            self._left.add(use.url)
            return
        self._pages += page
        self._found[use.url] = _Found(depth=depth, page=page, uses={use: None})
        yield use.url

    def _ask(self, url: str) -> tuple[str, Asset | None, tuple[Use, ...]]:
        found = self._found[url]
        own = origin_of(url) in self._own
        certain = any(use.certain for use in found.uses)
        asset = Asset(url=url, uses=tuple(found.uses), own=own, page=found.page, site_origin=self._origin)
        if not certain and not self._is_there(asset):
            return url, None, ()
        asset, content = observed(self._fetcher, asset, thorough=own)
        self._progress.advance(_TASK)
        plain = asset.plain
        name = _READ.get(plain.media_type) if plain is not None else None
        if name is None or not own or not content:
            return url, asset, ()
        base = plain.hops[-1] if plain is not None and plain.hops else url
        if found.page:
            asset = replace(asset, policies=tuple(policy.text for policy in policies(content)))
        return url, asset, tuple(self._uses(base, references(name, content), url))

    def _is_there(self, asset: Asset) -> bool:
        """Whether a guess was right: there is something, and it is not the page that answers everything."""
        reply, _ = reply_of(self._fetcher.ask(asset.url))
        return reply.status == 200 and reply.media_type != "text/html"

    def _uses(self, base: str, found: Iterable[Reference], by: str) -> Iterator[Use]:
        for one in found:
            if one.via.startswith("form"):  # what a form is sent to is no page
                continue
            for url in candidates(one, base, self._request.root):
                yield Use(
                    url=url,
                    by=by,
                    kind=one.kind,
                    certain=one.certain,
                    crossorigin=one.crossorigin,
                    integrity=one.integrity,
                )

    def _took(self, url: str, asset: Asset | None, uses: tuple[Use, ...]) -> Iterator[str]:
        found = self._found[url]
        found.asset = asset
        found.asked = True
        for use in uses:
            again = self._found.get(use.url)
            if again is not None and again.asked and again.asset is None and use.certain:
                again.uses[use] = None  # it was a guess that nothing was at, and somebody surely asks for it
                again.asked = False
                yield use.url
            else:
                yield from self._add(use, found.depth + (use.kind == "page"))

    def _absent_urls(self) -> list[str]:
        """Beside the scripts and styles of every origin of ours, and at the site's root."""
        folders: dict[str, int] = {urljoin(self._request.root, "."): 0}
        for url, found in self._found.items():
            if found.asset is not None and found.asset.own and kind_of(url) in ("script", "style"):
                folder = urljoin(url, ".")
                folders[folder] = folders.get(folder, 0) + 1
        chosen: dict[str, list[str]] = {}
        for folder in sorted(folders, key=lambda folder: -folders[folder]):
            chosen.setdefault(origin_of(folder), []).append(folder)
        places = [folder for found in chosen.values() for folder in found[:2]]
        return [f"{folder}{ABSENT_STEM}.{suffix}" for folder in places for suffix in _ABSENT_SUFFIXES]

    def _absent(self, url: str) -> tuple[str, Reply]:
        return url, reply_of(self._fetcher.ask(url))[0]

    def _former(self, wanted: FormerWanted) -> Former:
        reply, _ = reply_of(self._fetcher.ask(wanted.url))
        again = None
        if wanted.etag and reply.status == 200:
            asked = {"If-None-Match": wanted.etag}
            again, _ = reply_of(self._fetcher.ask(wanted.url, headers=asked))
        return Former(
            url=wanted.url,
            release=wanted.release,
            reply=reply,
            sha256=wanted.sha256,
            etag=wanted.etag,
            again=again,
            hashed=wanted.hashed,
            listed=wanted.listed,
        )

    def _site(self, absent: Mapping[str, Reply], formers: tuple[Former, ...]) -> Site:
        seen = {url: found.asset for url, found in sorted(self._found.items()) if found.asset is not None}
        folders = hashed_folders([path_of(url) for url in seen])
        root = self._request.root
        files = {file_url(root, path): fact for path, fact in self._request.files.items()}
        assets = []
        for url, asset in seen.items():
            fact = files.get(url) or files.get(f"{url}index.html")
            assets.append(
                replace(
                    asset,
                    uses=tuple(self._found[url].uses),
                    folders=folders,
                    file_sha256=fact.sha256 if fact else None,
                    file_bytes=fact.plain_bytes if fact else None,
                )
            )
        uses = [use for found in self._found.values() for use in found.uses]
        return Site(
            root=root,
            assets=tuple(assets),
            absent=absent,
            uses=tuple(sorted({*uses, *self._elsewhere}, key=lambda use: (use.url, use.by, use.kind))),
            formers=formers,
            left=len(self._left),
            why=f"{self._limits.urls} addresses or {self._limits.pages} pages are as many as are asked",
        )
