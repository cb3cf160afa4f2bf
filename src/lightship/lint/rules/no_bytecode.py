"""Python compiles the dependencies at every start.

What it does
============
Finds installs whose packages come without bytecode: uv without ``--compile-bytecode`` or ``UV_COMPILE_BYTECODE=1``,
pip with ``--no-compile`` or under ``PYTHONDONTWRITEBYTECODE``, poetry without ``--compile``; and ``find … -name
__pycache__`` removals, in stages that ship or feed one.

Why
===
A container starts from the image each time: what is compiled at one start is gone at the next. Dify's API took 14.5 s
to its first answer without bytecode and 7.4 s with it. The bytes are 20 % of the image, or 3 % for those modules that
a start imports.

Bad
===
::

    FROM python:3.12-slim
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev
    USER 1000

Good
====
::

    FROM python:3.12-slim
    ENV UV_COMPILE_BYTECODE=1
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev
    USER 1000

References
==========
docs.astral.sh, uv 0.8, "Compiling bytecode"; docs.python.org 3.14, PYTHONDONTWRITEBYTECODE;
docs/concepts/cold-start.md.
"""

import re
from collections.abc import Iterator

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.stages import Stage
from lightship.lint.actions import Action
from lightship.lint.rewriting import add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.shipped import reaches_image
from lightship.lint.subject import Subject

__all__ = ["RULE"]

_OLD_POETRY = re.compile(r"poetry[\"']?\s*[=<~]=?\s*(0|1\.[0-5]\b)|POETRY_VERSION=[\"']?(0|1\.[0-5]\b)", re.IGNORECASE)
"""Poetry whose install may have no --compile yet."""
_OFF = ("", "0", "false", "no", "off")
_TOOLS = frozenset({"pip", "uv", "poetry", "pdm", "setuptools", "wheel", "pipenv", "build", "virtualenv", "hatch"})


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.stages:
        if stage.index not in subject.stages.needed or not reaches_image(subject, stage):
            continue
        runs = [each for each in stage.instructions if each.keyword == "RUN"]
        if any(_compiles(run) for run in runs) or _is_compiled_above(subject, stage):
            continue
        for run in runs:
            for action in subject.actions(run):
                found = _without(subject, run, action)
                if found is not None:
                    yield found
            yield from _removals(subject, run)


def _is_compiled_above(subject: Subject, stage: Stage) -> bool:
    """A stage over this one makes the bytecode, and it reaches the image."""
    above = (each for each in subject.stages.stages if each is not stage and stage in subject.stages.chain(each))
    return any(
        reaches_image(subject, each) and any(_compiles(run) for run in each.instructions if run.keyword == "RUN")
        for each in above
        if each.index in subject.stages.needed
    )


def _compiles(run: Instruction) -> bool:
    return "compileall" in run.argument.text


def _without(subject: Subject, run: Instruction, action: Action) -> Remark | None:
    if action.kind not in ("install", "sync") or (action.names and set(action.names) <= _TOOLS):
        return None
    environment = environment_at(subject.stages, run)
    if action.manager == "uv":
        on = environment.get("UV_COMPILE_BYTECODE", "") not in _OFF or _assigned(action, "UV_COMPILE_BYTECODE")
        if on or action.has("--compile-bytecode", "--compile"):
            return None
        edit = add_option(action.command, "--compile-bytecode", after=_verb(action))
        return _remark(
            subject,
            run,
            action,
            "uv installs without bytecode",
            "--compile-bytecode, or ENV UV_COMPILE_BYTECODE=1",
            edit,
        )
    if action.manager == "pip" and action.has("--no-compile"):
        return _remark(subject, run, action, "pip is told not to compile", "pip install without --no-compile", None)
    if action.manager == "poetry" and action.kind == "sync" and not action.has("--compile"):
        edit = (
            None
            if _OLD_POETRY.search(subject.dockerfile.text)
            else add_option(action.command, "--compile", after=_verb(action))
        )
        return _remark(subject, run, action, "poetry installs without bytecode", "poetry install --compile", edit)
    return None


def _verb(action: Action) -> int:
    verbs = ("install", "sync", "add")
    return next((place for place, word in enumerate(action.command.words) if word.value in verbs), 1)


def _assigned(action: Action, name: str) -> bool:
    return any(each.startswith(f"{name}=") for each in action.command.assignments)


def _remark(subject: Subject, run: Instruction, action: Action, message: str, fix: str, edit: Edit | None) -> Remark:
    cost = subject.costs.of_part(run, "bytecode")
    return Remark(
        span=action.command.span,
        message=f"{message}: Python compiles every module again at every start",
        fix=fix,
        edits=(edit,) if edit is not None else (),
        seconds=cost.seconds,
        how=cost.how,
    )


def _removals(subject: Subject, run: Instruction) -> Iterator[Remark]:
    for command in subject.script(run).commands:
        words = [word.value or word.text for word in command.words]
        deletes = command.name == "rm" or (command.name == "find" and {"-delete", "-exec", "rm"} & set(words))
        if deletes and any("__pycache__" in word or word.endswith("*.pyc") for word in words):
            yield Remark(
                span=command.span,
                message="the bytecode is deleted: the image is smaller and its start twice as slow",
                fix="keep it",
            )


RULE = Rule(
    code="no-bytecode",
    family="start",
    severity="warning",
    safety="lossless",
    title="Python compiles the dependencies at every start",
    find=_find,
    doc=__doc__,
)
