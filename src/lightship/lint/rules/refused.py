"""The builder refuses this line.

What it does
============
Finds what BuildKit ends a build for before it runs anything: unknown instructions and flags, words that are missing
or too many, names that are no names, a stage or variable where none may stand.

Why
===
The build fails at once, and with some front ends without a line number. A linter that reads the same language says
where.

Bad
===
::

    FROM python:3.12-slim
    WORKDIR
    USER 1000

Good
====
::

    FROM python:3.12-slim
    WORKDIR /app
    USER 1000

References
==========
github.com/moby/buildkit v0.17, frontend/dockerfile/instructions; docs.docker.com, "Dockerfile reference" (2026).
"""

from collections.abc import Iterator

from lightship.dockerfile.refusals import refusals_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    for refusal in refusals_of(subject.dockerfile):
        yield Remark(
            span=refusal.instruction.span,
            message=f"{refusal.instruction.keyword}: {refusal.message}",
            fix=refusal.hint or "see the reference of the instruction",
        )


RULE = Rule(
    code="refused",
    family="correctness",
    severity="error",
    safety=None,
    title="the builder refuses this line",
    find=_find,
    doc=__doc__,
)
