"""Flags that only BuildKit knows, without the line that asks for it.

What it does
============
Finds ``--chmod``, ``--link``, ``--checksum``, ``--parents``, ``--exclude`` and their kin in a file without a ``#
syntax=`` directive. Mounts and heredocs are passed over: nothing takes their place, other rules ask for them, and
whatever builds with BuildKit, as Docker does since 23, knows them.

Why
===
The classic builder, Kaniko and older engines stop at them, or (``COPY --chmod`` of some) copy without the mode. ``#
syntax=docker/dockerfile:1`` makes BuildKit fetch a frontend that knows them; where that cannot be fetched, ``RUN
chmod`` in the layer of the file works everywhere.

Bad
===
::

    FROM python:3.12-slim
    COPY --chmod=755 docker/entrypoint.sh /entrypoint.sh
    USER 1000

Good
====
::

    # syntax=docker/dockerfile:1
    FROM python:3.12-slim
    COPY --chmod=755 docker/entrypoint.sh /entrypoint.sh
    USER 1000

References
==========
docs.docker.com, "Dockerfile frontend release notes": --mount 1.2, --chmod 1.2, heredocs and --link 1.4, --checksum
1.6.
"""

from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_FLAGS = {"chmod": "1.2", "link": "1.4", "checksum": "1.6", "network": "1.3", "security": "1.3",
          "parents": "1.20", "exclude": "1.19"}  # fmt: skip


def _find(subject: Subject) -> Iterator[Remark]:
    if subject.dockerfile.directive("syntax") is not None:
        return
    for instruction in subject.dockerfile.instructions:
        wanted = _wanted(instruction)
        if wanted:
            yield Remark(
                span=instruction.span,
                message=f"{wanted} needs BuildKit, and nothing in the file asks for it",
                fix="# syntax=docker/dockerfile:1 as the first line, where the build may fetch it",
            )
            return  # one line mends all


def _wanted(instruction: Instruction) -> str:
    flag = next((each.name for each in instruction.flags if each.name in _FLAGS), None)
    return f"{instruction.keyword} --{flag} (Dockerfile {_FLAGS[flag]})" if flag is not None else ""


RULE = Rule(
    code="needs-buildkit",
    family="correctness",
    severity="note",
    safety=None,
    title="flags that only BuildKit knows, without the line that asks for it",
    find=_find,
    doc=__doc__,
)
