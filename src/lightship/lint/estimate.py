"""What lines will cost, told without a build: from the archive's lists, the lock's wheels, the context's files and the
known sizes of base images. What none of these tells is not known."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at, expand_at
from lightship.dockerfile.shell import Command, Script
from lightship.dockerfile.stages import Stage, Stages
from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.facts.base_sizes import BaseSize, find_size
from lightship.facts.system_packages import BUILDPACK, MINIMAL, PYTHON, SystemPackage, closure, system_packages
from lightship.lint.actions import Action, actions_of
from lightship.lint.estimate_ratios import (
    BYTECODE,
    COMPRESSED_BY_SUFFIX,
    COMPRESSED_OTHERWISE,
    DEB_TO_GZIP,
    INSTALLED_TO_UNPACKED,
    LISTS,
    WHEEL_TO_GZIP,
    WHEEL_TO_UNPACKED,
)  # fmt: skip
from lightship.lint.subject import Context, Cost, LockReader

__all__ = ["Estimates"]

_NOTHING = Cost(unpacked_bytes=0, compressed_bytes=0)


@dataclass(frozen=True, slots=True)
class Estimates:
    """Costs of one Dockerfile's lines. ``scripts`` are what its RUN lines do, by place."""

    stages: Stages
    scripts: Mapping[int, Script]
    context: Context | None
    lock: LockReader
    _known: dict[int, Cost] = field(default_factory=dict, compare=False, repr=False)

    def of(self, instruction: Instruction) -> Cost:
        """Nothing for lines that make no files; of FROM what the base image weighs."""
        place = instruction.span.start
        if place not in self._known:
            self._known[place] = self._of(instruction)
        return self._known[place]

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        """What goes when ``names`` are not asked for: they, and what nothing else that is asked for needs."""
        system = self._system(stage)
        if system is None or any(name not in system.packages for name in names):
            return Cost()
        asked, loose = _split(self._asked(stage))
        before = system.added(asked, loose)
        after = system.added(
            [each for each in asked if each not in names], [each for each in loose if each not in names]
        )
        return system.cost(before - after)

    def of_context(self, paths: tuple[str, ...]) -> Cost:
        """Files of the context at or below ``paths``; compressed by what files of their kind come to."""
        if self.context is None or not self.context.is_complete:
            return Cost()
        found = [
            (path, size) for path, size in self.context.files.items() if any(_is_at(path, wanted) for wanted in paths)
        ]
        compressed = sum(size * _ratio(path) for path, size in found)
        return Cost(
            unpacked_bytes=sum(size for _, size in found),
            compressed_bytes=int(compressed),
            how=f"{len(found)} files of the context",
        )

    def of_base(self, name: str) -> Cost:
        known = known_base(name)
        size = _size(known) if known is not None else None
        if size is None:
            return Cost()
        how = f"{size.name} of {size.date}"
        return Cost(unpacked_bytes=size.unpacked_bytes, compressed_bytes=size.compressed_bytes, how=how)

    def _of(self, instruction: Instruction) -> Cost:
        stage = self.stages.of(instruction)
        if stage is None:
            return Cost()
        if instruction.keyword == "FROM":
            return self.of_base(stage.base) if stage.base_stage is None else _NOTHING
        if instruction.keyword in ("COPY", "ADD"):
            return self._of_copy(instruction)
        if instruction.keyword == "RUN":
            return self._of_run(stage, instruction)
        return _NOTHING

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
        if source is None:
            return Cost()
        # An environment is copied whole: what the stage's installs of the lock came to.
        names = ("venv", "site-packages", "packages", "install", "dist-packages")
        if not any(path.rstrip("/").endswith(names) for path in paths):
            return Cost()
        costs = [
            cost
            for each in self.stages.chain(source)
            for run in each.instructions
            if run.keyword == "RUN" and (cost := self._of_lock(each, run)) is not None
        ]
        return costs[-1] if costs else Cost()

    def _of_run(self, stage: Stage, run: Instruction) -> Cost:
        """The sum of what its commands install; not known where one does something else that may make files."""
        script = self.scripts.get(run.span.start, Script())
        parts: list[Cost] = []
        system = self._of_system(stage, run)
        if system is not None:
            parts.append(system)
        lock = self._of_lock(stage, run)
        if lock is not None:
            parts.append(lock)
        if not script.understood or any(not _is_accounted(command) for command in script.commands):
            return Cost()
        if any(each.kind == "install" and each.manager not in ("apt",) and each.names for each in actions_of(script)):
            return Cost()
        return _sum(parts)

    def _of_system(self, stage: Stage, run: Instruction) -> Cost | None:
        actions = [each for each in self._actions(run) if each.manager == "apt"]
        if not actions:
            return None
        system = self._system(stage)
        names = [name for each in actions if each.kind == "install" for name in each.names]
        if system is None or any(name not in system.packages for name in names):
            return Cost()
        until = [each for each in self._asked(stage) if each[0].command.span.start < run.span.end]
        earlier = [each for each in until if each[0].command.span.start < run.span.start]
        gone = {name for each in actions if each.kind == "remove" for name in each.names}
        cost = system.cost(system.added(*_split(until)) - system.added(*_split(earlier)) - gone)
        lists = any(each.kind == "update" for each in actions) and not self._cleans(run)
        return _sum([cost, LISTS.get(system.release, Cost())]) if lists else cost

    def _cleans(self, run: Instruction) -> bool:
        return "/var/lib/apt/lists" in run.argument.text or any(
            "/var/lib/apt" in (flag.value or "") for flag in run.flags
        )

    def _of_lock(self, stage: Stage, run: Instruction) -> Cost | None:
        """What installing the context's lock comes to; None where the line does not."""
        actions = [
            each
            for each in self._actions(run)
            if each.manager in ("uv", "pip", "poetry", "pdm")
            and (each.kind == "sync" or each.value("-r", "--requirement") is not None)
        ]
        if not actions:
            return None
        known = known_base(self.stages.chain(stage)[0].base)
        facts = self.lock(known) if known is not None else None
        if facts is None or known is None or known.libc is None:
            return Cost()
        version = known.libc_version or (99, 99)
        wheels = [offer.wheel(known.libc, version) for offer in facts.offers]
        sizes = [wheel.size_bytes for wheel in wheels if wheel is not None and wheel.size_bytes is not None]
        if len(sizes) < 0.9 * len(facts.offers):
            return Cost()
        # Packages that are built from source weigh about what the others do.
        total = sum(sizes) * len(facts.offers) // max(1, len(sizes))
        compiled = any(self._compiles(run, each) for each in actions)
        unpacked, compressed = total * WHEEL_TO_UNPACKED, total * WHEEL_TO_GZIP
        if compiled:
            unpacked, compressed = unpacked * (1 + BYTECODE[0]), compressed * (1 + BYTECODE[1])
        return Cost(
            unpacked_bytes=int(unpacked),
            compressed_bytes=int(compressed),
            how=f"wheels of {len(facts.offers)} packages",
        )

    def _compiles(self, run: Instruction, action: Action) -> bool:
        if action.manager == "pip":
            return not action.has("--no-compile")
        environment = environment_at(self.stages, run)
        return action.has("--compile-bytecode", "--compile") or environment.get("UV_COMPILE_BYTECODE", "") not in (
            "",
            "0",
        )

    def _actions(self, run: Instruction) -> list[Action]:
        return list(actions_of(self.scripts.get(run.span.start, Script())))

    def _asked(self, stage: Stage) -> Iterator[tuple[Action, bool]]:
        """Installs of the system's packages in the stage and what it is FROM, and whether what is only recommended
        comes too."""
        for each in self.stages.chain(stage):
            for run in each.instructions:
                for action in self._actions(run) if run.keyword == "RUN" else ():
                    if action.manager == "apt" and action.kind == "install":
                        yield action, not action.has("--no-install-recommends")

    def _system(self, stage: Stage) -> "_System | None":
        known = known_base(self.stages.chain(stage)[0].base)
        return _system_of(known) if known is not None else None


