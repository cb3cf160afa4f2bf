"""Files that are other ones at every build.

What it does
============
Finds logs, the loader's auxiliary cache, machine ids, temporary files, histories of shells and downloaders, and backups
that package managers make of their own lists.

Why
===
They hold times, inode numbers or chance. A layer with one of them has another digest at every build, so a node that has
yesterday's image pulls the layer again although nothing in it changed.

Bad
===
::

    RUN apt-get update && apt-get install -y libpq5

Good
====
::

    RUN apt-get update && apt-get install -y libpq5 && \\
        rm -rf /var/log/* /var/cache/ldconfig/aux-cache /var/lib/dpkg/*-old /var/cache/debconf/*-old /tmp/*

References
==========
reproducible-builds.org, "System images"; ldconfig(8); machine-id(5): empty in an image.
"""

import re
from collections.abc import Iterator

from lightship.analyze.rules.rule import Rule
from lightship.analyze.rules.survey import Survey
from lightship.analyze.rules.telling import tell
from lightship.findings import Finding

__all__ = ["RULE"]

_DIRECTORIES = ("var/log", "tmp", "var/tmp", "run", "root/.cache/fontconfig", "var/cache/fontconfig")
_FILES = (
    "var/cache/ldconfig/aux-cache", "etc/machine-id", "var/lib/dbus/machine-id", "var/lib/systemd/random-seed",
    "var/lib/dpkg/status-old", "var/lib/dpkg/available-old", "var/lib/dpkg/diversions-old",
    "var/cache/debconf/config.dat-old", "var/cache/debconf/templates.dat-old", "etc/passwd-", "etc/shadow-",
    "etc/group-", "etc/gshadow-", "etc/subuid-", "etc/subgid-",
)  # fmt: skip
_HISTORIES = (".bash_history", ".python_history", ".ash_history", ".wget-hsts", ".node_repl_history", ".lesshst")
_NOT_RUN = re.compile(r"run/(?:lock|systemd/container|\.containerenv)")


def _find(survey: Survey) -> Iterator[Finding]:
    paths = [path for directory in _DIRECTORIES for path in survey.below(directory) if not _NOT_RUN.match(path)]
    paths += [*_FILES, *survey.named(*_HISTORIES)]
    fix = (
        "end that RUN with: && rm -rf /var/log/* /var/cache/ldconfig/aux-cache /var/lib/dpkg/*-old "
        "/var/cache/debconf/*-old /tmp/*"
    )
    yield from tell(RULE, survey, paths, "files that change at every build", fix)


RULE = Rule(
    code="changing-files",
    severity="warning",
    safety="safe",
    title="files that change at every build",
    find=_find,
    doc=__doc__,
    names=frozenset(_HISTORIES),
)
