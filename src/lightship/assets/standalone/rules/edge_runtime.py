"""The edge runtime, where no route and no middleware uses it.

What it does
============
Leaves out Next.js's sandbox for edge functions, where the build's ``middleware-manifest.json`` lists none.

Why
===
It is 1.4 MB that a server loads when it first runs such a function. Middleware for Node is none.

Bad
===
::

    - node_modules/next/dist/compiled/edge-runtime/index.js
    - node_modules/next/dist/compiled/@edge-runtime/primitives/load.js
    - node_modules/next/dist/server/web/sandbox/index.js
      node_modules/next/package.json
      .next/server/middleware-manifest.json | {"version": 3, "middleware": {}, "functions": {}}

Good
====
::

      node_modules/next/dist/compiled/edge-runtime/index.js
      node_modules/next/package.json
      .next/server/middleware-manifest.json | {"version": 3, "middleware": {"/": {"files": []}}, "functions": {}}

References
==========
Next.js 16.1, ``server/next-server.ts``: ``runMiddleware``, ``runEdgeFunction``.
"""

from collections.abc import Iterator

from lightship.assets.standalone.doors import has_edge_functions
from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    if server.tree.next_folder and not has_edge_functions(server.tree):
        yield from server.within("compiled/edge-runtime/", "compiled/@edge-runtime/", "server/web/sandbox/")


RULE = Rule(
    code="edge-runtime",
    safety="safe",
    reason="edge runtime, which no route of this build uses",
    select=_select,
    doc=__doc__,
)
