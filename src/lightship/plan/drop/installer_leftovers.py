"""What installers and interrupted installations leave behind.

What it does
============
Leaves out ``REQUESTED``, uv's cache notes and wheel signatures in ``.dist-info``, and directories whose name begins
with ``~``, which pip leaves when an uninstallation is interrupted.

Why
===
``REQUESTED`` and the cache notes matter to the next installation only, and an image is never installed into.
Signatures are of the wheel's ``RECORD``, which an installation rewrites. Python cannot import a name with ``~``.

Bad
===
::

    - pkg-1.0.dist-info/REQUESTED
    - pkg-1.0.dist-info/uv_cache.json
    - pkg-1.0.dist-info/RECORD.jws
    - ~kg/__init__.py

Good
====
::

      pkg-1.0.dist-info/METADATA
      pkg-1.0.dist-info/RECORD
      pkg-1.0.dist-info/entry_points.txt
      pkg-1.0.dist-info/direct_url.json
      pkg/REQUESTED

References
==========
PEP 376, ``REQUESTED``; binary distribution format, signed wheel files.
"""

import posixpath
from collections.abc import Iterator

from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]

_NOTES = frozenset({"REQUESTED", "uv_cache.json", "uv_build.json", "RECORD.jws", "RECORD.p7s"})


def _select(distribution: Distribution) -> Iterator[str]:
    for directory, paths in distribution.by_directory.items():
        if directory.startswith("~"):
            yield from paths
        elif directory.endswith(".dist-info"):
            yield from (path for path in paths if posixpath.basename(path) in _NOTES)


RULE = Rule(
    code="installer-leftovers",
    safety="safe",
    reason="note of an installer to itself",
    select=_select,
    doc=__doc__,
)
