"""Bytecode can neither be read nor written.

What it does
============
Finds ``PYTHONDONTWRITEBYTECODE`` in the environment of a target whose application is copied as sources and never
compiled.

Why
===
The variable was meant for development. In an image without bytecode it makes each worker of each start compile each
module; where bytecode is there it changes nothing.

Bad
===
::

    FROM python:3.12-slim
    ENV PYTHONDONTWRITEBYTECODE=1
    COPY app /app
    USER 1000
    CMD ["python", "/app/main.py"]

Good
====
::

    FROM python:3.12-slim
    COPY app /app
    RUN python -m compileall -q --invalidation-mode unchecked-hash /app
    USER 1000
    CMD ["python", "/app/main.py"]

References
==========
docs.python.org 3.14, PYTHONDONTWRITEBYTECODE; PEP 552.
"""

from collections.abc import Iterator

from lightship.dockerfile.views import pairs_of
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    shipped = [instruction for _, instruction in subject.shipped]
    if any(each.keyword == "RUN" and "compileall" in each.argument.text for each in shipped):
        return
    if not any(each.keyword in ("COPY", "ADD") for each in shipped):
        return
    for instruction in shipped:
        for pair in pairs_of(instruction) if instruction.keyword == "ENV" else ():
            if pair.name == "PYTHONDONTWRITEBYTECODE" and (pair.value or "").strip("\"'") not in ("", "0"):
                yield Remark(
                    span=pair.span,
                    message="nothing compiles the application, and at run time nothing may: each start compiles again",
                    fix="RUN python -m compileall -q --invalidation-mode unchecked-hash on the application",
                )


RULE = Rule(
    code="bytecode-at-start",
    family="start",
    severity="warning",
    safety=None,
    title="bytecode can neither be read nor written",
    find=_find,
    doc=__doc__,
)
