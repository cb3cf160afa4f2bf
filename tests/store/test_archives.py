"""oci-archive and docker-archive: one tar, written forwards, read in place."""

import bz2
import errno
import gzip
import io
import json
import lzma
import os
import resource
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.validated import assert_valid

from lightship.errors import (
    ArchiveError,
    HostileError,
    ImageError,
    InputError,
    LightshipError,
    MismatchError,
    StorageError,
)
from lightship.image.blobs import BlobLayer
from lightship.image.synthetic import synthetic_image, tar_of
from lightship.image.value import PlainImage
from lightship.image.views import digest_of, manifest_of
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.media_types import OCI_INDEX, OCI_MANIFEST
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.store.copy import copy
from lightship.store.open import locate, open_image
from lightship.store.undo import hold

NAME = ImageName.parse("registry.example/api:1.2")
IMAGE = synthetic_image(
    {"a": b"1" * 3000, "d": None, "l": "a"},
    {"b": b"2"},
    {"c": b"3"},
    compressions=("gzip", "zstd", "none"),
    runtime={"Env": ["A=1"]},
    annotations={"x": "y"},
)


def written(folder: Path, transport: str, image: PlainImage = IMAGE, tag: str = "") -> Reference:
    reference = Reference.parse(f"{transport}:{folder}/image.tar{tag}")
    assert copy(image, reference, names=[NAME]) == digest_of(image)
    return reference


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {m.name: f.read() for m in archive if (f := archive.extractfile(m)) is not None}


