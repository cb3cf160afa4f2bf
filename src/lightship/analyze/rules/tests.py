"""Tests beside the code.

What it does
============
Finds directories called ``tests``, ``test``, ``_tests`` or ``SelfTest`` that hold Python test modules, in packages, in
the interpreter's library and in the application, and ``test``, ``tests`` and ``__tests__`` of packages of Node that
hold ``*.test.js`` or ``*.spec.js``.

Why
===
A test runner reads them, a service does not. They hold fixtures and golden files and are the largest share of what a
scientific package can lose. Sources are not read here: some package may import from its own tests (numpy does), so
what is deleted should be tried.

Bad
===
::

    COPY . /app
    RUN pip install --target /app/lib pandas

Good
====
With ``tests`` in ``.dockerignore``, and in the build stage::

    RUN pip install --target /app/lib pandas && rm -rf /app/lib/pandas/tests

References
==========
The rule ``tests`` of lightship's own builds, in drop-rules.md, reads the sources and keeps what is imported.
"""

import re
from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import TEST_DIRECTORIES, TEST_MODULE
from lightship.findings import Finding

__all__ = ["RULE"]

_NODE_DIRECTORIES = frozenset({"__tests__"})
_NODE_TEST = re.compile(r".*[.-](?:test|spec)\.[cm]?[jt]sx?|.*/__tests__/[^/]+\.[cm]?[jt]sx?")


def _find(survey: Survey) -> Iterator[Finding]:
    paths: list[str] = []
    for directory in survey.directories(*sorted(TEST_DIRECTORIES | _NODE_DIRECTORIES)):
        below = list(survey.below(directory))
        test = _NODE_TEST.fullmatch if "node_modules/" in directory else TEST_MODULE.search
        if any(test(path) for path in below):
            paths += below
    fix = "name the application's in .dockerignore; lightship build leaves out those of packages that nothing imports"
    yield from tell_leftovers(RULE, survey, paths, "tests", fix)


RULE = Rule(
    code="tests",
    severity="warning",
    safety="closure",
    title="tests beside the code",
    find=_find,
    doc=__doc__,
    directories=TEST_DIRECTORIES | _NODE_DIRECTORIES,
)
