"""C and C++ headers.

What it does
============
Leaves out ``.h``, ``.hpp``, ``.hxx``, ``.hh``, ``.cuh``, ``.inl`` and ``.pxi`` files, and headers that a wheel installs
into the environment's ``include`` directory.

Why
===
Only a compiler reads them, and the image has none: extensions are built on the building site. ``numpy.get_include()``
still returns its path; nothing opens it without a compiler. Distributions that compile at run time with a compiler
of their own, or whose purpose is to feed one, keep everything: those known by name, and those whose sources speak of
``nvrtc``, ``nvcc``, ``hiprtc``, ``cpp_extension`` or ``pyximport``. A header that the distribution's own sources name
in a string stays too: they may parse it for cffi.

Bad
===
::

    - numpy/_core/include/numpy/ndarrayobject.h
    - ../../../include/site/python3.12/greenlet/greenlet.h
    - pkg/src/vector.hpp
      pkg/__init__.py

Good
====
::

      pkg/include/__init__.py
      pkg/data/table.ho
      pkg/templates/header.html
      pkg/include/bitgen.h
      pkg/parse.py | ffi.cdef(open("include/bitgen.h").read())

References
==========
Run-time compilers found by reading their sources: triton (launcher stubs), cupy and the nvidia wheels (NVRTC),
torch (``torch.utils.cpp_extension`` and inductor), tvm, taichi, cppyy, pytensor, jax's CUDA plug-ins, cffi's API mode.
"""

import posixpath
from collections.abc import Iterator

from lightship.ecosystem.leftovers import HEADER_SUFFIXES, feeds_a_compiler
from lightship.plan.drop.rule import Distribution, Rule

__all__ = ["RULE", "compiles_at_run_time"]

_WORDS = (b"nvrtc", b"NVRTC", b"nvcc", b"hiprtc", b"hipcc", b"cpp_extension", b"load_inline", b"pyximport")


def compiles_at_run_time(distribution: Distribution) -> bool:
    """True for distributions that bring or feed a compiler at run time; they keep headers, sources and archives."""
    return feeds_a_compiler(distribution.name) or distribution.mentions.text(*_WORDS)


def _select(distribution: Distribution) -> Iterator[str]:
    headers = distribution.with_suffix(*HEADER_SUFFIXES)
    if headers and not compiles_at_run_time(distribution):
        named = distribution.mentions.file_names(*HEADER_SUFFIXES)
        yield from (path for path in headers if posixpath.basename(path) not in named)


RULE = Rule(
    code="headers",
    safety="safe",
    reason="headers for a compiler, which the image does not have",
    select=_select,
    doc=__doc__,
)
