"""Static libraries and other food for a linker.

What it does
============
Leaves out ``.a``, ``.la``, ``.lib`` and ``.o`` files, CMake packages and ``pkgconfig`` files.

Why
===
Only a linker or a build system reads them, and the image has neither. Distributions that compile at run time
(see ``headers``) keep theirs.

Bad
===
::

    - pkg/lib/libspeed.a
    - pkg/lib/libspeed.la
    - pkg/lib/cmake/speed/speedConfig.cmake
    - pkg/lib/pkgconfig/speed.pc
      pkg/__init__.py

Good
====
::

      pkg/lib/libspeed.so.1
      pkg/data/vitamin.pc
      pkg/data/notes.o.txt

References
==========
numpy ships ``libnpymath.a``, pyarrow its CMake package.
"""

from collections.abc import Iterator

from lightship.ecosystem.leftovers import LINKER_SUFFIXES
from lightship.plan.drop.headers import compiles_at_run_time
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    found = distribution.with_suffix(*LINKER_SUFFIXES)
    found += (path for path in distribution.with_suffix(".cmake") if "/cmake/" in path)
    found += (path for path in distribution.with_suffix(".pc") if "/pkgconfig/" in path)
    if found and not compiles_at_run_time(distribution):
        yield from found


RULE = Rule(
    code="static-libraries",
    safety="safe",
    reason="static libraries for a linker, which the image does not have",
    select=_select,
    doc=__doc__,
)
