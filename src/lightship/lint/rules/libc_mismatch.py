"""Binaries for another C library, or another Python.

What it does
============
Finds Python environments, ``site-packages``, ``node_modules`` and wheels' folders that are copied from a stage with
one C library (glibc of Debian, musl of Alpine) or one Python minor version to a stage with another.

Why
===
A compiled extension of a manylinux wheel does not load on musl, and one for CPython 3.11 not in 3.12: the build is
green, and the import fails at the first start. ``--platform`` does not change the C library.

Bad
===
::

    FROM python:3.12-slim AS build
    RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir numpy==2.1
    FROM python:3.12-alpine
    COPY --from=build /opt/venv /opt/venv

Good
====
::

    FROM python:3.12-slim AS build
    RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir numpy==2.1
    FROM python:3.12-slim
    COPY --from=build /opt/venv /opt/venv

References
==========
PEP 656 (musllinux), PEP 600 (manylinux), PEP 425 (tags).
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.stages import Stage
from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.lint.paths import Copied, above, copies, resolved, source_stage
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_PACKAGES = re.compile(
    r"(.*/)?(site-packages|dist-packages|\.?v?env|venv|\.venv|virtualenvs?|node_modules|wheels?|wheelhouse)"
    r"(/.*)?|/usr/local(/lib(/python[^/]*)?)?|/install"
)


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed:
            continue
        here = _base(subject, stage)
        for copied in copies(subject, stage):
            source = source_stage(subject, copied)
            there = _base(subject, source) if source is not None else known_base(copied.copy.from_ or "")
            if (
                here is None
                or there is None
                or not any(_holds_packages(subject, source, path) for path in copied.sources)
            ):
                continue
            difference = _difference(there, here, node=any("node_modules" in path for path in copied.sources))
            if difference:
                yield _remark(copied, difference)


def _remark(copied: Copied, difference: str) -> Remark:
    return Remark(
        span=copied.instruction.span,
        message=f"{' '.join(copied.sources)} was installed {difference}",
        fix="build and run on the same distribution and the same Python: python:3.x-slim for both",
    )


def _base(subject: Subject, stage: Stage) -> KnownBase | None:
    while stage.base_stage is not None:
        stage = subject.stages.stages[stage.base_stage]
    return known_base(stage.base)


def _difference(there: KnownBase, here: KnownBase, *, node: bool) -> str:
    if there.libc and here.libc and there.libc != here.libc:
        return f"for {there.libc} ({there.name}) and is to run on {here.libc} ({here.name})"
    if not node and there.python and here.python and there.python != here.python:
        return f"by Python {there.python} and is to run on Python {here.python}"
    return ""


def _holds_packages(subject: Subject, source: Stage | None, path: str) -> bool:
    """By its name, or since a line of the stage makes an environment or installs into it."""
    absolute = "/" + path.strip("/")
    return _PACKAGES.fullmatch(absolute) is not None or (source is not None and absolute in _filled(subject, source))


def _no_stages(_subject: Subject) -> dict[int, frozenset[str]]:
    return {}


def _filled(subject: Subject, stage: Stage) -> frozenset[str]:
    """The folders that the stage installs into, and those that they lie in."""
    known = subject.once(_no_stages)
    if stage.index not in known:
        known[stage.index] = above(
            resolved(subject, instruction, folder)
            for instruction in stage.instructions
            for folder in _targets(subject, instruction)
        )
    return known[stage.index]


def _targets(subject: Subject, instruction: Instruction) -> Iterator[str]:
    for command in subject.script(instruction).commands:
        arguments = command.arguments
        if "venv" in arguments or command.name == "virtualenv":
            yield from [each for each in reversed(arguments) if each and not each.startswith("-")][:1]
    for action in subject.actions(instruction):
        target = action.value("-t", "--target", "--prefix", "--root")
        if target:
            yield target
        if action.manager in ("uv", "poetry", "pdm") and action.kind == "sync":
            yield ".venv"


RULE = Rule(
    code="libc-mismatch",
    family="correctness",
    severity="error",
    safety=None,
    title="binaries for another C library, or another Python",
    find=_find,
    doc=__doc__,
)
