"""How many bytes one version bump moves, by strategy: the table of docs/decisions/layering.md.

    python bench/layering.py PROJECT [--python 3.12.1] [--wheels DIR --bytecode-mb 131]

Sizes are those of the wheels that the project's lock names for Linux x86-64; nothing is downloaded. With ``--wheels``
(the folder that holds them) the bytecode's place is compared too: its bytes are spread over
packages as their sources are.
"""

import argparse
import random
import statistics
from collections.abc import Callable, Mapping
from pathlib import Path

from lightship.archive.zip import read_zip
from lightship.ecosystem.python.choose import choose
from lightship.ecosystem.python.locked import Artifact, Wanted
from lightship.ecosystem.python.project import Project
from lightship.ecosystem.python.select import select
from lightship.ecosystem.python.target import Target
from lightship.oci.platform import Platform
from lightship.plan.layering import HEAVY_BYTES, bytecode_bin, package_bins, stable_hash

Strategy = Callable[[Mapping[str, int]], Mapping[str, str]]
BASE_BYTES = 34_000_000
"""Base with interpreter (30 MB) and application (4 MB), as measured for Dify's API: docs/guides/dify.md."""
BUMPS, SEED = 20, 7


def one_layer(weights: Mapping[str, int]) -> dict[str, str]:
    return dict.fromkeys(weights, "packages")


def each_alone(weights: Mapping[str, int]) -> dict[str, str]:
    return {name: name for name in weights}


def hashed(weights: Mapping[str, int]) -> dict[str, str]:
    return {name: str(stable_hash(name) % 16) for name in weights}


def heavy_and_hashed(weights: Mapping[str, int]) -> dict[str, str]:
    return {name: name if size >= HEAVY_BYTES else str(stable_hash(name) % 12) for name, size in weights.items()}


def in_size_order(weights: Mapping[str, int]) -> dict[str, str]:
    """Sixteen layers of equal size, filled with the largest first."""
    limit, bins, number, filled = sum(weights.values()) / 16, {}, 0, 0
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        bins[name] = str(number)
        filled += weights[name]
        if filled >= limit:
            number, filled = number + 1, 0
    return bins


def balanced(weights: Mapping[str, int]) -> dict[str, str]:
    """Heavy packages alone, each of the others into the emptiest of twelve layers, the largest first."""
    filled, bins = [0] * 12, {}
    for name in sorted(weights, key=lambda name: (-weights[name], name)):
        if weights[name] >= HEAVY_BYTES:
            bins[name] = name
            continue
        place = filled.index(min(filled))
        bins[name] = str(place)
        filled[place] += weights[name]
    return bins


STRATEGIES: tuple[tuple[str, Strategy], ...] = (
    ("one layer for all packages", one_layer),
    ("16 layers of equal size, filled in size order", in_size_order),
    ("heavy alone, the rest balanced over 12 by size", balanced),
    ("16 layers by hash of the name", hashed),
    ("heavy alone, the rest hashed over 12", heavy_and_hashed),
    ("**heavy alone, medium and light hashed apart (6 + 6)**", package_bins),
    ("each package alone", each_alone),
)


def moved_bytes(strategy: Strategy, weights: Mapping[str, int], name: str, growth: float) -> int:
    """Bytes of layers that change when ``name`` gets a new version of ``growth`` times its size."""
    after = {**weights, name: round(weights[name] * growth)}
    old = {frozenset(members) for members in _members(strategy(weights)).values()}
    new = _members(strategy(after)).values()
    return sum(sum(after[each] for each in members) for members in new if name in members or members not in old)


def _members(bins: Mapping[str, str]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for name, place in bins.items():
        found.setdefault(place, set()).add(name)
    return {place: frozenset(names) for place, names in found.items()}


def lock_artifacts(project: Path, python: str) -> dict[str, Artifact]:
    target = Target(python=python, platform=Platform("linux", "amd64"), libc="glibc", libc_version=(2, 36))
    selection = select(Project.discover(project), target, Wanted(frozen=True))
    return {package.name: choose(package, target) for package in selection.packages}


def source_bytes(wheel: Path) -> int:
    """Compressed bytes of a wheel's modules."""
    return sum(
        getattr(member.content, "compressed_bytes", member.content.unpacked_bytes)
        for member in read_zip(wheel)
        if member.content is not None and member.path.endswith(".py") and "/tests/" not in member.path
    )


def compare_packages(weights: Mapping[str, int]) -> None:
    chance = random.Random(SEED)  # noqa: S311 - a repeatable choice
    bumps = chance.sample(sorted(weights), min(BUMPS, len(weights)))
    growths = [chance.choice([0.97, 1.0, 1.01, 1.03, 1.08, 1.2]) for _ in bumps]
    image = sum(weights.values()) + BASE_BYTES
    print(f"{len(weights)} packages, {sum(weights.values()) / 1e6:.0f} MB of wheels; image {image / 1e6:.0f} MB\n")
    print("| strategy | layers | median of 20 bumps | worst of 20 | median of all | 90th percentile of all |")
    print("|---|---|---|---|---|---|")
    for title, strategy in STRATEGIES:
        some = [moved_bytes(strategy, weights, name, by) / image for name, by in zip(bumps, growths, strict=True)]
        every = sorted(moved_bytes(strategy, weights, name, 1.05) / image for name in weights)
        shares = (statistics.median(some), max(some), statistics.median(every), every[int(len(every) * 0.9)])
        layers = len(set(strategy(weights).values()))
        print(f"| {title} | {layers} | {' | '.join(f'{share:.1%}' for share in shares)} |")


def compare_bytecode(weights: Mapping[str, int], sources: Mapping[str, int], bytecode_bytes: int) -> None:
    whole = sum(sources.values())
    code = {name: sources.get(name, 0) / whole * bytecode_bytes for name in weights}
    image = sum(weights.values()) + BASE_BYTES + bytecode_bytes
    bins = package_bins(weights)
    places = {
        "with the package": {name: bins[name] for name in weights},
        "**8 layers of its own, by name**": {name: bytecode_bin(name) for name in weights},
        "one layer of its own": dict.fromkeys(weights, "bytecode"),
    }
    print(f"\n{bytecode_bytes / 1e6:.0f} MB of bytecode\n")
    print("| bytecode goes | median of all | 90th percentile | worst |\n|---|---|---|---|")
    for title, place in places.items():
        moved = sorted(
            (
                sum(weights[each] for each in weights if bins[each] == bins[name])
                + sum(code[each] for each in weights if place[each] == place[name])
            ) / image
            for name in weights
        )  # fmt: skip
        shares = (statistics.median(moved), moved[int(len(moved) * 0.9)], moved[-1])
        print(f"| {title} | {' | '.join(f'{share:.1%}' for share in shares)} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("project", type=Path)
    parser.add_argument("--python", default="3.12.1")
    parser.add_argument("--wheels", type=Path)
    parser.add_argument("--bytecode-mb", type=float, action="append", default=[])
    options = parser.parse_args()
    artifacts = lock_artifacts(options.project, options.python)
    weights = {name: artifact.size_bytes or 0 for name, artifact in artifacts.items()}
    compare_packages(weights)
    if options.wheels is not None:
        paths = {name: options.wheels / artifact.filename for name, artifact in artifacts.items()}
        sources = {name: source_bytes(path) for name, path in paths.items() if path.suffix == ".whl" and path.exists()}
        for size_mb in options.bytecode_mb:
            compare_bytecode(weights, sources, round(size_mb * 1e6))


if __name__ == "__main__":
    main()
