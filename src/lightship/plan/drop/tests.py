"""Tests that packages ship beside their code.

What it does
============
Leaves out directories called ``tests``, ``test``, ``_tests`` or ``SelfTest`` that hold test modules, with all that
is in them.

Why
===
A test runner reads them; a service does not. They hold fixtures and golden files and are the largest share of
what a scientific package can lose. A directory stays, whole, when a source outside names it: as an import, a dotted
string, a path or an entry point. ``pkg.testing`` is a public interface and is never meant. What lies at the top of
site-packages stays importable under its name: of a top-level ``tests`` its ``__init__.py`` files stay.

Bad
===
::

    - pkg/tests/__init__.py
    - pkg/tests/test_core.py
    - pkg/tests/data/golden.csv
    - pkg/inner/SelfTest/test_cipher.py
    - tests/test_pkg.py
      tests/__init__.py
      pkg/core.py | import json

Good
====
::

      pkg/core.py | from pkg.tests.util import sample
      pkg/tests/__init__.py
      pkg/tests/test_core.py
      pkg/tests/util.py
      pkg/testing/__init__.py
      pkg/test/decision.py
      pkg/test_utils.py
      pkg/tests/LICENSE
      tests/__init__.py | from .test_all import *
      tests/test_all.py

References
==========
numpy 2 imports ``numpy._core.tests._natype`` from ``numpy.testing``; ``django.test`` is imported by its own commands.
"""

from collections.abc import Iterator

from lightship.ecosystem.leftovers import TEST_DIRECTORIES, TEST_MODULE
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE", "roots_below", "without_names"]


def roots_below(paths: list[str] | Distribution, names: frozenset[str]) -> dict[str, list[str]]:
    """Outermost directories called one of ``names``, each with the paths below it."""
    found: dict[str, list[str]] = {}
    for path in paths if isinstance(paths, list) else paths.files:
        parts = path.split("/")
        for index, part in enumerate(parts[:-1]):
            if part in names:
                found.setdefault("/".join(parts[: index + 1]), []).append(path)
                break
    return found


def _select(distribution: Distribution) -> Iterator[str]:
    roots = roots_below(distribution, TEST_DIRECTORIES)
    tests = {root: below for root, below in roots.items() if any(TEST_MODULE.search(path) for path in below)}
    asked = {root for root in tests if _asked_from_outside(root.replace("/", "."), distribution)}
    needed = asked | distribution.mentions.kept(tests)
    for root, below in tests.items():
        if root not in needed:
            yield from without_names(root, below)


def without_names(root: str, below: list[str]) -> list[str]:
    """``below`` without what keeps a ``root`` at the top of site-packages importable: its ``__init__.py`` files, or its
    modules where it has none."""
    if "/" in root:
        return below
    names = [path for path in below if path.endswith("/__init__.py")] or [
        path for path in below if path.endswith(".py")
    ]
    return [path for path in below if path not in names]


def _asked_from_outside(dotted: str, distribution: Distribution) -> bool:
    return any(name == dotted or name.startswith(dotted + ".") for name in distribution.imports)


RULE = Rule(
    code="tests",
    safety="safe",
    reason="tests, which nothing outside them imports",
    select=_select,
    doc=__doc__,
)
