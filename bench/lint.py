"""How long `lightship lint` takes, from the start of its interpreter, beside another linter.

    python bench/lint.py DOCKERFILE… [--beside hadolint] [--rounds 9]

The first DOCKERFILE alone, then all in one call; rounds of both programs by turns. Wall time needs an idle machine; CPU
seconds (user and system, of the child) do not. The least and the median of the rounds are told.
"""

import argparse
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dockerfiles", nargs="+")
    parser.add_argument("--beside", metavar="PROGRAM", help="Another linter, called with the files.")
    parser.add_argument("--rounds", type=int, default=9)
    chosen = parser.parse_args()
    programs = {"lightship": [sys.executable, "-m", "lightship", "lint", "--fail-on", "never"]}
    if chosen.beside:
        programs[Path(chosen.beside).name] = [chosen.beside]
    for files in (chosen.dockerfiles[:1], chosen.dockerfiles):
        _compared(programs, files, chosen.rounds)


def _compared(programs: dict[str, list[str]], files: Sequence[str], rounds: int) -> None:
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in programs}
    for _ in range(rounds):
        for name, command in programs.items():
            taken[name].append(_seconds([*command, *files]))
    print(f"{len(files)} file{'' if len(files) == 1 else 's'}, {rounds} rounds by turns")
    for name, each in taken.items():
        wall, cpu = ([pair[place] for pair in each] for place in (0, 1))
        print(
            f"  {name:12} wall {min(wall):6.3f} s least, {statistics.median(wall):6.3f} s median; "
            f"CPU {min(cpu):6.3f} s least, {statistics.median(cpu):6.3f} s median"
        )


def _seconds(command: Sequence[str]) -> tuple[float, float]:
    """Of wall and of CPU. What it finds is not asked; that it ran is."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode > 1:
        raise SystemExit(f"{command[0]} failed: {done.stderr.decode(errors='replace')[:500]}")
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    main()
