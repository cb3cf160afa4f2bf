"""A shell stands between signals and the application.

What it does
============
Finds the last ENTRYPOINT, or CMD where there is none, of the target in shell form, unless the line begins with
``exec`` or is more than one command.

Why
===
The builder wraps the line in ``/bin/sh -c``: the shell is process 1, does not hand on SIGTERM, and the application is
killed after the grace period instead of ending its work. Every rolling update then waits 10 to 30 seconds a pod. With
an ENTRYPOINT in shell form CMD and arguments are ignored.

Bad
===
::

    FROM python:3.12-slim
    USER 1000
    CMD gunicorn -b 0.0.0.0:8000 app:app

Good
====
::

    FROM python:3.12-slim
    USER 1000
    CMD ["gunicorn", "-b", "0.0.0.0:8000", "app:app"]

References
==========
docs.docker.com, "Dockerfile reference", "Shell form ENTRYPOINT example" (2026); kubernetes.io, "Pod Lifecycle",
termination (2026); BuildKit check JSONArgsRecommended.
"""

import json
import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import shell_at
from lightship.lint.rewriting import is_bare
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_SHELL_MARKS = frozenset("$`*?[]{}~<>|&;()#!\\")


_PLAIN_SHELL = re.compile(r"-[ceux]*(o)?|pipefail|errexit|nounset|xtrace")
_BUILT_IN = frozenset(
    {
        "", ".", ":", "source", "cd", "set", "export", "eval", "exit", "umask", "ulimit", "trap", "wait", "read",
        "return", "unset", "alias", "shift", "times", "type", "hash", "jobs", "fg", "bg", "local", "command", "declare",
    }
)  # fmt: skip
"""What only a shell can do."""


def _find(subject: Subject) -> Iterator[Remark]:
    last = {each.keyword: each for _, each in subject.shipped if each.keyword in ("CMD", "ENTRYPOINT")}
    entry = last.get("ENTRYPOINT")
    for instruction in ([entry] if entry is not None else []) or list(last.values()):
        if instruction.exec_form is not None or not instruction.argument.text.strip():
            continue
        script = subject.script(instruction)
        if script.commands and "exec" in script.commands[-1].wrapper:
            continue
        edit = _edit(subject, instruction) if _needs_no_shell(subject, instruction) else None
        if instruction.argument.text.lstrip().startswith("["):
            yield Remark(
                span=instruction.span,
                message=f"{instruction.keyword} looks like a JSON array and is none: a shell is given it as it stands",
                fix='double quotes around each word, commas between them, none before the ]: ["program", "word"]',
            )
            continue
        yield Remark(
            span=instruction.span,
            message=f"{instruction.keyword} in shell form: /bin/sh is process 1 and keeps SIGTERM for itself",
            fix="the exec form, a JSON array" if edit is not None else "the exec form, or exec before the last command",
            edits=(edit,) if edit is not None else (),
        )


def _needs_no_shell(subject: Subject, instruction: Instruction) -> bool:
    """Whether the line is one program with its words, the shell reads no profile before it, and the exec form would
    not be given the words of a CMD that the shell form ignores."""
    script = subject.script(instruction)
    commands = {each.keyword for _, each in subject.shipped if each.keyword == "CMD"}
    return (
        len(script.commands) == 1
        and is_bare(subject, instruction)
        and script.commands[0].name not in _BUILT_IN
        and all(_PLAIN_SHELL.fullmatch(word) for word in shell_at(subject.stages, instruction)[1:])
        and not any(instruction.span.start <= each.start < instruction.span.end for each in subject.dockerfile.comments)
        and not (instruction.keyword == "ENTRYPOINT" and commands)
    )


def _edit(subject: Subject, instruction: Instruction) -> Edit | None:
    """The same words as JSON, where no shell is needed to make them."""
    command = subject.script(instruction).commands[0]
    if command.assignments or command.redirections or command.wrapper:
        return None
    values = [word.value for word in command.words]
    if any(value is None or _SHELL_MARKS & set(word.text) for value, word in zip(values, command.words, strict=True)):
        return None
    argument = instruction.argument
    return Edit(argument.span(0, len(argument.text)), json.dumps(values, ensure_ascii=False))


RULE = Rule(
    code="shell-form-entrypoint",
    family="correctness",
    severity="warning",
    safety="lossless",
    title="a shell stands between signals and the application",
    find=_find,
    doc=__doc__,
)
