"""Containerd pulls, unpacks and runs what is written here, gzip, zstd and eStargz alike: a daemon of the test's own."""

import contextlib
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.registries import DockerRegistry, docker_registry
from tests.conftest import require_tool

from lightship.archive.layer import LayerCompression
from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.image.views import digest_of
from lightship.oci.reference import ImageName, Reference
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.recompress import recompress
from lightship.store.select import host_platform

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("containerd")]

Ctr = Callable[..., str]
COMPRESSIONS: tuple[LayerCompression, ...] = ("gzip", "zstd", "estargz")


@pytest.fixture(scope="module")
def ctr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ctr]:
    """``ctr`` for a containerd with its own root, state and socket. Needs root: skipped without, on a laptop."""
    containerd, program = require_tool("containerd"), require_tool("ctr")
    require_tool("runc")
    if os.geteuid() != 0:
        pytest.skip("containerd needs root")
    folder = tmp_path_factory.mktemp("ctd")
    socket = folder / "c.sock"
    config = folder / "config.toml"
    config.write_text(
        f'version = 2\nroot = "{folder}/root"\nstate = "{folder}/state"\n'
        'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n'
        f'[grpc]\naddress = "{socket}"\n[ttrpc]\naddress = "{folder}/t.sock"\n'
    )
    with (folder / "log").open("wb") as log:
        daemon = subprocess.Popen([containerd, "-c", config], stdout=log, stderr=log)

    def run(*words: str | Path) -> str:
        done = subprocess.run(
            [program, "-a", socket, *words], capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=120
        )
        assert done.returncode == 0, f"{done.stderr.decode()}\n{(folder / 'log').read_text()[-2000:]}"
        return done.stdout.decode()

    try:
        _wait(daemon, socket, folder / "log")
        yield run
    finally:
        daemon.terminate()
        daemon.wait(30)


def _wait(daemon: "subprocess.Popen[bytes]", socket: Path, log: Path) -> None:
    for _ in range(300):
        assert daemon.poll() is None, log.read_text()
        if socket.exists():
            return
        time.sleep(0.05)
    pytest.fail(log.read_text())


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> dict[str, PlainImage]:
    """This machine's shell, under every compression."""
    shell = Path("/bin/sh").resolve()
    said = subprocess.run(["ldd", shell], capture_output=True, text=True, check=False).stdout
    libraries = [Path(found) for found in re.findall(r"(?:^|\s)(/[^\s:]+) \(0x", said)]
    files: dict[str, bytes | str | None] = {"bin/sh": shell.read_bytes()}
    files |= {str(library)[1:]: library.read_bytes() for library in libraries}
    plain = synthetic_image(
        files,
        {"etc/motd": b"first\n", "gone": b"x"},
        {"etc/motd": b"second\n", ".wh.gone": b""},
        runtime={"Env": ["PATH=/bin"], "Cmd": ["/bin/sh", "-c", "read line < /etc/motd; echo $line $0 /gon*"]},
        platform=host_platform(),
        compressions=("none",),
    )
    cache = Cache(tmp_path_factory.mktemp("cache"))
    found = {kind: recompress(plain, kind, cache, prioritized=(), jobs=2).image for kind in COMPRESSIONS}
    return {kind: image for kind, image in found.items() if isinstance(image, PlainImage)}


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as found:
        yield found


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_it_pulls_unpacks_and_runs(
    compression: str, images: dict[str, PlainImage], registry: DockerRegistry, ctr: Ctr
) -> None:
    name = ImageName.parse(f"{registry.host}/shop/{compression}:1")
    image = images[compression]
    copy(image, Reference(transport="docker", name=name))
    ctr("image", "pull", "--plain-http", "--snapshotter", "native", str(name))
    assert str(digest_of(image)) in ctr("image", "ls", f"name=={name}")
    said = ctr("run", "--rm", "--snapshotter", "native", str(name), f"run-{compression}")
    assert said.strip() == "second /bin/sh /gon*"


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_it_imports_an_archive(compression: str, images: dict[str, PlainImage], tmp_path: Path, ctr: Ctr) -> None:
    name = ImageName.parse(f"pretend.invalid/{compression}:1")
    image = images[compression]
    copy(image, Reference(transport="oci-archive", path=tmp_path / "image.tar"), names=[name])
    ctr("image", "import", "--snapshotter", "native", tmp_path / "image.tar")
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    with contextlib.ExitStack() as stack:
        ctr("image", "mount", "--snapshotter", "native", str(name), mounted)
        stack.callback(ctr, "image", "unmount", mounted)
        assert (mounted / "etc/motd").read_bytes() == b"second\n"
        assert not (mounted / "gone").exists()
        assert (mounted / "stargz.index.json").exists() == (compression == "estargz")
