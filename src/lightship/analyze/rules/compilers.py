"""Compilers and build systems.

What it does
============
Finds packages of the distribution that compile, link or drive a build (gcc, clang, rustc, go, binutils, make, cmake),
where no other package requires them.

Why
===
Extensions are built while the image is built. Afterwards a compiler is a few hundred megabytes, and a tool for whoever
gets in. Where a Python package compiles at run time (Triton, CuPy, Numba's CUDA), it may be needed: try the image
without before you believe either.

Bad
===
::

    RUN apt-get install -y build-essential && pip install -r requirements.txt

Good
====
::

    FROM python:3.12-slim AS build
    RUN apt-get update && apt-get install -y build-essential && pip install --prefix=/install -r requirements.txt
    FROM python:3.12-slim
    COPY --from=build /install /usr/local

References
==========
docs.docker.com, "Multi-stage builds" (2026).
"""

from collections.abc import Iterator

from lightship.analyze.rules.os_packages import build_packages, is_compiler
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import listed, package_names, tell
from lightship.ecosystem.leftovers import feeds_a_compiler
from lightship.findings import Finding

__all__ = ["RULE"]

_WHOLLY = ("triton", "cupy", "numba-cuda", "pyximport", "torch")


def _find(survey: Survey) -> Iterator[Finding]:
    packages = survey.analysis.packages
    numbers = sorted(number for number in build_packages(survey) if is_compiler(packages[number].name))
    fed = [name for name in survey.distributions if feeds_a_compiler(name) and name.startswith(_WHOLLY)]
    fix = "install them in a build stage and COPY --from it what they made"
    if fed:
        fix += f"; {listed(sorted(fed))} may call a compiler at run time, so try the image without"
    yield from tell(
        RULE,
        survey,
        survey.owned(numbers),
        lambda group: f"compilers and build systems ({package_names(survey, group.paths)})",
        fix,
        safety="traced" if fed else None,
        severity="note" if fed else None,
    )


RULE = Rule(
    code="compilers",
    severity="warning",
    safety="closure",
    title="compilers and build systems",
    find=_find,
    doc=__doc__,
)
