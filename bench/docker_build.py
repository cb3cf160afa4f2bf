"""`lightship build` beside `docker build` of the same lock: wall and CPU seconds, one run, interleaved, caches warm.

    python bench/docker_build.py PROJECT [--requirements FILE] [--python DIR] [--rounds 3] [-o FILE]

Three ways, round after round, in turn: ``docker build`` with BuildKit, a Dockerfile that installs dependencies first
and a cache mount for uv; ``lightship build`` to ``docker-archive:``; ``lightship build`` to ``oci:``. Each way has its
own copy of the project and its own cache. Three scenarios:

dependency   one more package is gone from the hashed requirements: another leaf each round
line         one line more in one source file, another file each round
nothing      the very same build again

Docker's side leaves the image in the engine's store, uncompressed and without bytecode; ours writes a whole archive, or
a layout, with compressed layers and bytecode as the project's configuration asks, which may mean a traced start when a
dependency changes. With --save a row adds `docker save` to Docker's builds: a file, as ours is. With --push two rows
go to one registry (Debian's docker-registry, on loopback): `docker build` and `docker push`, and ours to ``docker://``;
nothing is sent that the registry has. The engine is a private one (see `bench/engine.py` for how its CPU is counted);
its base image is made by mmdebstrap from the host's apt sources.
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from engine import Engine, Usage, private_engine
from loopback import loopback_registry

LIGHTSHIP = str(Path(sys.executable).with_name("lightship"))
WAYS = ("docker", "archive", "oci")
SCENARIOS = ("dependency", "line", "nothing")
_BASE = "lightship-bench-base"
_PACKAGES = (
    "ca-certificates,gcc,g++,make,pkg-config,python3-dev,python3-venv,"
    "libbz2-1.0,libffi8,liblzma5,libmagic1,libreadline8,libsqlite3-0,libssl3"
)
_DOCKERFILE = """\
FROM {base}
ENV SSL_CERT_FILE=/etc/ssl/bench.crt UV_LINK_MODE=copy VIRTUAL_ENV=/opt/venv PATH=/opt/venv/bin:$PATH
{settings}
RUN uv venv --no-python-downloads --python {python} /opt/venv
COPY requirements.txt /tmp/requirements.txt
RUN --mount=type=cache,target=/root/.cache/uv uv pip install --require-hashes -r /tmp/requirements.txt
WORKDIR /app
COPY . /app
"""
_SETTINGS = re.compile(
    r"(?:UV_(?:DEFAULT_INDEX|INDEX|INDEX_URL|EXTRA_INDEX_URL)|(?:HTTPS?|ALL|NO)_PROXY)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """The places and the input of one run."""

    project: Path
    requirements: str
    work: Path
    python: Path | None
    flags: tuple[str, ...]
    registry: str | None = None

    @property
    def ways(self) -> tuple[str, ...]:
        return WAYS if self.registry is None else (*WAYS, "registry")

    def copy_of(self, way: str) -> Path:
        return self.work / "projects" / way

    def set_up(self, seed: Path | None) -> None:
        """A copy of the project for each way, and a copy of the cache ``seed``."""
        for way in self.ways:
            place = self.copy_of(way)
            shutil.rmtree(place, ignore_errors=True)
            left_out = shutil.ignore_patterns(".git", ".venv", "__pycache__", "node_modules")
            shutil.copytree(self.project, place, symlinks=True, ignore=left_out)
            (place / "requirements.txt").write_text(self.requirements)
            cache = self.work / "cache" / way
            if way != "docker" and seed is not None and not cache.exists():
                # root file systems are unpacked again when they are needed: they are most of the files
                shutil.copytree(seed, cache, symlinks=True, ignore=shutil.ignore_patterns("rootfs", "incoming"))

    def build(self, way: str, engine: Engine, label: str) -> Usage:
        """Build as things are, with the output in a log of that label; exit when it fails."""
        log = self.work / f"{label}-{way}.log"
        if way == "docker":
            context = str(self.copy_of(way))
            dockerfile = str(self.work / "Dockerfile")
            return engine.run("build", "--network", "host", "-t", "bench", "-f", dockerfile, context, log=log)
        output = {
            "archive": f"docker-archive:{self.work}/image.tar",
            "oci": f"oci:{self.work}/layout",
            "registry": f"docker://{self.registry}/ours/bench:latest",
        }[way]
        command = [
            LIGHTSHIP, "build", str(self.copy_of(way)), "-t", "bench:latest", "--output", output,
            "--lock", "requirements.txt", "--cache-dir", str(self.work / "cache" / way), *self.flags,
        ]  # fmt: skip
        if self.python is not None:
            command += ["--python", str(self.python)]
        return _measure(command, log)

    def push(self, engine: Engine, label: str) -> Usage:
        """Push what docker built."""
        name = f"{self.registry}/docker/bench:latest"
        tagged = engine.run("tag", "bench", name, log=self.work / f"{label}-tag.log")
        pushed = engine.run("push", name, log=self.work / f"{label}-push.log")
        return tagged + pushed

    def remove_dependency(self, way: str, name: str) -> None:
        path = self.copy_of(way) / "requirements.txt"
        text = path.read_text()
        path.write_text("".join(block for block in _blocks(text) if _name(block) != name))

    def add_line(self, way: str, source: str, number: int) -> None:
        with (self.copy_of(way) / source).open("a") as stream:
            stream.write(f"\n_BENCH_{number} = {number}\n")


def main() -> int:
    """Set up, warm up, measure, print."""
    options = _options()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    requirements = options.requirements or options.project / "requirements.txt"
    bench = Bench(
        project=options.project.resolve(),
        requirements=requirements.read_text(),
        work=work,
        python=options.python.resolve() if options.python else None,
        flags=tuple(options.flag),
    )
    removed = options.remove.split(",") if options.remove else leaves(bench.requirements, bench.project)
    if len(removed) <= options.rounds:
        raise SystemExit(
            f"want {options.rounds + 1} packages that nothing needs, got {removed}; name some with --remove"
        )
    with private_engine(work / "docker") as engine, contextlib.ExitStack() as stack:
        if options.push:
            bench = replace(bench, registry=stack.enter_context(loopback_registry(work / "registry")))
        bench.set_up(options.cache)
        _prepare(bench, engine, options)
        for way in bench.ways:
            took = bench.build(way, engine, "first")
            print(f"first build, {way:8}{took.wall_s:8.1f} s wall {took.cpu_s:8.1f} s CPU", flush=True)
            # a change of either kind that is not counted: what a side makes once and keeps is made by then
            bench.remove_dependency(way, removed[-1])
            bench.add_line(way, str(sources(bench.project)[-1].relative_to(bench.project)), options.rounds)
            bench.build(way, engine, "warm")
            if way == "docker" and options.push:
                bench.push(engine, "warm")
        runs = _rounds(bench, engine, removed[:-1], options)
        version = engine.version()
    document = {
        "project": bench.project.name,
        "packages": sum(1 for block in _blocks(bench.requirements) if _name(block)),
        "docker": version,
        "cores": os.cpu_count(),
        "archive_bytes": (work / "image.tar").stat().st_size,
        "rounds": options.rounds,
        "scenarios": {
            scenario: {way: [asdict(usage) for usage in usages] for way, usages in ways.items()}
            for scenario, ways in runs.items()
        },
    }
    print(_table(runs))
    if "dependency" in runs:
        prepared = [_prepared_s(work / f"dependency-{number + 1}-docker.log") for number in range(options.rounds)]
        document["docker_prepared_s"] = prepared
        print(_without_preparing(runs["dependency"], prepared))
    if options.output:
        options.output.write_text(json.dumps(document, indent=1) + "\n")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", type=Path)
    parser.add_argument("--requirements", type=Path, help="hashed requirements; default: the project's own")
    parser.add_argument("--python", type=Path, help="the folder of an installed CPython for both; default: Debian's")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--remove", help="packages to remove, one a round; default: leaves that no source imports")
    parser.add_argument("--cache", type=Path, help="a cache of lightship's to start with (it is copied)")
    parser.add_argument("--flag", action="append", default=[], help="a further option of lightship build; repeatable")
    parser.add_argument("--scenario", action="append", choices=SCENARIOS, help="only this; repeatable")
    parser.add_argument("--save", action="store_true", help="also measure docker save")
    parser.add_argument("--push", action="store_true", help="also measure pushing to a registry")
    parser.add_argument("--apt-sources", type=Path, default=Path("/etc/apt/sources.list.d/debian.sources"))
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lightship-docker-build")
    parser.add_argument("-o", "--output", type=Path, help="write every measurement as JSON")
    return parser.parse_args()


def _prepare(bench: Bench, engine: Engine, options: argparse.Namespace) -> None:
    """The base image in the engine, and the Dockerfile."""
    base = bench.work / "base.tar"
    if not base.exists():
        _make_base(base, options.apt_sources, bench.python)
    python = "/usr/bin/python3"
    if bench.python is not None:
        python = str(next((bench.python / "bin").glob("python3.[0-9]*[0-9]")))
    engine.run("import", str(base), _BASE, log=bench.work / "import.log")
    settings = "".join(f"ENV {name}={value}\n" for name, value in _index_settings(os.environ))
    text = _DOCKERFILE.format(base=_BASE, python=python, settings=settings)
    (bench.work / "Dockerfile").write_text(text)


def _make_base(base: Path, sources: Path, python: Path | None) -> None:
    """A Debian with compilers, uv, the host's certificates and, where asked for, another CPython at its own path."""
    made = base.with_suffix(".tmp")
    codename = re.search(r"^VERSION_CODENAME=(\w+)$", Path("/etc/os-release").read_text(), re.MULTILINE)
    if codename is None:
        raise SystemExit("mmdebstrap wants the codename of this Debian, /etc/os-release has none")
    subprocess.run(
        ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--format=tar", f"--include={_PACKAGES}",
         codename[1], str(made), str(sources)],
        check=True,
    )  # fmt: skip
    certificates = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    _append(made, certificates, "./etc/ssl/bench.crt")
    _append(made, Path(sys.executable).with_name("uv"), "./usr/local/bin/uv")
    if python is not None:
        _append(made, python, f".{python}")
    made.rename(base)


