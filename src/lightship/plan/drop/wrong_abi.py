"""Extension modules that this interpreter never loads.

What it does
============
Leaves out extension modules whose file name carries the tag of another interpreter, version, machine or libc.

Why
===
The import system looks for the suffixes in ``importlib.machinery.EXTENSION_SUFFIXES`` only; a file with another tag is
invisible to it. Some wheels are built from a directory in which several versions were built before.

Bad
===
For CPython 3.12 on x86-64 with glibc::

    - pkg/_speed.cpython-310-x86_64-linux-gnu.so
    - pkg/_speed.cpython-312-aarch64-linux-gnu.so
    - pkg/_speed.cpython-312-x86_64-linux-musl.so
    - pkg/_speed.cpython-312-darwin.so
    - pkg/_speed.pypy39-pp73-x86_64-linux-gnu.so
    - pkg/_speed.cp312-win_amd64.pyd
      pkg/_speed.cpython-312-x86_64-linux-gnu.so

Good
====
::

      pkg/_speed.cpython-312-x86_64-linux-gnu.so
      pkg/_other.abi3.so
      pkg/_plain.so
      pkg/libspeed.so.1.2

References
==========
PEP 3149, ABI version tagged .so files.
"""

import re
from collections.abc import Iterator

from lightship.ecosystem.python.target import Target
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE"]

_TAGGED = re.compile(r"\.(?P<tag>(?:cpython|pypy|graalpy|cp)-?\d+[^./]*)\.(?:so|pyd)$", re.IGNORECASE)
_CPYTHON = re.compile(r"cpython-(?P<version>\d+)(?P<flags>[a-z]*)(?:-(?P<platform>.+))?")


def _select(distribution: Distribution) -> Iterator[str]:
    target = distribution.target
    if target is None:
        return
    for path in distribution.with_suffix(".so", ".pyd"):
        match = _TAGGED.search(path)
        if match is not None and not _loads(match["tag"].lower(), target):
            yield path


def _loads(tag: str, target: Target) -> bool:
    match = _CPYTHON.fullmatch(tag)
    if match is None or match["version"] != target.minor.replace(".", "") or "t" in match["flags"]:
        return False
    platform = match["platform"]
    if platform is None:
        return True
    machine, _, system = platform.partition("-")
    # A CPython for musl says "linux-gnu" in builds before 3.11.4 and "linux-musl" after: it may load either name.
    libc = ("linux-gnu",) if target.libc == "glibc" else ("linux-gnu", "linux-musl")
    return machine == target.platform.machine and system in libc


RULE = Rule(
    code="wrong-abi",
    safety="safe",
    reason="extension module for another interpreter or platform",
    select=_select,
    doc=__doc__,
)
