"""The environment is resolved and synced at every start.

What it does
============
Finds a CMD or ENTRYPOINT that starts the application through ``uv run`` without ``--no-sync``.

Why
===
``uv run`` holds the environment against the lock before it starts anything, and mends what differs: it takes time at
every start, wants uv and the lock in the image, and a package index where something is missing. An environment that
was made with ``--no-dev`` does differ: the groups for development are then downloaded into every container. As another
user than the one that made the environment it may not write there, and does not start.

Measured (uv 0.13.9, 162 packages, two cores, 2026-11): 25 ms instead of 17 where nothing differs; 2.1 to 5.7 s where
pytest, mypy, ruff and ipython were left out and are fetched.

Bad
===
::

    FROM python:3.12-slim
    WORKDIR /app
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev
    COPY app app
    CMD ["uv", "run", "python", "-m", "app"]

Good
====
::

    FROM python:3.12-slim
    WORKDIR /app
    COPY pyproject.toml uv.lock ./
    RUN uv sync --locked --no-dev
    COPY app app
    CMD ["/app/.venv/bin/python", "-m", "app"]

References
==========
docs.astral.sh, uv 0.8, "Running commands in projects", "Using uv in Docker".
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

from lightship.dockerfile.edit import Edit
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.shell import Command
from lightship.lint.rewriting import add_option
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Cost, Subject

__all__ = ["RULE"]

_SETTLED = ("--no-sync", "--no-project", "--isolated", "--script", "-s")
_OFF = ("", "0", "false", "no", "off")
_LEFT_OUT = ("--no-dev", "--no-default-groups", "--no-group", "--only-group")
_NOTHING = Cost(seconds=0.01, how="uv 0.13.9 with 162 packages, nothing to change, 2026-11")
_GROUPS = Cost(seconds=2.1, how="uv 0.13.9 fetches pytest, mypy, ruff and ipython, 2026-11")
_JSON_RUN = re.compile(r'"uv"\s*,\s*"run"')


def _find(subject: Subject) -> Iterator[Remark]:
    last = {each.keyword: each for _, each in subject.shipped if each.keyword in ("CMD", "ENTRYPOINT")}
    for instruction in sorted(last.values(), key=lambda each: each.span):
        for command in subject.script(instruction).commands:
            if _syncs(subject, instruction, command):
                cost = _cost(subject, instruction, command)
                yield Remark(
                    span=instruction.span,
                    message="uv holds the environment against the lock at every start, and installs what differs",
                    fix="start the environment's own program, /app/.venv/bin/python for instance, or uv run --no-sync",
                    edits=_edits(subject, instruction, command),
                    seconds=cost.seconds,
                    how=cost.how,
                )
                break


def _syncs(subject: Subject, instruction: Instruction, command: Command) -> bool:
    words = [word.value for word in command.words]
    if command.name != "uv" or "run" not in words[1:3]:
        return False
    options = []
    for word in words[words.index("run") + 1 :]:
        if word is None or not word.startswith("-"):
            break
        options.append(word)
    environment = environment_at(subject.stages, instruction)
    given = [each.partition("=")[0] for each in command.assignments]
    is_off = "UV_NO_SYNC" in given or environment.get("UV_NO_SYNC", "") not in _OFF
    return not is_off and not any(option in _SETTLED for option in options)


def _cost(subject: Subject, instruction: Instruction, command: Command) -> Cost:
    """Seconds of a start: little where the environment is as ``uv run`` wants it, and a download where a line has left
    out the groups that it wants. Not known where no line makes the environment, or the project is not seen."""
    actions = ((run, action) for _, run in subject.shipped for action in subject.actions(run))
    synced = [each for each in actions if each[1].manager == "uv" and each[1].command.words[1].value == "sync"]
    if not synced:
        return Cost()
    run, action = synced[-1]
    if not (action.has(*_LEFT_OUT) or _says_no_dev(subject, run)):
        return _NOTHING
    if _says_no_dev(subject, instruction) or {word.value for word in command.words} & set(_LEFT_OUT):
        return _NOTHING
    wanted = _has_default_groups(subject)
    return Cost() if wanted is None else _GROUPS if wanted else _NOTHING


def _says_no_dev(subject: Subject, instruction: Instruction) -> bool:
    return environment_at(subject.stages, instruction).get("UV_NO_DEV", "") not in _OFF


def _has_default_groups(subject: Subject) -> bool | None:
    """Whether ``uv run`` installs a group that no option asks for; None where that is not known
    (https://docs.astral.sh/uv/concepts/projects/dependencies/#default-groups)."""
    text = subject.context.read("pyproject.toml") if subject.context is not None else None
    try:
        project = tomllib.loads(text) if text is not None else {}
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    if not project:
        return None
    settings, groups = _table(_table(project, "tool"), "uv"), _table(project, "dependency-groups")
    wanted = settings.get("default-groups", ["dev"])
    if wanted == "all":
        return bool(groups)
    named = [name for name in wanted if isinstance(name, str)] if isinstance(wanted, list) else []
    return bool(settings.get("dev-dependencies")) or any(groups.get(name) for name in named)


def _table(document: Mapping[str, object], name: str) -> Mapping[str, object]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _edits(subject: Subject, instruction: Instruction, command: Command) -> tuple[Edit, ...]:
    """``--no-sync`` where a line of the image has synced, so that the environment is there."""
    synced = any(
        action.manager == "uv" and action.kind == "sync"
        for _, run in subject.shipped
        for action in subject.actions(run)
    )
    if not synced:
        return ()
    if instruction.exec_form is None:
        edit = add_option(command, "--no-sync", after=1) if command.words[1].value == "run" else None
        return (edit,) if edit is not None else ()
    found = _JSON_RUN.search(instruction.argument.text)
    if found is None:
        return ()
    place = instruction.argument.span(found.end(), found.end())
    return (Edit(place, ', "--no-sync"'),)


RULE = Rule(
    code="sync-at-start",
    family="start",
    severity="warning",
    safety="safe",
    title="the environment is resolved and synced at every start",
    find=_find,
    doc=__doc__,
)
