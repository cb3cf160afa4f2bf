"""eStargz against plain gzip and against containerd's own converter: bytes and CPU seconds, interleaved.

    python bench/estargz.py WHEELS [--rounds 3] [--bins 8] [--work DIR]

WHEELS is a folder of wheels. Four ways to make layers of the same files, round after round, one process and one worker
each:

gzip     the wheels' members spliced into gzip layers
estargz  the same into eStargz layers: spliced where a file is one chunk, compressed anew where it is longer
recode   the gzip layers made into eStargz ones, as `lightship copy --compression estargz` does
go       `estargz.Build` of the gzip layers, at the level of Go's gzip that is lightship's (6) and one core

The last needs Debian's golang-go and golang-github-containerd-stargz-snapshotter-dev; it is left out without them.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lightship import proc
from lightship.archive.codec import open_decompressed
from lightship.archive.layer import LayerCompression
from lightship.archive.recode import recode
from lightship.archive.zip import read_zip
from lightship.plan.assemble import write_layer
from lightship.plan.model import Entry

_GO = Path(__file__).parents[1] / "tests" / "conformance" / "estargz_go" / "main.go"
_SITE = "usr/lib/python3/site-packages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one way cost, and the bytes that it made."""

    cpu_s: float
    made_bytes: int


def entries(wheels: Path, bins: int) -> list[list[Entry]]:
    """The files of all wheels, each path once, wheel by wheel in ``bins`` layers."""
    layers: list[list[Entry]] = [[] for _ in range(bins)]
    seen: set[str] = set()
    for number, wheel in enumerate(sorted(wheels.rglob("*.whl"))):
        for member in read_zip(wheel):
            if member.content is not None and member.path not in seen:
                seen.add(member.path)
                layers[number % bins].append(Entry(path=f"{_SITE}/{member.path}", content=member.content))
    return layers


def write(layers: Sequence[Sequence[Entry]], work: Path, compression: LayerCompression) -> Run:
    """Write every layer below ``work``."""
    began = time.process_time()
    for number, layer in enumerate(layers):
        with (work / f"{compression}-{number}").open("wb") as out:
            write_layer(layer, out, compression=compression)
    return _run(work, compression, time.process_time() - began)


def recoded(work: Path) -> Run:
    """Compress the gzip layers anew."""
    began = time.process_time()
    for path in sorted(work.glob("gzip-*")):
        with (
            path.open("rb") as blob,
            open_decompressed(blob) as tar,
            (work / path.name.replace("gzip", "recode")).open("wb") as out,
        ):
            recode(tar, out, compression="estargz")
    return _run(work, "recode", time.process_time() - began)


def converted(work: Path, program: Path) -> Run:
    """Let Go build eStargz of the gzip layers."""
    cpu_s = 0.0
    for path in sorted(work.glob("gzip-*")):
        argv = [str(program), "build", str(path), str(work / path.name.replace("gzip", "go")), "6"]
        child = proc.spawn(argv, env={**os.environ, "GOMAXPROCS": "1", "TMPDIR": str(work)})
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            sys.exit(f"{argv[0]} failed: {child.returncode}")
        cpu_s += usage.ru_utime + usage.ru_stime
    return _run(work, "go", cpu_s)


def build_go(work: Path) -> Path | None:
    """The converter, where there is a Go and its package."""
    go = shutil.which("go")
    if go is None or not Path("/usr/share/gocode/src/github.com/containerd/stargz-snapshotter").is_dir():
        return None
    settings = {"GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": "", "GOCACHE": str(work / "cache")}
    program = work / "converter"
    proc.run([go, "build", "-o", str(program), str(_GO)], env={**os.environ, **settings})
    return program


def _run(work: Path, name: str, cpu_s: float) -> Run:
    return Run(cpu_s=cpu_s, made_bytes=sum(path.stat().st_size for path in work.glob(f"{name}-*")))


def compare(wheels: Path, work: Path, rounds: int, bins: int) -> None:
    """Every way in turn, round after round; then the table."""
    layers = entries(wheels, bins)
    plain_bytes = sum(entry.unpacked_bytes for layer in layers for entry in layer)
    ways: dict[str, Callable[[], Run]] = {
        "gzip": lambda: write(layers, work, "gzip"),
        "estargz": lambda: write(layers, work, "estargz"),
        "recode": lambda: recoded(work),
    }
    if (program := build_go(work)) is not None:
        ways["go"] = lambda: converted(work, program)
    runs: dict[str, list[Run]] = {name: [] for name in ways}
    for number in range(rounds):
        for name, way in ways.items():
            runs[name].append(way())
            print(f"round {number + 1} {name:8} {runs[name][-1].cpu_s:7.2f} s CPU", flush=True)
    print(f"\n{sum(map(len, layers)):,} files, {plain_bytes / 1e6:,.0f} MB, {bins} layers, {os.cpu_count()} cores\n")
    print(f"{'':8} {'CPU s':>8} {'to gzip':>8} {'range':>15} {'MB':>9} {'to gzip':>8}")
    base = runs["gzip"]
    for name, found in runs.items():
        costs = sorted(run.cpu_s for run in found)
        ratio = median(run.cpu_s / other.cpu_s for run, other in zip(found, base, strict=True))
        made = found[-1].made_bytes
        spread = f"{costs[0]:.2f}-{costs[-1]:.2f}"
        print(
            f"{name:8} {median(costs):8.2f} {ratio:7.2f}x {spread:>15} {made / 1e6:9.1f} "
            f"{made / base[-1].made_bytes - 1:+8.2%}"
        )


def main() -> None:
    """Read the command line and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--bins", type=int, default=8, help="layers")
    parser.add_argument("--work", type=Path, help="where layers are written; default: a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work) as folder:
        compare(options.wheels, Path(folder), options.rounds, options.bins)


if __name__ == "__main__":
    main()
