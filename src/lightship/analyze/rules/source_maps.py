"""Source maps of scripts and style sheets.

What it does
============
Finds ``.js.map``, ``.mjs.map``, ``.cjs.map`` and ``.css.map``.

Why
===
A browser asks for them only when its developer tools are open, and they show the sources to whoever does. The script
they belong to works without. Keep them where errors are reported with them.

Bad
===
::

    RUN npm run build

Good
====
::

    RUN npm run build && find dist -name '*.map' -delete

References
==========
ECMA-426, source map format, 1st edition.
"""

from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import SOURCE_MAP_SUFFIXES
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    paths = [path for path in survey.suffixed(".map") if path.lower().endswith(SOURCE_MAP_SUFFIXES)]
    yield from tell_leftovers(
        RULE, survey, paths, "source maps", "end the RUN that makes them with: && find . -name '*.map' -delete"
    )


RULE = Rule(
    code="source-maps",
    severity="warning",
    safety="safe",
    title="source maps",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({".map"}),
)
