"""What the rules look at: one Dockerfile, its stages, what its RUN lines do, its build context, and what lines cost."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeVar, cast

from lightship.dockerfile.model import Dockerfile, Instruction
from lightship.dockerfile.shell import Script
from lightship.dockerfile.stages import Stage, Stages
from lightship.ecosystem.dockerignore import Ignore
from lightship.lint.actions import Action
from lightship.lint.scripts import Scripts

if TYPE_CHECKING:
    from lightship.ecosystem.base_images import KnownBase
    from lightship.ecosystem.python.offers import LockFacts

_T = TypeVar("_T")
_About = TypeVar("_About")

__all__ = [
    "NOTHING",
    "Context",
    "Cost",
    "Costs",
    "LockReader",
    "NoCosts",
    "Part",
    "Subject",
    "add_costs",
    "no_lock",
]

Part = Literal["lists", "recommended", "downloads", "bytecode"]
"""Of what a RUN line leaves: lists of what there is that apt keeps; packages that come only because others recommend
them; the wheels that an installer's cache keeps; bytecode that is not there, whose making costs seconds at a start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What one instruction adds to the image of its stage. ``measured`` in a built image, else estimated; ``how`` says
    from what ("Installed-Size of 14 packages, Debian bookworm"). None is not known; it is never guessed as 0."""

    unpacked_bytes: int | None = None
    compressed_bytes: int | None = None
    seconds: float | None = None
    measured: bool = False
    how: str = ""


NOTHING = Cost(unpacked_bytes=0, compressed_bytes=0)
"""Of a line that makes no files."""


def add_costs(costs: Iterable[Cost]) -> Cost:
    """The sum; not known where one of them is not."""
    each = list(costs)
    unpacked, compressed = [cost.unpacked_bytes for cost in each], [cost.compressed_bytes for cost in each]
    if None in unpacked and None in compressed:
        return Cost()
    return Cost(
        unpacked_bytes=None if None in unpacked else sum(size or 0 for size in unpacked),
        compressed_bytes=None if None in compressed else sum(size or 0 for size in compressed),
        measured=bool(each) and all(cost.measured for cost in each),
        how=", ".join(dict.fromkeys(cost.how for cost in each if cost.how)),
    )


class Costs(Protocol):
    """Bytes and seconds, estimated or measured."""

    def of(self, instruction: Instruction) -> Cost:
        """What the whole instruction adds."""

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        """What the operating system's packages ``names``, with what only they bring along, cost in ``stage``."""

    def of_part(self, run: Instruction, part: Part) -> Cost:
        """What a part of a RUN line's layer weighs, or costs at a start."""

    def of_context(self, paths: tuple[str, ...]) -> Cost:
        """What these paths of the build context weigh, after ``.dockerignore``."""

    def of_base(self, name: str) -> Cost:
        """What the image ``name`` weighs."""


def _once(kept: dict[object, object], make: Callable[[_About], _T], about: _About) -> _T:
    if make not in kept:
        kept[make] = make(about)
    return cast("_T", kept[make])


LockReader = Callable[["KnownBase"], "LockFacts | None"]
"""What the context's lock offers an image of that base; None where there is no lock, or it cannot be read."""


def _nothing(_path: str) -> None:
    return None


def no_lock(_base: "KnownBase") -> "LockFacts | None":
    """There is no lock."""
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The build context: ``files`` are the bytes of each file that is sent, by path; ``left_out`` the paths that
    ``.dockerignore`` keeps back, of a directory that is left out whole only its own, ending with ``/``. There may be
    more files than were looked at where ``is_complete`` is False. ``read`` gives the text of a small file that is sent,
    None where there is none, it is no text or larger than a megabyte. ``has_ignore_file`` tells an empty
    ``.dockerignore`` from none."""

    files: Mapping[str, int]
    left_out: frozenset[str] = frozenset()
    directories: frozenset[str] = frozenset()
    read: Callable[[str], str | None] = field(default=_nothing, compare=False)
    ignore: Ignore = field(default_factory=Ignore)
    has_ignore_file: bool = False
    is_complete: bool = True
    weighed: dict[tuple[str, ...], Cost] = field(default_factory=dict, compare=False, repr=False)
    """What paths were found to weigh: Dockerfiles of one context ask for the same ones."""
    _kept: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    def once(self, make: Callable[["Context"], _T]) -> _T:
        """What ``make`` works out of the context, a module's own function: the files of one context share it."""
        return _once(self._kept, make, self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """``name`` is the Dockerfile's path as the user gave it. ``context`` is None where it is not known: a rule then
    says nothing that hangs on it."""

    name: str
    dockerfile: Dockerfile
    stages: Stages
    costs: Costs
    context: Context | None = None
    scripts: Scripts = field(default_factory=Scripts)
    lock: LockReader = field(default=no_lock, compare=False)
    runner_gb: float = 8.0
    """Memory of the machine that builds, in 10^9 bytes. GitHub's hosted runners of private repositories have 8:
    https://docs.github.com/en/actions/reference/runners/github-hosted-runners (read November 2026)."""
    _kept: dict[object, object] = field(default_factory=dict, compare=False, repr=False)

    def script(self, instruction: Instruction) -> Script:
        """What the instruction runs; a script without commands where it runs nothing."""
        return self.scripts.of(instruction)

    def actions(self, instruction: Instruction) -> tuple[Action, ...]:
        """What the instruction does to packages."""
        return self.scripts.actions(instruction)

    def once(self, make: Callable[["Subject"], _T]) -> _T:
        """What ``make`` works out of this subject, a module's own function: kept for whoever asks for the same, so that
        rules of one file do not each read all of it for each line."""
        return _once(self._kept, make, self)

    @property
    def instructions(self) -> Iterator[tuple[Stage, Instruction]]:
        """Every instruction of every stage that the target needs, FROM lines left out."""
        needed = self.stages.needed
        for stage in self.stages.stages:
            if stage.index in needed:
                yield from ((stage, instruction) for instruction in stage.instructions)

    @property
    def shipped(self) -> Iterator[tuple[Stage, Instruction]]:
        """The instructions whose layers are the image's, in the layers' order."""
        for stage in self.stages.shipped:
            yield from ((stage, instruction) for instruction in stage.instructions)


@dataclass(frozen=True, slots=True)
class NoCosts:
    """Nothing is known of what lines cost."""

    def of(self, instruction: Instruction) -> Cost:  # noqa: ARG002 - the protocol's
        return Cost()

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:  # noqa: ARG002
        return Cost()

    def of_part(self, run: Instruction, part: Part) -> Cost:  # noqa: ARG002
        return Cost()

    def of_context(self, paths: tuple[str, ...]) -> Cost:  # noqa: ARG002
        return Cost()

    def of_base(self, name: str) -> Cost:  # noqa: ARG002
        return Cost()
