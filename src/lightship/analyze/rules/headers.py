"""C and C++ headers that no development package holds.

What it does
============
Finds ``.h``, ``.hpp``, ``.hxx``, ``.hh``, ``.cuh``, ``.inl`` and ``.pxi`` files in Python packages, below ``include``
directories and beside an interpreter. What belongs to a distribution that feeds a compiler at run time (torch, Triton,
cffi, the nvidia wheels) is left.

Why
===
Only a compiler reads them. ``numpy.get_include()`` still returns its path; nothing opens it without a compiler.

Bad
===
::

    COPY --from=build /usr/local /usr/local

Good
====
::

    RUN find /install -name '*.h' -delete
    COPY --from=build /install /usr/local

References
==========
The rule ``headers`` of lightship's own builds, in drop-rules.md, says which packages read their headers after all.
"""

from collections.abc import Iterator

from lightship.analyze.model import NOBODY
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import HEADER_SUFFIXES, feeds_a_compiler
from lightship.findings import Finding

__all__ = ["RULE", "without_compilers_food"]

_INTERPRETER_READS = "pyconfig.h"


def _find(survey: Survey) -> Iterator[Finding]:
    paths = [path for path in survey.suffixed(*HEADER_SUFFIXES) if not path.endswith(f"/{_INTERPRETER_READS}")]
    fix = "in the build stage, before COPY --from: find DIRECTORY -name '*.h' -delete (lightship build leaves them out)"
    yield from tell_leftovers(RULE, survey, without_compilers_food(survey, paths), "C and C++ headers", fix)


def without_compilers_food(survey: Survey, paths: list[str]) -> list[str]:
    """``paths`` without what a distribution that compiles at run time owns."""
    packages = survey.analysis.packages
    owners = ((path, survey.owner(path)) for path in paths)
    return [path for path, owner in owners if owner == NOBODY or not feeds_a_compiler(packages[owner].name)]


RULE = Rule(
    code="headers",
    severity="warning",
    safety="safe",
    title="headers for a compiler",
    find=_find,
    doc=__doc__,
    suffixes=frozenset(HEADER_SUFFIXES),
)
