"""Documents of packages.

What it does
============
Leaves out Markdown and ``README``, ``CHANGELOG`` and the like below ``node_modules``, unless a source of the package
names them. Licences stay, whatever they are called.

Why
===
People read them where packages come from.

Bad
===
::

    - node_modules/pkg/README.md
    - node_modules/pkg/docs/guide.markdown
    - node_modules/pkg/CHANGELOG
      node_modules/pkg/LICENSE.md
      node_modules/pkg/package.json
      node_modules/pkg/index.js

Good
====
::

      README.md
      node_modules/pkg/package.json
      node_modules/pkg/prompt.md
      node_modules/pkg/index.js | readFileSync(join(__dirname, "prompt.md"))
      server.js | require("pkg")

References
==========
https://docs.npmjs.com/cli/v11/configuring-npm/package-json, ``files``: README and LICENSE are always packed.
"""

from collections.abc import Iterator

from lightship.assets.standalone.rule import Rule, Server
from lightship.ecosystem.leftovers import DOCUMENT

__all__ = ["RULE"]


def _select(server: Server) -> Iterator[str]:
    for path in server.modules:
        name = path.rpartition("/")[2]
        if (name.lower().endswith((".md", ".markdown")) or DOCUMENT.fullmatch(name)) and path not in server.needed:
            yield path


RULE = Rule(
    code="docs",
    safety="safe",
    reason="documents of a package, which nothing of it names",
    select=_select,
    doc=__doc__,
)
