"""What the lines of one Dockerfile run, and what that does to packages: read once for all rules and estimates."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import shell_at
from lightship.dockerfile.shell import Script, script_of
from lightship.dockerfile.stages import Stages
from lightship.lint.actions import Action, actions_of

__all__ = ["Scripts", "scripts_of"]

_RUNS = frozenset({"RUN", "CMD", "ENTRYPOINT"})
_NOTHING = Script()


@dataclass(frozen=True, slots=True)
class Scripts:
    """Scripts of RUN, CMD and ENTRYPOINT lines, by the place of the instruction."""

    by_place: Mapping[int, Script] = field(default_factory=dict)
    _actions: dict[int, tuple[Action, ...]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, instruction: Instruction) -> Script:
        """What the instruction runs; a script without commands where it runs nothing."""
        return self.by_place.get(instruction.span.start, _NOTHING)

    def actions(self, instruction: Instruction) -> tuple[Action, ...]:
        """What that does to packages, in its order."""
        place = instruction.span.start
        found = self._actions.get(place)
        if found is None:
            found = self._actions[place] = tuple(actions_of(self.of(instruction)))
        return found

    def __iter__(self) -> Iterator[Script]:
        return iter(self.by_place.values())


def scripts_of(stages: Stages) -> Scripts:
    """All of a file's, each read as the SHELL at its place says."""
    return Scripts(
        {
            instruction.span.start: script_of(instruction, interpreter=shell_at(stages, instruction))
            for stage in stages.stages
            for instruction in stage.instructions
            if instruction.keyword in _RUNS
        }
    )
