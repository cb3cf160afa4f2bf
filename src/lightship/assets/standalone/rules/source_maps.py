"""Source maps of what the server runs.

What it does
============
Leaves out source maps below ``node_modules`` and the build's ``server`` folder.

Why
===
A browser never sees them. Node reads them for the traces of errors, if it is started with ``--enable-source-maps`` or
Next.js turns that on; without them a trace names lines of the bundle. Keep them with ``--keep '**/*.map'``.

Bad
===
::

    - .next/server/chunks/1.js.map
    - node_modules/pkg/index.js.map
      .next/server/chunks/1.js

Good
====
::

      .next/static/chunks/1.js.map
      .next/server/app/sw.js.map.body
      node_modules/pkg/world.map

References
==========
ECMA-426, source map format, 1st edition.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server
from lightship.ecosystem.leftovers import SOURCE_MAP_SUFFIXES

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    built = (path for path in server.tree.below(f"{server.tree.dist}/server"))
    for path in {*server.modules, *built}:
        if path.endswith((*SOURCE_MAP_SUFFIXES, ".ts.map")):
            yield path


RULE = Rule(
    code="source-maps",
    safety="safe",
    reason="source map, which a running server does not need",
    select=_select,
    doc=__doc__,
)
