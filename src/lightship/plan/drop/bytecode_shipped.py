"""Bytecode that came inside a wheel.

What it does
============
Leaves out ``__pycache__/*.pyc`` whose source is shipped too.

Why
===
It was compiled on the packager's machine: for another Python, or stale once times are made canonical. The
builder compiles its own for the target. A cached file is never more than a copy of its source, so no program
can see the difference. A ``.pyc`` that stands in for its source (outside ``__pycache__``) stays.

Bad
===
::

    - pkg/__pycache__/core.cpython-310.pyc
      pkg/core.py

Good
====
::

      pkg/secret.pyc
      pkg/__pycache__/gone.cpython-312.pyc
      pkg/core.py

References
==========
PEP 3147, PYC repository directories; binary distribution format: wheels should not contain ``__pycache__``.
"""

import posixpath
from collections.abc import Iterator

from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    for path in distribution.with_suffix(".pyc"):
        directory, name = posixpath.split(path)
        package, cache = posixpath.split(directory)
        if cache == "__pycache__" and posixpath.join(package, name.partition(".")[0] + ".py") in distribution.files:
            yield path


RULE = Rule(
    code="bytecode-shipped",
    safety="lossless",
    reason="bytecode of another build, beside its source",
    select=_select,
    doc=__doc__,
)
