"""Documentation, manual pages and examples.

What it does
============
Finds what lies in ``share/doc``, ``share/man``, ``share/info``, ``share/gtk-doc``, ``share/help`` and
``share/lintian``, and READMEs and changelogs directly in site-packages. Copyright files and licences are left: they
must go where the software goes.

Why
===
Nobody reads a manual in a container.

Bad
===
::

    RUN apt-get install -y git

Good
====
Before anything is installed::

    RUN printf 'path-exclude=/usr/share/%s/*\\n' doc man info > /etc/dpkg/dpkg.cfg.d/slim
    RUN echo 'path-include=/usr/share/doc/*/copyright' >> /etc/dpkg/dpkg.cfg.d/slim

References
==========
dpkg(1), ``--path-exclude``; Debian Policy 4.7, 12.5, "Copyright information".
"""

import posixpath
import re
from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import DOCUMENT
from lightship.findings import Finding

__all__ = ["RULE"]

_SHARED = ("doc", "man", "info", "gtk-doc", "help", "lintian")
_SITES = ("site-packages", "dist-packages")
_LICENCE = re.compile(r"(?:copyright|licen[cs]e|copying|notice|authors)(?:[._-].*)?", re.IGNORECASE)


def _find(survey: Survey) -> Iterator[Finding]:
    paths: list[str] = []
    for share in survey.directories("share"):
        for name in _SHARED:
            paths += survey.below(f"{share}/{name}")
    for site in survey.directories(*_SITES):
        paths += (path for path in _children(survey, site) if DOCUMENT.fullmatch(posixpath.basename(path)))
    meant = [path for path in paths if _LICENCE.fullmatch(posixpath.basename(path)) is None]
    fix = "path-exclude=/usr/share/doc/* (and man, info) in /etc/dpkg/dpkg.cfg.d before apt-get install; apk has -doc"
    yield from tell_leftovers(RULE, survey, meant, "documentation", fix)


def _children(survey: Survey, directory: str) -> list[str]:
    return survey.analysis.tree.children.get(directory, [])


RULE = Rule(
    code="documentation",
    severity="warning",
    safety="safe",
    title="documentation and manual pages",
    find=_find,
    doc=__doc__,
    directories=frozenset({"share", *_SITES}),
)
