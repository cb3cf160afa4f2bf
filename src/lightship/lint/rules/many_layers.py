"""Many small RUN layers.

What it does
============
Finds four or more RUN lines in a row, in a stage that ships, with nothing between them that needs its own layer.

Why
===
Each layer is a request, a file system to unpack and to mount; overlay file systems look through every one of them.
Engines stop at 127. Files that a later line takes away again stay in an earlier layer.

Bad
===
::

    FROM debian:bookworm-slim
    RUN mkdir /a
    RUN mkdir /b
    RUN mkdir /c
    RUN mkdir /d

Good
====
::

    FROM debian:bookworm-slim
    RUN mkdir /a /b /c /d

References
==========
docs.docker.com, "Building best practices" (2026); containerd overlayfs: max 128 layers; hadolint DL3059 counts two.
"""

import itertools
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction, Span
from lightship.lint.rewriting import is_bare
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_ENOUGH = 4
_OF_THE_SHELL = frozenset(
    {
        "cd", "set", "export", "umask", "exit", "return", "trap", "ulimit", "unset", "alias", "unalias", "exec", ".",
        "source", "eval", "read", "readonly", "declare", "typeset", "local", "shopt", "pushd", "popd", "wait", "shift",
        "hash", "enable", "getopts", "mapfile", "",
    }
)  # fmt: skip
"""What they do outlasts the command."""


def _find(subject: Subject) -> Iterator[Remark]:
    row: list[Instruction] = []
    stage = None
    for in_stage, instruction in subject.shipped:
        if row and (instruction.keyword != "RUN" or in_stage != stage):
            yield from _remarks(subject, row)
            row = []
        stage = in_stage
        if instruction.keyword == "RUN":
            row.append(instruction)
    yield from _remarks(subject, row)


def _remarks(subject: Subject, row: list[Instruction]) -> Iterator[Remark]:
    if len(row) < _ENOUGH:
        return
    yield Remark(
        span=Span(row[0].span.start, row[-1].span.end),
        message=f"{len(row)} RUN lines in a row make {len(row)} layers",
        fix="join those that belong together: RUN a && b, or a heredoc",
        edits=_joined(subject, row),
    )


def _joined(subject: Subject, row: list[Instruction]) -> tuple[Edit, ...]:
    """Plain lines joined by ``&&``; nothing where one of them has flags, a heredoc or the exec form."""
    source = subject.dockerfile.text
    if any(each.flags or each.heredocs or each.exec_form is not None for each in row):
        return ()
    if any(not is_bare(subject, each) or _changes_shell(subject, each) for each in row):
        return ()
    between = [source[before.span.end : after.span.start] for before, after in itertools.pairwise(row)]
    if any(text.strip() for text in between):  # a comment would be lost
        return ()
    newline = "\r\n" if "\r\n" in source else "\n"
    return tuple(
        Edit(Span(before.span.end, after.argument.span(0, 1).start), f" {subject.dockerfile.escape}{newline}    && ")
        for before, after in itertools.pairwise(row)
    )


def _changes_shell(subject: Subject, run: Instruction) -> bool:
    """``cd``, ``set`` and assignments would count for the lines after it; ``a || b`` would be read otherwise."""
    commands = subject.script(run).commands
    return any(
        command.name in _OF_THE_SHELL
        or "exec" in command.wrapper
        or (command.is_conditional or command.joiner in ("||", "&", ";"))
        for command in commands
    )


RULE = Rule(
    code="many-layers",
    family="layers",
    severity="note",
    safety="lossless",
    title="many small RUN layers",
    find=_find,
    doc=__doc__,
)