def _split(actions: Iterable[tuple[Action, bool]]) -> tuple[list[str], list[str]]:
    """Names that are asked for alone, and those that come with what they recommend."""
    asked: list[str] = []
    loose: list[str] = []
    for action, recommended in actions:
        (loose if recommended else asked).extend(action.names)
    return asked, loose


@dataclass(frozen=True, slots=True)
class _System:
    """Packages of a release, and those that the base has."""

    release: str
    packages: Mapping[str, SystemPackage]
    there: frozenset[str]

    def added(self, asked: list[str], loose: list[str]) -> frozenset[str]:
        """What these bring; ``loose`` with what they recommend."""
        return closure(asked, self.packages, recommended=False, there=self.there) | closure(
            loose, self.packages, recommended=True, there=self.there
        )

    def cost(self, names: frozenset[str]) -> Cost:
        """Of the packages themselves."""
        found = [self.packages[name] for name in names if name in self.packages]
        return Cost(
            unpacked_bytes=int(sum(each.installed_bytes for each in found) * INSTALLED_TO_UNPACKED),
            compressed_bytes=int(sum(each.archive_bytes for each in found) * DEB_TO_GZIP),
            how=f"{len(found)} packages of Debian {self.release}",
        )


def _size(known: KnownBase) -> BaseSize | None:
    repository = known.name.partition("@")[0].rpartition("/")[2].partition(":")[0]
    return find_size(
        repository, family=known.family, release=known.release, python=known.python or "", node=known.node or "",
        slim=known.slim,
    )  # fmt: skip


