"""An environment is copied to another path than it was made at.

What it does
============
Finds a virtual environment that a stage makes at one path (``python -m venv``, ``uv venv``, ``uv sync``,
``UV_PROJECT_ENVIRONMENT``) and another copies to a different one, when CMD or ENTRYPOINT runs a script of it; as a
warning when nothing is seen to.

Why
===
Each script in ``bin`` begins with ``#!`` and the interpreter's absolute path at which it was made: after the move
``gunicorn`` fails with "no such file or directory", while ``python -m gunicorn`` works.

Bad
===
::

    FROM python:3.12-slim AS build
    RUN python -m venv /build/venv && /build/venv/bin/pip install --no-cache-dir gunicorn==23.0
    FROM python:3.12-slim
    COPY --from=build /build/venv /opt/venv
    CMD ["/opt/venv/bin/gunicorn", "app:app"]

Good
====
::

    FROM python:3.12-slim AS build
    RUN python -m venv /opt/venv && /opt/venv/bin/pip install --no-cache-dir gunicorn==23.0
    FROM python:3.12-slim
    COPY --from=build /opt/venv /opt/venv
    CMD ["/opt/venv/bin/gunicorn", "app:app"]

References
==========
docs.python.org 3.14, "venv": environments are inherently non-portable; ``--relocatable`` of uv venv.
"""

from collections.abc import Iterator

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at, expand_at, folders_at
from lightship.dockerfile.stages import Stage
from lightship.lint.paths import Copied, copies, is_below, resolved, source_stage
from lightship.lint.rule import Remark, Rule
from lightship.lint.subject import Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Remark]:
    for stage in subject.stages.shipped:
        for copied in copies(subject, stage):
            source = source_stage(subject, copied)
            if source is None or len(copied.sources) != 1:
                continue
            path = expand_at(subject.stages, copied.instruction, copied.sources[0])
            destination = expand_at(subject.stages, copied.instruction, copied.copy.destination.text)
            if path is None or destination is None:
                continue
            for made in _environments_of(subject, source):
                moved = _moved(made, "/" + path.strip("/"), resolved(subject, copied.instruction, destination))
                if moved is not None and moved != made:
                    yield _remark(subject, copied, made, moved)


def _remark(subject: Subject, copied: Copied, made: str, moved: str) -> Remark:
    runs = _runs_script(subject, moved)
    return Remark(
        span=copied.instruction.span,
        message=f"the environment was made at {made} and is copied to {moved}: its scripts look for {made}/bin/python",
        fix=f"make it at {moved}, or copy it to {made}",
        severity=None if runs else "warning",
    )


def _moved(made: str, path: str, destination: str) -> str | None:
    """Where an environment made at ``made`` is after ``path`` was copied to ``destination``."""
    if not is_below(made, path):
        return None
    return (destination.rstrip("/") + made[len(path.rstrip("/")) :]) or "/"


def _no_stages(_subject: Subject) -> dict[int, tuple[str, ...]]:
    return {}


def _environments_of(subject: Subject, stage: Stage) -> tuple[str, ...]:
    known = subject.once(_no_stages)
    if stage.index not in known:
        known[stage.index] = tuple(dict.fromkeys(_environments(subject, stage)))
    return known[stage.index]


def _environments(subject: Subject, stage: Stage) -> Iterator[str]:
    """The folders of virtual environments that the stage, or what it is FROM, makes."""
    for each in subject.stages.chain(stage):
        for instruction in each.instructions:
            if instruction.keyword == "RUN":
                yield from _made(subject, instruction)


def _made(subject: Subject, run: Instruction) -> Iterator[str]:
    environment = environment_at(subject.stages, run)
    for command in subject.script(run).commands:
        words = [word.value or "" for word in command.words]
        plain = [word for word in words[1:] if word and not word.startswith("-")]
        if "--relocatable" in words or environment.get("UV_VENV_RELOCATABLE"):
            continue
        if (command.name.startswith("python") and words[1:3] == ["-m", "venv"]) or (
            command.name == "virtualenv" and plain
        ):
            yield resolved(subject, run, plain[-1])
        elif command.name == "uv" and plain[:1] == ["venv"]:
            yield resolved(subject, run, plain[1] if len(plain) > 1 else ".venv")
    for action in subject.actions(run):
        if action.manager == "uv" and action.kind == "sync" and action.command.words[1].value == "sync":
            folder = environment.get("UV_PROJECT_ENVIRONMENT", ".venv")
            if folder:
                yield resolved(subject, run, folder)


def _runs_script(subject: Subject, folder: str) -> bool:
    """Whether the command is a script of the environment's ``bin``, by its path or by PATH; Python itself is none."""
    for _, instruction in subject.shipped:
        if instruction.keyword not in ("CMD", "ENTRYPOINT"):
            continue
        commands = subject.script(instruction).commands
        first = commands[-1].words[0].value if commands and commands[-1].words else None
        if first is None or first.rpartition("/")[2].startswith("python"):
            continue
        on_path = folders_at(subject.stages, instruction, "PATH")
        if first.startswith(f"{folder}/bin/") or ("/" not in first and f"{folder}/bin" in on_path):
            return True
    return False


RULE = Rule(
    code="moved-environment",
    family="correctness",
    severity="error",
    safety=None,
    title="an environment is copied to another path than it was made at",
    find=_find,
    doc=__doc__,
)
