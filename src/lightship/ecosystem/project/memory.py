"""How much memory a build needs at its peak: stages that run side by side, bundlers' heaps, compilers.

An estimate, made to warn before a runner's kernel ends the build without a word (exit status 137). Figures and whence
they are:

* V8's default heap is a quarter of the machine's memory up to 4 GB (2 GB up to Node 18 of 64 bits):
  https://nodejs.org/api/cli.html#--max-old-space-sizesize-in-mib. A bundler takes what it is given, so its limit is
  the peak that must be planned for; outside of the heap come workers' stacks, native bundlers (SWC, esbuild, rolldown)
  and buffers.
* Next.js names memory as the usual cause of failed builds and this flag as the remedy:
  https://nextjs.org/docs/app/guides/memory-usage (version 16).
* One compiler process of C++ with templates takes 0.3 to 1 GB: PyTorch's own advice is MAX_JOBS for that reason,
  https://github.com/pytorch/pytorch#from-source; ninja and make start one a core.
* GitHub's hosted Linux runners have 16 GB for public and 8 GB for private repositories:
  https://docs.github.com/en/actions/reference/runners/github-hosted-runners (read November 2026).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from lightship.ecosystem.project.node import FrontEnd

__all__ = ["Demand", "MemoryNeed", "estimate_memory", "front_end_need", "heap_of", "sdist_need", "shortage"]

_NATIVE_MB = {"next": 1200, "vite": 500, "react-scripts": 300}
"""Beside V8's heap: Turbopack and rolldown work in Rust, outside of it."""

_BASE_HEAP_MB = {"next": 1400, "vite": 500, "react-scripts": 900}
_HEAP_PER_PACKAGE_MB = 1.0
_MOST_HEAP_MB = 4096

_COMPILER_MB = 400
_LARGE_COMPILER_MB = 1000
_LARGE = frozenset(
    ("torch", "grpcio", "pyarrow", "onnxruntime", "tensorflow", "scipy", "pandas", "llvmlite", "xformers", "flash-attn",
     "vllm", "opencv-python", "chroma-hnswlib")
)  # fmt: skip
"""C++ with heavy templates, or a build that links for long."""

_RUST = frozenset(("cryptography", "tokenizers", "orjson", "pydantic-core", "tiktoken", "polars", "safetensors"))
_RUST_MB = 1500
_INSTALLER_MB = 300
"""uv, pip and poetry with a large lock, and the wheels that are unpacked side by side."""

_SYSTEM_MB = 700
"""The runner's own: the engine, the agent, the page cache's least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryNeed:
    """One stage's peak in MB (10^6 bytes), what it is made of, and the flag that caps it."""

    stage: str
    peak_mb: int
    why: str
    cap: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demand:
    """What all stages need when they run side by side, and when they run one after the other."""

    needs: tuple[MemoryNeed, ...]

    @property
    def together_mb(self) -> int:
        return _SYSTEM_MB + sum(need.peak_mb for need in self.needs)

    @property
    def one_by_one_mb(self) -> int:
        return _SYSTEM_MB + max((need.peak_mb for need in self.needs), default=0)


def heap_of(front_end: FrontEnd) -> int:
    """MB of V8's heap that the bundler should get: what the project itself says, else an estimate in steps of 256."""
    guess = _BASE_HEAP_MB[front_end.kind] + _HEAP_PER_PACKAGE_MB * front_end.packages
    return front_end.heap_mb or min(_MOST_HEAP_MB, -(-int(guess) // 256) * 256)


def front_end_need(front_end: FrontEnd, *, heap_mb: int | None = None) -> MemoryNeed:
    """What building a front end takes; ``heap_mb`` is a limit that was set, else `heap_of` it."""
    heap = heap_mb or heap_of(front_end)
    source = "as it is set" if heap_mb or front_end.heap_mb else f"estimated from {front_end.packages} packages"
    return MemoryNeed(
        stage=front_end.directory or "front end",
        peak_mb=heap + _NATIVE_MB[front_end.kind],
        why=f"{front_end.kind}: {heap} MB of V8's heap ({source}), {_NATIVE_MB[front_end.kind]} MB beside it",
        cap=f"NODE_OPTIONS=--max-old-space-size={heap}",
    )


def sdist_need(sdists: Collection[str], *, jobs: int = 2) -> MemoryNeed | None:
    """What compiling these packages takes with ``jobs`` compilers at a time; None where nothing is compiled."""
    if not sdists:
        return None
    each = _LARGE_COMPILER_MB if _LARGE & set(sdists) else _COMPILER_MB
    peak = _INSTALLER_MB + jobs * each + (_RUST_MB if _RUST & set(sdists) else 0)
    return MemoryNeed(
        stage="builder",
        peak_mb=peak,
        why=f"{len(sdists)} packages built from source, {jobs} compilers of {each} MB at a time",
        cap="MAX_JOBS=1 CMAKE_BUILD_PARALLEL_LEVEL=1 MAKEFLAGS=-j1",
    )


def estimate_memory(
    front_ends: Iterable[FrontEnd], sdists: Collection[str], *, jobs: int = 2, python: bool = True
) -> Demand:
    """The whole build's demand; with ``python`` there is a stage that installs its packages."""
    wheels = MemoryNeed(stage="builder", peak_mb=_INSTALLER_MB, why="wheels unpacked and compiled to bytecode")
    builder = (sdist_need(sdists, jobs=jobs) or wheels,) if python else ()
    return Demand(needs=(*builder, *map(front_end_need, front_ends)))


def shortage(demand: Demand, runner_gb: float) -> str | None:
    """One sentence where a runner with ``runner_gb`` (10^9 bytes) runs out, with what helps; None where it does."""
    have = int(runner_gb * 1000)
    if demand.together_mb <= have:
        return None
    largest = max(demand.needs, key=lambda need: need.peak_mb)
    said = f"the build needs about {demand.together_mb} MB when its stages run side by side, the runner has {have} MB"
    if demand.one_by_one_mb <= have:
        return (
            f"{said}: build one stage after the other (docker build --target, or max-parallelism = 1 in buildkitd.toml)"
        )
    cap = f": cap it with {largest.cap}" if largest.cap else ""
    return f"{said}, and stage {largest.stage} alone {largest.peak_mb} MB{cap}, or take a larger runner"
