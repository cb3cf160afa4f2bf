"""The image library, where this server makes no pictures smaller.

What it does
============
Leaves out ``sharp``, ``@img/…`` and what they alone need, with ``--images off``, or where the build's configuration
has ``images.unoptimized`` or a loader of its own. It stays when something else of the application loads it.

Why
===
``libvips`` is 17 MB for each C library. Next.js loads ``sharp`` when ``/_next/image`` is asked for, and answers without
it with the picture as it is; with ``unoptimized`` or another loader nobody asks.

Bad
===
With ``--images off``::

    - node_modules/sharp/package.json
    - node_modules/sharp/lib/index.js | require("detect-libc")
    - node_modules/@img/sharp-linux-x64/package.json
    - node_modules/@img/sharp-linux-x64/lib/sharp-linux-x64.node
    - node_modules/detect-libc/package.json
    - node_modules/detect-libc/index.js

Good
====
With ``--images off``::

      node_modules/sharp/package.json
      node_modules/sharp/index.js
      .next/server/app/api/route.js | e.exports = require("sharp")

References
==========
Next.js 16.1, ``server/image-optimizer.ts``: ``getSharp``; "If we fail to optimize, fallback to the original image".
"""

from collections.abc import Iterator

from lightship.assets.standalone.reach import reachable
from lightship.assets.standalone.rule import Rule, Server

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    if server.optimises_images:
        return
    tree, needed = server.tree, server.needed
    library = [each.folder for each in tree.packages.values() if each.name == "sharp" or each.name.startswith("@img/")]
    library = [folder for folder in library if not any(path in needed for path in tree.below(folder))]
    own = [path for folder in library for path in tree.below(folder)]
    behind = {package.folder for path in reachable(tree, own) if (package := tree.package_of(path)) is not None}
    for folder in sorted(behind.union(library)):
        if not any(path in needed for path in tree.below(folder)):
            yield from tree.below(folder)


RULE = Rule(
    code="images-off",
    safety="safe",
    reason="image library, which this server does not use",
    select=_select,
    doc=__doc__,
)
