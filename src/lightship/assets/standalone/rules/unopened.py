"""Modules that a traced run did not open.

What it does
============
Leaves out files below ``node_modules`` that were neither opened, nor looked for by a name that stands in what was
opened (``require.resolve("pkg/style")``), while the server started and answered a request for every
route. It wants ``--safety traced``, which starts the server in the sandbox.

Why
===
Only what is opened is used; but what only an error, a form or a page with data opens was not seen. What the build wrote
(``.next/server``) stays, whatever was opened of it.

Bad
===
As opened: ``node_modules/pkg/index.js``::

    - node_modules/pkg/lib/rare.js
      node_modules/pkg/package.json
      node_modules/pkg/index.js
      .next/server/chunks/rare.js

Good
====
::

      node_modules/pkg/lib/rare.js
      node_modules/pkg/index.js

References
==========
inotify(7): opens are seen, looks at names alone are not.
"""

from collections.abc import Iterator

from lightship.assets.standalone.reach import resolved
from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    if server.opened is not None:
        used = server.opened | resolved(server.tree, server.opened)
        yield from (path for path in server.modules if path not in used)


RULE = Rule(
    code="unopened",
    safety="traced",
    reason="not opened in a traced run of every route",
    select=_select,
    doc=__doc__,
)
