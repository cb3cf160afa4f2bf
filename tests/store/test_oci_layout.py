"""OCI layouts: what is written, kept, replaced and left alone."""

import json
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.validated import assert_valid

from lightship.errors import ImageError, MismatchError, StorageError, UsageError
from lightship.image.blobs import BlobLayer, from_blobs
from lightship.image.protocol import Image
from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of, manifest_of
from lightship.oci import media_types
from lightship.oci.descriptor import CONTAINERD_NAME, REF_NAME
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Silent
from lightship.store.copy import copy
from lightship.store.oci_layout import open_layout, write_layout
from lightship.store.open import open_image
from lightship.store.tags import Tag

LATEST = [Tag("latest")]
Snapshot = dict[str, bytes]


def image_of(text: str, **options: Any) -> PlainImage:
    return synthetic_image({"shared": b"s" * 2000}, {"own": text.encode()}, **options)


class Notes(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


def snapshot(root: Path) -> Snapshot:
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def blobs(root: Path) -> set[str]:
    return {path.name for path in (root / "blobs" / "sha256").iterdir()}


def blobs_of(image: Image) -> set[str]:
    manifest = manifest_of(image)
    return {manifest.digest.hex, manifest.config.digest.hex, *(layer.digest.hex for layer in manifest.layers)}


def cached(image: PlainImage, folder: Path) -> PlainImage:
    """The same image with its layers as files of a cache."""
    folder.mkdir(exist_ok=True)
    layers = []
    for layer in image.layers:
        path = folder / f"entry-{layer.digest.hex[:8]}"
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


def test_a_written_image_is_read_back(tmp_path: Path) -> None:
    image = image_of("a", runtime={"Env": ["A=1"]}, annotations={"x": "y"})
    digest = write_layout(image, tmp_path / "deep" / "out", LATEST)
    assert digest == digest_of(image)
    back = open_layout(tmp_path / "deep" / "out")
    assert_valid(back)
    assert (back.raw_manifest, back.raw_config) == (image.raw_manifest, image.raw_config)
    assert json.loads((tmp_path / "deep" / "out" / "oci-layout").read_text()) == {"imageLayoutVersion": "1.0.0"}
    assert blobs(tmp_path / "deep" / "out") == blobs_of(image)


@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_other_algorithms_have_their_own_folder(tmp_path: Path, transport: str) -> None:
    image = image_of("a")
    with image.layers[0].open() as stream:
        blob = stream.read()
    layer = replace(image.layers[0], digest=Digest.of(blob, "sha512"))  # type: ignore[type-var]
    config_digest = Digest.of(image.raw_config, "sha384")
    document = json.loads(image.raw_manifest)
    document["config"]["digest"] = str(config_digest)
    document["layers"][0]["digest"] = str(layer.digest)
    image = replace(image, raw_manifest=canonical(document), layers=(layer, image.layers[1]))
    assert_valid(image)
    reference = Reference.parse(f"{transport}:{tmp_path}/out")
    copy(image, reference)
    with open_image(reference) as back:
        assert_valid(back)
        assert back.raw_config == image.raw_config
        assert transport == "docker-archive" or back.raw_manifest == image.raw_manifest
    with pytest.raises(MismatchError, match="config: digest mismatch: want sha384:"):
        replace(image, raw_config=image.raw_config[:-1] + b" ")


def test_the_same_image_gives_the_same_files(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        write_layout(image_of("a"), tmp_path / "one", LATEST)
    finally:
        os.umask(former)
    write_layout(image_of("a"), tmp_path / "two", LATEST)
    assert snapshot(tmp_path / "one") == snapshot(tmp_path / "two")
    modes = {path.stat().st_mode & 0o777 for path in (tmp_path / "one" / "blobs" / "sha256").iterdir()}
    assert modes == {0o444}
    assert (tmp_path / "one" / "index.json").stat().st_mode & 0o777 == 0o644


def test_the_index_names_tag_platform_and_whole_name(tmp_path: Path) -> None:
    name = ImageName.parse("registry.example/api:1.2")
    write_layout(image_of("a", platform=Platform("linux", "arm64")), tmp_path / "out", [Tag("1.2", name), Tag("x")])
    entries = json.loads((tmp_path / "out" / "index.json").read_text())["manifests"]
    assert [entry["annotations"] for entry in entries] == [
        {REF_NAME: "1.2", CONTAINERD_NAME: "registry.example/api:1.2"},
        {REF_NAME: "x"},
    ]
    assert entries[0]["platform"] == {"os": "linux", "architecture": "arm64"}
    for tag in ("1.2", "registry.example/api:1.2", "x", ""):
        assert digest_of(open_layout(tmp_path / "out", tag=tag)) == digest_of(
            image_of("a", platform=Platform("linux", "arm64"))
        )


def test_several_tags_live_together_and_must_be_named(tmp_path: Path) -> None:
    one, two = image_of("one"), image_of("two")
    write_layout(one, tmp_path, [Tag("one")])
    write_layout(two, tmp_path, [Tag("two")])
    assert digest_of(open_layout(tmp_path, tag="one")) == digest_of(one)
    assert digest_of(open_layout(tmp_path, tag="two")) == digest_of(two)
    with pytest.raises(ImageError, match="want one image, got several: one, two"):
        open_layout(tmp_path)
    with pytest.raises(ImageError, match="want an image tagged three, got tags: one, two"):
        open_layout(tmp_path, tag="three")


def test_images_of_other_names_with_one_tag_live_together(tmp_path: Path) -> None:
    notes = Notes()
    first, second = synthetic_image({"a": b"1"}), synthetic_image({"a": b"2"})
    for image, name in ((first, "first:1"), (second, "second:1"), (second, "second:1")):
        write_layout(image, tmp_path, [Tag("1", ImageName.parse(name))], progress=notes)
    assert notes.said == [f"oci:{tmp_path}:1 is an image of another name: this one is :docker.io/library/second:1"] * 2
    for tag, image in (("1", first), ("first:1", first), ("second:1", second), ("docker.io/library/second:1", second)):
        found = open_layout(tmp_path, tag=tag)
        assert_valid(found)
        assert found.raw_manifest == image.raw_manifest
    with pytest.raises(ImageError, match=r"want one image, got several: 1, docker.io/library/second:1"):
        open_layout(tmp_path)


def test_a_ref_name_goes_before_a_name_that_reads_alike(tmp_path: Path) -> None:
    tagged, named = synthetic_image({"a": b"1"}), synthetic_image({"a": b"2"})
    write_layout(named, tmp_path, [Tag("latest", ImageName.parse("edge").tagged())])
    write_layout(tagged, tmp_path, [Tag("edge")])
    assert open_layout(tmp_path, tag="edge").raw_manifest == tagged.raw_manifest
    assert open_layout(tmp_path, tag="edge:latest").raw_manifest == named.raw_manifest


def test_a_replaced_tag_takes_its_own_blobs_along(tmp_path: Path) -> None:
    write_layout(image_of("one"), tmp_path, LATEST)
    foreign = tmp_path / "blobs" / "sha256" / Digest.of(b"somebody's").hex
    foreign.write_bytes(b"somebody's")
    two = image_of("two")
    write_layout(two, tmp_path, LATEST)
    assert blobs(tmp_path) == blobs_of(two) | {foreign.name}
    assert len(json.loads((tmp_path / "index.json").read_text())["manifests"]) == 1
    assert_valid(open_layout(tmp_path))


def test_blobs_that_another_tag_needs_stay(tmp_path: Path) -> None:
    one, two, three = image_of("one"), image_of("two"), image_of("three")
    write_layout(one, tmp_path, [Tag("a"), Tag("b")])
    write_layout(two, tmp_path, [Tag("b")])
    assert blobs(tmp_path) == blobs_of(one) | blobs_of(two)
    write_layout(three, tmp_path, [Tag("b")])
    assert blobs(tmp_path) == blobs_of(one) | blobs_of(three)


def test_where_an_entry_is_not_understood_nothing_is_removed(tmp_path: Path) -> None:
    one = image_of("one")
    write_layout(one, tmp_path, LATEST)
    index = json.loads((tmp_path / "index.json").read_text())
    index["manifests"].append(
        {"mediaType": "application/x-unknown", "digest": str(Digest.of(b"?")), "size": 1, "kept": 1}
    )
    index["vendor"] = {"kept": True}
    (tmp_path / "index.json").write_text(json.dumps(index))
    two = image_of("two")
    write_layout(two, tmp_path, LATEST)
    assert blobs(tmp_path) == blobs_of(one) | blobs_of(two)
    after = json.loads((tmp_path / "index.json").read_text())
    assert after["vendor"] == {"kept": True}
    assert after["manifests"][0]["kept"] == 1


def test_writing_the_same_again_touches_no_blob(tmp_path: Path) -> None:
    image = image_of("a")
    write_layout(image, tmp_path, LATEST)
    before = {path: path.stat().st_ino for path in (tmp_path / "blobs" / "sha256").iterdir()}
    write_layout(image, tmp_path, LATEST)
    assert {path: path.stat().st_ino for path in (tmp_path / "blobs" / "sha256").iterdir()} == before


@pytest.mark.parametrize("damage", [lambda raw: raw[:-1], lambda raw: b"\0" + raw[1:], lambda raw: raw + b"x"])
def test_a_damaged_blob_in_the_layout_is_replaced(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    image = image_of("a")
    write_layout(image, tmp_path, LATEST)
    whole = snapshot(tmp_path)
    for path in (tmp_path / "blobs" / "sha256").iterdir():
        path.chmod(0o644)
        path.write_bytes(damage(path.read_bytes()))
    write_layout(image, tmp_path, LATEST)
    assert snapshot(tmp_path) == whole


def test_a_cached_layer_is_linked_and_read_only(tmp_path: Path) -> None:
    image = cached(image_of("a"), tmp_path / "cache")
    write_layout(image, tmp_path / "out", LATEST)
    for layer in image.layers:
        assert isinstance(layer, BlobLayer)
        target = tmp_path / "out" / "blobs" / "sha256" / layer.digest.hex
        assert target.samefile(layer.path)
        assert target.stat().st_mode & 0o777 == 0o444
    write_layout(image, tmp_path / "out", LATEST)
    assert_valid(open_layout(tmp_path / "out"))
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_layer_that_is_not_our_own_is_copied(tmp_path: Path) -> None:
    image = cached(image_of("a"), tmp_path / "theirs")
    image = replace(image, layers=tuple(replace(layer, owned=False) for layer in image.layers))  # type: ignore[type-var]
    before = {path: path.stat().st_mode for path in (tmp_path / "theirs").iterdir()}
    write_layout(image, tmp_path / "out", LATEST)
    assert {path: path.stat().st_mode for path in (tmp_path / "theirs").iterdir()} == before
    assert all(path.stat().st_nlink == 1 for path in (tmp_path / "out").rglob("*") if path.is_file())


@pytest.mark.parametrize("linked_before", [False, True])
def test_a_damaged_cache_entry_is_never_written(tmp_path: Path, *, linked_before: bool) -> None:
    image = cached(image_of("a"), tmp_path / "cache")
    if linked_before:  # the seal was given to the right bytes
        write_layout(image, tmp_path / "earlier", LATEST)
    victim = image.layers[0]
    assert isinstance(victim, BlobLayer)
    victim.path.chmod(0o644)
    with victim.path.open("r+b") as stream:
        stream.write(b"\x1f\x8b\x08\x01")
    with pytest.raises(MismatchError, match="digest mismatch: want sha256:"):
        write_layout(image, tmp_path / "out", LATEST)
    assert not (tmp_path / "out").exists()


def test_a_wrong_layer_leaves_the_layout_as_it_was(tmp_path: Path) -> None:
    write_layout(image_of("one"), tmp_path / "out", LATEST)
    before = snapshot(tmp_path / "out")
    good = image_of("two")
    lying = replace(good.layers[1], digest=Digest.of(b"not this"))  # type: ignore[type-var]
    with pytest.raises(MismatchError):
        write_layout(
            from_blobs([good.layers[0], lying], {"os": "linux", "architecture": "amd64"}), tmp_path / "out", LATEST
        )
    assert snapshot(tmp_path / "out") == before
    with pytest.raises(MismatchError):
        write_layout(
            from_blobs([good.layers[0], lying], {"os": "linux", "architecture": "amd64"}),
            tmp_path / "no" / "out",
            LATEST,
        )
    assert not (tmp_path / "no").exists()


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Files past ``size_bytes`` cannot be written, as on a full disk (EFBIG instead of ENOSPC)."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_write_that_hits_a_limit_leaves_the_layout_as_it_was(tmp_path: Path) -> None:
    write_layout(image_of("one"), tmp_path / "out", LATEST)
    before = snapshot(tmp_path / "out")
    large = synthetic_image({"small": b"1"}, {"large": os.urandom(200_000)})
    with largest_file(100_000), pytest.raises(StorageError, match=r"cannot write oci:.*File too large"):
        write_layout(large, tmp_path / "out", LATEST)
    assert snapshot(tmp_path / "out") == before
    write_layout(large, tmp_path / "out", LATEST)
    assert_valid(open_layout(tmp_path / "out"))


def test_a_folder_with_other_files_is_not_written_to(tmp_path: Path) -> None:
    (tmp_path / "precious.txt").write_text("mine")
    with pytest.raises(UsageError, match="want an OCI layout or an empty folder"):
        write_layout(image_of("a"), tmp_path, LATEST)
    assert [path.name for path in tmp_path.iterdir()] == ["precious.txt"]


def test_a_file_in_the_way_is_a_storage_error(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("file")
    with pytest.raises(StorageError, match="cannot write oci:"):
        write_layout(image_of("a"), tmp_path / "out", LATEST)
    assert (tmp_path / "out").read_text() == "file"


def test_a_broken_index_is_not_written_over(tmp_path: Path) -> None:
    write_layout(image_of("a"), tmp_path, LATEST)
    (tmp_path / "index.json").write_text("{")
    before = snapshot(tmp_path)
    with pytest.raises(ImageError, match="index: want JSON"):
        write_layout(image_of("b"), tmp_path, LATEST)
    assert snapshot(tmp_path) == before


KILLED = """
import os, signal, sys
from pathlib import Path
from lightship.image.synthetic import synthetic_image
from lightship.store import oci_layout, place
from lightship.store.open import open_image
from lightship.store.tags import Tag
left = int(sys.argv[2])
real = Path.replace
def replace(self, target):
    global left
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    return real(self, target)
Path.replace = replace
oci_layout.write_layout(synthetic_image({"shared": b"s" * 2000}, {"own": b"two"}), Path(sys.argv[1]), [Tag("latest")])
"""


@pytest.mark.parametrize("renames", range(6))
@pytest.mark.parametrize("fresh", [True, False])
def test_a_writer_killed_before_any_rename_leaves_a_whole_layout(tmp_path: Path, renames: int, *, fresh: bool) -> None:
    one, two, root = image_of("one"), image_of("two"), tmp_path / "out"
    if not fresh:
        write_layout(one, root, LATEST)
    done = subprocess.run([sys.executable, "-c", KILLED, root, str(renames)], check=False, capture_output=True)
    assert done.returncode == (-signal.SIGKILL if renames < (6 if fresh else 4) else 0), done.stderr.decode()
    if not fresh:
        assert digest_of(open_layout(root)) == digest_of(two if done.returncode == 0 else one)
        assert_valid(open_layout(root))
    write_layout(two, root, LATEST)
    assert digest_of(open_layout(root)) == digest_of(two)
    assert_valid(open_layout(root))
    assert not list(root.rglob("*.tmp"))


def test_writers_at_once_lose_no_tag(tmp_path: Path) -> None:
    images = {f"t{number}": image_of(f"image {number}") for number in range(8)}
    failed: list[BaseException] = []

    def write(tag: str) -> None:
        try:
            write_layout(images[tag], tmp_path / "out", [Tag(tag)])
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=write, args=(tag,)) for tag in images]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    for tag, image in images.items():
        assert digest_of(open_layout(tmp_path / "out", tag=tag)) == digest_of(image)


def nested(root: Path, platforms: list[str]) -> dict[str, PlainImage]:
    """A layout whose one tag is an index of images for ``platforms``, and of an attestation."""
    images = {name: image_of(name, platform=Platform.parse(name)) for name in platforms}
    for number, image in enumerate(images.values()):
        write_layout(image, root, [Tag(f"t{number}")])
    entries = [
        {key: value for key, value in entry.items() if key != "annotations"}
        for entry in json.loads((root / "index.json").read_text())["manifests"]
    ]
    attestation = {**entries[0], "platform": {"os": "unknown", "architecture": "unknown"}}
    inner = canonical({"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": [attestation, *entries]})
    (root / "blobs" / "sha256" / Digest.of(inner).hex).write_bytes(inner)
    outer = {
        "mediaType": media_types.OCI_INDEX,
        "digest": str(Digest.of(inner)),
        "size": len(inner),
        "annotations": {REF_NAME: "multi"},
    }
    (root / "index.json").write_bytes(canonical({"schemaVersion": 2, "manifests": [outer]}))
    return images


def test_the_platform_is_chosen_in_a_nested_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    images = nested(tmp_path, ["linux/amd64", "linux/arm64", "linux/arm/v6"])
    for name, image in images.items():
        found = open_layout(tmp_path, platform=Platform.parse(name))
        assert digest_of(found) == digest_of(image)
        assert config_of(found).platform == Platform.parse(name)
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert digest_of(open_layout(tmp_path, tag="multi")) == digest_of(images["linux/arm64"])
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    with pytest.raises(ImageError, match="want an image for linux/riscv64, got linux/amd64, linux/arm/v6, linux/arm64"):
        open_layout(tmp_path)
    with pytest.raises(ImageError, match="want an image for linux/s390x, got linux/amd64"):
        open_layout(tmp_path, platform=Platform.parse("linux/s390x"))


def test_one_image_for_another_platform_is_refused_only_when_asked(tmp_path: Path) -> None:
    write_layout(image_of("a", platform=Platform("linux", "s390x")), tmp_path, LATEST)
    assert config_of(open_layout(tmp_path)).platform.architecture == "s390x"
    with pytest.raises(ImageError, match="want an image for linux/amd64, got linux/s390x"):
        open_layout(tmp_path, platform=Platform("linux", "amd64"))


def test_a_replaced_nested_index_goes_whole(tmp_path: Path) -> None:
    nested(tmp_path, ["linux/amd64", "linux/arm64"])
    image = image_of("after")
    write_layout(image, tmp_path, [Tag("multi")])
    assert blobs(tmp_path) == blobs_of(image)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("oci-layout", None, "want an OCI layout, got other files"),
        ("oci-layout", b'{"imageLayoutVersion":"2.0.0"}', r'imageLayoutVersion: want 1\.0\.0, got "2\.0\.0"'),
        ("oci-layout", b"x", "oci-layout: want JSON"),
        ("index.json", None, "index.json is missing"),
        ("index.json", b'{"schemaVersion":2,"manifests":[]}', "want an image tagged at all, got tags: none"),
        ("index.json", b'{"schemaVersion":1,"manifests":[]}', r"index\.schemaVersion: want 2, got 1"),
    ],
)
def test_what_is_no_layout_is_refused(tmp_path: Path, name: str, content: bytes | None, said: str) -> None:
    write_layout(image_of("a"), tmp_path, LATEST)
    (tmp_path / name).unlink()
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ImageError, match=said):
        open_layout(tmp_path)


def test_nothing_and_a_file_are_no_layouts(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="got nothing there"):
        open_layout(tmp_path / "absent")
    (tmp_path / "file").write_text("x")
    with pytest.raises(ImageError, match="got a file there"):
        open_layout(tmp_path / "file")
