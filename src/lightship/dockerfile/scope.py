"""What counts where an instruction stands: the variables it sees, its folder, its user, its shell.

Nothing is looked up outside the file: what a foreign base image sets is not known, and is said to be so.
"""

from collections.abc import Mapping

from lightship.dockerfile.history import Environment
from lightship.dockerfile.model import Instruction
from lightship.dockerfile.settings import UNKNOWN, Setting, value_of
from lightship.dockerfile.stages import Stage, Stages

__all__ = [
    "DEFAULT_SHELL",
    "environment_at",
    "environment_of",
    "expand_at",
    "folders_at",
    "shell_at",
    "user_at",
    "workdir_at",
]

DEFAULT_SHELL = ("/bin/sh", "-c")
"""The builder's, where no SHELL and no base image says otherwise."""


def environment_at(stages: Stages, instruction: Instruction) -> Mapping[str, str | None]:
    """The variables that the words of ``instruction`` see, ARG and ENV; None for a value that only a build knows.

    Before the first FROM and in FROM itself these are the global ARGs and the automatic ones. A name that is not there
    is empty if `Stages.begins_empty` says so of the stage; else the base image may set it.
    """
    stage = stages.of(instruction)
    if stage is None or instruction.span == stage.start.span:
        return stages.outside
    return _environment(stages, stage, instruction)


def environment_of(stages: Stages, stage: Stage) -> Mapping[str, str | None]:
    """The variables at the end of ``stage``; those that ENV set are the image's. As `environment_at` otherwise."""
    settings = [setting for each in stages.chain(stage) for setting in each.settings]
    return {each.name: each.value for each in settings if each.kind in ("ARG", "ENV")}


def expand_at(stages: Stages, instruction: Instruction, text: str) -> str | None:
    """``text`` as the builder expands it in ``instruction``; None where only a build knows it, or where it refuses."""
    stage = stages.of(instruction)
    is_inside = stage is not None and instruction.span != stage.start.span
    unset = None if is_inside and stage is not None and not stages.begins_empty(stage) else ""
    return value_of(text, environment_at(stages, instruction), escape=stages.escape, unset=unset)


def folders_at(stages: Stages, instruction: Instruction, name: str) -> tuple[str, ...]:
    """The folders in a search path such as PATH or PYTHONPATH as ``instruction`` sees it, in their order, and without
    those of a foreign base image or any other part that only a build knows."""
    stage = stages.of(instruction)
    found = _environment(stages, stage, instruction).variable(name) if stage is not None else None
    outline = found.outline if found is not None else ""
    return tuple(part for part in outline.split(":") if part and UNKNOWN not in part)


def workdir_at(stages: Stages, instruction: Instruction) -> str | None:
    """The absolute folder in which ``instruction`` works; None where the base image decides."""
    found = _last(stages, instruction, "WORKDIR")
    return found.value if found else "/" if _begins_empty(stages, instruction) else None


def user_at(stages: Stages, instruction: Instruction) -> str | None:
    """The user as whom ``instruction`` runs, as USER says it; None where the base image decides or it is not known."""
    found = _last(stages, instruction, "USER")
    return found.value if found else "root" if _begins_empty(stages, instruction) else None


def shell_at(stages: Stages, instruction: Instruction) -> tuple[str, ...]:
    """The words before the shell form of ``instruction``. A base image that has a SHELL of its own is not known of."""
    found = _last(stages, instruction, "SHELL")
    return found.words if found else DEFAULT_SHELL


def _last(stages: Stages, instruction: Instruction, kind: str) -> Setting | None:
    stage = stages.of(instruction)
    return _environment(stages, stage, instruction).setting(kind) if stage is not None else None


def _begins_empty(stages: Stages, instruction: Instruction) -> bool:
    stage = stages.of(instruction)
    return stage is not None and stages.begins_empty(stage)


def _environment(stages: Stages, stage: Stage, instruction: Instruction) -> Environment:
    return Environment(stages.histories(stage), instruction.span.start)
