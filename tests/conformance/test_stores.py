"""What lightship writes is read by others, and what others write is read here: same config, same files.

umoci, skopeo and a private Docker engine are asked; none of lightship's own readers is trusted to judge.
"""

import contextlib
import hashlib
import io
import json
import shutil
import socket
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.validated import assert_valid

from lightship.errors import ImageError, ToolError
from lightship.image.blobs import from_blobs
from lightship.image.protocol import Image
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of, manifest_of
from lightship.oci.digest import Digest
from lightship.oci.media_types import compression_of
from lightship.oci.reference import ImageName, Reference
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.select import host_platform

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = pytest.mark.conformance
with_engine = pytest.mark.xdist_group("dockerd")  # one engine for all of them, not one for each worker

NAME = ImageName.parse("registry.example/agent/api:1.2")
Tool = Callable[..., bytes]


@pytest.fixture
def tool(require_tool: Callable[[str], str], tmp_path: Path) -> Tool:
    def run(program: str, *arguments: str) -> bytes:
        done = subprocess.run(
            [require_tool(program), *arguments], cwd=tmp_path, capture_output=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    return run


@pytest.fixture(params=["gzip", "none", "zstd", "mixed"])
def image(request: pytest.FixtureRequest) -> PlainImage:
    compressions = {"mixed": ("gzip", "none", "zstd")}.get(request.param, (request.param,))
    made = synthetic_image(
        {"etc": None, "etc/motd": b"first\n", "gone": b"x", "link": "etc/motd"},
        {".wh.gone": b"", "etc/motd": b"second\n" * 5000},
        {"srv": None, "srv/\u00e9": b"name in UTF-8\n"},
        compressions=compressions,  # type: ignore[arg-type]
        runtime={"Env": ["A=1"], "User": "1001:1001", "Cmd": ["/bin/true"], "Labels": {"b": "2", "a": "1"}},
        annotations={"org.opencontainers.image.version": "1.2"},
    )
    assert_valid(made)
    return made


def write(image: Image, reference: str) -> None:
    assert copy(image, Reference.parse(reference), names=[NAME]) == digest_of(image)


def config_by_skopeo(tool: Tool, reference: str) -> str:
    return f"sha256:{hashlib.sha256(tool('skopeo', 'inspect', '--config', '--raw', reference)).hexdigest()}"


@pytest.mark.parametrize("compressions", [("gzip",), ("none", "gzip")])
def test_umoci_unpacks_a_layout(tmp_path: Path, tool: Tool, compressions: tuple[str, ...]) -> None:
    made = synthetic_image(
        {"etc": None, "etc/motd": b"first\n", "gone": b"x", "link": "etc/motd"},
        {".wh.gone": b"", "etc/motd": b"second\n"},
        compressions=compressions,  # type: ignore[arg-type]
        runtime={"Env": ["A=1"], "Cmd": ["/bin/true"]},
    )
    write(made, f"oci:{tmp_path}/out")
    tool("umoci", "unpack", "--rootless", "--image", "out:1.2", "bundle")
    rootfs = tmp_path / "bundle" / "rootfs"
    assert (rootfs / "link").read_bytes() == b"second\n"
    assert sorted(path.name for path in rootfs.iterdir()) == ["etc", "link"]
    spec = json.loads((tmp_path / "bundle" / "config.json").read_text())
    assert spec["process"]["args"] == ["/bin/true"]
    assert "A=1" in spec["process"]["env"]


def test_names_with_one_tag_are_found_by_umoci_and_skopeo(tmp_path: Path, tool: Tool) -> None:
    first, second = synthetic_image({"a": b"1"}), synthetic_image({"a": b"2"})
    copy(first, Reference.parse(f"oci:{tmp_path}/out"), names=[ImageName.parse("first:1")])
    copy(second, Reference.parse(f"oci:{tmp_path}/out"), names=[ImageName.parse("second:1")])
    whole = "docker.io/library/second:1"
    assert tool("umoci", "ls", "--layout", "out").decode().split() == ["1", whole]
    for tag, image in (("1", first), (whole, second)):
        assert config_by_skopeo(tool, f"oci:out:{tag}") == str(manifest_of(image).config.digest)


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_skopeo_reads_what_is_written_here(tmp_path: Path, tool: Tool, image: PlainImage, transport: str) -> None:
    write(image, f"{transport}:{tmp_path}/made")
    tag = str(NAME) if transport == "docker-archive" else "1.2"
    source = f"{transport}:made:{tag}"
    assert config_by_skopeo(tool, source) == str(manifest_of(image).config.digest)
    tool("skopeo", "copy", source, "dir:copied")
    config = (tmp_path / "copied" / manifest_of(image).config.digest.hex).read_bytes()
    assert config == image.raw_config
    if transport != "docker-archive":
        assert (tmp_path / "copied" / "manifest.json").read_bytes() == image.raw_manifest


@pytest.mark.parametrize("transport", ["oci", "oci-archive"])
def test_an_image_comes_back_from_skopeo_unchanged(
    tmp_path: Path, tool: Tool, image: PlainImage, transport: str
) -> None:
    write(image, f"oci:{tmp_path}/made")
    # without the flag skopeo compresses a layer that is not
    tool("skopeo", "copy", "--dest-oci-accept-uncompressed-layers", "oci:made:1.2", f"{transport}:back:again")
    with open_image(Reference.parse(f"{transport}:{tmp_path}/back:again")) as back:
        assert_valid(back)
        assert back.raw_manifest == image.raw_manifest
        assert back.raw_config == image.raw_config


def test_a_docker_archive_by_skopeo_is_read(tmp_path: Path, tool: Tool, image: PlainImage) -> None:
    write(image, f"docker-archive:{tmp_path}/made.tar")
    tool("skopeo", "copy", f"docker-archive:made.tar:{NAME}", "docker-archive:back.tar:pretend:7")
    with open_image(Reference.parse(f"docker-archive:{tmp_path}/back.tar:pretend:7")) as back:
        assert_valid(back)
        assert back.raw_config == image.raw_config
        assert [layer.diff_id for layer in back.layers] == [layer.diff_id for layer in image.layers]


def test_every_name_is_in_the_archive(tmp_path: Path, tool: Tool, image: PlainImage) -> None:
    names = [NAME, ImageName.parse("redis"), ImageName.parse("localhost:5000/other/api:1.2")]
    copy(image, Reference.parse(f"docker-archive:{tmp_path}/made.tar:main"), names=names)
    for name in ("main", *map(str, names)):
        assert config_by_skopeo(tool, f"docker-archive:made.tar:{name}") == str(manifest_of(image).config.digest)


@pytest.fixture(scope="session")
def runnable(python_root: Path) -> PlainImage:
    """An image whose interpreter reads a file that its upper layer replaced, and says who it is."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for path in sorted(python_root.iterdir()):
            archive.add(path, arcname=path.name)
    says = "import os; print(open('/etc/motd').read(), os.environ['WHO'], os.getuid())"
    layers = [
        synthetic_layer(buffer.getvalue(), compression="none"),
        synthetic_layer({"etc/motd": b"first"}),
        synthetic_layer({"etc/motd": b"second"}),
    ]
    config: dict[str, object] = {
        **host_platform().document(),
        "config": {"Cmd": ["/usr/bin/python3", "-c", says], "Env": ["WHO=docker"], "User": "1001:1001"},
    }
    made = from_blobs(layers, config)
    assert_valid(made)
    return made


@with_engine
@pytest.mark.parametrize("transport", ["docker-archive", "docker-daemon"])
def test_docker_runs_it(tmp_path: Path, dockerd: "Dockerd", runnable: PlainImage, transport: str) -> None:
    name = ImageName.parse(f"registry.example/agent/{transport}:1.2")
    if transport == "docker-archive":
        copy(runnable, Reference.parse(f"docker-archive:{tmp_path}/made.tar"), names=[name])
        dockerd.docker("load", "--input", f"{tmp_path}/made.tar")
    else:
        copy(runnable, Reference.parse(f"docker-daemon:{name}"), docker_host=dockerd.host)
    image_id = dockerd.docker("image", "inspect", "--format", "{{.Id}}", str(name)).strip()
    assert image_id == str(manifest_of(runnable).config.digest)
    said = dockerd.docker("run", "--rm", "--network", "none", str(name))
    assert said == "second docker 1001\n"


@with_engine
def test_an_image_comes_back_from_the_engine(dockerd: "Dockerd", runnable: PlainImage, tmp_path: Path) -> None:
    reference = Reference.parse("docker-daemon:registry.example/agent/back:1")
    copy(runnable, reference, docker_host=dockerd.host)
    with open_image(reference, docker_host=dockerd.host) as back:
        assert_valid(back)
        assert back.raw_config == runnable.raw_config
        copy(back, Reference.parse(f"oci:{tmp_path}/out"))
    with open_image(Reference.parse(f"oci:{tmp_path}/out")) as again:
        assert_valid(again)
        assert config_of(again).runtime == config_of(runnable).runtime


@with_engine
def test_images_saved_together_are_told_apart(dockerd: "Dockerd", runnable: PlainImage, tmp_path: Path) -> None:
    other = synthetic_image({"x": b"1"})
    for name, made in (("one:1", runnable), ("two:2", other)):
        copy(made, Reference.parse(f"docker-daemon:{name}"), docker_host=dockerd.host)
    dockerd.docker("tag", "one:1", "three:3")
    dockerd.docker("save", "--output", f"{tmp_path}/both.tar", "one:1", "two:2", "three:3")
    with open_image(Reference.parse(f"docker-archive:{tmp_path}/both.tar:two:2")) as found:
        assert_valid(found)
        assert found.raw_config == other.raw_config
    with open_image(Reference.parse(f"docker-archive:{tmp_path}/both.tar:three:3")) as found:
        assert found.raw_config == runnable.raw_config
    with (
        pytest.raises(ImageError, match="want one image, got several"),
        open_image(Reference.parse(f"docker-archive:{tmp_path}/both.tar")),
    ):
        pass


@with_engine
@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_containerd_keeps_name_and_digest(tmp_path: Path, dockerd: "Dockerd", tool: Tool, transport: str) -> None:
    image = synthetic_image({"a": b"1"}, {"b": b"2"}, {"c": b"3"}, compressions=("gzip", "zstd", "none"))
    name = ImageName.parse(f"registry.example/agent/{transport}:1.2")
    copy(image, Reference.parse(f"{transport}:{tmp_path}/made.tar"), names=[name])
    ctr = ("ctr", "--address", f"{dockerd.containerd}", "--namespace", "lightship-test", "images")
    tool(*ctr, "import", "--all-platforms", "--no-unpack", "made.tar")
    listed = [line.split() for line in tool(*ctr, "list").decode().splitlines()]
    assert [(words[0], words[2]) for words in listed if words[0] == str(name)] == [(str(name), str(digest_of(image)))]


@with_engine
def test_the_engine_says_what_it_has_not(dockerd: "Dockerd") -> None:
    reference = Reference.parse("docker-daemon:registry.example/absent:1")
    with (
        pytest.raises(ImageError, match=r"^docker-daemon:registry\.example/absent:1: .*(not exist|[Nn]o such image)"),
        open_image(reference, docker_host=dockerd.host),
    ):
        pass


@with_engine
def test_the_engine_says_why_it_refuses(dockerd: "Dockerd") -> None:
    lying = synthetic_layer({"x": b"1"})
    wrong = replace(lying, diff_id=Digest.of(b"another tar"))
    image = from_blobs([wrong], {"os": "linux", "architecture": "amd64"})
    reference = Reference.parse("docker-daemon:registry.example/wrong:1")
    with pytest.raises(ToolError, match=r"Docker engine did not load the image: .*diffID"):
        copy(image, reference, docker_host=dockerd.host)
    assert "registry.example/wrong" not in dockerd.docker("image", "ls")


@pytest.mark.parametrize("program", ["skopeo", "podman"])
def test_podmans_storage_keeps_it(
    tmp_path: Path, require_tool: Callable[[str], str], monkeypatch: pytest.MonkeyPatch, program: str
) -> None:
    small = synthetic_image({"a": b"1"}, {"b": b"2"}, runtime={"Env": ["A=1"]})
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / program).symlink_to(require_tool(program))
    configured = tmp_path / "storage.conf"
    configured.write_text(f'[storage]\ndriver="vfs"\nrunroot="{tmp_path}/run"\ngraphroot="{tmp_path}/graph"\n')
    monkeypatch.setenv("CONTAINERS_STORAGE_CONF", str(configured))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # no other is there
    copy(small, Reference.parse("containers-storage:one:1"), names=[NAME])
    for name in ("one:1", str(NAME)):
        with open_image(Reference.parse(f"containers-storage:{name}")) as back:
            assert_valid(back)
            assert back.raw_config == small.raw_config
    with open_image(Reference.parse("containers-storage:one:1"), as_stored=True) as back:
        assert back.raw_config == small.raw_config
        assert [compression_of(layer.media_type) for layer in back.layers] == ["none", "none"]
    with (
        pytest.raises(ToolError, match=rf"{program} failed .*absent"),
        open_image(Reference.parse("containers-storage:absent")),
    ):
        pass


def test_podmans_service_is_an_engine_too(tmp_path: Path, podman_env: dict[str, str]) -> None:
    place = Path(tempfile.mkdtemp(prefix="lightship-podman-", dir="/tmp"))  # a socket's path must stay short
    command = ["podman", "system", "service", "--time=0", f"unix://{place}/s"]
    with (tmp_path / "log").open("wb") as log, subprocess.Popen(command, env=podman_env, stderr=log) as service:
        try:
            limit = time.monotonic() + 60
            while not (place / "s").exists():
                assert time.monotonic() < limit, (tmp_path / "log").read_text()
                time.sleep(0.02)
            small = synthetic_image({"a": b"1"}, {"b": b"2"}, runtime={"Env": ["A=1"]})
            reference = Reference.parse("docker-daemon:registry.example/agent/served:1")
            assert copy(small, reference, docker_host=f"unix://{place}/s") == digest_of(small)
            with open_image(reference, docker_host=f"unix://{place}/s") as back:
                assert_valid(back)
                assert back.raw_config == small.raw_config
        finally:
            service.terminate()
    shutil.rmtree(place)


@pytest.fixture
def registry(require_tool: Callable[[str], str], tmp_path: Path) -> Iterator[str]:
    """Debian's registry on loopback, with its own storage; gone at the end."""
    program = require_tool("docker-registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    (tmp_path / "registry.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {tmp_path}/registry}}}}\n"
        f"http: {{addr: '{host}'}}\n"
    )
    with (tmp_path / "registry.log").open("wb") as log:
        process = subprocess.Popen([program, "serve", tmp_path / "registry.yml"], stdout=log, stderr=log)
    try:
        limit = time.monotonic() + 30
        while not _listens(host):
            assert process.poll() is None, (tmp_path / "registry.log").read_text()
            assert time.monotonic() < limit, "the registry does not listen"
            time.sleep(0.05)
        yield host
    finally:
        process.terminate()
        process.wait()


