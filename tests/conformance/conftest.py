"""A private Docker engine: own data, own socket, no network rules, gone at the end."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conformance.demo import Demo
    from tests.conformance.object_stores import ObjectStore

_START_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerd:
    """A running engine. ``host`` is what DOCKER_HOST would say, ``containerd`` the socket of its own containerd;
    ``home`` is its client's: BuildKit's writes there."""

    host: str
    containerd: Path
    client: str
    home: Path

    @property
    def environment(self) -> dict[str, str]:
        """What its client is started with."""
        return {"PATH": os.defpath, "HOME": str(self.home), "DOCKER_HOST": self.host}

    def buildkit(self, *arguments: str) -> "subprocess.CompletedProcess[bytes]":
        """Run the client with BuildKit; whatever comes of it is the caller's to judge. A client elsewhere may want the
        plugin buildx; that of the engine's own package builds by itself."""
        client = shutil.which("docker", path=os.defpath) or self.client
        env = {**self.environment, "DOCKER_BUILDKIT": "1", "BUILDKIT_PROGRESS": "plain"}
        return subprocess.run([client, *arguments], capture_output=True, check=False, timeout=600, env=env)

    def docker(self, *arguments: str, check: bool = True) -> str:
        """Run the docker client against this engine and return its stdout."""
        done = subprocess.run(
            [self.client, *arguments],
            capture_output=True,
            check=False,
            timeout=600,
            env=self.environment,
        )
        if check and done.returncode != 0:
            pytest.fail(f"docker {' '.join(arguments)}: {done.stderr.decode(errors='replace')[-2000:]}")
        return done.stdout.decode(errors="replace")


