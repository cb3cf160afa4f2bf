"""Static files that a CDN or another server has.

What it does
============
With ``--static moved`` leaves out ``public`` and the build's ``static`` folder. Raster pictures stay while this server
makes pictures smaller and the build uses ``next/image``: ``/_next/image?url=/logo.png`` reads them from its own disk.

Why
===
Nothing else of a server reads them: its pages name them, browsers fetch them. They are most of a tree's bytes.

Bad
===
With ``--static moved``::

    - public/robots.txt
    - public/vs/editor.js
    - .next/static/chunks/a1b2.js
      public/logo.png
      .next/static/media/hero.5f3c.webp
      .next/server/app/page.js | const path = "/_next/image"

Good
====
::

      public/robots.txt
      .next/static/chunks/a1b2.js

References
==========
Next.js 16, ``output``: ``public`` and ``.next/static`` are copied into a standalone server by hand, if at all.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server
from lightship.assets.standalone.static import is_picture, static_files

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    if server.options.static == "keep":
        return
    pictures = server.optimises_images and server.asks_for_images
    yield from (path for path in static_files(server.tree) if not (pictures and is_picture(path)))


RULE = Rule(
    code="static-moved",
    safety="safe",
    reason="static file, which another server or a CDN has",
    select=_select,
    doc=__doc__,
)
