"""What `lightship init` writes, built by `docker build`: does it answer, what does it weigh, how long takes a change.

    python bench/init_images.py PROJECT [PROJECT…] --python DIR [--rounds 3] [-o FILE]

For each project: a copy gets its files from `lightship init`; `docker build` makes the image of the Dockerfile and
`lightship build` its own, each by its defaults (a start that each sees for itself), then each with all bytecode, and
docker with the trace that `lightship build` wrote. Then:

size      gzip -6 of each layer, and its tar, against the layers of `lightship build`
answers   a container with a read-only root and no capabilities is asked for the route that was detected
rebuild   one line more in one source file, round after round, beside the same Dockerfile with its sources copied
          before the dependencies are installed, caches of the installers warm for both; seconds of wall, and of CPU of
          the engine and all its descendants

The engine is a private one of Debian trixie (docker.io 26.1, whose own frontend knows COPY --link; the line `# syntax=`
is taken out, since it would be pulled), unpacked by mmdebstrap into the work folder and started in a mount namespace of
its own. There is no registry: `python:X-slim-bookworm` is imitated by Debian's minbase with the interpreter of --python
at /usr/local, without its tests and bytecode as in the official image. Needs root, mmdebstrap, pigz and the package
indexes, reached by the settings of the host (`--network host`).
"""

import argparse
import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from engine import cpu_of_tree

LIGHTSHIP = str(Path(sys.executable).with_name("lightship"))
_LIBRARIES = (
    "ca-certificates,libbz2-1.0,libexpat1,libffi8,libgdbm6,liblzma5,libncursesw6,libnsl2,libreadline8,libsqlite3-0,"
    "libssl3,libtirpc3,libuuid1,netbase,tzdata,zlib1g"
)
_UNSHIPPED = ("test", "tests", "idle_test")


def main() -> int:
    options = _options()
    work: Path = options.work
    work.mkdir(parents=True, exist_ok=True)
    results = []
    with _engine(work) as engine:
        _python_base(engine, work, options.python)
        for project in options.projects:
            found = _measure(engine, work, project.resolve(), options)
            results.append(found)
            print(json.dumps(found, indent=1), flush=True)
    if options.output:
        options.output.write_text(json.dumps(results, indent=1) + "\n")
    print(_table(results))
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", type=Path, nargs="+")
    parser.add_argument("--python", type=Path, required=True, help="the folder of an installed CPython")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--env", action="append", default=[], help="NAME=VALUE of the start that is traced or asked")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "lightship-init-images")
    parser.add_argument("-o", "--output", type=Path)
    return parser.parse_args()


class Engine:
    """A running dockerd and the client that speaks to it."""

    def __init__(self, host: str, pid: int) -> None:
        self.host = host
        self.pid = pid

    def run(self, *arguments: str, stdin: Any = subprocess.DEVNULL) -> str:
        env = {"PATH": os.defpath, "HOME": tempfile.gettempdir(), "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "1",
               "BUILDKIT_PROGRESS": "plain"}  # fmt: skip
        client = shutil.which("docker", path="/usr/bin") or "docker"
        done = subprocess.run([client, *arguments], env=env, stdin=stdin, capture_output=True, check=False)
        if done.returncode:
            raise SystemExit(f"docker {arguments[0]}: {done.stderr.decode(errors='replace')[-4000:]}")
        return done.stdout.decode(errors="replace")


