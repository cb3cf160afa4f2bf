"""Bytecode of wheels, side by side: CPU seconds of the whole process tree, wall seconds, bytes.

    python bench/bytecode.py WHEELS [--python PATH] [--rounds 2]

WHEELS is a folder of wheels, PATH an installed CPython of this machine. Interleaved, round after round:

ours        compiled straight from the wheels into packs in an empty cache
compileall  `python -m compileall --invalidation-mode unchecked-hash` of the same sources, unpacked before
warm        ours once more, with everything in the cache

The compiler is started without the sandbox here: bubblewrap does not pass CPU time on to who waits for it. One
worker each, because `compileall -j` hides its workers' time as well. At the end: what part of the compiler's own time
is compile() and what is marshal, told by that interpreter.
"""

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from resource import RUSAGE_CHILDREN, RUSAGE_SELF, getrusage
from statistics import median
from typing import IO

from lightship import proc
from lightship.archive.inflate import Containers, iter_content
from lightship.archive.zip import read_zip
from lightship.build.bytecode import BytecodeUnit, compile_units, compiler_facts
from lightship.ecosystem.python.interpreter import Interpreter
from lightship.ecosystem.python.target import Target
from lightship.oci.platform import Platform
from lightship.plan.model import Entry
from lightship.sandbox.protocol import Command
from lightship.store.cache import Cache, cache_key

SHARES = """
import marshal, pathlib, sys, time, warnings
warnings.simplefilter("ignore")
spent = [0.0, 0.0]
for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")):
    source = path.read_bytes()
    start = time.process_time()
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
    except Exception:
        continue
    middle = time.process_time()
    marshal.dumps(code)
    spent[0] += middle - start
    spent[1] += time.process_time() - middle
print(*spent)
"""


class Unconfined:
    """Starts the command as it is. For measuring only, and only with sources that one trusts."""

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "proc.Popen[bytes]":
        return proc.spawn(command.argv, env=command.env, stdin=stdin, stdout=stdout, stderr=stderr)


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--python", type=Path, default=Path(sys.executable))
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.work, prefix="bytecode-") as name:
        compare(options, Path(name))
    return 0


def compare(options: argparse.Namespace, work: Path) -> None:
    """Every way in turn; then the table."""
    python = options.python.resolve()
    wheels = sorted(options.wheels.rglob("*.whl"))
    entries = {
        wheel: tuple(Entry(path=f"site/{m.path}", content=m.content) for m in read_zip(wheel) if m.type == "file")
        for wheel in wheels
    }
    units = [BytecodeUnit(key=cache_key(wheel.name), entries=found) for wheel, found in entries.items()]
    count, source_bytes = unpack([entry for found in entries.values() for entry in found], work / "tree")
    print(f"{len(wheels)} wheels, {count:,} sources, {source_bytes / 1e6:,.1f} MB")
    compileall = [str(python), "-m", "compileall", "-q", "-f", "--invalidation-mode", "unchecked-hash"]
    compileall.append(str(work / "tree"))
    ways: dict[str, Callable[[], object]] = {
        "ours": lambda: ours(units, python, work / "cache"),
        "compileall": lambda: proc.run(compileall, check=False),
        "warm": lambda: ours(units, python, work / "cache"),
    }
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(options.rounds):
        shutil.rmtree(work / "cache", ignore_errors=True)
        for name, way in ways.items():
            measured[name].append(timed(way))
    for name, runs in measured.items():
        cpu_s, wall_s = median(run[0] for run in runs), median(run[1] for run in runs)
        print(f"{name:12} {cpu_s:8.2f} s CPU {wall_s:8.2f} s wall {source_bytes / 1e6 / cpu_s:8.1f} MB/s of CPU")
    pack_bytes = sum(path.stat().st_size for path in (work / "cache").rglob("*") if path.is_file())
    print(f"packs: {pack_bytes / 1e6:,.1f} MB")
    compiling, marshalling = map(float, proc.run([str(python), "-c", SHARES, str(work / "tree")]).stdout.split())
    print(f"compile() alone {compiling:.2f} s, marshal {marshalling:.2f} s")


def unpack(entries: list[Entry], tree: Path) -> tuple[int, int]:
    """The sources as files, for compileall; their number and bytes."""
    count = size_bytes = 0
    with Containers() as containers:
        for entry in entries:
            if entry.path.endswith(".py") and entry.content is not None:
                path = tree / entry.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(b"".join(iter_content(entry.content, containers)))
                count += 1
                size_bytes += entry.unpacked_bytes
    return count, size_bytes


def ours(units: list[BytecodeUnit], python: Path, cache: Path) -> None:
    """Compile what the cache lacks, with one worker."""
    program = "import json, sys; print(json.dumps(sys.version.split()[0]))"
    version = json.loads(proc.run([str(python), "-c", program]).stdout)
    target = Target(python=version, platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))
    interpreter = Interpreter(executable=str(python).lstrip("/"), stdlib=(), target=target)
    sandbox, store = Unconfined(), Cache(cache)
    facts = compiler_facts(interpreter, rootfs=Path("/"), rootfs_key="host", sandbox=sandbox, cache=store)
    compile_units(units, interpreter=interpreter, facts=facts, rootfs=Path("/"), sandbox=sandbox, cache=store, jobs=1)


def timed(way: Callable[[], object]) -> tuple[float, float]:
    """CPU and wall seconds of one run, children included."""
    started, before = time.perf_counter(), _cpu_s()
    way()
    return _cpu_s() - before, time.perf_counter() - started


def _cpu_s() -> float:
    return sum(u.ru_utime + u.ru_stime for u in (getrusage(RUSAGE_SELF), getrusage(RUSAGE_CHILDREN)))


if __name__ == "__main__":
    sys.exit(main())
