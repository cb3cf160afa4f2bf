"""What editors, merges and file managers leave behind.

What it does
============
Leaves out ``.DS_Store``, ``Thumbs.db``, ``desktop.ini``, ``*.orig``, ``*.rej``, ``*.swp`` and names that end in ``~``.

Why
===
They were in the packager's directory and no program was written to read them.

Bad
===
::

    - pkg/.DS_Store
    - pkg/core.py.orig
    - pkg/.core.py.swp
    - pkg/core.py~

Good
====
::

      pkg/core.py
      pkg/orig.py
      pkg/store.db

References
==========
github.com/github/gitignore, ``Global/`` (macOS, Windows, Vim), 2024.
"""

import posixpath
from collections.abc import Iterator

from lightship.ecosystem.leftovers import EDITOR_NAMES, EDITOR_SUFFIXES
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    for path in distribution.files:
        if path.endswith(EDITOR_SUFFIXES) or posixpath.basename(path) in EDITOR_NAMES:
            yield path


RULE = Rule(
    code="editor-leftovers",
    safety="safe",
    reason="left behind by an editor or file manager",
    select=_select,
    doc=__doc__,
)
