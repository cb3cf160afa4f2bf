"""What a node that runs one version pulls for the next: real bumps of locked packages, built, and one changed line.

    python bench/updates.py PROJECT [--bumps 20] [--bytecode startup|all] [-o FILE]

PROJECT has a uv.lock; it is copied, and its lock is exported as hashed requirements (`uv export`). The packages to bump
are those whose names have the smallest SHA-256, so that nobody chose them; a package without a second version that has
a wheel is passed over. Each is bumped to the next version that the index has, or the one before where the lock has the
latest; its dependencies stay. Every bump is built by `lightship build` from requirements that differ in that package
alone, and compared with the image of the unchanged ones: what is pulled is the layers that are not in it.

With ``--bytecode startup`` PROJECT must have a lightship-startup.lock; no start is traced, the lock serves for every
bump, as its modules are what this bench holds fixed.

A deps-first Dockerfile (a layer of all dependencies, then one of the sources) is assembled of the same files: its
dependencies' layer weighs what the packages' layers and their bytecode weigh together, its sources' layer what the
application's layers weigh; a bump pulls the first (and the second, as the requirements lie in it), a line the second.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from packaging.version import InvalidVersion, Version

_PLATFORMS = [f"manylinux_2_{minor}_x86_64" for minor in range(36, 16, -1)] + ["manylinux2014_x86_64"]
_DEPENDENCIES = ("package-", "packages-", "bytecode-", "environment")
_APPLICATION = ("application",)
_LIGHTSHIP = """\
import sys
from lightship.errors import InputError
from lightship.flows.making import Making
def untraced(self): raise InputError("not traced by this bench")
Making._trace = untraced
from lightship.cli.main import main
main()
"""
"""The command line, whose build takes the startup lock as it stands instead of starting the application."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """One layer of a build's report."""

    name: str
    digest: str
    compressed_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """What one change pulls. ``layers`` are the names of the layers that the image before lacks."""

    what: str
    before: str
    after: str
    pulled_bytes: int
    total_bytes: int
    layers: tuple[str, ...]
    dependencies_first_bytes: int

    @property
    def share(self) -> float:
        return self.pulled_bytes / self.total_bytes

    @property
    def dependencies_first_share(self) -> float:
        return self.dependencies_first_bytes / self.total_bytes


def main() -> int:
    """Build before and after, for each bump and for a line; print the table."""
    options = _options()
    with tempfile.TemporaryDirectory(dir=options.work, prefix="updates-") as name:
        found = list(_updates(Bench(Path(name), options)))
    print(_table(found))
    if options.output:
        rows = [{**asdict(update), "share": update.share} for update in found]
        options.output.write_text(json.dumps(rows, indent=1) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--bumps", type=int, default=20)
    parser.add_argument("--python-version", default="3.12", help="that the packages are for")
    parser.add_argument("--bytecode", choices=["startup", "all", "none"], default="startup")
    parser.add_argument("--source", help="the file that gets a line; default: the largest module outside tests")
    parser.add_argument("--flag", action="append", default=[], help="a further option of lightship build; repeatable")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()))
    parser.add_argument("-o", "--output", type=Path, help="write every row as JSON")
    return parser.parse_args()


class Bench:
    """A copy of the project, with requirements in the place of its lock."""

    def __init__(self, work: Path, options: argparse.Namespace) -> None:
        self.work = work
        self.options = options
        self.project = work / options.project.resolve().name
        left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", "node_modules")
        shutil.copytree(options.project, self.project, symlinks=True, ignore=left_out)
        (self.project / "uv.lock").unlink()
        exported = [_uv(), "export", "-q", "--frozen", "--no-emit-project", "--format", "requirements-txt"]
        self.requirements: str = _said([*exported, "--no-header", "--no-annotate"], cwd=options.project)

    def build(self, requirements: str) -> list[Layer]:
        """The layers of the image of ``requirements``."""
        (self.project / "requirements.txt").write_text(requirements)
        report = self.work / "report.json"
        command = [
            sys.executable, "-c", _LIGHTSHIP, "build", str(self.project), "--lock", "requirements.txt",
            "--bytecode", self.options.bytecode, "--allow-stale-trace", "--format", "json", "-o", str(report),
            "--output", f"oci:{self.work}/layout", *self.options.flag,
        ]  # fmt: skip
        try:
            _said(command)
        finally:
            shutil.rmtree(self.work / "layout", ignore_errors=True)
        layers = json.loads(report.read_text())["layers"]
        return [Layer(**{name: layer[name] for name in ("name", "digest", "compressed_bytes")}) for layer in layers]

    def blocks(self) -> dict[str, str]:
        """Each requirement with its hashes, by name; those for other systems aside."""
        found = re.findall(r"^\S.*\n(?:[ \t].*\n)*", self.requirements, re.MULTILINE)
        pinned = {match[1]: block for block in found if (match := re.match(r"([A-Za-z0-9._-]+)[^;\n]*==", block))}
        return {name: block for name, block in pinned.items() if not re.search(r"win32|darwin|Windows", block)}

    def with_line(self) -> str:
        """Add a line to a source; say which."""
        if self.options.source:
            source = self.project / self.options.source
        else:
            modules = [path for path in self.project.rglob("*.py") if "tests" not in path.parts]
            source = max(sorted(modules), key=lambda path: path.stat().st_size)
        with source.open("a") as stream:
            stream.write("\n_lightship_bench = 1\n")
        return str(source.relative_to(self.project))


