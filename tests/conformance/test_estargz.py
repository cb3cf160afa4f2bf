"""Containerd's own Go package judges eStargz layers: the TOC by its digest, every file by its chunks. And what it
builds is read here. Tools that know nothing of eStargz read the same layers as gzip.
"""

import os
import subprocess
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.conformance.conftest import Dockerd
from tests.conftest import require_tool
from tests.validated import assert_valid

from lightship.archive.content import Inline
from lightship.archive.estargz.toc import CHUNK_LIMIT_BYTES, TOC_DIGEST
from lightship.archive.estargz.verify import verify_estargz
from lightship.archive.zip import read_zip
from lightship.image.blobs import BlobLayer, from_blobs
from lightship.image.synthetic import synthetic_image, tar_of
from lightship.image.value import PlainImage
from lightship.image.views import config_of, manifest_of
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName, Reference
from lightship.plan.assemble import assemble_layer
from lightship.plan.model import Entry, LayerPlan
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.recompress import recompress

pytestmark = pytest.mark.conformance

_SOURCE = Path(__file__).parent / "estargz_go" / "main.go"
_GO_PATH = "/usr/share/gocode"
"""Where Debian's golang-…-dev packages put sources."""

NAME = ImageName.parse("pretend.invalid/lazy:1")
LARGE = b"".join(b"%d\n" % (n * n) for n in range(900_000))
Judge = Callable[..., str]


@pytest.fixture(scope="session")
def judge(tmp_path_factory: pytest.TempPathFactory) -> Judge:
    """The Go program, built once."""
    go = require_tool("go")
    folder = tmp_path_factory.mktemp("estargz")
    settings = {"GO111MODULE": "off", "GOPATH": _GO_PATH, "GOFLAGS": "", "GOCACHE": str(folder / "cache")}
    program = folder / "estargz"
    built = subprocess.run(
        [go, "build", "-o", program, _SOURCE], env={**os.environ, **settings}, capture_output=True, check=False
    )
    assert built.returncode == 0, built.stderr.decode()

    def run(*words: str | Path) -> str:
        done = subprocess.run([program, *words], capture_output=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode().strip()

    return run


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> BlobLayer:
    """A layer as a build writes it: members of a wheel copied, chunks, links, and what a start reads first."""
    folder = tmp_path_factory.mktemp("layer")
    wheel = folder / "pretend_lib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(300):
            archive.writestr(f"pretend_lib/m{number:03}.py", LARGE[number : number * 90])
        archive.writestr("pretend_lib/table.txt", LARGE)
    entries = [
        Entry(path=f"opt/{member.path}", content=member.content, owner="wheel", uid=5)
        for member in read_zip(wheel)
        if member.content is not None
    ]
    entries += [
        Entry(path="opt/r\u00e9sum\u00e9", content=Inline(b"name in UTF-8"), mode=0o4755),
        Entry(path="opt/exactly", content=Inline(bytes(CHUNK_LIMIT_BYTES))),
        Entry(path="opt/link", type="symlink", link_target="/etc/motd"),
        Entry(path="opt/same", type="hardlink", link_target="opt/pretend_lib/m007.py"),
    ]
    plan = LayerPlan(name="layer", key="layer", entries=tuple(entries))
    first = ("opt/pretend_lib/m200.py", "opt/same", "opt/absent")
    made = assemble_layer(plan, Cache(folder / "cache"), compression="estargz", prioritized=first)
    return BlobLayer(
        path=made.path,
        digest=made.digest,
        diff_id=made.diff_id,
        media_type=made.media_type,
        compressed_bytes=made.compressed_bytes,
        annotations=made.annotations,
    )


@pytest.fixture(scope="module")
def image(built: BlobLayer) -> PlainImage:
    made = from_blobs([built], {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/true"]}})
    assert_valid(made)
    return made


def test_go_verifies_every_file_that_a_build_wrote(judge: Judge, built: BlobLayer) -> None:
    said = judge("verify", built.path, built.annotations[TOC_DIGEST])
    with tarfile.open(built.path) as archive:
        files = [member for member in archive if member.isfile() and member.name != "stargz.index.json"]
    names = [member.name for member in files]
    size = sum(member.size for member in files)
    chunks = sum(-(-member.size // CHUNK_LIMIT_BYTES) for member in files)
    assert said == f"{len(files)} files {chunks} chunks {size} bytes"
    assert names[:3] == ["opt/pretend_lib/m200.py", "opt/pretend_lib/m007.py", ".prefetch.landmark"]


@pytest.mark.parametrize("compression", ["gzip", "zstd", "none"])
def test_go_verifies_every_file_of_a_layer_that_was_compressed_anew(
    judge: Judge, tmp_path: Path, compression: str
) -> None:
    source = synthetic_image(
        {"etc": None, "etc/motd": b"hello", "large": LARGE, "link": "large", ".wh.gone": b""},
        compressions=(compression,),  # type: ignore[arg-type]
    )
    made = recompress(source, "estargz", Cache(tmp_path), prioritized=["etc/motd"], temporary=tmp_path).image
    (layer,), (descriptor,) = made.layers, manifest_of(made).layers
    assert isinstance(layer, BlobLayer)
    files, chunks = 4, 2 + -(-len(LARGE) // CHUNK_LIMIT_BYTES)
    said = judge("verify", layer.path, descriptor.annotations[TOC_DIGEST])
    assert said == f"{files} files {chunks} chunks {len(LARGE) + 6} bytes"


def test_what_go_builds_is_verified_here(judge: Judge, tmp_path: Path) -> None:
    tar = tmp_path / "layer.tar"
    tar.write_bytes(tar_of({"etc": None, "etc/motd": b"hello", "large": LARGE, "empty": b"", "link": "large"}))
    digest = judge("build", tar, tmp_path / "blob", "6")
    with (tmp_path / "blob").open("rb") as blob:
        toc = verify_estargz(blob, Digest.parse(digest))
    assert sorted(entry.member.path for entry in toc.entries) == [
        ".no.prefetch.landmark", "empty", "etc", "etc/motd", "large", "link",
    ]  # fmt: skip


def test_skopeo_and_umoci_read_it_as_gzip(image: PlainImage, tmp_path: Path) -> None:
    copy(image, Reference(transport="oci", path=tmp_path / "out"), names=[NAME])

    def run(program: str, *words: str) -> None:
        done = subprocess.run([require_tool(program), *words], cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stderr.decode()

    run("skopeo", "copy", "oci:out:1", "oci:again:1")
    assert str(manifest_of(image).digest) in (tmp_path / "again" / "index.json").read_text()
    run("umoci", "unpack", "--rootless", "--image", "out:1", "bundle")
    rootfs = tmp_path / "bundle" / "rootfs"
    assert (rootfs / "opt/pretend_lib/table.txt").read_bytes() == LARGE
    assert (rootfs / "opt/same").read_bytes() == LARGE[7 : 7 * 90]


@pytest.mark.xdist_group("dockerd")
def test_docker_loads_it(image: PlainImage, tmp_path: Path, dockerd: Dockerd) -> None:
    archive = tmp_path / "image.tar"
    copy(image, Reference(transport="docker-archive", path=archive), names=[NAME])
    dockerd.docker("load", "-i", str(archive))
    found = dockerd.docker("image", "inspect", "--format", "{{json .RootFS.Layers}}", NAME.familiar)
    assert str(config_of(image).diff_ids[0]) in found
