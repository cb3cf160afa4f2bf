"""What `lightship lint` does not know of the images that stages begin with, as one sentence for the person."""

from collections.abc import Iterable

from lightship.dockerfile.stages import SCRATCH
from lightship.ecosystem.base_images import known_base
from lightship.lint.check import Linted
from lightship.units import format_names

__all__ = ["unknown_bases"]

_NAMED = 3


def unknown_bases(files: Iterable[Linted]) -> str | None:
    """Names that tell nothing, of stages that are built: no image is asked for its configuration, and a name such as
    ``python:3.12-slim`` tells what a rule needs. None where every name does."""
    names = {
        stage.base: None
        for linted in files
        for stage in linted.subject.stages.stages
        if stage.index in linted.subject.stages.needed
        and stage.base_stage is None
        and stage.base != SCRATCH
        and known_base(stage.base) is None
    }
    if not names:
        return None
    shown = [*names][:_NAMED] + ([f"{len(names) - _NAMED} more"] if len(names) > _NAMED else [])
    verb, owner = ("is", "its") if len(names) == 1 else ("are", "their")
    return (
        f"{format_names(shown)} {verb} not known by name: {owner} own ENV, USER and "
        "WORKDIR are open, SHELL is taken for /bin/sh and ONBUILD for none; rules that need them may say too little"
    )
