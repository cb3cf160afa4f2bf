"""Static libraries and other food for a linker.

What it does
============
Finds ``.a``, ``.la``, ``.lib`` and ``.o`` files, CMake packages and ``pkgconfig`` files that no development package
holds. Distributions that compile at run time keep theirs.

Why
===
Only a linker or a build system reads them. An interpreter that was built from source brings a ``libpython3.12.a`` of
60 MB.

Bad
===
::

    COPY --from=build /opt/python /opt/python

Good
====
::

    RUN find /opt/python -name '*.a' -delete
    COPY --from=build /opt/python /opt/python

References
==========
The rule ``static-libraries`` of lightship's own builds, in drop-rules.md.
"""

from collections.abc import Iterator

from lightship.analyze.rules.headers import without_compilers_food
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import LINKER_SUFFIXES
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    paths = survey.suffixed(*LINKER_SUFFIXES)
    paths += [path for path in survey.suffixed(".cmake") if "/cmake/" in path]
    paths += [path for path in survey.suffixed(".pc") if "/pkgconfig/" in path]
    fix = "in the build stage, before COPY --from: find DIRECTORY -name '*.a' -delete (lightship build leaves them out)"
    yield from tell_leftovers(RULE, survey, without_compilers_food(survey, paths), "static libraries", fix)


RULE = Rule(
    code="static-libraries",
    severity="warning",
    safety="safe",
    title="static libraries for a linker",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({*LINKER_SUFFIXES, ".cmake", ".pc"}),
)
