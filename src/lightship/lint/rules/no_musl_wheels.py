"""Alpine, for a lock that has no wheels for it.

What it does
============
Finds installs of the project's lock in a stage on musl (Alpine), where packages of the lock have neither a musllinux
wheel nor an sdist (an error: nothing can be installed), or only an sdist (a warning: they are compiled). It asks only
where the lock is in the context.

Why
===
manylinux wheels do not load on musl, so pip compiles what has an sdist: an hour of CI for numba or pyarrow, or fails
where there is none. ``--platform`` does not change the C library. ``lightship base`` tells the same for each base.

Bad
===
::

    FROM python:3.12-alpine
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev --compile-bytecode
    USER 1000

Good
====
::

    FROM python:3.12-slim
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev --compile-bytecode
    USER 1000

References
==========
PEP 656; docs/concepts/bases.md.
"""

from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.shell import Command
from lightship.ecosystem.base_images import known_base
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject
from lightship.units import format_names

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        known = known_base(subject.stages.chain(stage)[0].base)
        if stage.index not in subject.stages.needed or known is None or known.libc != "musl":
            continue
        command = next((each for run in stage.instructions for each in _installs(subject, run)), None)
        facts = subject.lock(known) if command is not None else None
        if command is None or facts is None or not facts.without_musl:
            continue
        lacking = facts.without_musl
        nothing = [each.name for each in lacking if not each.has_sdist]
        yield Remark(
            span=command.span,
            message=f"{len(lacking)} of {len(facts.offers)} locked packages have no wheel for musl: "
            f"{format_names([each.name for each in lacking])}; "
            + (f"{format_names(nothing)} not even an sdist" if nothing else "they are compiled, where that succeeds"),
            fix="a base with glibc, python:3.x-slim; lightship base compares them",
            severity=None if nothing else "warning",
        )


def _installs(subject: Subject, run: Instruction) -> Iterator[Command]:
    """Commands that install what a lock or a list says."""
    for action in subject.actions(run) if run.keyword == "RUN" else ():
        if action.manager in ("pip", "uv", "poetry", "pdm") and (
            action.kind == "sync" or action.value("-r", "--requirement") is not None
        ):
            yield action.command


RULE = Rule(
    code="no-musl-wheels",
    family="correctness",
    severity="error",
    safety=None,
    title="Alpine, for a lock that has no wheels for it",
    find=_find,
    doc=__doc__,
)
