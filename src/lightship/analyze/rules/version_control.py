"""Version-control data.

What it does
============
Finds ``.git``, ``.hg``, ``.svn``, ``.github`` and ``.gitlab`` directories with all that is in them, and files such as
``.gitignore``. What lies in a directory of templates is data and is left.

Why
===
A repository holds every version of every file, those with credentials that were removed later among them. No
application reads it.

Bad
===
::

    COPY . /app

Good
====
With ``.git`` in ``.dockerignore``::

    COPY . /app

References
==========
docs.docker.com, ".dockerignore files" (2026).
"""

import posixpath
from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import TEMPLATES, VCS_DIRECTORIES, VCS_FILES
from lightship.findings import Finding

__all__ = ["RULE"]


def _find(survey: Survey) -> Iterator[Finding]:
    paths = [path for place in survey.directories(*sorted(VCS_DIRECTORIES)) for path in survey.below(place)]
    paths += survey.named(*sorted(VCS_FILES))
    meant = [path for path in paths if TEMPLATES.search(posixpath.dirname(path)) is None]
    yield from tell_leftovers(RULE, survey, meant, "version-control data", "name .git and .github in .dockerignore")


RULE = Rule(
    code="version-control",
    severity="warning",
    safety="safe",
    title="version-control data",
    find=_find,
    doc=__doc__,
    names=VCS_FILES,
    directories=VCS_DIRECTORIES,
)
