"""A command that the next one replaces.

What it does
============
Finds CMD, ENTRYPOINT and HEALTHCHECK of a stage that have another of their kind below them.

Why
===
Only the last counts. Whoever reads the first believes that both run, or changes the wrong one.

Bad
===
::

    FROM python:3.12-slim
    USER 1000
    CMD ["python", "-m", "app.migrate"]
    CMD ["python", "-m", "app"]

Good
====
::

    FROM python:3.12-slim
    USER 1000
    CMD ["python", "-m", "app"]

References
==========
docs.docker.com, "Dockerfile reference", CMD; BuildKit check MultipleInstructionsDisallowed; hadolint DL3012, DL4003,
DL4004.
"""

from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.lint.rewriting import drop_instruction
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_ONE = ("CMD", "ENTRYPOINT", "HEALTHCHECK")


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        last: dict[str, Instruction] = {}
        for instruction in stage.instructions if stage.index in subject.stages.needed else ():
            if instruction.keyword not in _ONE:
                continue
            earlier = last.get(instruction.keyword)
            last[instruction.keyword] = instruction
            if earlier is not None:
                yield Remark(
                    span=earlier.span,
                    message=f"{instruction.keyword} in line {instruction.line} replaces this one",
                    fix="keep one",
                    edits=(drop_instruction(subject, earlier),),
                )


RULE = Rule(
    code="overridden-command",
    family="correctness",
    severity="warning",
    safety="lossless",
    title="a command that the next one replaces",
    find=_find,
    doc=__doc__,
)
