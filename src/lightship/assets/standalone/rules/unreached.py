"""Modules that no source of the server names.

What it does
============
Leaves out whole packages below ``node_modules`` of which nothing can be loaded, and of the others scripts, JSON and
WebAssembly that no name leads to, from ``server.js``, from what the build wrote, and on from what those load. A
package that loads by names made at run time stays whole, with all it may depend on; other data stays.

Why
===
Next.js traces with the widest net. What is left after its own builder is set aside is code for browsers, for other
module systems, and for builds that this one is not.

Bad
===
::

    - node_modules/left/package.json
    - node_modules/left/index.js
    - node_modules/pkg/esm/main.mjs
    - node_modules/pkg/module.wasm
      node_modules/pkg/package.json | {"main": "main.js"}
      node_modules/pkg/main.js
      node_modules/pkg/libnative.so
      server.js | require("pkg")

Good
====
::

      node_modules/pkg/package.json | {"optionalDependencies": {"other": "1"}}
      node_modules/pkg/index.js | require(`./lib/${name}.js`)
      node_modules/pkg/lib/one.js
      node_modules/other/package.json
      node_modules/other/index.js
      server.js | require("pkg")

References
==========
https://nodejs.org/api/modules.html#all-together (Node 24).
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_LOADED = (".js", ".cjs", ".mjs", ".json", ".wasm", ".ts", ".mts", ".cts", ".jsx", ".tsx", ".jsonc")


def _select(server: Server) -> Iterator[str]:
    tree, needed = server.tree, server.needed
    alive = {package.folder for path in needed if (package := tree.package_of(path)) is not None}
    for path in server.modules:
        if path in needed:
            continue
        package = tree.package_of(path)
        if package is not None and (package.folder not in alive or path.endswith(_LOADED)):
            yield path


RULE = Rule(
    code="unreached",
    safety="closure",
    reason="no name in the sources of the server leads to it",
    select=_select,
    doc=__doc__,
)