def _append(archive: Path, source: Path, target: str) -> None:
    transform = f"--transform=s|^{str(source).strip('/')}|{target}|;s|^{source}|{target}|"
    subprocess.run(["tar", "--append", "-f", str(archive), transform, str(source)], check=True, capture_output=True)


def _index_settings(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """What of uv's own settings and of the proxies must reach the build; pip's index serves uv where it has none."""
    found = {name: value for name, value in environ.items() if _SETTINGS.fullmatch(name)}
    asked = [sys.executable, "-m", "pip", "config", "list"]
    said = subprocess.run(asked, capture_output=True, text=True, check=True).stdout
    index = re.search(r"^(?:global|install|:env:)\.index-url='(.+)'$", said, re.MULTILINE)
    if index and not {"UV_DEFAULT_INDEX", "UV_INDEX_URL"} & found.keys():
        found["UV_DEFAULT_INDEX"] = index[1]
    return iter(sorted(found.items()))


def _blocks(requirements: str) -> list[str]:
    """The lines of each requirement: with its hashes and the comments below it."""
    return re.findall(r"^\S.*\n(?:[ \t].*\n|\n)*", requirements, re.MULTILINE)


def _name(block: str) -> str:
    match = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==", block)
    return match[1] if match else ""


def leaves(requirements: str, project: Path) -> list[str]:
    """Packages that only the project asks for, as the comments say, and that no source of it imports by their name."""
    blocks = [block for block in _blocks(requirements) if _name(block)]
    names = {_name(block) for block in blocks}
    code = "\n".join(path.read_text(errors="replace") for path in sources(project))
    found = []
    for block in blocks:
        _, _, comment = block.partition("# via")
        via = [word for word in re.sub(r"[#\n]", " ", comment).split() if not word.startswith("(")]
        imported = re.escape(_name(block)).replace(r"\-", r"[-_.]?")
        if via and not names & set(via) and not re.search(imported, code, re.IGNORECASE):
            found.append(_name(block))
    return found


def sources(project: Path) -> list[Path]:
    inside = (path for path in project.rglob("*.py") if not {".venv", "node_modules", "tests"} & set(path.parts))
    return sorted(path for path in inside if path.stat().st_size)


def _rounds(
    bench: Bench, engine: Engine, removed: list[str], options: argparse.Namespace
) -> dict[str, dict[str, list[Usage]]]:
    changed = [str(path.relative_to(bench.project)) for path in sources(bench.project)]
    wanted = options.scenario or SCENARIOS
    rows = (*bench.ways, *(("save",) if options.save else ()), *(("push",) if options.push else ()))
    runs: dict[str, dict[str, list[Usage]]] = {name: {row: [] for row in rows} for name in wanted}
    for number in range(options.rounds):
        package = removed[number * len(removed) // options.rounds]
        source = changed[number * len(changed) // options.rounds]
        turn = number % len(bench.ways)
        order = (*bench.ways[turn:], *bench.ways[:turn])
        for scenario in wanted:
            for way in order:
                if scenario == "dependency":
                    bench.remove_dependency(way, package)
                elif scenario == "line":
                    bench.add_line(way, source, number)
                usage = bench.build(way, engine, f"{scenario}-{number + 1}")
                runs[scenario][way].append(usage)
                what = {"dependency": f"without {package}", "line": source}.get(scenario, "")
                print(f"round {number + 1} {scenario:11}{way:8}{_times(usage)}  {what}", flush=True)
                if way == "docker" and options.save:
                    saved = engine.run("save", "-o", f"{bench.work}/saved.tar", "bench", log=bench.work / "save.log")
                    both = usage + saved
                    runs[scenario]["save"].append(both)
                    print(f"round {number + 1} {scenario:11}{'save':8}{_times(both)}  with docker save", flush=True)
                if way == "docker" and options.push:
                    both = usage + bench.push(engine, f"{scenario}-{number + 1}")
                    runs[scenario]["push"].append(both)
                    print(f"round {number + 1} {scenario:11}{'push':8}{_times(both)}  with docker push", flush=True)
    return runs


def _times(usage: Usage) -> str:
    return f"{usage.wall_s:8.2f} s wall {usage.cpu_s:8.2f} s CPU"


def _measure(command: list[str], log: Path) -> Usage:
    """Run ``command``; rusage of wait4(2) covers the process and every descendant it waited for."""
    # Where modules cannot be compiled once and for all, every start compiles them: not what a user meets.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began = time.monotonic()
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream, env=env)
        try:
            _, status, usage = os.wait4(child.pid, 0)
        except BaseException:
            child.terminate()
            raise
    wall_s = time.monotonic() - began
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"lightship build failed:\n{log.read_text(errors='replace')[-4000:]}")
    return Usage(cpu_s=usage.ru_utime + usage.ru_stime, wall_s=wall_s)


def _table(runs: dict[str, dict[str, list[Usage]]]) -> str:
    """Medians, and for ours the median of each round's ratio: both sides of it met the same machine."""
    lines = [f"\n{'':12}{'way':8}{'wall s':>9}{'ratio':>8}{'CPU s':>9}{'ratio':>8}   median of rounds; docker / ours"]
    if next(iter(runs.values())).keys() & {"save", "push"}:
        lines[0] += ", docker and save (push for registry) / ours"
    for scenario, ways in runs.items():
        for way, usages in ways.items():
            wall, cpu = (_ratios(ways, way, field) for field in ("wall_s", "cpu_s"))
            wall_s, cpu_s = median(u.wall_s for u in usages), median(u.cpu_s for u in usages)
            lines.append(
                f"{scenario:12}{way:8}{wall_s:9.2f}{wall[0]:>8}{cpu_s:9.2f}{cpu[0]:>8}{wall[1]:>12}{cpu[1]:>8}"
            )
    return "\n".join(lines)


def _prepared_s(log: Path) -> float:
    """Seconds that uv says it prepared wheels: with a warm cache it builds sdists again where an index's answers may
    not be kept."""
    found = re.search(r"Prepared \d+ packages? in (?:(\d+)m )?([\d.]+)(ms|s)\b", log.read_text(errors="replace"))
    if found is None:
        return 0.0
    return 60 * int(found[1] or 0) + float(found[2]) / (1000 if found[3] == "ms" else 1)


def _without_preparing(ways: dict[str, list[Usage]], prepared: list[float]) -> str:
    left = [usage.wall_s - seconds for usage, seconds in zip(ways["docker"], prepared, strict=True)]
    ratios = [
        f"{way} {median(theirs / ours.wall_s for theirs, ours in zip(left, ways[way], strict=True)):.1f}x"
        for way in WAYS[1:]
    ]
    return (
        f"uv prepared wheels (built sdists again) for {median(prepared):.1f} s of docker's dependency builds; "
        f"without that, wall: {', '.join(ratios)}"
    )


def _ratios(ways: dict[str, list[Usage]], way: str, field: str) -> tuple[str, str]:
    """Against ``docker build``, and against what leaves the same as ours: saved, or pushed."""
    if way in ("docker", "save", "push"):
        return "-", ""
    found = []
    for peer in ("docker", "push" if way == "registry" else "save"):
        pairs = zip(ways.get(peer, ()), ways[way], strict=peer in ways)
        ratios = [getattr(theirs, field) / getattr(ours, field) for theirs, ours in pairs]
        found.append(f"{median(ratios):.1f}x" if ratios else "")
    return found[0], found[1]


if __name__ == "__main__":
    sys.exit(main())
