"""Translations of languages that the image does not speak.

What it does
============
Finds what lies below ``share/locale`` for other languages than that of ``LANG``, ``LANGUAGE`` and ``LC_ALL``, and the
sources of locales in ``share/i18n``. Catalogues inside of Python packages are left: an application serves its users in
many languages.

Why
===
They translate the messages of command-line tools.

Bad
===
::

    RUN apt-get install -y gnupg

Good
====
Before anything is installed::

    RUN echo 'path-exclude=/usr/share/locale/*' > /etc/dpkg/dpkg.cfg.d/slim

References
==========
dpkg(1), ``--path-exclude``; Linux FHS 3.0, 4.11.6.
"""

import re
from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE"]

_VARIABLES = ("LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES")
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def _find(survey: Survey) -> Iterator[Finding]:
    said = ":".join(survey.environment.get(variable, "") for variable in _VARIABLES)
    spoken = {match[0] for part in said.split(":") if (match := _LANGUAGE.match(part))}
    paths: list[str] = []
    for share in survey.directories("share"):
        for directory in survey.analysis.tree.children.get(f"{share}/locale", ()):
            match = _LANGUAGE.match(directory.rpartition("/")[2])
            if match is None or match[0] not in spoken:
                paths += survey.below(directory)
        paths += survey.below(f"{share}/i18n/locales")
        paths += survey.below(f"{share}/i18n/charmaps")
    fix = "path-exclude=/usr/share/locale/* in /etc/dpkg/dpkg.cfg.d before apt-get install; set LANG to what is spoken"
    yield from tell(RULE, survey, paths, "translations", fix)


RULE = Rule(
    code="locales",
    severity="warning",
    safety="safe",
    title="translations of languages that the image does not speak",
    find=_find,
    doc=__doc__,
    directories=frozenset({"share"}),
)