def _updates(bench: Bench) -> Iterator[Update]:
    before = bench.build(bench.requirements)
    print(f"{len(before)} layers, {_sum(before) / 1e6:.1f} MB", flush=True)
    bumped = 0
    blocks = bench.blocks()
    for name in sorted(blocks, key=lambda name: hashlib.sha256(name.encode()).digest()):
        if bumped == bench.options.bumps:
            break
        pinned = re.search(r"==([^\s;\\]+)", blocks[name])
        row = _neighbour(name, pinned[1], bench.options.python_version) if pinned else None
        if pinned is None or row is None:
            print(f"{name}: no second version with a wheel", flush=True)
            continue
        after, requirement = row
        try:
            layers = bench.build(bench.requirements.replace(blocks[name], requirement))
        except subprocess.CalledProcessError as error:
            print(f"{name} {after}: {error.stderr.strip().splitlines()[-1]:.160}", flush=True)
            continue
        bumped += 1
        yield _told(_compare(name, pinned[1], after, before, layers))
    bench.build(bench.requirements)
    source = bench.with_line()
    yield _told(_compare(source, "", "", before, bench.build(bench.requirements)))


def _compare(what: str, version: str, after_version: str, before: Sequence[Layer], after: Sequence[Layer]) -> Update:
    there = {layer.digest for layer in before}
    pulled = [layer for layer in after if layer.digest not in there]
    moved = [layer for layer in after if layer.name.startswith(_APPLICATION)]
    if version:
        moved += [layer for layer in after if layer.name.startswith(_DEPENDENCIES)]
    return Update(
        what=what,
        before=version,
        after=after_version,
        pulled_bytes=_sum(pulled),
        total_bytes=_sum(after),
        layers=tuple(layer.name for layer in pulled),
        dependencies_first_bytes=_sum(moved),
    )


def _neighbour(name: str, version: str, python: str) -> tuple[str, str] | None:
    """The version next to ``version`` and its hashed requirement; None when the index has none with a wheel."""
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    asked = [sys.executable, "-m", "pip", "index", "versions", name, "--only-binary", ":all:", *platforms]
    try:
        said = _said([*asked, "--python-version", python])
    except subprocess.CalledProcessError:
        return None
    listed = re.search(r"^Available versions: (.+)$", said, re.MULTILINE)
    versions = sorted({known for text in (listed[1].split(", ") if listed else ()) if (known := _version(text))})
    own = Version(version)
    later = [each for each in versions if each > own]
    earlier = [each for each in versions if each < own]
    for wanted in (*later[:1], *earlier[-1:]):
        compiled = [_uv(), "pip", "compile", "-q", "--no-deps", "--generate-hashes", "--no-header", "--no-annotate"]
        compiled += ["--python-version", python, "--python-platform", "x86_64-manylinux_2_36", "-"]
        try:
            return str(wanted), _said([*compiled, "--only-binary", name], text=f"{name}=={wanted}\n")
        except subprocess.CalledProcessError:
            continue
    return None


def _version(text: str) -> Version | None:
    try:
        version = Version(text)
    except InvalidVersion:
        return None
    return None if version.is_prerelease else version


def _uv() -> str:
    return str(Path(sys.executable).with_name("uv"))


def _said(command: list[str], *, cwd: Path | None = None, text: str = "") -> str:
    """stdout; raise CalledProcessError with what was said on stderr."""
    done = subprocess.run(command, cwd=cwd, input=text, capture_output=True, text=True, check=False, env=_environ())
    done.check_returncode()
    return done.stdout


def _environ() -> dict[str, str]:
    """uv takes pip's index where it is told of none."""
    asked = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    index = re.search(r"^(?:global|install|:env:)\.index-url='(.+)'$", said, re.MULTILINE)
    given = {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & os.environ.keys()
    return {**os.environ, **({"UV_DEFAULT_INDEX": index[1]} if index and not given else {})}


def _told(update: Update) -> Update:
    print(_row(update), flush=True)
    return update


def _row(update: Update) -> str:
    versions = f"{update.before} → {update.after}" if update.before else ""
    layers = ", ".join(update.layers)
    return (
        f"| {update.what} | {versions} | {update.pulled_bytes / 1e6:.1f} | {update.share:.1%} | "
        f"{update.dependencies_first_share:.1%} | {layers} |"
    )


def _table(updates: Sequence[Update]) -> str:
    bumps = [update for update in updates if update.before]
    lines = ["", "| | | MB pulled | share | deps-first | layers |", "|---|---|---|---|---|---|", *map(_row, updates)]
    if bumps:
        ours, theirs = [update.share for update in bumps], [update.dependencies_first_share for update in bumps]
        lines.append(f"\nmedian of {len(bumps)} bumps: {median(ours):.2%}, worst {max(ours):.2%}; "
                     f"deps-first: {median(theirs):.1%}")  # fmt: skip
    return "\n".join(lines)


def _sum(layers: Sequence[Layer]) -> int:
    return sum(layer.compressed_bytes for layer in layers)


if __name__ == "__main__":
    sys.exit(main())
