"""Copies between stores: what stays, what changes, what moves, and what a destination is left with when it fails."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.registry.faulty import served
from tests.validated import assert_valid

from lightship.errors import LightshipError, UsageError
from lightship.flows.copied import copy_report
from lightship.flows.copy import CopyRequest, copy_images, destination_of, read_paths
from lightship.image.index import make_index
from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.image.views import digest_of
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Silent
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.indexes import copy_index, open_index
from lightship.store.open import open_image
from lightship.store.recompress import compression_in
from lightship.store.registry.access import RegistryAccess
from lightship.store.select import host_platform

ARM64 = Platform("linux", "arm64")
NAME = ImageName.parse("pretend.invalid/app:1")


class Notes(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


@pytest.fixture(name="cache")
def _cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def image(platform: Platform | None = None) -> PlainImage:
    platform = platform or host_platform()
    return synthetic_image(
        {"shared": b"s" * 9000}, {"own": f"{platform}".encode() * 500}, platform=platform, compressions=("gzip", "zstd")
    )


def oci(path: Path, tag: str = "") -> Reference:
    return Reference(transport="oci", path=path, tag=tag)


@pytest.fixture(name="source")
def _source(tmp_path: Path) -> Reference:
    copy(image(), oci(tmp_path / "source"), names=[NAME])
    return oci(tmp_path / "source")


@pytest.fixture(name="source_index")
def _source_index(tmp_path: Path) -> Reference:
    made = make_index([(host_platform(), image()), (ARM64, image(ARM64))])
    copy_index(made, oci(tmp_path / "index"), names=[NAME])
    return oci(tmp_path / "index")


@pytest.mark.parametrize("kind", ["oci", "oci-archive", "docker-archive"])
def test_nothing_asked_is_nothing_changed(kind: str, source: Reference, cache: Cache, tmp_path: Path) -> None:
    destination = Reference(transport=kind, path=tmp_path / "out")  # type: ignore[arg-type]
    outcome = copy_images(CopyRequest(source=source, destination=destination, names=[NAME]), cache, Silent())
    assert outcome.digest == outcome.source_digest == str(digest_of(image()))
    assert [layer.how for layer in outcome.layers] == ["kept", "kept"]
    assert outcome.compressed_bytes == outcome.source_compressed_bytes == outcome.moved_bytes
    with open_image(destination) as found:
        assert_valid(found)


def test_what_a_layout_has_does_not_move(source: Reference, cache: Cache, tmp_path: Path) -> None:
    request = CopyRequest(source=source, destination=oci(tmp_path / "out"))
    first, second = copy_images(request, cache, Silent()), copy_images(request, cache, Silent())
    assert (first.moved_bytes, second.moved_bytes) == (first.compressed_bytes, 0)


@pytest.mark.parametrize("compression", ["gzip", "zstd", "estargz"])
def test_layers_have_the_compression(compression: str, source: Reference, cache: Cache, tmp_path: Path) -> None:
    request = CopyRequest(source=source, destination=oci(tmp_path / "out"), compression=compression, jobs=2)
    outcome = copy_images(request, cache, Silent())
    assert {layer.compression for layer in outcome.layers} == {compression}
    assert outcome.digest != outcome.source_digest
    with open_image(oci(tmp_path / "out")) as found:
        assert_valid(found)
        assert {compression_in(layer) for layer in found.layers} == {compression}
        assert str(digest_of(found)) == outcome.digest
    again = copy_images(request, cache, Silent())
    assert (again.digest, again.moved_bytes) == (outcome.digest, 0)
    assert "made" not in {layer.how for layer in again.layers}


def test_a_whole_index_is_copied_with_its_digest(source_index: Reference, cache: Cache, tmp_path: Path) -> None:
    outcome = copy_images(CopyRequest(source=source_index, destination=oci(tmp_path / "out")), cache, Silent())
    assert outcome.digest == outcome.source_digest
    assert set(outcome.platforms) == {str(host_platform()), "linux/arm64"}
    with open_index(oci(tmp_path / "out")) as found:
        assert str(found.digest) == outcome.digest


def test_every_image_of_an_index_is_recompressed(source_index: Reference, cache: Cache, tmp_path: Path) -> None:
    request = CopyRequest(source=source_index, destination=oci(tmp_path / "out"), compression="gzip")
    outcome = copy_images(request, cache, Silent())
    assert len(outcome.layers) == 4
    assert outcome.layers_kept == 1  # shared by both
    with open_index(oci(tmp_path / "out")) as found:
        assert str(found.digest) == outcome.digest != outcome.source_digest
        for _, each in found.images:
            assert_valid(each)
            assert {compression_in(layer) for layer in each.layers} == {"gzip"}


def test_one_platform_of_an_index(source_index: Reference, cache: Cache, tmp_path: Path) -> None:
    request = CopyRequest(source=source_index, destination=oci(tmp_path / "out"), platform=ARM64)
    outcome = copy_images(request, cache, Silent())
    assert outcome.platforms == ("linux/arm64",)
    assert outcome.digest == str(digest_of(image(ARM64)))


def test_where_an_index_does_not_fit_this_machines_image_goes_and_that_is_said(
    source_index: Reference, cache: Cache, tmp_path: Path
) -> None:
    notes = Notes()
    archive = Reference(transport="docker-archive", path=tmp_path / "out.tar")
    outcome = copy_images(CopyRequest(source=source_index, destination=archive, names=[NAME]), cache, notes)
    assert outcome.digest == str(digest_of(image()))
    assert any("docker-archive: holds one image" in said for said in notes.said)


@pytest.mark.parametrize("whole", [False, True], ids=["image", "index"])
def test_a_registry_is_sent_what_it_lacks(
    whole: bool, source: Reference, source_index: Reference, cache: Cache, tmp_path: Path
) -> None:
    access = RegistryAccess(timeout_s=5.0, retries=1, backoff_s=0.01, memory=tmp_path / "memory")
    with served() as registry:
        there = Reference(transport="docker", name=ImageName.parse(f"{registry.host}/agent/api:1"))
        request = CopyRequest(source=source_index if whole else source, destination=there, access=access)
        first, second = copy_images(request, cache, Silent()), copy_images(request, cache, Silent())
        assert (first.moved_bytes, second.moved_bytes) == (first.compressed_bytes, 0)
        third = copy_images(replace(request, compression="estargz"), cache, Silent())
        assert third.moved_bytes == third.compressed_bytes
        back = replace(request, source=there, destination=oci(tmp_path / "back"))
        assert copy_images(back, cache, Silent()).digest == third.digest
        assert copy_images(replace(back, compression="estargz"), cache, Silent()).digest == third.digest


def test_a_level_that_changes_nothing_is_told(source: Reference, cache: Cache, tmp_path: Path) -> None:
    notes = Notes()
    request = CopyRequest(source=source, destination=oci(tmp_path / "out"), compression="zstd", level=9)
    copy_images(request, cache, notes)
    assert "1 layer has zstd already; --recompress compresses them anew" in notes.said


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"level": 3}, "nothing is compressed without a compression"),
        ({"anew": True}, "nothing is compressed without a compression"),
        ({"prioritized": ("a",), "compression": "gzip"}, "only eStargz has prioritized files"),
    ],
)
def test_options_that_do_not_go_together(fields: dict[str, object], said: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=said):
        CopyRequest(source=oci(tmp_path / "a"), destination=oci(tmp_path / "b"), **fields)  # type: ignore[arg-type]


def test_a_damaged_source_leaves_nothing(source: Reference, cache: Cache, tmp_path: Path) -> None:
    layer = image().layers[0]
    blob = tmp_path / "source" / "blobs" / "sha256" / layer.digest.hex
    blob.chmod(0o644)
    blob.write_bytes(b"x" * layer.compressed_bytes)
    for compression in (None, "estargz"):
        request = CopyRequest(source=source, destination=oci(tmp_path / "out"), compression=compression)
        with pytest.raises(LightshipError):
            copy_images(request, cache, Silent())
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["out", "agent/api:1", "out.tar"])
def test_a_destination_that_could_be_a_folder_is_refused(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="could be a folder or a name in a registry") as caught:
        destination_of(text)
    assert caught.value.hint == f"write oci:{text}, or docker://{text}"


@pytest.mark.parametrize("text", ["./out", "../out.tar", "/absent/out"])
def test_a_path_where_nothing_is_could_become_several_things(
    text: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    with pytest.raises(UsageError, match="could become a folder or an archive") as caught:
        destination_of(text)
    assert caught.value.hint == f"write oci:{text}, oci-archive:{text} or docker-archive:{text}"


@pytest.mark.parametrize(
    "text", ["docker://out", "registry.example/a/b:1", "localhost/a", "127.0.0.1:5000/a", "oci:out"]
)
def test_a_destination_that_says_where(text: str) -> None:
    assert destination_of(text) == Reference.parse(text)


def test_paths_are_read_in_their_order(tmp_path: Path) -> None:
    file = tmp_path / "paths"
    file.write_text("# traced\nusr/b\n/usr/a\n\nusr/b\n")
    assert read_paths(file) == ("usr/b", "usr/a")
    file.write_bytes(b"\xff")
    with pytest.raises(UsageError, match="cannot read"):
        read_paths(file)


def test_a_lock_of_a_start_tells_what_it_opens(tmp_path: Path) -> None:
    file = tmp_path / "lightship-startup.lock"
    source, data = "usr/lib/python3.11/x.py", "etc/ssl/cert.pem"
    file.write_text(f"key = abc\n{source}\n[files]\n{data}\n{source}\n")
    compiled = "usr/lib/python3.11/__pycache__/x.cpython-311.pyc"
    assert read_paths(file) == (data, compiled, source)
    file.write_text(f"key = abc\n{source}\n")
    assert read_paths(file) == (compiled, source)


def test_the_report_says_what_the_outcome_does(source: Reference, cache: Cache, tmp_path: Path) -> None:
    request = CopyRequest(source=source, destination=oci(tmp_path / "out"), compression="gzip")
    document = copy_report(copy_images(request, cache, Silent())).document
    assert document["schema"] == "lightship/copy/1"
    assert document["layers_kept"] == 1
    assert json.loads(json.dumps(document)) == document
