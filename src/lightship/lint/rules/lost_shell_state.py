"""What a shell is told is forgotten at the end of the line.

What it does
============
Finds RUN lines whose last command is ``cd``, ``export``, ``source`` or ``.`` of an environment, ``alias``, ``umask``
or ``conda activate``, and lines that only set a variable.

Why
===
Every RUN has a shell of its own. The next one begins in WORKDIR, with the variables of ENV: the environment that was
activated is not, and pip installs elsewhere. ``cd`` at the head of a line that goes on is fine, and not remarked upon.

Bad
===
::

    FROM python:3.12-slim
    RUN python -m venv /opt/venv
    RUN . /opt/venv/bin/activate
    RUN pip install --no-cache-dir flask==3.0

Good
====
::

    FROM python:3.12-slim
    RUN python -m venv /opt/venv
    ENV PATH=/opt/venv/bin:$PATH
    RUN pip install --no-cache-dir flask==3.0

References
==========
docs.docker.com, "Dockerfile reference", RUN, WORKDIR, ENV (2026); hadolint DL3003, which takes every ``cd`` for one.
"""

from collections.abc import Iterator

from lightship.dockerfile.shell import Command
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_INSTEAD = {
    "cd": "WORKDIR, or && and what is to be done there",
    "export": "ENV",
    "source": "ENV PATH=/path/of/the/environment/bin:$PATH",
    ".": "ENV PATH=/path/of/the/environment/bin:$PATH",
    "activate": "ENV PATH=/path/of/the/environment/bin:$PATH",
    "alias": "a script in /usr/local/bin",
    "umask": "umask in the line that makes the files, or COPY --chmod",
    "": "ENV, or the variable in the line that uses it",
}


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        script = subject.script(run)
        if run.keyword != "RUN" or run.exec_form is not None or not script.understood or not script.commands:
            continue
        last = script.commands[-1]
        name = _name(last)
        if name is None or last.is_nested or last.is_conditional or last.joiner == "||" or last.redirections:
            continue
        text = subject.dockerfile.text[last.span.start : last.span.end].split("\n", 1)[0]
        yield Remark(
            span=last.span,
            message=f"nothing is left of {text!r} when this RUN ends",
            fix=_INSTEAD[name],
        )


def _name(command: Command) -> str | None:
    """The builtin that the command is, if it only changes its shell."""
    if not command.words:
        return "" if command.assignments and not any("$(" in text for text in command.assignments) else None
    if command.name in ("conda", "mamba", "micromamba") and command.arguments[:1] == ("activate",):
        return "activate"
    if command.name in ("export", "alias") and not command.arguments:
        return None
    return command.name if command.name in _INSTEAD and command.name else None


RULE = Rule(
    code="lost-shell-state",
    family="correctness",
    severity="warning",
    safety=None,
    title="what a shell is told is forgotten at the end of the line",
    find=_find,
    doc=__doc__,
)
