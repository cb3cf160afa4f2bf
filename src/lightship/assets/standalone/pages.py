"""What to ask a server of: one request for every page and route that its build lists.

The manifests are those of Next.js 13.5 to 16, below the build's folder: ``app-path-routes-manifest.json``,
``server/pages-manifest.json``, ``prerender-manifest.json``, ``routes-manifest.json``. A dynamic part is filled from a
page that was made at build time, else with ``1``: what such a page answers (often 404) is an answer too.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, quote_from_bytes

from lightship.assets.standalone.static import is_picture, public_folder
from lightship.assets.standalone.tree import ServerTree

__all__ = ["Ask", "asks"]

_NO_SUCH_PAGE = "/lightship-no-such-page"
_INSIDE = frozenset({"/_app", "/_document", "/_error", "/_middleware", "/middleware", "/instrumentation"})
_DYNAMIC = re.compile(r"\[\[?(?:\.\.\.)?([^\]]+)\]?\]")
_SAFE = "/:@!$&'()*+,;=~-._%"
_INTERCEPTED = re.compile(r"/\(\.{1,3}\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One request; ``route`` is the build's name for what answers it."""

    route: str
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """For people: the path, and what is special about the request."""
        return f"{self.path} ({', '.join(self.headers)})" if self.headers else self.path


def asks(tree: ServerTree, further: tuple[str, ...] = (), *, images: bool = False) -> tuple[Ask, ...]:
    """Every page and route, each page's data as well, one picture where ``images`` are made smaller, a page that does
    not exist, and ``further`` paths. No two are the same."""
    found = [*_pages(tree)]
    if images:
        found += _picture(tree)
    base = _base_path(tree)
    found.append(Ask(route="/404", path=base + _NO_SUCH_PAGE))
    found += [Ask(route=path, path=path if path.startswith("/") else f"/{path}") for path in further]
    return tuple({(ask.path, tuple(ask.headers)): ask for ask in found}.values())


def _base_path(tree: ServerTree) -> str:
    base = tree.json(f"{tree.dist}/routes-manifest.json").get("basePath")
    return base if isinstance(base, str) else ""


def _pages(tree: ServerTree) -> Iterator[Ask]:
    base = _base_path(tree)
    made = _made_pages(tree)
    app_paths = tree.json(f"{tree.dist}/app-path-routes-manifest.json")
    app_routes = {str(route): str(path) for path, route in app_paths.items()}
    for route in sorted(app_routes):
        if _INTERCEPTED.search(route):
            continue
        for path in _filled(route, made):
            yield Ask(route=route, path=_url(base, path))
            if app_routes[route].endswith("/page"):
                yield Ask(route=route, path=_url(base, path), headers={"RSC": "1"})
    build_id = _build_id(tree)
    for route in sorted(map(str, tree.json(f"{tree.dist}/server/pages-manifest.json"))):
        if route in _INSIDE or route in app_routes:
            continue
        for path in _filled(route, made):
            yield Ask(route=route, path=_url(base, path))
            if build_id and not route.startswith("/api/") and route not in ("/404", "/500"):
                inside = "/index" if path == "/" else path
                yield Ask(route=route, path=_url(base, f"/_next/data/{build_id}{inside}.json"))


def _url(base: str, path: str) -> str:
    return quote(base + ("" if path == "/" and base else path), safe=_SAFE, errors="replace")


def _build_id(tree: ServerTree) -> str:
    path = f"{tree.dist}/BUILD_ID"
    return tree.read(path).decode(errors="replace").strip() if tree.files.get(path, 0) in range(1, 300) else ""


def _made_pages(tree: ServerTree) -> dict[str, str]:
    """For a dynamic route, the first page that was made of it."""
    found: dict[str, str] = {}
    routes = tree.json(f"{tree.dist}/prerender-manifest.json").get("routes")
    for path, about in sorted(routes.items()) if isinstance(routes, dict) else ():
        source = about.get("srcRoute") if isinstance(about, dict) else None
        if isinstance(source, str) and source != path:
            found.setdefault(source, str(path))
    return found


def _filled(route: str, made: Mapping[str, str]) -> Iterator[str]:
    if "[" not in route:
        yield route
        return
    if route in made:
        yield made[route]
    yield _DYNAMIC.sub("1", route)


def _picture(tree: ServerTree) -> Iterator[Ask]:
    """One picture below ``public`` or among the build's, made smaller."""
    base = _base_path(tree)
    said = tree.images.get("path")
    optimiser = said if isinstance(said, str) and said else f"{base}/_next/image"
    widths = tree.images.get("deviceSizes")
    width = widths[0] if isinstance(widths, list) and widths else 640
    qualities = tree.images.get("qualities")
    quality = qualities[0] if isinstance(qualities, list) and qualities else 75
    public, media = f"{public_folder(tree)}/", f"{tree.dist}/static/media/"
    for path in tree.files:
        if is_picture(path) and not path.lower().endswith(".ico") and path.startswith((public, media)):
            url = f"/{path[len(public) :]}" if path.startswith(public) else f"/_next/static/media/{path[len(media) :]}"
            yield Ask(
                route=optimiser,
                path=f"{optimiser}?url={quote_from_bytes(os.fsencode(base + url), safe='')}&w={width}&q={quality}",
                headers={"Accept": "image/webp,*/*"},
            )
            return
