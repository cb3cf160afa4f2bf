"""The stages of a Dockerfile: which is built from which, which copies from which, and which of them ships.

As BuildKit resolves them: https://github.com/moby/buildkit/blob/v0.17.0/frontend/dockerfile/dockerfile2llb/convert.go.
What a variable is worth at a place, and the folder, user and shell there, is `scope`'s to say.
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from lightship.dockerfile.history import History, history_of
from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.settings import Budget, Evaluator, Setting, global_arguments, value_of
from lightship.dockerfile.views import copy_of, from_of, mounts_of
from lightship.errors import InputError, UsageError

__all__ = ["MOST_STAGES", "SCRATCH", "Stage", "Stages", "stages_of"]

SCRATCH = "scratch"
MOST_STAGES = 500
_MOST_INHERITED = 20_000
"""Instructions that ONBUILD hands on, over all stages; an honest file has a handful."""

_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What the builder sets on an empty base: https://github.com/moby/buildkit/blob/v0.17.0/util/system/path.go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """``start`` is its FROM, ``instructions`` what follows. ``base`` is the image's name with global ARGs put in, as
    written where one has no value, and ``base_stage`` the earlier stage of that name, if it is one. ``sources`` are the
    earlier stages it copies or mounts from. ``name`` is lower-case, as the builder compares it. ``settings`` are in
    their order; those of ``base_stage`` come before them."""

    index: int
    name: str | None
    base: str
    base_stage: int | None
    platform: str | None
    start: Instruction
    instructions: tuple[Instruction, ...]
    sources: frozenset[int] = frozenset()
    settings: tuple[Setting, ...] = field(default=(), repr=False)


def _begin(stage: Stage) -> int:
    return stage.start.span.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """All of them, and the index of the ``target`` that is built: the last, unless chosen otherwise."""

    stages: tuple[Stage, ...]
    target: int
    outside: Mapping[str, str | None] = field(default_factory=dict)
    """ARGs before the first FROM, and the automatic ones: as given to the build, or their default, or None."""
    escape: str = "\\"
    _histories: dict[int, tuple[History, ...]] = field(default_factory=dict, compare=False, repr=False)

    def label(self, stage: Stage) -> str:
        """What people call the stage: its name, ``stage 2`` as a COPY names it, or ``final stage`` of the target."""
        return stage.name or ("final stage" if stage.index == self.target else f"stage {stage.index}")

    @property
    def shipped(self) -> tuple[Stage, ...]:
        """The target and what it is FROM, base first: their layers are the image's."""
        return self.chain(self.stages[self.target])

    @property
    def needed(self) -> frozenset[int]:
        """Every stage that is built for the target."""
        seen: set[int] = set()
        waiting = [self.target]
        while waiting:
            index = waiting.pop()
            if index not in seen:
                seen.add(index)
                stage = self.stages[index]
                waiting += [*stage.sources, *([stage.base_stage] if stage.base_stage is not None else [])]
        return frozenset(seen)

    def chain(self, stage: Stage) -> tuple[Stage, ...]:
        """The stage and the stages that it is FROM, base first."""
        chain = [stage]
        while (before := chain[-1].base_stage) is not None:
            chain.append(self.stages[before])
        return tuple(reversed(chain))

    def histories(self, stage: Stage) -> tuple[History, ...]:
        """The settings of the stage and of those that it is FROM, its own first."""
        if stage.index not in self._histories:
            self._histories[stage.index] = tuple(history_of(each.settings) for each in reversed(self.chain(stage)))
        return self._histories[stage.index]

    def begins_empty(self, stage: Stage) -> bool:
        """Whether nothing of a foreign image is under it, so that all there is to know stands in the file."""
        return self.chain(stage)[0].base == SCRATCH

    def ships(self, stage: Stage) -> bool:
        """Whether the layers of ``stage`` are in the image."""
        return any(stage.index == each.index for each in self.shipped)

    def of(self, instruction: Instruction) -> Stage | None:
        """The stage in which the instruction stands; None before the first FROM."""
        number = bisect_right(self.stages, instruction.span.start, key=_begin)
        return self.stages[number - 1] if number else None


