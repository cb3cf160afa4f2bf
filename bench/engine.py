"""A private Docker engine that is measured: its own data and socket, no network rules, gone at the end.

CPU seconds are those of dockerd and all its descendants (containerd, runc, the containers of a build) as
proc_pid_stat(5) counts them, ``utime + stime + cutime + cstime`` of every living process of the tree, before and after:
what ended in between was waited for by its parent and is in that parent's ``cutime``. The client's own are added.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lightship import proc

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_START_S = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """What one command took."""

    cpu_s: float
    wall_s: float

    def __add__(self, other: "Usage") -> "Usage":
        """Both commands, one after the other."""
        return Usage(cpu_s=self.cpu_s + other.cpu_s, wall_s=self.wall_s + other.wall_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """A running dockerd."""

    pid: int
    host: str
    client: str

    def run(self, *arguments: str, log: Path) -> Usage:
        """Run the docker client, output to ``log``; exit with its last lines when it fails."""
        env = {
            "PATH": os.defpath, "HOME": str(log.parent), "DOCKER_HOST": self.host, "DOCKER_BUILDKIT": "1",
            "BUILDKIT_PROGRESS": "plain",
        }  # fmt: skip
        before, began = cpu_of_tree(self.pid), time.monotonic()
        with log.open("wb") as stream:
            child = subprocess.Popen([self.client, *arguments], stdout=stream, stderr=stream, env=env)
            _, status, usage = os.wait4(child.pid, 0)
        wall_s = time.monotonic() - began
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"docker {arguments[0]} failed:\n{log.read_text(errors='replace')[-4000:]}")
        return Usage(cpu_s=cpu_of_tree(self.pid) - before + usage.ru_utime + usage.ru_stime, wall_s=wall_s)

    def version(self) -> str:
        """The engine's own version."""
        asked = [self.client, "version", "--format", "{{.Server.Version}}"]
        return proc.run(asked, env={"PATH": os.defpath, "DOCKER_HOST": self.host}).stdout.decode().strip()


@contextlib.contextmanager
def private_engine(root: Path) -> Iterator[Engine]:
    """A dockerd with all its state below ``root``, a short path, which is kept: a later run finds its caches."""
    # Debian's client before another on PATH: BuildKit without buildx is a matter of versions that belong together
    client = shutil.which("docker", path="/usr/bin") or shutil.which("docker")
    daemon = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/sbin")
    if client is None or daemon is None or os.geteuid() != 0:
        raise SystemExit("want dockerd and docker (Debian's docker.io), and root to start them")
    root.mkdir(parents=True, exist_ok=True)
    host = f"unix://{root}/docker.sock"
    command = [
        daemon, "--iptables=false", "--ip6tables=false", "--bridge=none", "--data-root", f"{root}/data",
        "--exec-root", f"{root}/exec", "--pidfile", f"{root}/pid", "-H", host,
    ]  # fmt: skip
    with (root / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True)
    engine = Engine(pid=process.pid, host=host, client=client)
    try:
        _wait_until_up(process, engine, root / "log")
        yield engine
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def _wait_until_up(process: "subprocess.Popen[bytes]", engine: Engine, log: Path) -> None:
    limit = time.monotonic() + _START_S
    env = {"PATH": os.defpath, "DOCKER_HOST": engine.host}
    while process.poll() is None and time.monotonic() < limit:
        if subprocess.run([engine.client, "info"], env=env, capture_output=True, check=False).returncode == 0:
            return
        time.sleep(0.2)
    raise SystemExit(f"dockerd did not start:\n{log.read_text(errors='replace')[-2000:]}")


def cpu_of_tree(pid: int) -> float:
    """CPU seconds of ``pid`` and its living descendants, with what they waited for."""
    fields = _processes()
    ticks = 0
    for member in descendants(pid, fields):
        ticks += sum(map(int, fields[member][11:15]))  # utime, stime, cutime, cstime: 14 to 17, counted from 3 here
    return ticks / _TICKS_PER_S


def descendants(pid: int, fields: dict[int, list[str]] | None = None) -> list[int]:
    """``pid`` and every living process below it."""
    fields = _processes() if fields is None else fields
    children: dict[int, list[int]] = {}
    for member, values in fields.items():
        children.setdefault(int(values[1]), []).append(member)
    found = [pid] if pid in fields else []
    for member in found:  # grows as it is walked
        found += children.get(member, ())
    return found


def _processes() -> dict[int, list[str]]:
    """proc_pid_stat(5) of every process, from the third field on: the second, the name, may hold anything."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended
            found[int(path.parent.name)] = path.read_text(errors="replace").rpartition(")")[2].split()
    return found
