"""Files are copied into the root of the file system.

What it does
============
Finds COPY and ADD to a relative destination where neither the stage nor what it is FROM has a WORKDIR, on an official
image that has none either, in stages that ship.

Why
===
``COPY . .`` then lays the project over ``/``: a folder ``bin`` or ``lib`` of it mixes with the system's, and what is
the application's can no longer be told, given to a user or mounted over.

Bad
===
::

    FROM python:3.12-slim
    COPY app ./app
    USER 1000

Good
====
::

    FROM python:3.12-slim
    WORKDIR /srv
    COPY app ./app
    USER 1000

References
==========
docs.docker.com, "Building best practices", WORKDIR (2026); hadolint DL3045.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.scope import workdir_at
from lightship.lint.paths import copies
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_WITHOUT = re.compile(r"(docker\.io/)?(library/)?(python|node|debian|ubuntu|alpine|nginx|buildpack-deps)([:@].*)?")


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.shipped:
        base = subject.stages.chain(stage)[0].base
        if not _WITHOUT.fullmatch(base):
            continue
        for copied in copies(subject, stage):
            destination = copied.copy.destination.text.strip("\"'")
            if destination.startswith(("/", "$")) or workdir_at(subject.stages, copied.instruction) is not None:
                continue
            yield Remark(
                span=copied.instruction.span,
                message=f"{destination} is in /, since no WORKDIR says where else",
                fix="WORKDIR /app above, or an absolute destination",
            )
            break  # the same WORKDIR mends the others


RULE = Rule(
    code="no-workdir",
    family="correctness",
    severity="note",
    safety=None,
    title="files are copied into the root of the file system",
    find=_find,
    doc=__doc__,
)
