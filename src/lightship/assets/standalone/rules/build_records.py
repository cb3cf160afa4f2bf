"""What the build wrote for itself: traces of files, caches, reports.

What it does
============
Leaves out ``.nft.json`` files of the build, its compilers' caches (``cache`` without ``fetch-cache`` and ``images``),
``trace``, ``diagnostics``, ``types`` and ``turbopack``.

Why
===
The next build reads them. What was fetched for pages, and pictures that were made, are read when pages are asked for:
those stay.

Bad
===
::

    - .next/server/app/page.js.nft.json
    - .next/cache/webpack/server-production/0.pack
    - .next/cache/.tsbuildinfo
    - .next/trace
    - .next/types/routes.d.ts
      .next/server/app/page.js

Good
====
::

      .next/cache/fetch-cache/5d41402a
      .next/cache/images/a/b.webp
      .next/BUILD_ID
      .next/prerender-manifest.json

References
==========
https://github.com/vercel/nft; Next.js 16, ``outputFileTracingIncludes``.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_RECORDS = ("trace", "trace-build", "diagnostics", "types", "turbopack")
_READ_LATER = ("cache/fetch-cache/", "cache/images/")


def _select(server: Server) -> Iterator[str]:
    dist = server.tree.dist
    for path in server.tree.below(dist):
        inside = path[len(dist) + 1 :]
        cached = inside.startswith("cache/") and not inside.startswith(_READ_LATER)
        if inside.endswith(".nft.json") or cached or inside.partition("/")[0] in _RECORDS:
            yield path


RULE = Rule(
    code="build-records",
    safety="safe",
    reason="written by the build for the next build",
    select=_select,
    doc=__doc__,
)
