"""Every replica migrates the database when it starts.

What it does
============
Finds migrations (``flask db upgrade``, ``alembic upgrade``, ``manage.py migrate``, ``prisma migrate deploy``) in CMD,
ENTRYPOINT or the shell script that they start.

Why
===
Replicas race for the same tables, each start waits for the database, and a rollout whose migration fails restarts for
ever. One Job before the rollout does it once. A switch that turns it off (``MIGRATION_ENABLED``) makes it a choice.

Bad
===
::

    FROM python:3.12-slim
    USER 1000
    CMD flask db upgrade && gunicorn app:app

Good
====
::

    FROM python:3.12-slim
    USER 1000
    CMD ["gunicorn", "app:app"]

References
==========
kubernetes.io, "Jobs" (2026); langgenius/dify#9375 on probes that wait for it.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.views import copy_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_MIGRATES = re.compile(
    r"\b(flask\s+(db\s+upgrade|upgrade-db)|alembic\s+(\S+\s+){0,20}upgrade|manage\.py\s+migrate|django-admin\s+migrate|"
    r"prisma\s+(migrate\s+deploy|db\s+push)|knex\s+migrate|sequelize\s+db:migrate|aerich\s+upgrade|yoyo\s+apply)\b"
)


def _find(subject: Subject) -> Iterator[Remark]:
    last = {each.keyword: each for _, each in subject.shipped if each.keyword in ("CMD", "ENTRYPOINT")}
    for instruction in last.values():
        text = " ".join(instruction.exec_form) if instruction.exec_form is not None else instruction.argument.text
        if _MIGRATES.search(text):
            where = instruction.keyword
        elif script := _script(subject, text):
            where = script
        else:
            continue
        yield Remark(
            span=instruction.span,
            message=f"{where} migrates the database, in every replica and at every start",
            fix="a Job that runs once before the rollout; lightship init writes one",
        )


def _script(subject: Subject, text: str) -> str:
    """The path in the context of a shell script that the command names and that migrates without being asked."""
    context = subject.context
    if context is None:
        return ""
    names = {word.rpartition("/")[2] for word in text.split() if word.endswith(".sh") or "entrypoint" in word}
    copied = {
        word.text.removeprefix("./")
        for _, instruction in subject.shipped
        if (copy := copy_of(instruction)) is not None
        for word in copy.sources
    }
    found = [path for path in context.files if path.rpartition("/")[2] in names]
    for path in [path for path in found if path in copied] or found:
        if (content := context.read(path)) and _MIGRATES.search(content):
            return path
    return ""


RULE = Rule(
    code="migration-in-entrypoint",
    family="start",
    severity="note",
    safety=None,
    title="every replica migrates the database when it starts",
    find=_find,
    doc=__doc__,
)
