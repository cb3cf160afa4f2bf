"""Bytecode that is not used.

What it does
============
Finds files in ``__pycache__`` whose source is gone, and those that note another time or length than their source has.
Bytecode that goes by a hash of its source is always good.

Why
===
Python compares what bytecode notes with the source before it takes it. When they differ, it compiles the source anew at
every start, as nothing is written back to an image. Tools that set all times to one make all bytecode stale at once.

Bad
===
::

    RUN python -m compileall /app
    RUN find /app -exec touch -d @0 {} +

Good
====
::

    RUN python -m compileall --invalidation-mode unchecked-hash /app

References
==========
PEP 552, "Deterministic pycs"; docs.python.org, ``py_compile.PycInvalidationMode`` (3.13).
"""

from collections.abc import Iterator

from lightship.analyze.rules.bytecode import HEADERS, cached, is_stale
from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    stale: list[str] = []
    orphans: list[str] = []
    for path in survey.suffixed(".pyc"):
        name = cached(path)
        if name is None or (survey.python_tags and name.tag not in survey.python_tags):
            continue
        if not survey.exists(name.source):
            orphans.append(path)
        elif is_stale(survey, path, name.source):
            stale.append(path)
    fix = "compile last, and by hash: python -m compileall -q --invalidation-mode unchecked-hash DIRECTORY"
    yield from tell(RULE, survey, stale, "bytecode older or newer than its source, compiled anew at every start,", fix)
    yield from tell(RULE, survey, orphans, "bytecode without its source", "delete it where its source is deleted")


RULE = Rule(
    code="stale-bytecode",
    severity="warning",
    safety="lossless",
    title="bytecode that is not used",
    find=_find,
    doc=__doc__,
    suffixes=frozenset({".pyc"}),
    wanted=(HEADERS,),
)
