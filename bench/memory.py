"""How much memory a build takes: the peak of the resident sets of its whole process tree, and of each process.

    python bench/memory.py PROJECT [--cache DIR] [--flag=…] [-o FILE]

The tree's peak is sampled, every 20 ms, as the sum of VmRSS of `lightship` and all its descendants: the target's
interpreters in the sandbox count. Pages that processes share are counted for each, so the sum is an upper bound. A
process's own peak is the VmHWM that it had at its last sample; the largest of them all is ru_maxrss of wait4(2), exact.
With --cache the build starts from a copy of that cache without what layers are made of (blobs, records,
bytecode, stripped objects): every layer is made, nothing is fetched.
"""

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from engine import descendants

LIGHTSHIP = str(Path(sys.executable).with_name("lightship"))
_KINDS = ("blobs", "builds", "bytecode", "explanations", "images", "layers", "records", "rootfs", "stripped")
_EVERY_S = 0.02


@dataclass(slots=True, kw_only=True)
class Peak:
    """What was seen until now. ``at_peak`` is what each process had when the sum was largest."""

    tree_bytes: int = 0
    at_s: float = 0.0
    at_peak: list[str] = field(default_factory=list)
    largest_bytes: int = 0
    processes: dict[str, int] = field(default_factory=dict)

    def sample(self, pid: int, since: float) -> None:
        """Look at the tree of ``pid`` once."""
        found = [status for member in descendants(pid) if (status := _status(member)) is not None]
        total = sum(rss for _, rss, _ in found)
        for name, _, high in found:
            self.processes[name] = max(high, self.processes.get(name, 0))
        if total > self.tree_bytes:
            self.tree_bytes, self.at_s = total, time.monotonic() - since
            self.at_peak = [f"{name} {rss / 1e6:.0f} MB" for name, rss, _ in sorted(found, key=lambda f: -f[1])]


def main() -> int:
    """Build once, sample, print."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.work, prefix="memory-") as name:
        work = Path(name)
        project = work / options.project.resolve().name
        left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", "node_modules")
        shutil.copytree(options.project, project, symlinks=True, ignore=left_out)
        cache = work / "cache"
        if options.cache:
            shutil.copytree(options.cache, cache, symlinks=True, ignore=_without_layers(options.cache))
        command = [
            LIGHTSHIP, "build", str(project), "-t", "bench:latest", "--output", f"oci:{work}/layout",
            "--cache-dir", str(cache), *options.flag,
        ]  # fmt: skip
        peak, wall_s = _watch(command, work / "log")
        print(f"{'tree, sampled':24}{peak.tree_bytes / 1e6:8.0f} MB   after {peak.at_s:.1f} of {wall_s:.1f} s")
        print(f"{'':24}{'; '.join(peak.at_peak)}")
        print(f"{'largest, exact':24}{peak.largest_bytes / 1e6:8.0f} MB")
        for process, high in sorted(peak.processes.items(), key=lambda pair: -pair[1]):
            print(f"{process:24}{high / 1e6:8.0f} MB")
        if options.output:
            options.output.write_text(json.dumps({"wall_s": wall_s, **asdict(peak)}, indent=1) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--cache", type=Path, help="a cache of lightship's with wheels and packages")
    parser.add_argument("--flag", action="append", default=[], help="a further option of lightship build; repeatable")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("-o", "--output", type=Path, help="write the figures as JSON")
    return parser.parse_args()


def _without_layers(seed: Path) -> Callable[[str, list[str]], list[str]]:
    def left_out(directory: str, names: list[str]) -> list[str]:
        return [name for name in names if name in _KINDS] if Path(directory) == seed else []

    return left_out


def _watch(command: list[str], log: Path) -> tuple[Peak, float]:
    peak, ended, began = Peak(), threading.Event(), time.monotonic()
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream)

    def watch() -> None:
        while not ended.wait(_EVERY_S):
            peak.sample(child.pid, began)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        _, status, usage = os.wait4(child.pid, 0)
    except BaseException:
        child.terminate()
        raise
    finally:
        ended.set()
        thread.join()
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"lightship build failed:\n{log.read_text(errors='replace')[-4000:]}")
    # of RUSAGE_BOTH, which wait4 fills: the process itself and all that it waited for, the largest of them
    peak.largest_bytes = usage.ru_maxrss * 1024
    return peak, time.monotonic() - began


def _status(pid: int) -> tuple[str, int, int] | None:
    """Name, VmRSS and VmHWM in bytes (proc_pid_status(5)); None for a process that has ended."""
    with contextlib.suppress(OSError, KeyError, ValueError, IndexError):
        lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return lines["Name"].strip(), int(lines["VmRSS"].split()[0]) * 1024, int(lines["VmHWM"].split()[0]) * 1024
    return None


if __name__ == "__main__":
    sys.exit(main())
