"""Type stubs.

What it does
============
Leaves out ``.pyi`` files. ``py.typed`` stays.

Why
===
Type checkers read them, the interpreter never does. A distribution keeps all of its stubs when its own sources name
``attach_stub`` or have a string with ``.pyi``: lazy loaders take a module's names from its stub at run time, and jedi
and mypy carry a library of stubs as data.

Bad
===
::

    - pkg/core.pyi
    - pkg/_speed.pyi
      pkg/core.py | import json
      pkg/py.typed

Good
====
::

      skimage/io/__init__.py | import lazy_loader\\n__getattr__, *_ = lazy_loader.attach_stub(__name__, __file__)
      skimage/io/__init__.pyi

References
==========
PEP 484, stub files; PEP 561; Scientific Python SPEC 1, lazy loading (``attach_stub``).
"""

from collections.abc import Iterator

from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]


def _select(distribution: Distribution) -> Iterator[str]:
    stubs = distribution.with_suffix(".pyi")
    if stubs and not (distribution.mentions.text(b"attach_stub") or distribution.mentions.string(".pyi")):
        yield from stubs


RULE = Rule(
    code="type-stubs",
    safety="safe",
    reason="type stubs, which only type checkers read",
    select=_select,
    doc=__doc__,
)
