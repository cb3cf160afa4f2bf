"""What editors, merges and file managers leave behind.

What it does
============
Finds ``.DS_Store``, ``Thumbs.db``, ``desktop.ini``, ``*.orig``, ``*.rej``, ``*.swp``, names that end in ``~``, and the
directories ``.idea``, ``.vscode`` and ``.vs``.

Why
===
They were in somebody's working directory; no program was written to read them, and some hold what was typed.

Bad
===
::

    COPY . /app

Good
====
With ``**/.idea``, ``**/*.swp`` and ``**/.DS_Store`` in ``.dockerignore``::

    COPY . /app

References
==========
github.com/github/gitignore, ``Global/`` (macOS, Windows, Vim, JetBrains), 2024.
"""

from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell_leftovers
from lightship.ecosystem.leftovers import EDITOR_NAMES, EDITOR_SUFFIXES
from lightship.findings import Finding

__all__ = ["RULE"]

_DIRECTORIES = (".idea", ".vscode", ".vs")


def _find(survey: Survey) -> Iterator[Finding]:
    paths = [*survey.named(*sorted(EDITOR_NAMES)), *survey.suffixed(*EDITOR_SUFFIXES)]
    paths += [path for place in survey.directories(*_DIRECTORIES) for path in survey.below(place)]
    fix = "name them in .dockerignore: **/.idea, **/.vscode, **/.DS_Store, **/*.swp, **/*.orig, **/*~"
    yield from tell_leftovers(RULE, survey, paths, "editors' files", fix)


RULE = Rule(
    code="editor-files",
    severity="warning",
    safety="safe",
    title="what editors and file managers left",
    find=_find,
    doc=__doc__,
    names=EDITOR_NAMES,
    suffixes=frozenset(EDITOR_SUFFIXES),
    directories=frozenset(_DIRECTORIES),
)