def _system_of(known: KnownBase) -> _System | None:
    if known.family != "debian":
        return None
    size = _size(known)
    release = known.release or (size.release if size is not None else "")
    packages = system_packages(release)
    if not packages:
        return None
    kind = PYTHON if known.slim and known.has_python else BUILDPACK if known.has_python or known.has_node else MINIMAL
    there = MINIMAL if known.slim and not known.has_python else kind
    return _System(release, packages, closure(there, packages, recommended=False))


_ACCOUNTED = frozenset(
    {
        "apt-get", "apt", "pip", "pip3", "uv", "poetry", "pdm", "rm", "mkdir", "ln", "chmod", "chown", "useradd",
        "groupadd", "adduser", "addgroup", "usermod", "echo", "set", "true", "cd", "export", "touch",
        "find", "ldconfig", "update-ca-certificates", "locale-gen", "[", "test", "",
    }
)  # fmt: skip
"""Programs whose bytes are counted, or are few."""


def _is_accounted(command: Command) -> bool:
    if command.name.startswith("python"):
        return command.arguments[:1] == ("-m",) and command.arguments[1:2] in (("pip",), ("venv",), ("ensurepip",))
    return command.name in _ACCOUNTED


def _sum(costs: list[Cost]) -> Cost:
    if any(each.unpacked_bytes is None for each in costs):
        return Cost()
    known = [each for each in costs if each.unpacked_bytes]
    return Cost(
        unpacked_bytes=sum(each.unpacked_bytes or 0 for each in costs),
        compressed_bytes=sum(each.compressed_bytes or 0 for each in costs),
        how=", ".join(dict.fromkeys(each.how for each in known if each.how)),
    )


def _is_at(path: str, wanted: str) -> bool:
    folder = wanted.strip("/").removeprefix("./")
    return folder in ("", ".", "*") or path == folder or path.startswith(f"{folder}/")


def _ratio(path: str) -> float:
    suffix = path[path.rfind(".") :].lower() if "." in path.rpartition("/")[2] else ""
    return COMPRESSED_BY_SUFFIX.get(suffix, COMPRESSED_OTHERWISE)
