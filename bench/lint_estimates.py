"""What `lightship lint` estimates against what was measured: layers of apt's packages, apt's lists, files of a context,
a lock's wheels.

    python bench/lint_estimates.py [CONTEXT…] [--installed PROJECT=FOLDER…]

Packages and lists are those of ``bench/debian_layers.tsv`` (`bench/debian_layers.py` measures them). Each folder of
each CONTEXT is measured here: bytes of its files, and of them as tar and gzip -6. PROJECT has a lock with sizes, and
FOLDER holds what an installer made of it. Base images' own sizes are cited, not estimated, and left out.
"""

import argparse
import io
import os
import statistics
import tarfile
import tempfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lightship.dockerfile.parse import parse
from lightship.dockerfile.scope import shell_at
from lightship.dockerfile.shell import script_of
from lightship.dockerfile.stages import stages_of
from lightship.flows.lint_context import read_context
from lightship.flows.lint_lock import lock_reader
from lightship.lint.estimate import Estimates
from lightship.lint.subject import Context, Cost, LockReader, no_lock
from lightship.store.cache import Cache

LAYERS = Path(__file__).with_name("debian_layers.tsv")
DEFAULT = Path(__file__).parents[1] / "examples/agent-platform"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of a Dockerfile: estimated and measured."""

    name: str
    estimated: Cost
    unpacked_bytes: int
    compressed_bytes: int

    @property
    def errors(self) -> tuple[float, float]:
        """Of unpacked and of compressed bytes, as shares of what was measured; 1 where nothing is estimated."""
        pairs = (
            (self.estimated.unpacked_bytes, self.unpacked_bytes),
            (self.estimated.compressed_bytes, self.compressed_bytes),
        )
        unpacked, compressed = (abs(given - is_) / is_ if given is not None else 1.0 for given, is_ in pairs)
        return unpacked, compressed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contexts", nargs="*", type=Path)
    parser.add_argument("--installed", action="append", default=[], metavar="PROJECT=FOLDER")
    parser.add_argument("--python", default="3.12", help="Of FOLDER. Default: 3.12.")
    chosen = parser.parse_args()
    rows = [*debian_rows(), *(row for each in chosen.contexts or [DEFAULT] for row in _context_rows(each))]
    rows += [_lock_row(*map(Path, each.split("=", 1)), python=chosen.python) for each in chosen.installed]
    print(f"{'':58} {'unpacked MB':>18}        {'compressed MB':>18}")
    for row in rows:
        unpacked, compressed = row.errors
        print(
            f"{row.name[:58]:58} {_mb(row.estimated.unpacked_bytes)} {_mb(row.unpacked_bytes)} {unpacked:6.1%} "
            f"{_mb(row.estimated.compressed_bytes)} {_mb(row.compressed_bytes)} {compressed:6.1%}"
        )
    for place, what in enumerate(("unpacked", "compressed")):
        errors = [row.errors[place] for row in rows]
        print(f"{what}: median error {statistics.median(errors):.1%}, worst {max(errors):.1%}, {len(rows)} lines")


def _mb(size: int | None) -> str:
    return f"{size / 1e6:9.2f}" if size is not None else "        ?"


def debian_rows() -> Iterator[Row]:
    """What `bench/debian_layers.py` measured."""
    for line in LAYERS.read_text().splitlines():
        if line.startswith("#"):
            continue
        base, packages, recommended, unpacked, compressed, _ = line.split("\t")
        if base == "lists":
            name, text = f"lists of {packages}", f"FROM debian:{packages}-slim\nRUN apt-get update\n"
        else:
            option = "" if recommended == "yes" else "--no-install-recommends "
            name = f"{base.removeprefix('debian:')}: {packages}{'' if option else ' (recommended)'}"
            text = (
                f"FROM {base}\nRUN apt-get update && apt-get install -y {option}{packages} "
                "&& rm -rf /var/lib/apt/lists/*\n"
            )
        yield Row(name=name, estimated=_estimate(text), unpacked_bytes=int(unpacked), compressed_bytes=int(compressed))


def _estimate(text: str, context: Context | None = None, lock: LockReader = no_lock) -> Cost:
    """Of the last line."""
    dockerfile = parse(text)
    stages = stages_of(dockerfile)
    scripts = {
        each.span.start: script_of(each, interpreter=shell_at(stages, each))
        for stage in stages.stages
        for each in stage.instructions
        if each.keyword == "RUN"
    }
    return Estimates(stages, scripts, context, lock).of(stages.stages[-1].instructions[-1])


def _context_rows(root: Path) -> Iterator[Row]:
    context = read_context(root)
    folders = sorted({path.partition("/")[0] for path in context.files if "/" in path})
    for folder in (".", *folders):
        paths = [path for path in context.files if folder == "." or path.startswith(f"{folder}/")]
        unpacked, compressed = _weighed(root, {path: context.files[path] for path in paths})
        estimated = _estimate(f"FROM debian\nCOPY {folder} /app\n", context)
        yield Row(
            name=f"{root.name}: COPY {folder}",
            estimated=estimated,
            unpacked_bytes=unpacked,
            compressed_bytes=compressed,
        )


def _lock_row(project: Path, installed: Path, *, python: str) -> Row:
    with tempfile.TemporaryDirectory() as folder:
        lock = lock_reader(project, Cache(Path(folder)))
        estimated = _estimate(f"FROM python:{python}-slim-bookworm\nRUN uv sync --locked --no-dev\n", None, lock)
    files = {
        Path(where, name).relative_to(installed).as_posix(): 0
        for where, _, names in os.walk(installed)
        for name in names
    }
    unpacked, compressed = _weighed(installed, files)
    return Row(
        name=f"{project.name}: uv sync", estimated=estimated, unpacked_bytes=unpacked, compressed_bytes=compressed
    )


def _weighed(root: Path, paths: Mapping[str, int]) -> tuple[int, int]:
    packed, unpacked, compressed = zlib.compressobj(6), 0, 0
    for path in sorted(paths):
        file = root / path
        if file.is_symlink() or not file.is_file():
            continue
        content = file.read_bytes()
        member = tarfile.TarInfo(path)
        member.size = len(content)
        unpacked += len(content)
        buffer = io.BytesIO(member.tobuf() + content + b"\0" * (-len(content) % 512))
        compressed += len(packed.compress(buffer.getvalue()))
    return unpacked, compressed + len(packed.flush())


if __name__ == "__main__":
    main()
