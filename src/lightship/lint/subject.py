"""What the rules look at: one Dockerfile, its stages, what its RUN lines do, its build context, and what lines cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.shell import Script
from lightship.dockerfile.stages import Stage, Stages
from lightship.ecosystem.dockerignore import Ignore

__all__ = ["Context", "Cost", "Costs", "Subject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one instruction adds to the image of its stage. ``measured`` in a built image, else estimated; ``how`` says
    from what ("Installed-Size of 14 packages, Debian bookworm"). None is not known; it is never guessed as 0."""

    unpacked_bytes: int | None = None
    compressed_bytes: int | None = None
    seconds: float | None = None
    measured: bool = False
    how: str = ""


class Costs(Protocol):
    """Bytes and seconds, estimated or measured."""

    def of(self, instruction: Instruction) -> Cost:
        """What the whole instruction adds."""

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        """What the operating system's packages ``names``, with what only they bring along, cost in ``stage``."""

    def of_context(self, paths: tuple[str, ...]) -> Cost:
        """What these paths of the build context weigh, after ``.dockerignore``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The build context: ``files`` are the bytes of each file that is sent, by path; ``left_out`` those that
    ``.dockerignore`` keeps back. ``texts`` are the small files that rules read: locks' names say which tool made them,
    ``package.json``, ``next.config.*``, start scripts, ``requirements*.txt``, ``pyproject.toml``. ``has_ignore_file``
    tells an empty ``.dockerignore`` from none."""

    files: Mapping[str, int]
    left_out: Mapping[str, int] = field(default_factory=dict)
    directories: frozenset[str] = frozenset()
    texts: Mapping[str, str] = field(default_factory=dict)
    ignore: Ignore = field(default_factory=Ignore)
    has_ignore_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """``name`` is the Dockerfile's path as the user gave it. ``context`` is None where it is not known: a rule then
    says nothing that hangs on it. ``scripts`` are what RUN, shell-form CMD and ENTRYPOINT lines do, by the place of
    the instruction."""

    name: str
    dockerfile: Dockerfile
    stages: Stages
    costs: Costs
    context: Context | None = None
    scripts: Mapping[int, Script] = field(default_factory=dict)

    def script(self, instruction: Instruction) -> Script:
        """What the instruction runs; a script without commands where it runs nothing."""
        return self.scripts.get(instruction.span.start, Script())
