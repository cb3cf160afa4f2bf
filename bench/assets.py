"""`lightship assets compress` against the usual shell loop: wall and CPU seconds, bytes, on the same bundle.

    python bench/assets.py DIR [DIR …] [--rounds 1] [--same-files] [--work DIR]

DIR is a folder of static files, such as the `dist` of a build. The loop is gzip(1) and brotli(1), which Debian has:

    for file in $(find . -name '*.js' -o -name '*.css' -o -name '*.html' …); do gzip -c …; brotli -c …; done

Each round makes fresh copies and takes turns: the loop; `--level ci`, again with nothing changed, and on a copy
without sidecars, as a rebuild leaves it; then `--level release` likewise. Each level has a cache of its own, empty at
first. Bytes are of sidecars of files that the loop did: what ours does besides is counted in its seconds but not in its
bytes; with ``--same-files`` the copies hold nothing else. CPU seconds hold on a busy machine, wall seconds do not.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

_LOOP = r"""
for file in $(find . -name '*.js' -o -name '*.css' -o -name '*.html'); do
    gzip -c "$file" > "$file.gz"
    brotli -c "$file" > "$file.br"
done
"""
_TYPES = (".js", ".css", ".html")
_LIGHTSHIP = str(Path(sys.executable).with_name("lightship"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One run of one way."""

    wall_s: float
    cpu_s: float
    made_bytes: int


def main() -> int:
    """Run the comparison."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("bundles", type=Path, nargs="+")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)), help="workers of ours")
    parser.add_argument("--same-files", action="store_true", help="leave out what the loop does not compress")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    options = parser.parse_args()
    for program in ("gzip", "brotli"):
        if shutil.which(program) is None:
            parser.error(f"{program} is missing: the loop would leave empty files")
    for bundle in options.bundles:
        _compare(bundle.resolve(), options)
    return 0


def _compare(bundle: Path, options: argparse.Namespace) -> None:
    plain = [path.stat().st_size for path in bundle.rglob("*") if path.is_file() and path.suffix in _TYPES]
    print(
        f"{bundle.name}: {len(plain)} files of {', '.join(_TYPES)}, {sum(plain) / 1e6:.2f} MB; {options.jobs} workers"
    )
    measured: dict[str, list[Measure]] = {}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(dir=options.work, prefix="assets-") as name:
            source = Path(name) / "source"
            shutil.copytree(bundle, source, ignore=_others if options.same_files else None)
            for way, measure in _round(source, Path(name), options.jobs):
                measured.setdefault(way, []).append(measure)
    loop = measured["loop"]
    for way, found in measured.items():
        wall, cpu, made = (median(values) for values in zip(*(_row(each) for each in found), strict=True))
        against = (median(_row(each)[column] for each in loop) for column in range(3))
        ratios = [mine / theirs for mine, theirs in zip((wall, cpu, made), against, strict=True)]
        print(
            f"  {way:18} wall {wall:8.2f} s ({ratios[0]:6.3f})  CPU {cpu:8.2f} s ({ratios[1]:6.3f})"
            f"  {made / 1e6:8.3f} MB ({ratios[2]:.3f})"
        )


def _others(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(_TYPES) and (Path(folder) / name).is_file()]


def _row(measure: Measure) -> tuple[float, float, int]:
    return measure.wall_s, measure.cpu_s, measure.made_bytes


def _round(bundle: Path, work: Path, jobs: int) -> list[tuple[str, Measure]]:
    found = []
    there = shutil.copytree(bundle, work / "loop")
    found.append(("loop", _measured(["sh", "-c", _LOOP], there, work)))
    shutil.rmtree(there)
    for level in ("ci", "release"):
        there = shutil.copytree(bundle, work / level)
        words = [
            str(Path(sys.executable).with_name("lightship")),
            "assets",
            "compress",
            str(there),
            "--level",
            level,
            "-q",
        ]
        words += ["--cache-dir", str(work / f"cache-{level}"), "--jobs", str(jobs)]
        found.append((level, _measured(words, there, work)))
        found.append((f"{level}, unchanged", _measured(words, there, work)))
        shutil.rmtree(there)
        there = shutil.copytree(bundle, work / level)  # as a build leaves it: without sidecars
        found.append((f"{level}, rebuilt", _measured(words, there, work)))
        shutil.rmtree(there)
    return found


def _measured(words: Sequence[str], there: Path, work: Path) -> Measure:
    # Where modules cannot be compiled once and for all, every start compiles them: not what a user meets.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    with (work / "said").open("w") as said:
        subprocess.run(words, cwd=there, check=True, stdout=said, env=env)
    wall_s, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    made = [
        path.stat().st_size
        for path in there.rglob("*")
        if path.suffix in (".gz", ".br") and path.name.removesuffix(path.suffix).endswith(_TYPES)
    ]
    return Measure(
        wall_s=wall_s,
        cpu_s=after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
        made_bytes=sum(made),
    )


if __name__ == "__main__":
    sys.exit(main())