def tar_with(path: Path, files: Mapping[str, bytes | tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w") as archive:
        for name, content in files.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                member = tarfile.TarInfo(name)
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, target
    return member


def read(text: str, **options: Any) -> PlainImage:
    """Open, validate, and give back a value that outlives the archive's block."""
    with open_image(locate(text), **options) as image:
        assert_valid(image)
        return image


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_a_written_image_is_read_back(tmp_path: Path, transport: str) -> None:
    written(tmp_path, transport)
    back = read(f"{transport}:{tmp_path}/image.tar")
    assert (back.raw_manifest, back.raw_config) == (IMAGE.raw_manifest, IMAGE.raw_config)
    assert digest_of(read(f"{tmp_path}/image.tar")) == digest_of(IMAGE)


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_the_same_image_gives_the_same_bytes(tmp_path: Path, transport: str) -> None:
    (tmp_path / "one").mkdir()
    written(tmp_path / "one", transport)
    former = os.umask(0o077)
    try:
        (tmp_path / "two").mkdir()
        written(tmp_path / "two", transport)
    finally:
        os.umask(former)
    assert (tmp_path / "one" / "image.tar").read_bytes() == (tmp_path / "two" / "image.tar").read_bytes()
    assert (tmp_path / "two" / "image.tar").stat().st_mode & 0o777 == 0o644


def cached(image: PlainImage, folder: Path) -> PlainImage:
    """The same image with its layers as files of a cache."""
    layers = []
    for layer in image.layers:
        path = folder / layer.digest.hex
        with layer.open() as stream:
            path.write_bytes(stream.read())
        layers.append(
            BlobLayer(
                path=path,
                digest=layer.digest,
                diff_id=layer.diff_id,
                media_type=layer.media_type,
                compressed_bytes=layer.compressed_bytes,
            )
        )
    return replace(image, layers=tuple(layers))


def copies_half(source: int, target: int, count: int) -> int:
    return os.write(target, os.read(source, max(1, count // 2)))


def copies_nothing(source: int, target: int, count: int) -> int:
    raise OSError(errno.EXDEV, "other file systems")


def copies_some(source: int, target: int, count: int) -> int:
    if count < 10:
        raise OSError(errno.EINVAL, "not here")
    return os.write(target, os.read(source, 7))


@pytest.mark.parametrize("in_kernel", [None, copies_half, copies_nothing, copies_some])
def test_layers_of_the_cache_give_the_same_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, in_kernel: Callable[[int, int, int], int] | None
) -> None:
    written(tmp_path, "docker-archive")
    (tmp_path / "cache").mkdir()
    (tmp_path / "again").mkdir()
    if in_kernel is not None:
        monkeypatch.setattr(os, "copy_file_range", in_kernel)
    image = cached(IMAGE, tmp_path / "cache")
    written(tmp_path / "again", "docker-archive", image)
    assert (tmp_path / "again" / "image.tar").read_bytes() == (tmp_path / "image.tar").read_bytes()


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize("others", range(9))
def test_large_layers_begin_where_a_file_system_can_share_them(tmp_path: Path, transport: str, others: int) -> None:
    small = [{f"s{number}": b"%d" % number} for number in range(others)]
    large = [{name: name.encode() * (1 << 17)} for name in ("x", "y")]
    image = synthetic_image(*small, *large, compressions=("none",))
    reference = written(tmp_path, transport, image)
    sizes = {layer.digest.hex: layer.compressed_bytes for layer in image.layers}
    with tarfile.open(tmp_path / "image.tar") as archive:
        found = {member.name[-64:]: member.offset_data for member in archive if member.size > 1 << 16}
    assert found.keys() == {name for name, size in sizes.items() if size > 1 << 16}
    assert {offset % 4096 for offset in found.values()} == {0}
    assert digest_of(read(str(reference))) == digest_of(image)


@pytest.mark.parametrize("raw", [b"", b"shorter", b"x" * 5000])
def test_a_damaged_layer_of_the_cache_is_never_written(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "cache").mkdir()
    image = cached(IMAGE, tmp_path / "cache")
    written(tmp_path, "docker-archive", image)
    before = (tmp_path / "image.tar").read_bytes()
    (tmp_path / "cache" / IMAGE.layers[1].digest.hex).write_bytes(raw)
    with pytest.raises(MismatchError, match="size mismatch"):
        written(tmp_path, "docker-archive", image)
    (tmp_path / "cache" / IMAGE.layers[1].digest.hex).write_bytes(bytes(IMAGE.layers[1].compressed_bytes))
    with pytest.raises(MismatchError, match="digest mismatch"):
        written(tmp_path, "docker-archive", image)
    assert (tmp_path / "image.tar").read_bytes() == before


def test_one_image_has_one_config_in_every_store(tmp_path: Path) -> None:
    written(tmp_path, "docker-archive")
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}/out"))
    name = f"blobs/sha256/{manifest_of(IMAGE).config.digest.hex}"
    assert members(tmp_path / "image.tar")[name] == (tmp_path / "out" / name).read_bytes()


def test_docker_finds_its_manifest(tmp_path: Path) -> None:
    copy(IMAGE, Reference.parse(f"docker-archive:{tmp_path}/image.tar:redis"), names=[NAME, NAME])
    files = members(tmp_path / "image.tar")
    (entry,) = json.loads(files["manifest.json"])
    assert entry["RepoTags"] == ["redis:latest", "registry.example/api:1.2"]
    assert files[entry["Config"]] == IMAGE.raw_config
    assert [str(Digest.of(files[name])) for name in entry["Layers"]] == [str(layer.digest) for layer in IMAGE.layers]
    for name in ("redis", "docker.io/library/redis:latest", str(NAME)):
        assert read(f"docker-archive:{tmp_path}/image.tar:{name}").raw_config == IMAGE.raw_config
    with pytest.raises(ImageError, match=r"want absent, got redis:latest, registry\.example/api:1\.2"):
        read(f"docker-archive:{tmp_path}/image.tar:absent")


def test_a_name_that_is_none_is_passed_over(tmp_path: Path) -> None:
    files = docker_1_10(IMAGE)
    broken("tags", RepoTags=["<none>:<none>", "redis"])(files)
    tar_with(tmp_path / "old.tar", files)
    assert read(f"docker-archive:{tmp_path}/old.tar:redis:latest").raw_config == IMAGE.raw_config
    with pytest.raises(ImageError, match="want absent, got <none>:<none>, redis"):
        read(f"docker-archive:{tmp_path}/old.tar:absent")


def test_a_layer_that_is_there_twice_is_written_once(tmp_path: Path) -> None:
    image = synthetic_image({"a": b"1"}, {"b": b"2"}, {"a": b"1"})
    written(tmp_path, "docker-archive", image)
    with tarfile.open(tmp_path / "image.tar") as archive:
        names = archive.getnames()
    assert len(names) == len(set(names))
    assert read(f"docker-archive:{tmp_path}/image.tar").raw_manifest == image.raw_manifest


@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_the_archive_may_be_compressed(tmp_path: Path, transport: str, compress: Callable[[bytes], bytes]) -> None:
    written(tmp_path, transport)
    (tmp_path / "image.tar.x").write_bytes(compress((tmp_path / "image.tar").read_bytes()))
    (tmp_path / "temporary").mkdir()
    text = f"{transport}:{tmp_path}/image.tar.x"
    assert read(text, temporary=tmp_path / "temporary").raw_manifest == IMAGE.raw_manifest
    assert list((tmp_path / "temporary").iterdir()) == []


def test_the_platform_is_checked(tmp_path: Path) -> None:
    for transport in ("oci-archive", "docker-archive"):
        written(tmp_path, transport)
        with pytest.raises(ImageError, match="want an image for linux/arm64, got linux/amd64"):
            read(f"{transport}:{tmp_path}/image.tar", platform=Platform("linux", "arm64"))


def docker_1_10(image: PlainImage) -> dict[str, bytes | tarfile.TarInfo]:
    """The form of ``docker save`` from 1.10 to 24, with a symlink for a layer of another image (from 1.10 on)."""
    made: dict[str, bytes | tarfile.TarInfo] = {}
    for number, layer in enumerate(image.layers):
        with layer.open_tar() as tar:
            made[f"id{number}/VERSION"] = b"1.0"
            made[f"id{number}/json"] = b"{}"
            made[f"id{number}/layer.tar"] = tar.read()
    made["other/layer.tar"] = link("other/layer.tar", "../id0/layer.tar")
    made["linked/layer.tar"] = link("linked/layer.tar", "id1/layer.tar", tarfile.LNKTYPE)
    config = f"{Digest.of(image.raw_config).hex}.json"
    made[config] = image.raw_config
    layers = ["other/layer.tar", "./linked/layer.tar", "id2/layer.tar"]
    made["manifest.json"] = json.dumps([{"Config": config, "RepoTags": None, "Layers": layers}]).encode()
    made["repositories"] = b"{}"
    return made


def test_the_old_form_of_docker_save_is_read(tmp_path: Path) -> None:
    tar_with(tmp_path / "old.tar", docker_1_10(IMAGE))
    back = read(f"docker-archive:{tmp_path}/old.tar")
    assert back.raw_config == IMAGE.raw_config
    assert [layer.digest for layer in back.layers] == [layer.diff_id for layer in IMAGE.layers]
    copy(back, Reference.parse(f"oci:{tmp_path}/out"))
    assert read(f"oci:{tmp_path}/out").raw_manifest == back.raw_manifest


def test_compressed_layers_under_any_name_are_read(tmp_path: Path) -> None:
    files = docker_1_10(IMAGE)
    plain = files["id0/layer.tar"]
    assert isinstance(plain, bytes)
    files["id0/layer.tar"] = gzip.compress(plain, mtime=0)
    tar_with(tmp_path / "old.tar", files)
    back = read(f"docker-archive:{tmp_path}/old.tar")
    assert back.layers[0].media_type.endswith("+gzip")
    assert back.layers[0].digest == Digest.of(gzip.compress(plain, mtime=0))


def broken(name: str, **changes: Any) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        entry = {**json.loads(files["manifest.json"])[0], **changes}
        files["manifest.json"] = json.dumps([entry]).encode()

    change.__name__ = name
    return change


def without(name: str) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        del files[name]

    return change


def with_member(member: tarfile.TarInfo | tuple[str, bytes]) -> Callable[[dict[str, Any]], None]:
    def change(files: dict[str, Any]) -> None:
        if isinstance(member, tarfile.TarInfo):
            files[member.name] = member
        else:
            files[member[0]] = member[1]

    return change


def raw_manifest(raw: bytes) -> Callable[[dict[str, Any]], None]:
    return with_member(("manifest.json", raw))


def fifo() -> tarfile.TarInfo:
    return link("id0/pipe", "", tarfile.FIFOTYPE)


@pytest.mark.parametrize(
    ("change", "kind", "said"),
    [
        (
            broken("traversal", Config="../../../../etc/passwd"),
            HostileError,
            r"manifest\.json\[0\]\.Config: path leaves",
        ),
        (broken("absolute", Config="/etc/passwd"), HostileError, r"manifest\.json\[0\]\.Config: path is absolute"),
        (
            broken("layers", Layers=["../../etc/shadow"] * 3),
            HostileError,
            r"manifest\.json\[0\]\.Layers\[0\]: path leaves",
        ),
        (broken("absent", Config="no.json"), ImageError, "'no.json' is missing"),
        (broken("fewer", Layers=["id0/layer.tar"]), ImageError, "manifest.json has 1, config has 3 diff_ids"),
        (broken("absent layer", Layers=["no/layer.tar"] * 3), ImageError, "layer 'no/layer.tar' is missing"),
        (broken("a number", Layers=[1, 2, 3]), ImageError, r"Layers\[0\]: want a string, got 1"),
        (without("manifest.json"), ImageError, "got an archive without manifest.json"),
        (raw_manifest(b"[]"), ImageError, "got an archive without one"),
        (raw_manifest(b"{}"), ImageError, "manifest.json: want an array"),
        (raw_manifest(b'[{"Config":'), ImageError, "manifest.json: want JSON"),
        (raw_manifest(b" " * (5 << 20)), InputError, "manifest.json is too large"),
        (with_member(link("other/layer.tar", "../../../etc/passwd")), HostileError, "leaves the archive"),
        (with_member(link("other/layer.tar", "/etc/passwd")), HostileError, "link 'other/layer.tar' is absolute"),
        (with_member(link("other/layer.tar", "layer.tar")), HostileError, "links lead in a circle"),
        (with_member(link("other/layer.tar", "../no/layer.tar")), ImageError, "layer 'other/layer.tar' is missing"),
        (with_member(("../evil", b"x")), HostileError, r"path leaves its root: '\.\./evil'"),
        (with_member(("/evil", b"x")), HostileError, "path is absolute: '/evil'"),
        (with_member(fifo()), HostileError, "want files, folders and links"),
        (with_member(("./id0/layer.tar", b"x")), HostileError, "'id0/layer.tar' is there twice"),
        (with_member(("id2/layer.tar", lzma.compress(tar_of({})))), ImageError, "want tar, gzip or zstd, got xz"),
    ],
)
def test_a_hostile_archive_ends_in_one_sentence(
    tmp_path: Path, change: Callable[[dict[str, Any]], None], kind: type[LightshipError], said: str
) -> None:
    files = docker_1_10(IMAGE)
    change(files)
    tar_with(tmp_path / "old.tar", files)
    with pytest.raises(kind, match=said) as caught:
        read(f"docker-archive:{tmp_path}/old.tar")
    assert "\n" not in str(caught.value)
    assert str(tmp_path) in str(caught.value) or "manifest.json" in str(caught.value)


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
@pytest.mark.parametrize("content", [b"", b"x", b"x" * 10_000, b"\x1f\x8b" + bytes(100), bytes(10_240)])
def test_what_is_no_archive_is_refused(tmp_path: Path, transport: str, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises((ArchiveError, ImageError)) as caught:
        read(f"{transport}:{tmp_path}/file")
    assert "\n" not in str(caught.value)


def test_a_header_that_claims_gigabytes_is_refused(tmp_path: Path) -> None:
    member = tarfile.TarInfo("x")
    member.type, member.size = tarfile.XHDTYPE, 1 << 40
    (tmp_path / "file").write_bytes(member.tobuf(tarfile.GNU_FORMAT) + bytes(1 << 16))
    with pytest.raises(ArchiveError, match="want a tar header of at most 1048576 bytes"):
        read(f"docker-archive:{tmp_path}/file")


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_a_truncated_archive_is_always_found(tmp_path: Path, transport: str) -> None:
    written(tmp_path, transport)
    whole = (tmp_path / "image.tar").read_bytes()
    end = len(whole.rstrip(b"\0"))
    for size_bytes in range(0, end - 1, 509):
        (tmp_path / "cut.tar").write_bytes(whole[:size_bytes])
        with pytest.raises((LightshipError, AssertionError)):
            read(f"{transport}:{tmp_path}/cut.tar")


@pytest.mark.parametrize("transport", ["oci-archive", "docker-archive"])
def test_a_write_that_fails_leaves_the_former_archive(tmp_path: Path, transport: str) -> None:
    written(tmp_path, transport)
    before = (tmp_path / "image.tar").read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, hard))
    try:
        with pytest.raises(StorageError, match=rf"cannot write {transport}:.*File too large"):
            written(tmp_path, transport, synthetic_image({"a": os.urandom(100_000)}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]
    assert (tmp_path / "image.tar").read_bytes() == before


KILLED = """
import os, signal, sys
from pathlib import Path
from lightship.image.synthetic import synthetic_image
from lightship.store.docker_archive import write_docker_archive
Path.replace = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
write_docker_archive(synthetic_image({"a": b"1"}), Path(sys.argv[1]), [])
"""


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path: Path) -> None:
    written(tmp_path, "docker-archive")
    before = (tmp_path / "image.tar").read_bytes()
    foreign = tmp_path / ".image.tar.x.tmp"
    with foreign.open("wb") as alive:
        hold(alive)
        done = subprocess.run([sys.executable, "-c", KILLED, tmp_path / "image.tar"], check=False)
        assert done.returncode == -signal.SIGKILL
        assert (tmp_path / "image.tar").read_bytes() == before
        assert len(list(tmp_path.glob(".image.tar.*.tmp"))) == 2
        written(tmp_path, "docker-archive")
        assert list(tmp_path.glob(".image.tar.*.tmp")) == [foreign]
    written(tmp_path, "docker-archive")
    assert [path.name for path in tmp_path.iterdir()] == ["image.tar"]


def test_a_bare_path_is_what_it_holds(tmp_path: Path) -> None:
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}/out"))
    tar_with(tmp_path / "old.tar", docker_1_10(IMAGE))
    written(tmp_path, "oci-archive")
    tar_with(tmp_path / "other.tar", {"x": b"1"})
    assert locate(f"{tmp_path}/out").transport == "oci"
    assert locate(f"{tmp_path}/old.tar").transport == "docker-archive"
    assert locate(f"{tmp_path}/image.tar").transport == "oci-archive"
    assert locate("registry.example/api:1").transport == "docker"
    assert locate(f"oci:{tmp_path}/absent").transport == "oci"
    with pytest.raises(InputError, match="got a tar of other files"):
        locate(f"{tmp_path}/other.tar")
    with pytest.raises(InputError, match=r"there is no file or folder .*/absent"):
        locate(f"{tmp_path}/absent")
    with pytest.raises(InputError, match="image name not understood"):
        locate("no name at all")
    with pytest.raises(InputError):
        locate("x" * 5000)


def test_an_archive_with_an_index_of_other_images_keeps_to_its_manifest(tmp_path: Path) -> None:
    files = docker_1_10(IMAGE)
    files["index.json"] = canonical({"schemaVersion": 2, "manifests": []})
    tar_with(tmp_path / "mixed.tar", files)
    assert read(f"docker-archive:{tmp_path}/mixed.tar").raw_config == IMAGE.raw_config


@pytest.mark.parametrize("nested", [0, 1, 2])
def test_the_manifest_is_found_below_indexes_of_which_not_all_is_there(tmp_path: Path, nested: int) -> None:
    """As Docker saves an image of containerd's store: the index that it was pulled by, and one platform's blobs."""
    image = synthetic_image({"a": b"1" * 3000}, {"b": b"2"}, compressions=("gzip", "zstd"))
    written = tmp_path / "image.tar"
    copy(image, Reference.parse(f"docker-archive:{written}"))
    files: dict[str, bytes | tarfile.TarInfo] = {**members(written)}
    manifests = [
        {"mediaType": OCI_MANIFEST, "digest": str(Digest.of(b"elsewhere")), "size": 9},
        {"mediaType": OCI_MANIFEST, "digest": str(digest_of(image)), "size": len(image.raw_manifest)},
    ]
    for _ in range(nested):
        raw = canonical({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests})
        files[f"blobs/sha256/{Digest.of(raw).hex}"] = raw
        manifests = [{"mediaType": OCI_INDEX, "digest": str(Digest.of(raw)), "size": len(raw)}]
    files["index.json"] = canonical({"schemaVersion": 2, "manifests": manifests})
    back = read(f"docker-archive:{tar_with(tmp_path / 'saved.tar', files)}")
    assert back.raw_manifest == image.raw_manifest
    assert [layer.digest for layer in back.layers] == [layer.digest for layer in image.layers]
