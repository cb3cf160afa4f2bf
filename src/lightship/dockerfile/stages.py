"""The stages of a Dockerfile: which is built from which, which copies from which, and which of them ships."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from lightship.dockerfile.model import Instruction

__all__ = ["Stage", "Stages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """``start`` is its FROM, ``instructions`` what follows. ``base`` is the image's name with global ARGs put in, and
    ``base_stage`` the earlier stage of that name, if it is one. ``sources`` are the earlier stages it copies or mounts
    from. ``name`` is lower-case, as the builder compares it."""

    index: int
    name: str | None
    base: str
    base_stage: int | None
    platform: str | None
    start: Instruction
    instructions: tuple[Instruction, ...]
    sources: frozenset[int] = frozenset()

    @property
    def label(self) -> str:
        """What people call it: its name, or ``stage 2``."""
        return self.name or f"stage {self.index}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stages:
    """All of them, and the index of the ``target`` that is built: the last, unless chosen otherwise."""

    stages: tuple[Stage, ...]
    target: int
    global_arguments: Mapping[str, str | None] = field(default_factory=dict)
    """ARGs before the first FROM, with their defaults."""

    @property
    def shipped(self) -> tuple[Stage, ...]:
        """The target and what it is FROM, base first: their layers are the image's."""
        chain = [self.stages[self.target]]
        while (before := chain[-1].base_stage) is not None:
            chain.append(self.stages[before])
        return tuple(reversed(chain))

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

    def ships(self, stage: Stage) -> bool:
        """Whether the layers of ``stage`` are in the image."""
        return stage in self.shipped

    def of(self, instruction: Instruction) -> Stage | None:
        """The stage in which the instruction stands; None before the first FROM."""
        return next(
            (each for each in reversed(self.stages) if each.start.span.start <= instruction.span.start),
            None,
        )
