"""A value of every build stands above what is slow.

What it does
============
Finds ARG, ENV and LABEL of values that change with each build (commit, build date, build number, version), above a
RUN that installs or compiles, in stages that are built.

Why
===
A changed ARG makes every RUN below it run again, whether it uses it or not; a changed ENV or LABEL makes every layer
below it a new one.

Bad
===
::

    FROM python:3.12-slim
    ARG COMMIT_SHA
    ENV COMMIT_SHA=${COMMIT_SHA}
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    USER 1000

Good
====
::

    FROM python:3.12-slim
    COPY requirements.txt .
    RUN pip install --no-cache-dir -r requirements.txt
    ARG COMMIT_SHA
    ENV COMMIT_SHA=${COMMIT_SHA}
    USER 1000

References
==========
docs.docker.com, "Dockerfile reference", "Impact on build caching" (2026).
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit, whole_lines
from lightship.dockerfile.model import Instruction, Span
from lightship.dockerfile.views import pairs_of
from lightship.lint.later import installs_only
from lightship.lint.rewriting import with_comments
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_CHANGES = re.compile(
    r"(^|_)(commit(_?(sha|hash|id|ref))?|git_?(sha|commit|hash|rev(ision)?|ref|describe)|sha|revision|vcs_?ref|"
    r"build_?(date|time|timestamp|id|number|num|no|tag|at)|built_?at|timestamp|ci_commit_\w+|cache_?bust(er)?|release_?date)$|"
    r"org\.opencontainers\.image\.(revision|created)$|org\.label-schema\.(vcs-ref|build-date)$",
    re.IGNORECASE,
)


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed:
            continue
        for place, instruction in enumerate(stage.instructions):
            names = [pair.name for pair in pairs_of(instruction) if _CHANGES.search(pair.name)]
            if not names or not _is_variable(instruction):
                continue
            slow = [each for each in stage.instructions[place + 1 :] if _is_slow(subject, each)]
            if slow:
                yield Remark(
                    span=instruction.span,
                    message=f"{names[0]} changes with every build, and line {slow[-1].line} below it runs again",
                    fix=f"put it below line {slow[-1].line}, the last that is slow",
                    edits=_edits(subject, stage.instructions[place + 1 :], instruction, names, slow[-1]),
                )


def _is_variable(instruction: Instruction) -> bool:
    """An ARG comes from outside; an ENV or LABEL changes where it takes its value from one."""
    return instruction.keyword == "ARG" or any("$" in (pair.value or "") for pair in pairs_of(instruction))


def _is_slow(subject: Subject, instruction: Instruction) -> bool:
    if instruction.keyword != "RUN":
        return False
    script = subject.script(instruction)
    slow = ("make", "cmake", "cargo", "go", "compileall", "vite", "webpack", "next")
    return any(each.kind in ("install", "sync", "upgrade") for each in subject.actions(instruction)) or any(
        command.name in slow or (command.name in ("npm", "yarn", "pnpm") and "build" in command.arguments)
        for command in script.commands
    )


def _edits(
    subject: Subject, below: tuple[Instruction, ...], instruction: Instruction, names: list[str], last: Instruction
) -> tuple[Edit, ...]:
    """The line moved below the last slow one, with the comments right above it, where nothing in between uses the name,
    sets what its value is made of, or runs a program that may look at it."""
    text = subject.dockerfile.text
    between = [each for each in below if each.span.end <= last.span.end]
    used = {name for pair in pairs_of(instruction) for name in re.findall(r"\w+", pair.value or "")}
    if any(each.keyword == "RUN" and not installs_only(subject, each) for each in between) or any(
        pair.name in used for each in between for pair in pairs_of(each)
    ):
        return ()
    if len(pairs_of(instruction)) != len(names) or any(
        re.search(rf"\b{re.escape(name)}\b", text[each.span.start : each.span.end])
        for each in between
        for name in names
    ):
        return ()
    lines, after = with_comments(subject, instruction), whole_lines(text, last.span)
    moved = text[lines.start : lines.end]
    if not text[after.start : after.end].endswith("\n"):
        return ()
    return (Edit(lines, ""), Edit(Span(after.end, after.end), moved))


RULE = Rule(
    code="early-invalidation",
    family="cache order",
    severity="warning",
    safety="lossless",
    title="a value of every build stands above what is slow",
    find=_find,
    doc=__doc__,
)
