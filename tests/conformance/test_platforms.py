"""An index of several platforms in others' hands: Debian's registry, skopeo, podman and umoci read what was written."""

import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.store.test_indexes import AMD64, ARM64, PAIR, attested, index_of

from lightship.errors import NetworkError
from lightship.image.validate_index import validate_index
from lightship.image.views import digest_of, manifest_of
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName, Reference
from lightship.store.indexes import copy_index, open_index, write_index

pytestmark = pytest.mark.conformance

NAME = ImageName.parse("pretend.invalid/app:1")
Tool = Callable[..., bytes]

_CONFIG = """\
version: 0.1
log: {{level: error}}
storage: {{filesystem: {{rootdirectory: {root}}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""


@pytest.fixture
def tool(require_tool: Callable[[str], str], tmp_path: Path) -> Tool:
    def run(program: str, *arguments: str, **environ: str) -> bytes:
        done = subprocess.run(
            [require_tool(program), *arguments],
            cwd=tmp_path, capture_output=True, check=False, timeout=120, env={**os.environ, **environ},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr.decode(errors="replace")
        return done.stdout

    return run


@pytest.fixture
def registry(require_tool: Callable[[str], str], tmp_path: Path) -> Iterator[str]:
    """A registry of the distribution project on loopback: ``127.0.0.1:port``."""
    program = require_tool("docker-registry")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    config = tmp_path / "registry.yml"
    config.write_text(_CONFIG.format(root=tmp_path / "registry", port=port))
    with (
        (tmp_path / "registry.log").open("wb") as log,
        subprocess.Popen([program, "serve", str(config)], stdout=log, stderr=log) as process,
    ):
        limit = time.monotonic() + 30
        while time.monotonic() < limit and process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        else:
            pytest.fail((tmp_path / "registry.log").read_text())
        yield f"127.0.0.1:{port}"
        process.terminate()
        process.wait(timeout=30)


def test_skopeo_copies_all_of_it_to_a_registry_and_back(tool: Tool, tmp_path: Path, registry: str) -> None:
    digest = write_index(PAIR, Reference(transport="oci", path=tmp_path / "ours"), names=[NAME])
    there = f"docker://{registry}/agent/api:1"
    insecure = ("--dest-tls-verify=false", "--src-tls-verify=false")
    tool("skopeo", "copy", "--all", "--preserve-digests", *insecure, f"oci:{tmp_path}/ours:1", there)
    raw = tool("skopeo", "inspect", "--raw", "--tls-verify=false", there)
    assert Digest.of(raw) == digest
    tool("skopeo", "copy", "--all", "--preserve-digests", *insecure, there, f"oci:{tmp_path}/back:1")
    with open_index(Reference(transport="oci", path=tmp_path / "back")) as index:
        assert (index.digest, index.platforms) == (digest, (AMD64, ARM64))
        assert not validate_index(index)
    for platform, image in PAIR:
        arch = f"--override-arch={platform.architecture}"
        said = json.loads(tool("skopeo", arch, "inspect", "--tls-verify=false", there))
        assert (said["Architecture"], said["Layers"]) == (
            platform.architecture, [str(layer.digest) for layer in image.layers],
        )  # fmt: skip


def test_what_we_push_is_what_skopeo_sees_and_podman_pulls(tool: Tool, tmp_path: Path, registry: str) -> None:
    name = ImageName.parse(f"{registry}/agent/api:1")
    there = Reference(transport="docker", name=name)
    digest = write_index(PAIR, there)
    assert Digest.of(tool("skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{name}")) == digest
    tool("skopeo", "copy", "--all", "--src-tls-verify=false", f"docker://{name}", f"oci-archive:{tmp_path}/all.tar:1")
    with tempfile.TemporaryDirectory(prefix="lightship-", dir="/tmp") as short:  # podman takes 50 characters at most
        storage = ("--root", f"{short}/root", "--runroot", f"{short}/run", "--storage-driver", "vfs")
        for platform, image in PAIR:
            arch = f"--arch={platform.architecture}"
            pulled = tool("podman", *storage, "pull", "-q", "--tls-verify=false", arch, str(name)).decode().strip()
            assert pulled == manifest_of(image).config.digest.hex
    with open_index(there) as index:
        assert (index.digest, index.platforms) == (digest, (AMD64, ARM64))
        assert not validate_index(index)


def test_attestations_pass_through_a_real_registry(tmp_path: Path, registry: str) -> None:
    attested(tmp_path / "theirs")
    here = Reference(transport="oci", path=tmp_path / "theirs")
    there = Reference(transport="docker", name=ImageName.parse(f"{registry}/agent/api:attested"))
    with open_index(here) as index:
        known = [member.descriptor.document() for member in index.members if member.raw is not None]
    with open_index(here) as index, pytest.raises(NetworkError, match=r"MANIFEST|manifest"):
        copy_index(index, there)  # this registry knows no other media types, and says so
    digest = index_of(tmp_path / "theirs", *known)
    with open_index(here) as index:
        assert copy_index(index, there) == digest
    with open_index(there) as index:
        assert copy_index(index, Reference(transport="oci", path=tmp_path / "back")) == digest
        assert len(index.members) == 2


def test_umoci_reads_an_image_of_the_layout(tool: Tool, tmp_path: Path) -> None:
    """umoci takes an index for an image where there is one manifest in it; of several it lists the tag."""
    write_index(PAIR, Reference(transport="oci", path=tmp_path / "ours"), names=[NAME])
    assert tool("umoci", "list", "--layout", f"{tmp_path}/ours").split() == [b"1"]
    tool("skopeo", "--override-arch=arm64", "copy", f"oci:{tmp_path}/ours:1", f"oci:{tmp_path}/one:1")
    said = json.loads(tool("umoci", "stat", "--image", f"{tmp_path}/one:1", "--json"))
    assert len(said["history"]) == len(PAIR[0][1].layers)


def test_skopeo_takes_one_of_an_archive(tool: Tool, tmp_path: Path) -> None:
    write_index(PAIR, Reference(transport="oci-archive", path=tmp_path / "ours.tar"), names=[NAME])
    tool("skopeo", "--override-arch=arm64", "copy", f"oci-archive:{tmp_path}/ours.tar", f"dir:{tmp_path}/dir")
    assert Digest.of((tmp_path / "dir" / "manifest.json").read_bytes()) == digest_of(PAIR[0][1])
