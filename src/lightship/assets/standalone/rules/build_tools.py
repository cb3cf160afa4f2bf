"""Compilers and bundlers that were traced by mistake.

What it does
============
Leaves out whole packages that build others (``typescript``, ``webpack``, ``esbuild``, ``terser``, ``sass``, …), where
nothing but Next.js's own builder and packages of this list names them.

Why
===
Next.js finds out what a server needs by the names in its sources, and its sources name what it builds with:
``typescript`` alone is 20 MB. A standalone server has its configuration in ``server.js`` and compiles nothing.

Bad
===
::

    - node_modules/typescript/package.json
    - node_modules/typescript/lib/typescript.js
    - node_modules/terser/package.json
    - node_modules/terser/main.js
      node_modules/next/package.json
      node_modules/next/dist/server/next.js | require("typescript")

Good
====
::

      node_modules/typescript/package.json
      node_modules/typescript/index.js
      .next/server/app/api/route.js | e.exports = require("typescript")

References
==========
Next.js 16, ``serverExternalPackages``: what is not bundled is loaded by its name, and then stays here.
"""

from collections.abc import Iterator

from lightship.assets.standalone.doors import is_build_tool
from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    for package in server.tree.packages.values():
        if is_build_tool(package.name):
            files = list(server.tree.below(package.folder))
            if not any(path in server.needed for path in files):
                yield from files


RULE = Rule(
    code="build-tools",
    safety="safe",
    reason="compiler or bundler, which a server does not start",
    select=_select,
    doc=__doc__,
)
