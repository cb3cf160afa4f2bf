"""Documentation and examples that land beside packages by mistake or by custom.

What it does
============
Leaves out manual pages and ``share/doc``, a distribution's directories ``docs``, ``doc``, ``examples``,
``benchmarks`` at the top of site-packages, and ``README``, ``CHANGELOG`` and the like directly in site-packages.

Why
===
An image has no ``man`` and nobody reads it with an editor. A top-level ``examples`` or ``docs`` is a packaging
mistake; it stays importable, but empty. Documents *inside* a package stay, since a package may read them as data, and
so does a top-level directory that the distribution's own sources import.

Bad
===
::

    - ../../../share/man/man1/isympy.1
    - ../../../share/doc/pkg/manual.html
    - docs/index.rst
    - docs/conf/theme.css
      docs/conf.py
    - examples/first.py
      examples/__init__.py
    - README.md
    - CHANGELOG.rst
      pkg/__init__.py

Good
====
::

      pkg/docs/index.md
      pkg/README.md
      pkg/examples/__init__.py
      examples/__init__.py
      examples/first.py
      pkg/__init__.py | from examples import first
      LICENSE.txt

References
==========
Linux FHS 3.0, section 4.11 (``share/man``, ``share/doc``).
"""

import re
from collections.abc import Iterator

from lightship.ecosystem.leftovers import DOCUMENT
from lightship.plan.drop.rule import Distribution, Rule
from lightship.plan.drop.tests import roots_below, without_names

__all__ = ["RULE"]

_DIRECTORIES = frozenset({"docs", "doc", "examples", "example", "samples", "benchmarks"})
_SHARED = re.compile(r"(?:\.\./)+share/(?:man|doc|info)/.")


def _select(distribution: Distribution) -> Iterator[str]:
    yield from (path for path in distribution.files if path.startswith("../") and _SHARED.match(path))
    yield from (path for path in distribution.by_directory.get("", ()) if DOCUMENT.fullmatch(path))
    code = distribution.top_level - _DIRECTORIES
    if not any(not first.endswith((".pth", ".md", ".rst", ".txt")) for first in code):
        return  # the directory is the distribution
    tops = {
        root: below
        for root, below in roots_below(distribution, _DIRECTORIES).items()
        if "/" not in root and root not in distribution.imports
    }
    needed = distribution.mentions.kept(tops)
    for root, below in tops.items():
        if root not in needed:
            yield from without_names(root, below)


RULE = Rule(
    code="docs",
    safety="safe",
    reason="documentation or examples outside of any package",
    select=_select,
    doc=__doc__,
)
