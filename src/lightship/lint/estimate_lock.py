"""What installing a lock comes to: from the bytes of the wheels that the base gets."""

from dataclasses import dataclass, field

from lightship.dockerfile.model import Instruction
from lightship.dockerfile.scope import environment_at
from lightship.dockerfile.stages import Stage, Stages
from lightship.ecosystem.base_images import known_base
from lightship.lint.actions import Action
from lightship.lint.estimate_ratios import BYTECODE, COMPILED_WHEEL, PURE_WHEEL, START_S_OF_SOURCES, WHEEL_TO_GZIP
from lightship.lint.scripts import Scripts
from lightship.lint.subject import Cost, LockReader

__all__ = ["LockCosts", "installs_lock"]

_OFF = ("", "0", "false", "no", "off")
_LEAST_KNOWN = 0.9


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wheels:
    """Sums over a lock's wheels, those built from sources counted like the others."""

    packages: int
    wheel_bytes: float
    unpacked_bytes: float
    source_bytes: float


@dataclass(frozen=True, slots=True)
class LockCosts:
    """Costs of the context's lock in one Dockerfile."""

    stages: Stages
    scripts: Scripts
    lock: LockReader
    _wheels: dict[str, _Wheels | None] = field(default_factory=dict, compare=False, repr=False)

    def of_run(self, stage: Stage, run: Instruction) -> Cost | None:
        """What the line installs of the lock; None where it does not install one."""
        actions = [each for each in self.scripts.actions(run) if installs_lock(each)]
        if not actions:
            return None
        wheels = self._of(stage)
        if wheels is None:
            return Cost()
        unpacked, compressed = wheels.unpacked_bytes, wheels.wheel_bytes * WHEEL_TO_GZIP
        if any(self._compiles(run, each) for each in actions):
            unpacked += wheels.source_bytes * BYTECODE[0]
            compressed += wheels.source_bytes * BYTECODE[1]
        return Cost(unpacked_bytes=int(unpacked), compressed_bytes=int(compressed), how=_how(wheels))

    def of_downloads(self, stage: Stage) -> Cost:
        """What an installer's cache keeps of the lock: the wheels as they were fetched."""
        wheels = self._of(stage)
        if wheels is None:
            return Cost()
        size = int(wheels.wheel_bytes)
        return Cost(unpacked_bytes=size, compressed_bytes=size, how=_how(wheels))

    def of_bytecode(self, stage: Stage) -> Cost:
        """What a start spends on compiling, where the lock's packages have no bytecode."""
        wheels = self._of(stage)
        if wheels is None:
            return Cost()
        return Cost(
            seconds=round(wheels.source_bytes * START_S_OF_SOURCES, 1),
            how=f"{wheels.packages} packages with {wheels.source_bytes / 1e6:.0f} MB of Python, of which a start "
            "imports a part",
        )

    def _of(self, stage: Stage) -> _Wheels | None:
        base = self.stages.chain(stage)[0].base
        if base not in self._wheels:
            self._wheels[base] = self._read(base)
        return self._wheels[base]

    def _read(self, base: str) -> _Wheels | None:
        known = known_base(base)
        facts = self.lock(known) if known is not None else None
        if facts is None or known is None or known.libc is None or not facts.offers:
            return None
        version = known.libc_version or (99, 99)
        found = [wheel for offer in facts.offers if (wheel := offer.wheel(known.libc, version)) is not None]
        sized = [(wheel.libc, wheel.size_bytes) for wheel in found if wheel.size_bytes is not None]
        if len(sized) < _LEAST_KNOWN * len(facts.offers):
            return None
        pure = sum(size for libc, size in sized if libc == "any")
        compiled = sum(size for libc, size in sized if libc != "any")
        share = len(facts.offers) / len(sized)
        return _Wheels(
            packages=len(facts.offers),
            wheel_bytes=share * (pure + compiled),
            unpacked_bytes=share * (pure * PURE_WHEEL[0] + compiled * COMPILED_WHEEL[0]),
            source_bytes=share * (pure * PURE_WHEEL[1] + compiled * COMPILED_WHEEL[1]),
        )

    def _compiles(self, run: Instruction, action: Action) -> bool:
        environment = environment_at(self.stages, run)
        if action.manager == "pip":
            return not action.has("--no-compile")
        if action.manager in ("poetry", "pdm"):
            return action.has("--compile")
        value = environment.get("UV_COMPILE_BYTECODE", "")
        assigned = any(text.startswith("UV_COMPILE_BYTECODE=") for text in action.command.assignments)
        return action.has("--compile-bytecode", "--compile") or assigned or value not in _OFF


def installs_lock(action: Action) -> bool:
    """Whether a command of Python's installers installs what a lock or a list says."""
    if action.manager not in ("uv", "pip", "poetry", "pdm"):
        return False
    return action.kind == "sync" or action.value("-r", "--requirement") is not None


def _how(wheels: _Wheels) -> str:
    return f"wheels of {wheels.packages} packages"
