"""Sources of extension modules.

What it does
============
Leaves out ``.c``, ``.cc``, ``.cpp``, ``.cxx``, ``.pyx`` and ``.rs`` files beside a compiled extension of the same name,
and Cython's ``.pxd`` declarations.

Why
===
The import system loads the extension; the source it was made from is read by a compiler only. Without an
extension of that name the source stays: it may be data. Distributions that compile at run time
(see ``headers``) keep theirs.

Bad
===
::

    - pkg/_speed.pyx
    - pkg/_speed.c
    - pkg/_speed.pxd
      pkg/_speed.cpython-312-x86_64-linux-gnu.so

Good
====
::

      pkg/kernel.c
      pkg/_other.abi3.so
      pkg/template.pyx

References
==========
Cython user guide, "Sharing declarations between Cython modules": ``.pxd`` files are read when compiling.
"""

import posixpath
from collections.abc import Iterator

from lightship.plan.drop.headers import compiles_at_run_time
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    sources = distribution.with_suffix(".c", ".cc", ".cpp", ".cxx", ".pyx", ".rs")
    declarations = distribution.with_suffix(".pxd")
    if (not sources and not declarations) or compiles_at_run_time(distribution):
        return
    built = {_stem(path) for path in distribution.with_suffix(".so")}
    yield from (path for path in sources if _stem(path) in built)
    yield from declarations


def _stem(path: str) -> str:
    """``pkg/_speed`` of ``pkg/_speed.cpython-312-x86_64-linux-gnu.so``."""
    directory, name = posixpath.split(path)
    return f"{directory}/{name.partition('.')[0]}"


RULE = Rule(
    code="extension-sources",
    safety="safe",
    reason="source of a compiled extension",
    select=_select,
    doc=__doc__,
)
