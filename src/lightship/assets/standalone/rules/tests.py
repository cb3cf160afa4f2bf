"""Tests that packages ship.

What it does
============
Leaves out folders called ``test``, ``tests``, ``__tests__`` or ``__mocks__`` of packages, whole, where nothing that the
server can load lies in them.

Why
===
A test runner reads them.

Bad
===
::

    - node_modules/pkg/test/index.js
    - node_modules/pkg/test/data/one.json
    - node_modules/pkg/lib/__tests__/core.js
      node_modules/pkg/lib/core.js
      node_modules/pkg/package.json

Good
====
::

      node_modules/pkg/package.json
      node_modules/pkg/index.js | require("./test/util")
      node_modules/pkg/test/util.js
      node_modules/pkg/test/data.json
      node_modules/test/index.js
      server.js | require("pkg")

References
==========
Conventions of mocha and jest.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]

_FOLDERS = frozenset({"test", "tests", "__tests__", "__mocks__"})


def _select(server: Server) -> Iterator[str]:
    folders: dict[str, list[str]] = {}
    for path in server.modules:
        package = server.tree.package_of(path)
        if package is None:
            continue
        parts = path[len(package.folder) + 1 :].split("/")[:-1]
        found = next((index for index, part in enumerate(parts) if part in _FOLDERS), None)
        if found is not None:
            folders.setdefault("/".join((package.folder, *parts[: found + 1])), []).append(path)
    for files in folders.values():
        if not any(path in server.needed for path in files):
            yield from files


RULE = Rule(
    code="tests",
    safety="safe",
    reason="tests of a package",
    select=_select,
    doc=__doc__,
)
