"""Type declarations, and what compilers left beside them.

What it does
============
Leaves out ``.d.ts``, ``.d.mts``, ``.d.cts``, ``.flow`` and ``.tsbuildinfo`` below ``node_modules``.

Why
===
Compilers and editors read them; Node does not.

Bad
===
::

    - node_modules/pkg/index.d.ts
    - node_modules/pkg/index.d.mts
    - node_modules/pkg/tsconfig.tsbuildinfo
      node_modules/pkg/index.js

Good
====
::

      node_modules/pkg/index.ts
      node_modules/pkg/package.json
      node_modules/pkg/lib/editor.d.ts
      node_modules/pkg/main.js | const types = readFileSync("lib/editor.d.ts")
      server.js | require("pkg/main")

References
==========
TypeScript 5.9 handbook, declaration files.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_SUFFIXES = (".d.ts", ".d.mts", ".d.cts", ".js.flow", ".tsbuildinfo")


def _select(server: Server) -> Iterator[str]:
    for path in server.modules:
        if path.endswith(_SUFFIXES) and path not in server.needed:
            yield path


RULE = Rule(
    code="type-declarations",
    safety="safe",
    reason="type declarations, which compilers and editors read",
    select=_select,
    doc=__doc__,
)
