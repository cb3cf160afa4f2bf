"""What lines will cost, told without a build: from the weights of the distribution's packages, the lock's wheels, the
context's files and the known sizes of base images. What none of these tells is not known.

``docs/concepts/lint-estimates.md`` holds the estimates against what was measured.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import expand_at
from lightship.dockerfile.shell import Command
from lightship.dockerfile.stages import Stage, Stages
from lightship.ecosystem.base_images import known_base
from lightship.lint.actions import Action
from lightship.lint.estimate_context import context_cost
from lightship.lint.estimate_lock import LockCosts, installs_lock
from lightship.lint.estimate_system import SystemCosts
from lightship.lint.scripts import Scripts
from lightship.lint.subject import NOTHING, Context, Cost, LockReader, Part, add_costs

__all__ = ["Estimates"]

_ENVIRONMENTS = ("venv", "site-packages", "packages", "install", "dist-packages")
"""How folders are called that hold an environment."""

_ACCOUNTED = frozenset(
    {
        "apt-get", "apt", "pip", "pip3", "uv", "poetry", "pdm", "rm", "mkdir", "ln", "chmod", "chown", "useradd",
        "groupadd", "adduser", "addgroup", "usermod", "echo", "set", "true", "cd", "export", "touch",
        "find", "ldconfig", "update-ca-certificates", "locale-gen", "[", "test", "",
    }
)  # fmt: skip
"""Programs whose bytes are counted, or are few."""


@dataclass(frozen=True, slots=True)
class Estimates:
    """Costs of one Dockerfile's lines. ``scripts`` are what its RUN lines do."""

    stages: Stages
    scripts: Scripts
    context: Context | None
    lock: LockReader
    _system: SystemCosts = field(init=False, compare=False, repr=False)
    _locked: LockCosts = field(init=False, compare=False, repr=False)
    _known: dict[int, Cost] = field(default_factory=dict, compare=False, repr=False)
    _parts: dict[tuple[int, Part], Cost] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_system", SystemCosts(self.stages, self.scripts))
        object.__setattr__(self, "_locked", LockCosts(self.stages, self.scripts, self.lock))

    def of(self, instruction: Instruction) -> Cost:
        """Nothing for lines that make no files; of FROM what the base image weighs."""
        place = instruction.span.start
        if place not in self._known:
            self._known[place] = self._of(instruction)
        return self._known[place]

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        """What goes when ``names`` are not asked for: they, and what nothing else that is asked for needs."""
        return self._system.of_packages(stage, names)

    def of_part(self, run: Instruction, part: Part) -> Cost:
        """Of a RUN line."""
        key = (run.span.start, part)
        if key not in self._parts:
            self._parts[key] = self._of_part(run, part)
        return self._parts[key]

    def _of_part(self, run: Instruction, part: Part) -> Cost:
        stage = self.stages.of(run)
        if stage is None:
            return Cost()
        match part:
            case "lists":
                return self._system.of_lists(stage)
            case "recommended":
                return self._system.of_recommended(stage, run)
            case "downloads":
                installs = any(installs_lock(each) for each in self.scripts.actions(run))
                return self._locked.of_downloads(stage) if installs else Cost()
            case "bytecode":
                installs = any(installs_lock(each) for each in self.scripts.actions(run))
                return self._locked.of_bytecode(stage) if installs else Cost()

    def of_context(self, paths: tuple[str, ...]) -> Cost:
        """Files of the context at or below ``paths``; compressed as a sample of them comes to."""
        if self.context is None:
            return Cost()
        weighed = self.context.weighed
        if paths not in weighed:
            weighed[paths] = context_cost(self.context, paths)
        return weighed[paths]

    def of_base(self, name: str) -> Cost:
        from lightship.ecosystem.base_sizes import base_size

        known = known_base(name)
        size = base_size(known) if known is not None else None
        if size is None:
            return Cost()
        how = f"{size.name} of {size.date}"
        return Cost(unpacked_bytes=size.unpacked_bytes, compressed_bytes=size.compressed_bytes, how=how)

    def _of(self, instruction: Instruction) -> Cost:
        stage = self.stages.of(instruction)
        if stage is None:
            return Cost()
        if instruction.keyword == "FROM":
            return self.of_base(stage.base) if stage.base_stage is None else NOTHING
        if instruction.keyword in ("COPY", "ADD"):
            return self._of_copy(instruction)
        if instruction.keyword == "RUN":
            return self._of_run(stage, instruction)
        return NOTHING

    def _of_copy(self, instruction: Instruction) -> Cost:
        from lightship.dockerfile.views import copy_of

        copy = copy_of(instruction)
        if copy is None or copy.contents:
            return Cost()
        sources = [expand_at(self.stages, instruction, word.text) for word in copy.sources]
        paths = tuple(path for path in sources if path is not None)
        if len(paths) < len(sources) or any("://" in path for path in paths):
            return Cost()
        if copy.from_ is None:
            return self.of_context(paths)
        source = next((each for each in self.stages.stages if each.name == copy.from_.lower()), None)
        # An environment is copied whole: what the stage's installs of the lock came to.
        if source is None or not any(path.rstrip("/").endswith(_ENVIRONMENTS) for path in paths):
            return Cost()
        return next(iter(self._installs(source)), Cost())

    def _installs(self, stage: Stage) -> Iterator[Cost]:
        """What the installs of the lock in the stage and what it is FROM came to, the last first."""
        for each in reversed(self.stages.chain(stage)):
            for run in reversed(each.instructions):
                cost = self._locked.of_run(each, run) if run.keyword == "RUN" else None
                if cost is not None:
                    yield cost

    def _of_run(self, stage: Stage, run: Instruction) -> Cost:
        """The sum of what its commands install; not known where one does something else that may make files."""
        script = self.scripts.of(run)
        if not script.understood or any(not _is_accounted(command) for command in script.commands):
            return Cost()
        parts = [cost for cost in (self._system.of_run(stage, run), self._locked.of_run(stage, run)) if cost]
        parts += [
            _of_tools(action)
            for action in self.scripts.actions(run)
            if action.kind in ("install", "upgrade") and action.manager != "apt" and not installs_lock(action)
        ]
        return add_costs(parts)


def _of_tools(action: Action) -> Cost:
    """Packages by name: a few installers have a known weight."""
    from lightship.facts.tool_sizes import TOOL_SIZES

    names = [name.lower() for name in action.names]
    known = [TOOL_SIZES[name] for name in names if name in TOOL_SIZES]
    if action.manager not in ("pip", "uv") or not names or len(known) < len(action.packages):
        return Cost()
    return Cost(
        unpacked_bytes=sum(each.unpacked_bytes for each in known),
        compressed_bytes=sum(each.compressed_bytes for each in known),
        how=", ".join(f"{each.name} {each.version}" for each in known),
    )


def _is_accounted(command: Command) -> bool:
    if command.name.startswith("python"):
        return command.arguments[:1] == ("-m",) and command.arguments[1:2] in (("pip",), ("venv",), ("ensurepip",))
    return command.name in _ACCOUNTED