@contextlib.contextmanager
def _engine(work: Path) -> Iterator[Engine]:
    root = work / "engine"
    if not (root / "usr/sbin/dockerd").exists():
        mirror = re.search(r"^(?:URIs:|deb)\s+(\S+)", Path("/etc/apt/sources.list.d/debian.sources").read_text(), re.M)
        if mirror is None:
            raise SystemExit("want a mirror in /etc/apt/sources.list.d/debian.sources")
        packages = "docker.io,ca-certificates,iptables"
        _call("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={packages}", "trixie",
              str(root), mirror[1])  # fmt: skip
    for name in ("etc/resolv.conf", "etc/hosts"):
        shutil.copy(Path("/", name), root / name)
    script = (
        f"mount --make-rprivate / && mount --bind {root} {root} && "
        f"for m in proc sys dev; do mount --rbind /$m {root}/$m; done && mkdir -p {root}/work {root}/old && "
        f"cd {root} && pivot_root . old && umount -l /old && exec /usr/sbin/dockerd --iptables=false --ip6tables=false "
        "--bridge=none "
        "--storage-driver overlay2 --data-root /engine/data --exec-root /engine/exec --pidfile /engine/pid "
        "-H unix:///engine/docker.sock"
    )
    with (work / "engine.log").open("wb") as log:
        process = subprocess.Popen(
            ["unshare", "-m", "sh", "-c", script], stdout=log, stderr=log, start_new_session=True
        )
    engine = Engine(f"unix://{root}/engine/docker.sock", process.pid)
    try:
        limit = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < limit:
            with contextlib.suppress(SystemExit):
                engine.run("version")
                break
            time.sleep(0.5)
        yield engine
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def _python_base(engine: Engine, work: Path, python: Path) -> None:
    """``python:X-slim-bookworm``, as near as can be made without a registry."""
    version = re.match(r"3\.\d+", python.name)
    if version is None:
        raise SystemExit(f"want a folder called by its version, got {python}")
    root = work / f"python-{version[0]}"
    if not root.exists():
        made = root.with_suffix(".tmp")
        shutil.rmtree(made, ignore_errors=True)
        excluded = [f"--dpkgopt=path-exclude=/usr/share/{name}/*" for name in ("doc", "man", "locale")]
        _call("mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={_LIBRARIES}", *excluded,
              "bookworm", str(made), "/etc/apt/sources.list.d/debian.sources")  # fmt: skip
        local = made / "usr/local"
        for name in ("bin", "include", "lib"):
            shutil.copytree(python / name, local / name, symlinks=True, dirs_exist_ok=True,
                            ignore=shutil.ignore_patterns(*_UNSHIPPED, "__pycache__", "*.pyc", "libpython*.a", "*.pth",
                                                          "_tkinter*"))  # fmt: skip
        for script in local.glob("bin/pip*"):
            text = script.read_text().split("\n", 1)[1]
            script.write_text(f"#!/usr/local/bin/python{version[0]}\n{text}")
        (local / "bin/python").unlink(missing_ok=True)
        (local / "bin/python").symlink_to("python3")
        (made / "etc/ld.so.conf.d/python.conf").write_text("/usr/local/lib\n")
        _call("chroot", str(made), "ldconfig")
        bundle = os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt")
        shutil.copy(bundle, made / "etc/ssl/certs/ca-certificates.crt")
        made.rename(root)
    variables = [f"ENV {name}=/etc/ssl/certs/ca-certificates.crt"
                 for name in ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")]  # fmt: skip
    changes = ["ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", *variables, 'CMD ["python3"]']
    with subprocess.Popen(["tar", "-C", str(root), "-cf", "-", "."], stdout=subprocess.PIPE) as packed:
        arguments = [word for change in changes for word in ("--change", change)]
        engine.run("import", *arguments, "-", f"python:{version[0]}-slim-bookworm", stdin=packed.stdout)


def _measure(engine: Engine, work: Path, project: Path, options: argparse.Namespace) -> dict[str, Any]:
    copy = work / "projects" / project.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy, symlinks=True, ignore=shutil.ignore_patterns(".git", ".venv", "node_modules"))
    trace = copy / "lightship-startup.lock"
    trace.unlink(missing_ok=True)
    asked = [LIGHTSHIP, "init", str(copy), "--force", "--only", "dockerfile,dockerignore,config", "--format", "json"]
    found = json.loads(subprocess.run(asked, check=True, capture_output=True).stdout)
    tag = f"init-{project.name}"
    sizes: dict[str, list[tuple[int, int]]] = {}
    for name, flags in (("all", ["--build-arg", "BYTECODE=all"]), ("startup", [])):
        engine.run("build", "--network", "host", *flags, "-t", tag, "-f", _dockerfile(work, copy), str(copy))
        sizes[f"docker_{name}"] = _layers(engine, tag, work)
    probe = [word for each in options.env for word in ("--probe-env", each)]
    for name, flags in (("all", ["--bytecode", "all"]), ("startup", probe)):
        report = work / "report.json"
        _call(LIGHTSHIP, "build", str(copy), "--python", str(options.python), "-t", "bench:1", *flags, "--output",
              f"oci:{work}/layout", "--format", "json", "-o", str(report))  # fmt: skip
        layers = json.loads(report.read_text())["layers"]
        sizes[f"lightship_{name}"] = [(each["compressed_bytes"], each["unpacked_bytes"]) for each in layers]
    if trace.exists():
        engine.run("build", "--network", "host", "-t", f"{tag}-traced", "-f", _dockerfile(work, copy), str(copy))
        sizes["docker_traced"] = _layers(engine, f"{tag}-traced", work)
        trace.unlink()
    compressed = {name: sum(layer[0] for layer in layers) for name, layers in sizes.items()}
    unpacked = {name: sum(layer[1] for layer in layers) for name, layers in sizes.items()}
    return {
        "project": project.name,
        "compressed_bytes": compressed,
        "unpacked_bytes": unpacked,
        "layers": sizes,
        "ratios": {
            name: {key: round(figures[f"docker_{key}"] / figures[f"lightship_{key}"], 3) for key in ("startup", "all")}
            for name, figures in (("compressed", compressed), ("unpacked", unpacked))
        },
        "answers": _answers(engine, tag, found["detected"], options.env),
        **_rebuilds(engine, work, copy, tag, options.rounds),
    }