def stages_of(
    dockerfile: Dockerfile, *, target: str | None = None, arguments: Mapping[str, str] | None = None
) -> Stages:
    """The stages, with ``arguments`` as ``--build-arg`` gives them.

    `InputError`: no FROM, or more stages or larger variables than any file has. `UsageError`: no stage of the
    ``target``'s name. What the builder would refuse further on (a stage that copies from a later one, a name that is
    none) is passed over.
    """
    given = dict(arguments or {})
    starts = [place for place, each in enumerate(dockerfile.instructions) if each.keyword == "FROM"]
    if not starts:
        raise InputError("no FROM in the Dockerfile", hint="a Dockerfile begins with FROM and the image it is built on")
    if len(starts) > MOST_STAGES:
        raise InputError(f"more than {MOST_STAGES} stages in the Dockerfile", hint="split it")
    outside = global_arguments(dockerfile.instructions[: starts[0]], given, escape=dockerfile.escape)
    stages: list[Stage] = []
    names: dict[str, int] = {}
    for index, (start, end) in enumerate(zip(starts, [*starts[1:], len(dockerfile.instructions)], strict=True)):
        stages.append(_stage(index, dockerfile.instructions[start:end], names, outside, dockerfile.escape))
        if name := stages[-1].name:
            names[name] = index
    stages = [replace(stage, sources=_sources(stage, stages, names)) for stage in stages]
    return Stages(
        stages=tuple(_with_settings(stages, outside, given, dockerfile.escape)),
        target=_target(target, stages, names),
        outside=outside,
        escape=dockerfile.escape,
    )


def _target(target: str | None, stages: list[Stage], names: Mapping[str, int]) -> int:
    if target is None:
        return len(stages) - 1
    if target.lower() not in names:
        known = ", ".join(names) or "none has a name"
        raise UsageError(f"no stage {target!r} in the Dockerfile", hint=f"its stages: {known}")
    return names[target.lower()]


def _stage(
    index: int,
    instructions: tuple[Instruction, ...],
    names: Mapping[str, int],
    outside: Mapping[str, str | None],
    escape: str,
) -> Stage:
    start, *rest = instructions
    said = from_of(start)
    image = said.image.text if said and said.image else ""
    platform = said.platform if said else None
    base = value_of(image, outside, escape=escape, unset="") or image
    return Stage(
        index=index,
        name=said.name.text.lower() if said and said.name else None,
        base=base,
        # Names are kept in lower case and bases compared as they are: FROM Builder is no stage "builder".
        base_stage=names.get(base),
        platform=platform and (value_of(platform, outside, escape=escape, unset="") or platform),
        start=start,
        instructions=tuple(rest),
    )


def _sources(stage: Stage, stages: list[Stage], names: Mapping[str, int]) -> frozenset[int]:
    """The stages it takes files from. The builder looks names up when it has read them all: the last of a name counts,
    and only if it stands before. A mount's number is an image's name, a copy's is not."""
    found: set[int] = set()
    for instruction in [*_inherited(stage, stages), *stage.instructions]:
        copy = copy_of(instruction)
        if copy and copy.from_:
            is_number = copy.from_.isascii() and copy.from_.isdecimal()
            found.add(int(copy.from_[:9]) if is_number else names.get(copy.from_.lower(), -1))
        found.update(names.get(mount.from_.lower(), -1) for mount in mounts_of(instruction) if mount.from_)
    return frozenset(index for index in found if 0 <= index < stage.index)


def _inherited(stage: Stage, stages: list[Stage]) -> list[Instruction]:
    """What the base stage's ONBUILDs do first in this one."""
    base = stages[stage.base_stage] if stage.base_stage is not None else None
    return [each.inner for each in base.instructions if each.inner] if base else []


def _with_settings(
    stages: list[Stage], outside: Mapping[str, str | None], given: Mapping[str, str], escape: str
) -> list[Stage]:
    """The stages with what their instructions set; each goes on from the end of the one it is FROM."""
    ends: list[Evaluator] = []
    result = []
    inherited, budget = 0, Budget()
    for stage in stages:
        place = stage.start.span.start
        settings = []
        if stage.base_stage is not None:
            state = replace(ends[stage.base_stage], outlines=dict(ends[stage.base_stage].outlines))
        else:
            is_empty = stage.base == SCRATCH
            state = Evaluator(
                outlines={"PATH": _DEFAULT_PATH} if is_empty else {},
                folder="/" if is_empty else None,
                unset="" if is_empty else None,
                outside=outside,
                given=given,
                escape=escape,
                budget=budget,
            )
            settings = [
                Setting(kind="ENV", name=name, value=value, outline=value, place=place)
                for name, value in state.outlines.items()
            ]
        handed_on = _inherited(stage, stages)
        inherited += len(handed_on)
        if inherited > _MOST_INHERITED:
            raise InputError("ONBUILD hands on more than any Dockerfile does", hint="write the instructions out")
        for instruction in handed_on:
            settings += state.read(instruction, place)
        for instruction in stage.instructions:
            settings += state.read(instruction, instruction.span.start)
        ends.append(state)
        result.append(replace(stage, settings=tuple(settings)))
    return result
