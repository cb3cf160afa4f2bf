"""What the builder refuses of stages that refer to each other, and of variables that cannot be put in.

https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/dockerfile2llb/convert.go.
"""

import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.settings import Setting
from lightship.dockerfile.stages import Stage, Stages, stages_of
from lightship.dockerfile.views import Copy, copy_of, from_of, mounts_of, pairs_of
from lightship.dockerfile.words import expand
from lightship.errors import InputError

__all__ = ["Refusal", "stage_refusals"]

_PLAIN = re.compile(r"[^$'\"\\`]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One reason, the instruction that is refused for it, and what would help."""

    instruction: Instruction
    message: str
    hint: str | None = None


def stage_refusals(dockerfile: Dockerfile) -> Iterator[Refusal]:
    """Those of a file that has a FROM; each instruction is looked at once."""
    stages = stages_of(dockerfile)
    names = {each.name: each.index for each in stages.stages if each.name}
    for instruction in dockerfile.instructions:
        if stages.of(instruction) is None:
            yield from _unexpanded(instruction, stages.outside, stages.escape, "")
    ends: list[dict[str, str | None]] = []
    for stage in stages.stages:
        environment = dict(ends[stage.base_stage]) if stage.base_stage is not None else {}
        yield from _of_base(stages, stage)
        yield from _unexpanded(stage.start, stages.outside, stages.escape, "")
        unset = "" if stages.begins_empty(stage) else None
        settings = deque(stage.settings)
        for instruction in stage.instructions:
            while settings and settings[0].place < instruction.span.start:
                _set(environment, settings.popleft())
            yield from _of_sources(stages, stage, instruction, names)
            yield from _unexpanded(instruction, environment, stages.escape, unset)
        for setting in settings:
            _set(environment, setting)
        ends.append(environment)


def _set(environment: dict[str, str | None], setting: Setting) -> None:
    if setting.kind in ("ARG", "ENV"):
        environment[setting.name] = setting.value


def _of_base(stages: Stages, stage: Stage) -> Iterator[Refusal]:
    said = from_of(stage.start)
    if said is None or said.image is None:
        return
    try:
        blank = expand(said.image.text, stages.outside, escape=stages.escape) == ""
    except InputError:
        return
    if blank:
        yield Refusal(
            instruction=stage.start,
            message=f"{said.image.text[:60]} is empty",
            hint="only an ARG before the first FROM counts in FROM; give it a default",
        )


def _of_sources(stages: Stages, stage: Stage, instruction: Instruction, names: Mapping[str, int]) -> Iterator[Refusal]:
    copy = copy_of(instruction)
    if copy and copy.from_:
        if _has_variable(copy.from_, stages.escape):
            hint = "name a stage with FROM ${…} AS name before the first of them, and copy from that"
            yield Refusal(instruction=instruction, message="--from takes no variable", hint=hint)
        elif copy.from_.isascii() and copy.from_.isdecimal():
            yield from _of_index(int(copy.from_[:9]), stage, instruction)
        elif copy.from_.lower() in names:
            yield from _of_index(names[copy.from_.lower()], stage, instruction)
    for mount in mounts_of(instruction):
        if mount.from_ and mount.from_.lower() in names:
            yield from _of_index(names[mount.from_.lower()], stage, instruction)


def _of_index(index: int, stage: Stage, instruction: Instruction) -> Iterator[Refusal]:
    if index == stage.index:
        yield Refusal(instruction=instruction, message="it takes files from its own stage", hint="leave --from out")
    elif index > stage.index:
        message = f"it takes files from stage {index}, which is not before its own"
        yield Refusal(instruction=instruction, message=message, hint="move that stage up")


def _has_variable(text: str, escape: str) -> bool:
    try:
        return expand(text, {}, escape=escape) != text
    except InputError:
        return True


def _unexpanded(
    instruction: Instruction, environment: Mapping[str, str | None], file_escape: str, unset: str | None
) -> Iterator[Refusal]:
    """Words whose variables cannot be put in, as they see ``environment``."""
    texts = [(text, False) for text in _texts(instruction) if not _PLAIN.fullmatch(text)]
    copy = copy_of(instruction)
    texts += [(each.content, True) for each in (copy.contents if copy else ()) if each.expand and "$" in each.content]
    for text, is_body in texts:
        # The builder reads a body with \\ whatever the file's escape character is.
        escape = "\\" if is_body else file_escape
        try:
            expand(text, environment, escape=escape, unset=unset, keep_quotes=is_body)
        except InputError as error:
            hint = f"quote its name, as in <<'{_name(copy)}'" if is_body else error.hint
            yield Refusal(instruction=instruction, message=str(error), hint=hint)


def _name(copy: Copy | None) -> str:
    return copy.contents[0].name if copy and copy.contents else "EOF"


def _texts(instruction: Instruction) -> Iterator[str]:
    """The words in which the builder puts variables."""
    keyword = instruction.keyword
    for pair in pairs_of(instruction):
        yield from (pair.value or "",) if keyword == "ARG" else (pair.name, pair.value or "")
    if keyword in ("WORKDIR", "USER", "VOLUME", "STOPSIGNAL", "EXPOSE"):
        yield from (word.text for word in instruction.words)
    copy = copy_of(instruction)
    if copy:
        yield from (word.text for word in (*copy.sources, copy.destination))
        yield from (text for text in (copy.chown, copy.chmod, copy.checksum) if text)
    for mount in mounts_of(instruction):
        yield from (value for _, value in mount.options if value)
    said = from_of(instruction)
    if said:
        yield from (text for text in (said.image and said.image.text, said.platform) if text)