def _dockerfile(work: Path, copy: Path, *, sources_first: bool = False) -> str:
    """Without the line that would pull a frontend; with the sources before the dependencies where asked for."""
    text = (copy / "Dockerfile").read_text().replace("# syntax=docker/dockerfile:1\n", "", 1)
    if sources_first:
        text = re.sub(r"(AS builder\n(?:.*\n)*?WORKDIR (\S+)\n)", r"\1COPY --link . \2/\n", text, count=1)
    path = work / ("Dockerfile.first" if sources_first else "Dockerfile")
    path.write_text(text)
    return str(path)


def _layers(engine: Engine, image: str, work: Path) -> list[tuple[int, int]]:
    """Compressed bytes of each layer and those of its tar, bottom first."""
    folder = work / "saved"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    engine.run("save", "-o", str(folder / "image.tar"), image)
    _call("tar", "-C", str(folder), "-xf", str(folder / "image.tar"))
    (manifest,) = json.loads((folder / "manifest.json").read_text())
    sizes = []
    for name in manifest["Layers"]:
        packed = folder / "packed"
        with packed.open("wb") as stream:
            subprocess.run(["pigz", "-6", "-c", str(folder / name)], stdout=stream, check=True)
        sizes.append((packed.stat().st_size, (folder / name).stat().st_size))
    shutil.rmtree(folder)
    return sizes


def _answers(engine: Engine, tag: str, detected: dict[str, Any], env: list[str]) -> dict[str, Any]:
    """Asked inside of the container, by its own Python: nothing of the host is in between."""
    words = [word for each in (*env, "HOME=/tmp") for word in ("--env", each)]
    name = f"{tag}-asked"
    engine.run("run", "-d", "--name", name, "--network", "host", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",  # noqa: S108
               *words, tag)  # fmt: skip
    address = f"http://127.0.0.1:{detected['port']}{detected['health'] or '/'}"
    ask = f"import urllib.request; print(urllib.request.urlopen({address!r}, timeout=5).status)"
    began, status = time.monotonic(), ""
    try:
        while not status and time.monotonic() - began < 300:
            with contextlib.suppress(SystemExit):
                status = engine.run("exec", name, "python", "-c", ask).strip()
            time.sleep(0.5)
        return {"address": address, "status": status, "log": "" if status else engine.run("logs", name)[-2000:]}
    finally:
        engine.run("rm", "-f", name)


def _rebuilds(engine: Engine, work: Path, copy: Path, tag: str, rounds: int) -> dict[str, Any]:
    """Seconds after one line more, interleaved: wall, and CPU of the engine and what it runs."""
    source = next(path for path in sorted(copy.rglob("*.py")) if "deploy" not in path.parts and path.stat().st_size)
    wall: dict[str, list[float]] = {"init": [], "sources_first": []}
    cpu: dict[str, list[float]] = {"init": [], "sources_first": []}
    ways = (("init", False), ("sources_first", True))
    for number in range(-1, rounds):  # the first warms the caches of both
        for name, first in ways if number % 2 else reversed(ways):
            with source.open("a") as stream:  # for each: the second would find the first one's stage in the cache
                stream.write(f"\n_BENCH = {number}\n")
            dockerfile = _dockerfile(work, copy, sources_first=first)
            began, spent = time.monotonic(), cpu_of_tree(engine.pid)
            engine.run("build", "--network", "host", "-t", f"{tag}-{name}".lower(), "-f", dockerfile, str(copy))
            if number >= 0:
                wall[name].append(round(time.monotonic() - began, 2))
                cpu[name].append(round(cpu_of_tree(engine.pid) - spent, 2))
    ratios = [median(ours / theirs for ours, theirs in zip(*each.values(), strict=True)) for each in (wall, cpu)]
    return {"rebuild_s": wall, "rebuild_cpu_s": cpu, "rebuild_ratio": round(ratios[0], 3),
            "rebuild_cpu_ratio": round(ratios[1], 3)}  # fmt: skip


def _table(results: list[dict[str, Any]]) -> str:
    names = ("docker MB", "ours MB", "ratio", "tar", "all", "tar", "rebuild s", "first s", "ratio", "CPU")
    widths = (10, 10, 7, 7, 7, 7, 11, 9, 7, 7)
    lines = [" " * 24 + "".join(f"{name:>{width}}" for name, width in zip(names, widths, strict=True))]
    lines[0] += "  answers"
    for each in results:
        size, rebuild = each["compressed_bytes"], each["rebuild_s"]
        lines.append(
            f"{each['project']:24}{size['docker_startup'] / 1e6:10.1f}{size['lightship_startup'] / 1e6:10.1f}"
            + "".join(
                f"{each['ratios'][how][key]:7.2f}" for key in ("startup", "all") for how in ("compressed", "unpacked")
            )
            + f"{median(rebuild['init']):11.2f}{median(rebuild['sources_first']):9.2f}{each['rebuild_ratio']:7.2f}"
            f"{each['rebuild_cpu_ratio']:7.2f}  {each['answers']['status']}"
        )
    return "\n".join(lines)


def _call(*command: str) -> None:
    done = subprocess.run(command, check=False, capture_output=True)
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stderr.decode(errors='replace')[-4000:]}")


if __name__ == "__main__":
    sys.exit(main())
