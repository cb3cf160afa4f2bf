"""Whole distributions that build or install others.

What it does
============
Leaves out every file of pip, setuptools, wheel and their kin, when no other package and not the project itself requires
them.

Why
===
An image is never installed into. Only whole distributions go, and only those that nobody requires: removing
setuptools by file name broke packages that use what it vendors, while the health check stayed green.

Bad
===
As distribution ``setuptools``, which nobody requires::

    - setuptools/__init__.py
    - pkg_resources/__init__.py
    - distutils-precedence.pth

Good
====
As distribution ``setuptools``, required by ``opentelemetry-instrumentation``::

      setuptools/__init__.py
      pkg_resources/__init__.py

References
==========
PEP 376, ``RECORD`` names what a distribution owns.
"""

from collections.abc import Iterator

from lightship.ecosystem.leftovers import BUILD_TOOLS
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    if distribution.name in BUILD_TOOLS and not distribution.required_by:
        yield from distribution.files


RULE = Rule(
    code="build-tools",
    safety="safe",
    reason="a build tool that nobody requires",
    select=_select,
    doc=__doc__,
    whole=True,
)
