"""What Debian's packages cost that RUN lines install: from the weights of the packages themselves, and of the lists
that apt keeps. Of other distributions' packages nothing is known here."""

from collections import ChainMap
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.stages import Stage, Stages
from lightship.dockerfile.views import mounts_of
from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.facts.foreign_packages import NODESOURCE
from lightship.facts.system_packages import BUILDPACK, MINIMAL, PYTHON, SystemPackage, closure, system_packages
from lightship.lint.actions import Action
from lightship.lint.estimate_ratios import APT_DATABASE, APT_DATABASE_OF_PACKAGE, LISTS, PYTHON_BYTECODE
from lightship.lint.scripts import Scripts
from lightship.lint.subject import NOTHING, Cost, add_costs

__all__ = ["SystemCosts"]

_MOST_RUNS = 127
"""No image has more layers, so of a stage with more such lines nothing needs to be told."""
_MOST_NAMES = 5_000
"""Packages that the lines of a stage ask for."""
_LISTS_FOLDERS = ("/var/lib/apt", "/var/lib/apt/lists")


@dataclass(frozen=True, slots=True)
class _Asked:
    """Names that lines install: alone, and with what they recommend."""

    alone: tuple[str, ...] = ()
    loose: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return self.alone + self.loose

    def without(self, names: Iterable[str]) -> "_Asked":
        gone = frozenset(names)
        alone, loose = (tuple(name for name in these if name not in gone) for these in (self.alone, self.loose))
        return _Asked(alone, loose)


@dataclass(frozen=True, slots=True)
class _Release:
    """Packages of a release, those that the base has, and whether its dpkg leaves documentation out. ``foreign`` are
    not Debian's."""

    name: str
    packages: Mapping[str, SystemPackage]
    there: frozenset[str]
    slim: bool
    foreign: Mapping[str, SystemPackage] = field(default_factory=dict)

    def added(self, asked: _Asked) -> frozenset[str]:
        """What these bring."""
        alone = closure(asked.alone, self.packages, recommended=False, there=self.there)
        return alone | closure(asked.loose, self.packages, recommended=True, there=self.there)

    def cost(self, names: Iterable[str]) -> Cost:
        """Of the packages' files and of what dpkg writes down about each."""
        found = [self.packages[name] for name in sorted(names)]
        if not found:
            return NOTHING
        unpacked = sum(each.slim_unpacked_bytes if self.slim else each.unpacked_bytes for each in found)
        compressed = sum(each.slim_compressed_bytes if self.slim else each.compressed_bytes for each in found)
        python = sum(each.slim_unpacked_bytes for each in found if _is_python(each.name))
        return Cost(
            unpacked_bytes=int(unpacked + APT_DATABASE_OF_PACKAGE[0] * len(found) + PYTHON_BYTECODE[0] * python),
            compressed_bytes=int(compressed + APT_DATABASE_OF_PACKAGE[1] * len(found) + PYTHON_BYTECODE[1] * python),
            how=f"{len(found)} package{'s' if len(found) > 1 else ''} of Debian {self.name}"
            + (" and NodeSource" if any(each.name in self.foreign for each in found) else ""),
        )


