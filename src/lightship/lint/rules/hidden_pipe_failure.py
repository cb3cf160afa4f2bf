r"""A failure that a pipe hides.

What it does
============
Finds pipes whose first command fetches, builds or tests, and whose last takes any input and is content with none
(``tee``, ``cat``, ``sed``, ``jq``, ``head`` …), where no ``pipefail`` is set. Pipes into what notices a broken input
itself (``tar``, ``gpg``) are left alone; ``curl | sh`` is piped-download's.

Why
===
A pipe's status is its last command's. The download fails, the file is empty, the build is green, and what needs the
file fails later, elsewhere.

Bad
===
::

    FROM debian:bookworm-slim
    RUN curl -fsSL https://packages.example/key.asc | tee /etc/apt/keyrings/example.asc

Good
====
::

    FROM debian:bookworm-slim
    RUN curl -fsSL -o /etc/apt/keyrings/example.asc https://packages.example/key.asc

References
==========
bash(1) 5.2, "Pipelines" and ``set -o pipefail``; docs.docker.com, "Building best practices", pipes (2026); hadolint
DL4006, which asks for it at every pipe.
"""

from collections.abc import Iterator, Sequence

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import shell_at
from lightship.dockerfile.shell import Command
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_MAY_FAIL = frozenset(
    {
        "curl", "wget", "aria2c", "git", "aws", "gsutil", "gcloud", "pip", "pip3", "uv", "poetry", "pdm", "npm", "pnpm",
        "yarn", "npx", "apt-get", "make", "cargo", "go", "python", "python3", "pytest", "tox", "nox", "gpg", "openssl",
        "tar", "unzip", "gunzip", "zcat", "xzcat",
    }
)  # fmt: skip
_CONTENT = frozenset(
    {
        "tee", "cat", "sed", "awk", "jq", "tail", "head", "sort", "uniq", "cut", "tr", "base64", "xargs", "wc", "tac",
        "dd", "envsubst", "column", "rev",
    }
)  # fmt: skip
"""Programs that end well whatever they read."""


def _find(subject: Subject) -> Iterator[Remark]:
    for _, run in subject.instructions:
        if run.keyword != "RUN" or _is_told(subject, run):
            continue
        commands = subject.script(run).commands
        for command, last in zip(commands, _ends(commands), strict=True):
            if command.name in _MAY_FAIL and command.joiner != "|" and last is not None and _takes_all(last):
                yield Remark(
                    span=command.span,
                    message=f"when {command.name} fails, {last.name} ends well with what it got, and the build goes on",
                    fix='to a file first; or SHELL ["/bin/bash", "-o", "pipefail", "-c"] above',
                )


def _is_told(subject: Subject, run: Instruction) -> bool:
    return "pipefail" in run.argument.text or any("pipefail" in word for word in shell_at(subject.stages, run))


def _ends(commands: Sequence[Command]) -> list[Command | None]:
    """Of each command the end of the pipe that goes on from it; None where there is none, or ``|| …`` says what
    then."""
    found: list[Command | None] = []
    end: Command | None = None
    joiner = ""
    for command in reversed(commands):
        is_last = joiner != "|"
        end = (None if joiner == "||" else command) if is_last else end
        found.append(None if is_last else end)
        joiner = command.joiner
    return found[::-1]


def _takes_all(command: Command) -> bool:
    installs = command.name in ("pip", "pip3", "uv") and bool({"-", "/dev/stdin"} & set(command.arguments))
    return command.name in _CONTENT or installs


RULE = Rule(
    code="hidden-pipe-failure",
    family="correctness",
    severity="warning",
    safety=None,
    title="a failure that a pipe hides",
    find=_find,
    doc=__doc__,
)
