"""Source maps of scripts and style sheets.

What it does
============
Leaves out ``.js.map``, ``.mjs.map``, ``.cjs.map`` and ``.css.map``.

Why
===
A browser asks for them only when its developer tools are open. The script they belong to works without.

Bad
===
::

      pkg/static/app.js
    - pkg/static/app.js.map
    - pkg/static/app.css.map

Good
====
::

      pkg/static/app.js
      pkg/data/world.map
      pkg/data/world.json.map

References
==========
ECMA-426, source map format, 1st edition.
"""

from collections.abc import Iterator

from lightship.ecosystem.leftovers import SOURCE_MAP_SUFFIXES
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    for path in distribution.with_suffix(".map"):
        if path.lower().endswith(SOURCE_MAP_SUFFIXES):
            yield path


RULE = Rule(
    code="source-maps",
    safety="safe",
    reason="source map, which only a browser's developer tools read",
    select=_select,
    doc=__doc__,
)
