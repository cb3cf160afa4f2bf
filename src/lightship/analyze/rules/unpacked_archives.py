"""Archives beside what was unpacked from them.

What it does
============
Finds ``NAME.zip``, ``NAME.tar.gz`` and their like in a directory that also has a directory ``NAME``.

Why
===
The content is shipped twice, and the archive, being compressed, does not get smaller on the way.

Bad
===
::

    RUN curl -O https://example.org/model.tar.gz
    RUN tar xf model.tar.gz

Good
====
::

    RUN curl -s https://example.org/model.tar.gz | tar xz

References
==========
docs.docker.com, "Building best practices", "ADD or COPY" (2026).
"""

import re
from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE", "beside_their_content"]

_SUFFIXES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".tbz2", ".xz", ".txz", ".zst", ".7z")
_NAME = re.compile(r"(.+?)(?:\.(?:zip|tar|tgz|tbz2|txz|7z)|\.tar\.(?:gz|bz2|xz|zst))", re.IGNORECASE)


def beside_their_content(survey: Survey) -> list[str]:
    """Archives ``x/NAME.zip`` where ``x/NAME`` is a directory with something in it."""
    children, found = survey.analysis.tree.children, []
    for path in survey.suffixed(*_SUFFIXES):
        match = _NAME.fullmatch(path)
        if match is not None and children.get(match[1]):
            found.append(path)
    return found


def _find(survey: Survey) -> Iterator[Finding]:
    paths = beside_their_content(survey)
    fix = "unpack while it is fetched (curl … | tar x), or delete the archive in the same RUN"
    yield from tell(RULE, survey, paths, "archives beside what was unpacked from them", fix)


RULE = Rule(
    code="unpacked-archives",
    severity="warning",
    safety="safe",
    title="archives beside their content",
    find=_find,
    doc=__doc__,
    suffixes=frozenset(_SUFFIXES),
)