def _start(argv: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("wb") as stream:
        return subprocess.Popen(argv, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL, start_new_session=True)


def _answers(engine: Dockerd) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        # not a constant for a template: some clients print it although nobody answered
        return bool(engine.docker("version", "--format", "{{.Server.Version}}", check=False).strip())
    return False


def _stop(process: "subprocess.Popen[bytes]") -> None:
    process.send_signal(signal.SIGTERM)  # its containerd is its child and ends with it
    try:
        process.wait(timeout=30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _remove(root: Path) -> None:
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{root}/")), reverse=True):
        subprocess.run(["umount", "-l", mount], check=False, capture_output=True)
    shutil.rmtree(root, ignore_errors=True)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> "Demo":
    """The demo's image. Tests that want it are of the group ``dockerd``: it is built once."""
    from tests.conformance.demo import build_demo

    assert request.config.cache is not None
    return build_demo(tmp_path_factory.mktemp("demo"), request.config.cache.mkdir("lightship"))


@pytest.fixture(scope="session")
def dockerd() -> Iterator[Dockerd]:
    """The engine; overlay where the file system allows, else vfs. Needs root: skipped without, on a laptop."""
    from tests.conftest import require_tool

    programs = {name: require_tool(name) for name in ("dockerd", "docker", "containerd")}
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("dockerd needs root: in CI no conformance test may be skipped")
        pytest.skip("dockerd needs root")
    root = Path(tempfile.mkdtemp(prefix="lightship-dockerd-", dir="/tmp"))  # a socket's path must stay short
    host = f"unix://{root}/docker.sock"
    (root / "home").mkdir()
    engine = Dockerd(
        host=host,
        containerd=root / "exec" / "containerd" / "containerd.sock",
        client=programs["docker"],
        home=root / "home",
    )
    for driver in ("overlay2", "vfs"):
        process = _start(
            [
                programs["dockerd"], "--iptables=false", "--ip6tables=false", "--bridge=none",
                "--storage-driver", driver,
                "--data-root", f"{root}/data", "--exec-root", f"{root}/exec", "--pidfile", f"{root}/pid", "-H", host,
            ],
            root / "log",
        )  # fmt: skip
        limit = time.monotonic() + _START_S
        while process.poll() is None and time.monotonic() < limit and not _answers(engine):
            time.sleep(0.2)
        if process.poll() is None and _answers(engine):
            break
        if process.poll() is None:
            _stop(process)
    else:
        said = (root / "log").read_text(errors="replace")[-2000:]
        _remove(root)
        pytest.fail(f"dockerd did not start: {said}")
    try:
        yield engine
    finally:
        _stop(process)
        _remove(root)


# podman sets resource limits and a cgroup namespace, which machines that are containers themselves refuse
_LESS = """#!{python}
import json, os, sys
words = sys.argv[1:]
if "create" in words and "--bundle" in words:
    path = os.path.join(words[words.index("--bundle") + 1], "config.json")
    with open(path) as stream:
        config = json.load(stream)
    config["process"].pop("rlimits", None)
    config["linux"]["namespaces"] = [each for each in config["linux"]["namespaces"] if each["type"] != "cgroup"]
    with open(path, "w") as stream:
        json.dump(config, stream)
os.execv({runc!r}, ["runc", *words])
"""


@pytest.fixture(scope="session")
def podman_env() -> Iterator[dict[str, str]]:
    """The environment of a podman with a storage of its own, whose runtime is runc without limits; overlay where the
    file system allows, else vfs. Needs root."""
    from tests.conftest import require_tool

    podman, runc = require_tool("podman"), require_tool("runc")
    if os.geteuid() != 0:
        if os.environ.get("CI"):
            pytest.fail("podman needs root: in CI no conformance test may be skipped")
        pytest.skip("podman needs root")
    # not pytest's folder: where the path of runroot is longer than 50 characters, what podman starts to note that a
    # container has ended refuses it, unheard, and each container ends 20 s late
    root = Path(tempfile.mkdtemp(prefix="lightship-podman-", dir="/tmp"))
    (root / "runtime").write_text(_LESS.format(python=sys.executable, runc=runc))
    (root / "runtime").chmod(0o755)
    (root / "containers.conf").write_text(
        '[engine]\nruntime = "less"\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n'
        f'[engine.runtimes]\nless = ["{root}/runtime"]\n'
    )
    env = {
        "PATH": f"{Path(podman).parent}:{os.defpath}:/usr/sbin:/sbin",
        "HOME": str(root),
        "CONTAINERS_STORAGE_CONF": str(root / "storage.conf"),
        "CONTAINERS_CONF": str(root / "containers.conf"),
    }
    for driver in ("overlay", "vfs"):
        (root / "storage.conf").write_text(
            f'[storage]\ndriver = "{driver}"\nrunroot = "{root}/run"\ngraphroot = "{root}/{driver}"\n'
        )
        if subprocess.run([podman, "info"], env=env, check=False, capture_output=True).returncode == 0:
            break
    else:
        pytest.fail("podman finds no driver for its storage")
    try:
        yield env
    finally:
        _remove(root)


def _store(name: str, **options: bool) -> object:
    @pytest.fixture(scope="session")
    def running(tmp_path_factory: pytest.TempPathFactory) -> "Iterator[ObjectStore]":
        from tests.conformance import object_stores

        with getattr(object_stores, name)(tmp_path_factory.mktemp(name), **options) as store:
            yield store

    return running


# one of each for all tests, which belong to the group "object-stores"
moto_store, rclone_store, swift_store = _store("moto"), _store("rclone"), _store("swift")
signing_moto_store = _store("moto", signatures=True)


@pytest.fixture(params=["moto_store", "rclone_store", "swift_store"])
def object_store(request: pytest.FixtureRequest) -> "ObjectStore":
    """An empty bucket of each store in turn."""
    store: ObjectStore = request.getfixturevalue(request.param)
    return store.with_new_bucket()


@pytest.fixture(params=["signing_moto_store", "rclone_store", "swift_store"])
def signing_store(request: pytest.FixtureRequest) -> "ObjectStore":
    """An empty bucket of each store that checks signatures."""
    store: ObjectStore = request.getfixturevalue(request.param)
    return store.with_new_bucket()