@dataclass(frozen=True, slots=True)
class SystemCosts:
    """Costs of one Dockerfile's packages. ``scripts`` are what its RUN lines do."""

    stages: Stages
    scripts: Scripts
    _actions: dict[int, tuple[Action, ...]] = field(default_factory=dict, compare=False, repr=False)
    _releases: dict[tuple[str, bool], _Release | None] = field(default_factory=dict, compare=False, repr=False)
    _stages: dict[int, _Release | None] = field(default_factory=dict, compare=False, repr=False)
    _gone: dict[tuple[int, tuple[str, ...]], Cost] = field(default_factory=dict, compare=False, repr=False)
    _wholes: dict[int, tuple[_Asked, frozenset[str]]] = field(default_factory=dict, compare=False, repr=False)

    def of_run(self, stage: Stage, run: Instruction) -> Cost | None:
        """What the line's apt leaves in its layer; None where it does not call apt."""
        actions = self.actions(run)
        if not actions:
            return None
        release = self._release(stage)
        asked = self._asked(stage, until=run)
        if release is None or any(each.kind == "upgrade" for each in actions) or _unknown(release, actions):
            return Cost()
        removed = {name for each in actions if each.kind == "remove" for name in each.names}
        automatic = any(_removes_the_rest(each) for each in actions)
        after = release.added(asked.without(removed) if automatic else asked) - removed
        added = after - release.added(self._asked(stage, before=run))
        cost = add_costs([APT_DATABASE if added else NOTHING, release.cost(added)])
        return add_costs([cost, self.of_lists(stage)]) if self.keeps_lists(run) else cost

    def of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        """What goes when ``names`` are not asked for: they, and what nothing else that is asked for needs."""
        key = (stage.index, names)
        if key not in self._gone:
            self._gone[key] = self._of_packages(stage, names)
        return self._gone[key]

    def _of_packages(self, stage: Stage, names: tuple[str, ...]) -> Cost:
        release = self._release(stage)
        if release is None or any(name not in release.packages for name in names):
            return Cost()
        if stage.index not in self._wholes:
            whole = self._asked(stage)
            self._wholes[stage.index] = whole, release.added(whole)
        asked, added = self._wholes[stage.index]
        gone = added - release.added(asked.without(names))
        if not gone:
            why = "in the base already" if release.there.issuperset(names) else "other packages need it"
            return Cost(unpacked_bytes=0, compressed_bytes=0, how=why)
        return release.cost(gone)

    def of_recommended(self, stage: Stage, run: Instruction) -> Cost:
        """What comes only because the line's packages recommend it."""
        release = self._release(stage)
        if release is None or _unknown(release, self.actions(run)):
            return Cost()
        before, asked = self._asked(stage, before=run), self._asked(stage, until=run)
        strict = _Asked((*asked.alone, *asked.loose[len(before.loose) :]), before.loose)
        return release.cost(release.added(asked) - release.added(strict))

    def of_lists(self, stage: Stage) -> Cost:
        """The lists of what there is, as ``apt-get update`` leaves them."""
        release = self._release(stage)
        return LISTS.get(release.name, Cost()) if release is not None else Cost()

    def keeps_lists(self, run: Instruction) -> bool:
        """Whether the line fetches lists and leaves them in its layer."""
        if not any(each.kind == "update" for each in self.actions(run)):
            return False
        if any((mount.target or "").rstrip("/") in _LISTS_FOLDERS for mount in mounts_of(run)):
            return False
        commands = self.scripts.of(run).commands
        return not any(
            command.name in ("rm", "find") and any("/var/lib/apt" in word.text for word in command.words)
            for command in commands
        )

    def actions(self, run: Instruction) -> tuple[Action, ...]:
        """What the line has apt do."""
        place = run.span.start
        if place not in self._actions:
            self._actions[place] = tuple(each for each in self.scripts.actions(run) if each.manager == "apt")
        return self._actions[place]

    def _asked(self, stage: Stage, *, until: Instruction | None = None, before: Instruction | None = None) -> _Asked:
        """Installs in the stage and what it is FROM; up to a line, or before it."""
        alone: list[str] = []
        loose: list[str] = []
        for run in self._runs(stage):
            if before is not None and run.span.start >= before.span.start:
                break
            if until is not None and run.span.start > until.span.start:
                break
            for action in self.actions(run):
                if action.kind == "install":
                    (alone if action.has("--no-install-recommends") else loose).extend(action.names)
        return _Asked(tuple(alone), tuple(loose))

    def _runs(self, stage: Stage) -> Iterator[Instruction]:
        for each in self.stages.chain(stage):
            yield from (instruction for instruction in each.instructions if instruction.keyword == "RUN")

    def _release(self, stage: Stage) -> _Release | None:
        """None where nothing is known of its packages, or more is asked for than an image has room for."""
        if stage.index not in self._stages:
            runs = [run for run in self._runs(stage) if self.actions(run)]
            asked = sum(len(action.packages) for run in runs for action in self.actions(run))
            is_beyond = len(runs) > _MOST_RUNS or asked > _MOST_NAMES
            self._stages[stage.index] = None if is_beyond else self._release_of(stage)
        return self._stages[stage.index]

    def _release_of(self, stage: Stage) -> _Release | None:
        base = self.stages.chain(stage)[0].base
        foreign = any("nodesource" in run.argument.text for run in self._runs(stage))
        if (base, foreign) not in self._releases:
            known = known_base(base)
            self._releases[base, foreign] = _release_of(known, foreign=foreign) if known is not None else None
        return self._releases[base, foreign]


def _unknown(release: _Release, actions: Iterable[Action]) -> bool:
    """Whether a line installs what has no known weight, or what only a running shell can name."""
    installs = [each for each in actions if each.kind == "install"]
    if any(len(each.names) < len(each.packages) for each in installs):
        return True
    return any(name not in release.packages for each in installs for name in each.names)


def _removes_the_rest(action: Action) -> bool:
    """``apt-get autoremove`` or a purge that takes along what only its packages needed."""
    if action.kind != "remove":
        return False
    return (
        action.has("--auto-remove", "--autoremove")
        or {"autoremove", "autopurge"} & set(action.command.arguments) != set()
    )


def _is_python(name: str) -> bool:
    """Whether dpkg compiles the package's modules when it installs it."""
    return name.startswith(("python3", "libpython3"))


def _release_of(known: KnownBase, *, foreign: bool) -> _Release | None:
    if known.family != "debian":
        return None
    release = known.release
    if not release:
        from lightship.ecosystem.base_sizes import base_size

        size = base_size(known)
        release = size.release if size is not None else ""
    packages: Mapping[str, SystemPackage] = system_packages(release)
    if not packages:
        return None
    foreign_packages = NODESOURCE if foreign else {}
    every: Mapping[str, SystemPackage] = packages
    if foreign:
        every = ChainMap(NODESOURCE, packages)  # type: ignore[arg-type]  # it is only read
    there = closure(_base_packages(known), every, recommended=False)
    return _Release(release, every, there, known.slim, foreign_packages)


def _base_packages(known: KnownBase) -> tuple[str, ...]:
    if known.slim:
        return PYTHON if known.has_python else MINIMAL
    return BUILDPACK if known.has_python or known.has_node else MINIMAL
