"""A base that may be another one tomorrow.

What it does
============
Finds FROM and ``COPY --from`` of a foreign image without a tag, or with ``latest``; as a note a tag without a digest
is not remarked upon. Stages, ``scratch`` and names that come from a build argument without default are left alone.

Why
===
The build that works today gets another distribution or Python tomorrow, without a change in the repository.

Bad
===
::

    FROM python
    USER 1000
    CMD ["python", "-m", "app"]

Good
====
::

    FROM python:3.12-slim-bookworm
    USER 1000
    CMD ["python", "-m", "app"]

References
==========
docs.docker.com, "Pin base image versions" (2026); hadolint DL3006 and DL3007, which take a FROM of a stage for an
image in some versions.
"""

from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.views import copy_of
from lightship.lint.paths import copies, source_stage
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed:
            continue
        if stage.base_stage is None and stage.base != "scratch":
            yield from _remarks(stage.base, stage.start)
        for copied in copies(subject, stage):
            name = copied.copy.from_
            if name and source_stage(subject, copied) is None and not name.isdigit() and (":" in name or "/" in name):
                yield from _remarks(name, copied.instruction)


def _remarks(name: str, instruction: Instruction) -> Iterator[Remark]:
    if "$" in name or not name or "@" in name:
        return
    _, has_tag, tag = name.rpartition("/")[2].partition(":")
    if has_tag and tag != "latest":
        return
    copy = copy_of(instruction)
    yield Remark(
        span=instruction.span if copy is None else instruction.flags[0].span,
        message=f"{name} is whatever is newest on the day of the build",
        fix="a tag with its version, better a digest: name:tag@sha256:…",
    )


RULE = Rule(
    code="unpinned-base",
    family="security",
    severity="warning",
    safety=None,
    title="a base that may be another one tomorrow",
    find=_find,
    doc=__doc__,
)
