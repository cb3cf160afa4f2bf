"""Next.js's builder and its development server.

What it does
============
Leaves out those files of the package ``next`` that build, check types, develop, export or report, and that nothing
which serves loads: most of ``dist/build``, ``dist/cli``, ``dist/server/dev`` and the like, and the metrics of all of
Google's fonts, which ``next/font`` reads when it builds.

Why
===
They are one package with the server, told apart by options of the start.

Bad
===
::

    - node_modules/next/dist/build/webpack/loaders/css.js
    - node_modules/next/dist/server/dev/hot-reloader-webpack.js
    - node_modules/next/dist/server/capsize-font-metrics.json
    - node_modules/next/dist/server/lib/router-utils/setup-dev-bundler.js
      node_modules/next/dist/build/output/log.js
      node_modules/next/dist/server/next.js | require("../build/output/log")
      node_modules/next/package.json
      server.js | require("next/dist/server/next")

Good
====
::

      node_modules/next/package.json
      node_modules/next/dist/server/next.js
      node_modules/other/dist/build/main.js
      server.js | require("next/dist/server/next")

References
==========
Next.js 16.1, ``server/lib/router-server.ts``: ``if (opts.dev)``; ``server/font-utils.ts``.
"""

from collections.abc import Iterator

from lightship.assets.standalone.doors import BUILDER
from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    if server.tree.next_folder:
        yield from server.within(*BUILDER)


RULE = Rule(
    code="next-build",
    safety="safe",
    reason="Next.js's builder or development server",
    select=_select,
    doc=__doc__,
)
