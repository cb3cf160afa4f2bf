"""Wheels to an OCI layout, side by side: CPU seconds of the whole process tree, wall seconds, bytes.

    python bench/splice.py WHEELS [--rounds 3] [--only ours,umoci,pigz] [--no-gzip] [--work DIR]

WHEELS is a folder of wheels. Three ways to make layers of it, interleaved round after round:

ours   the wheels' members spliced into gzip layers in an OCI layout (one process, one worker)
umoci  `uv pip install --target`, from a cache that is warm, then `umoci insert` into an OCI layout
pigz   the same `uv pip install --target`, then `tar | pigz -6`

At the end the layer bytes are compared with `gzip -6` of the very same tars.
"""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from lightship import proc

BINS = 8
SITE = "usr/lib/python3/site-packages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One run of one way."""

    cpu_s: float
    wall_s: float
    peak_bytes: int
    made_bytes: int


def main() -> int:
    """Run the comparison, or with --ours the way that is lightship's own."""
    options = _options()
    if options.ours:
        splice(options.wheels, options.work, options.jobs, options.compression)
        return 0
    with tempfile.TemporaryDirectory(dir=options.work, prefix="splice-") as name:
        compare(options.wheels.resolve(), Path(name), options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", default="ours,umoci,pigz")
    parser.add_argument("--no-gzip", action="store_true", help="do not compare with gzip -6 of the same tar")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("--python-version", help="of the wheels, where it is not this interpreter's")
    parser.add_argument("--jobs", type=int, default=1, help="workers of ours")
    parser.add_argument("--compression", choices=["gzip", "zstd"], default="gzip", help="of ours")
    parser.add_argument("--ours", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args()


def splice(wheels: Path, work: Path, jobs: int, compression: str) -> None:
    """Wheels to an OCI layout at ``work/layout``: what is measured as ours."""
    from lightship.archive.zip import read_zip
    from lightship.image.blobs import BlobLayer
    from lightship.image.mutate import append
    from lightship.image.synthetic import synthetic_image
    from lightship.plan.assemble import assemble_layers
    from lightship.plan.model import Entry, LayerPlan
    from lightship.store.cache import Cache
    from lightship.store.oci_layout import write_layout
    from lightship.store.tags import Tag

    bins: list[list[Entry]] = [[] for _ in range(BINS)]
    seen: set[str] = set()
    for number, wheel in enumerate(_wheels(wheels)):
        for member in read_zip(wheel):
            if member.content is not None and member.path not in seen:
                seen.add(member.path)
                mode = 0o755 if member.mode & 0o111 else 0o644
                bins[number % BINS].append(Entry(path=f"{SITE}/{member.path}", content=member.content, mode=mode))
    plans = [LayerPlan(name=str(n), key=str(n), entries=tuple(entries)) for n, entries in enumerate(bins)]
    built = assemble_layers(
        plans, Cache(work / "cache"), jobs=jobs, compression="zstd" if compression == "zstd" else "gzip"
    )
    layers = [
        BlobLayer(
            path=layer.path,
            digest=layer.digest,
            diff_id=layer.diff_id,
            media_type=layer.media_type,
            compressed_bytes=layer.compressed_bytes,
            unpacked_bytes=layer.unpacked_bytes,
        )
        for layer in built
    ]
    write_layout(append(synthetic_image(), layers), work / "layout", [Tag("bench")])


def _wheels(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.whl"))


def compare(wheels: Path, work: Path, options: argparse.Namespace) -> None:
    """Every way in turn, round after round; then the table."""
    found = _wheels(wheels)
    print(f"{len(found)} wheels, {_mb(sum(path.stat().st_size for path in found)):,.1f} MB; {os.cpu_count()} cores")
    uv = str(Path(sys.executable).with_name("uv"))
    install = [uv, "pip", "install", "-q", "--offline", "--no-index", "--no-deps", "--link-mode", "copy"]
    install += ["--cache-dir", str(work / "uv"), "--python", sys.executable, "--target", str(work / "target")]
    if options.python_version:
        install += ["--python-version", options.python_version]
    install += map(str, found)
    ways: dict[str, Callable[[], Measure]] = {
        "ours": lambda: _ours(wheels, work, options),
        "umoci": lambda: _umoci(install, work),
        "pigz": lambda: _pigz(install, work),
    }
    chosen = [name for name in ways if name in options.only.split(",")]
    if set(chosen) != {"ours"}:
        proc.run(install)  # fills uv's cache
    runs: dict[str, list[Measure]] = {name: [] for name in chosen}
    for round_number in range(options.rounds):
        for name in chosen:
            runs[name].append(ways[name]())
            last = runs[name][-1]
            print(f"round {round_number + 1} {name:6} {last.cpu_s:7.2f} s CPU {last.wall_s:7.2f} s wall", flush=True)
    _table(runs, _tar_bytes(work) if "ours" in chosen else 0)
    if "ours" in chosen and not options.no_gzip:
        same = _gzip_bytes(work)
        made = runs["ours"][-1].made_bytes
        print(f"gzip -6 of the same tars: {_mb(same):,.1f} MB; ours is {made / same - 1:+.2%}")


def _ours(wheels: Path, work: Path, options: argparse.Namespace) -> Measure:
    _clear(work, "cache", "layout")
    script = [sys.executable, __file__, str(wheels), "--ours", "--work", str(work)]
    measure = _measure([*script, "--jobs", str(options.jobs), "--compression", options.compression])
    return _with_bytes([measure], sum(path.stat().st_size for path in _layer_blobs(work)))


def _umoci(install: list[str], work: Path) -> Measure:
    _clear(work, "target", "umoci")
    layout = str(work / "umoci")
    proc.run(["umoci", "init", "--layout", layout])
    proc.run(["umoci", "new", "--image", f"{layout}:bench"])
    steps = [install, ["umoci", "insert", "--rootless", "--image", f"{layout}:bench", str(work / "target"), f"/{SITE}"]]
    measured = [_measure(step) for step in steps]
    blobs = (path.stat().st_size for path in (work / "umoci" / "blobs").rglob("*") if path.is_file())
    return _with_bytes(measured, max(blobs))


def _pigz(install: list[str], work: Path) -> Measure:
    _clear(work, "target", "layer.tar.gz")
    pipe = f"tar -C {work / 'target'} -cf - . | pigz -6 > {work / 'layer.tar.gz'}"
    measured = [_measure(step) for step in (install, ["sh", "-c", pipe])]
    return _with_bytes(measured, (work / "layer.tar.gz").stat().st_size)


def _measure(argv: list[str]) -> Measure:
    """Run ``argv``; rusage of wait4(2) covers the process and every descendant it waited for."""
    began = time.monotonic()
    child = proc.spawn(argv)
    _, status, usage = os.wait4(child.pid, 0)
    wall_s = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"{argv[0]} failed with status {child.returncode}")
    return Measure(
        cpu_s=usage.ru_utime + usage.ru_stime, wall_s=wall_s, peak_bytes=usage.ru_maxrss * 1024, made_bytes=0
    )


def _with_bytes(steps: list[Measure], made_bytes: int) -> Measure:
    return Measure(
        cpu_s=sum(step.cpu_s for step in steps),
        wall_s=sum(step.wall_s for step in steps),
        peak_bytes=max(step.peak_bytes for step in steps),
        made_bytes=made_bytes,
    )


def _clear(work: Path, *names: str) -> None:
    for name in names:
        path = work / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def _layer_blobs(work: Path) -> Iterator[Path]:
    return (path for path in sorted((work / "cache" / "blobs").glob("??/*")) if path.suffix != ".seal")


def _tar_bytes(work: Path) -> int:
    from lightship.archive.codec import open_decompressed
    from lightship.archive.verify import drain

    return sum(drain(open_decompressed(path.open("rb"))) for path in _layer_blobs(work))


def _gzip_bytes(work: Path) -> int:
    """What GNU gzip makes of the same tars."""
    total = 0
    for path in _layer_blobs(work):
        counted = proc.run(["sh", "-c", f"(gzip -dcq {path} 2>/dev/null || zstd -dcq {path}) | gzip -6 | wc -c"])
        total += int(counted.stdout)
    return total


def _table(runs: dict[str, list[Measure]], tar_bytes: int) -> None:
    ours = runs.get("ours")
    rounds = len(next(iter(runs.values())))
    heads = f"{'CPU s':>8}{'ratio':>8}{'wall s':>8}{'ratio':>8}{'MB':>9}{'peak MB':>9}"
    print(f"\n{'':8}{heads}   median of {rounds}")
    for name, measures in runs.items():
        cpu_s, wall_s = median(m.cpu_s for m in measures), median(m.wall_s for m in measures)
        # The ratio of each round, for both sides of it met the same machine; then their median.
        ratios = ("-", "-")
        if ours is not None:
            pairs = list(zip(measures, ours, strict=True))
            ratios = (
                f"{median(m.cpu_s / o.cpu_s for m, o in pairs):.1f}x",
                f"{median(m.wall_s / o.wall_s for m, o in pairs):.1f}x",
            )
        last = measures[-1]
        print(
            f"{name:8}{cpu_s:8.2f}{ratios[0]:>8}{wall_s:8.2f}{ratios[1]:>8}{_mb(last.made_bytes):9.1f}"
            f"{_mb(max(m.peak_bytes for m in measures)):9.0f}"
        )
    if ours is not None:
        print(
            f"\nours: {_mb(tar_bytes):,.1f} MB of tar, {_mb(tar_bytes) / median(m.cpu_s for m in ours):.0f} MB/s a core"
        )


def _mb(size_bytes: int) -> float:
    return size_bytes / 1e6


if __name__ == "__main__":
    sys.exit(main())
