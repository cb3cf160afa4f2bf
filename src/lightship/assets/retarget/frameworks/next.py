"""Next.js 13 to 16: ``.next`` as it was built, its ``standalone`` server, and a static export (``out``).

https://nextjs.org/docs/app/api-reference/config/next-config-js/assetPrefix (2026-10): the prefix stands in front of
``/_next/static/``, not of what is in ``public/``.
"""

import json
import re

from lightship.assets.reading.page import html_references
from lightship.assets.retarget.frameworks.framework import Framework, Tree
from lightship.assets.retarget.slot import Slot

__all__ = ["FRAMEWORK"]

_SERVER_FILES = ("required-server-files.json", ".next/required-server-files.json")
_EXPORTED = "_next/static/"
_STATIC = re.compile(r"(.*?)/_next/static/")
_HTML_SIZE = re.compile(rb'"(/[^"\\]*)"\s*:\s*\{|"htmlSize"\s*:\s*([0-9]+)')
_MANIFEST = "prerender-manifest.json"


def _recognise(tree: Tree) -> bool:
    paths = tree.paths
    return any(path in paths for path in (*_SERVER_FILES, "BUILD_ID", ".next/BUILD_ID")) or any(
        path.startswith(_EXPORTED) for path in paths
    )


def _prefix_of(tree: Tree) -> str | None:
    for path in _SERVER_FILES:
        if path in tree.paths:
            try:
                return str(json.loads(tree.read(path))["config"]["assetPrefix"])
            except (ValueError, KeyError, TypeError, RecursionError):
                return None
    for page in ("index.html", "404.html"):
        if page in tree.paths:
            found = (_STATIC.match(reference.target) for reference in html_references(tree.read(page)))
            return next((match[1] for match in found if match), None)
    return None


def _asked(path: str) -> bool:
    """Pages as they were built, and what lies below ``static``; ``public/`` where it is there."""
    inner = path.removeprefix(".next/")
    if inner.startswith("server/"):
        return inner.endswith(".html")
    return not inner.startswith(("standalone/", "node_modules/")) and (
        inner.startswith(("static/", "public/", _EXPORTED)) or path.endswith((".html", ".css", ".webmanifest", "sw.js"))
    )


def _moved(path: str) -> bool:
    return path.removeprefix(".next/").startswith("static/") or path.startswith(_EXPORTED)


def _sizes(path: str, content: bytes, tree: Tree) -> list[Slot]:
    """``htmlSize`` of Next 16.4's prerender-manifest.json: the bytes of the page's file."""
    folder, slash, name = path.rpartition("/")
    slots: list[Slot] = []
    route = ""
    for found in _HTML_SIZE.finditer(content) if name == _MANIFEST else ():
        if found[1] is not None:
            route = found[1].decode("utf-8", "replace").strip("/") or "index"
            continue
        for router in ("app", "pages"):
            page = f"{folder}{slash}server/{router}/{route}.html"
            if page in tree.paths and len(tree.read(page)) == int(found[2]):
                slots.append(Slot(begin=found.start(2), end=found.end(2), kind="size", path=page))
                break
    return slots


FRAMEWORK = Framework(
    name="next",
    title="Next.js",
    line='assetPrefix: "{prefix}",',
    where="next.config.js",
    recognise=_recognise,
    prefix_of=_prefix_of,
    idle=(
        "cache",
        "diagnostics",
        "trace",
        "trace-build",
        "types",
        "dev",
        ".next/cache",
        ".next/diagnostics",
        ".next/trace",
        ".next/trace-build",
        ".next/types",
        ".next/dev",
    ),
    caches=("server/route-cache", ".next/server/route-cache", "standalone/.next/server/route-cache"),
    sizes=_sizes,
    asked=_asked,
    moved=_moved,
)
