"""Pictures that no script or page of the build names.

What it does
============
With ``--static moved``, leaves out raster pictures that `static-moved` keeps for ``/_next/image``, where neither their
path nor their name stands in a script or a page of the build.

Why
===
Icons and screenshots of a web manifest, pictures in style sheets: browsers fetch them as they are. A name that is put
together at run time, or comes from a data base, is not seen: hence the class.

Bad
===
With ``--static moved``::

    - public/screenshots/wide.png
      public/logo.png
      .next/server/app/page.js | const path = "/_next/image", src = "/logo.png"

Good
====
::

      public/screenshots/wide.png
      .next/server/app/page.js | const path = "/_next/image"

References
==========
Next.js 16, ``next/image``: ``src`` is a path below ``public``, or an import: a path below ``.next/static/media``.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server
from lightship.assets.standalone.static import is_picture, static_files

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    if server.options.static == "keep" or not server.optimises_images:
        return
    left = {path for path in static_files(server.tree) if is_picture(path)}
    for script in server.scripts:
        if not left:
            return
        source = server.tree.read(script)
        left -= {path for path in left if path.rpartition("/")[2].encode() in source}
    yield from sorted(left)


RULE = Rule(
    code="pictures-unnamed",
    safety="closure",
    reason="picture that no script or page of the build names",
    select=_select,
    doc=__doc__,
)