def _listens(host: str) -> bool:
    name, _, port = host.partition(":")
    with contextlib.suppress(OSError), socket.create_connection((name, int(port)), timeout=1):
        return True
    return False


def test_a_registry_takes_it_as_it_is(tmp_path: Path, tool: Tool, registry: str, image: PlainImage) -> None:
    write(image, f"oci:{tmp_path}/made")
    target = f"docker://{registry}/agent/api:1.2"
    tool("skopeo", "copy", "--dest-tls-verify=false", "--preserve-digests", "oci:made:1.2", target)
    assert tool("skopeo", "inspect", "--tls-verify=false", "--raw", target) == image.raw_manifest
    tool("skopeo", "copy", "--src-tls-verify=false", "--preserve-digests", target, "oci:back:1.2")
    with open_image(Reference.parse(f"oci:{tmp_path}/back")) as back:
        assert_valid(back)
        assert back.raw_manifest == image.raw_manifest


FULL_DISK = """
import os, sys
from pathlib import Path
from lightship.errors import StorageError
from lightship.image.synthetic import synthetic_image
from lightship.image.validate import validate
from lightship.oci.reference import Reference
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.select import host_platform

disk, transport = Path(sys.argv[1]), sys.argv[2]
reference = Reference.parse(f"{transport}:{disk}/image")
copy(synthetic_image({"a": b"1"}), reference)
before = {path: path.read_bytes() for path in sorted(disk.rglob("*")) if path.is_file()}
try:
    copy(synthetic_image({"small": b"1"}, {"large": os.urandom(3_000_000)}), reference)
except StorageError as error:
    print(error)
assert before == {path: path.read_bytes() for path in sorted(disk.rglob("*")) if path.is_file()}
with open_image(reference) as image:
    assert validate(image) == []
"""


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_a_full_disk_leaves_what_was_there(tmp_path: Path, tool: Tool, transport: str) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    said = tool(
        "bwrap", "--dev-bind", "/", "/", "--size", "1000000", "--tmpfs", f"{disk}",
        sys.executable, "-c", FULL_DISK, f"{disk}", transport,
    )  # fmt: skip
    assert said.decode().startswith(f"cannot write {transport}:{disk}/image: No space left on device")
