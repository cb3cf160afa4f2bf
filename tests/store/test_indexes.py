"""Whole indexes: made, opened, copied with their digest, and refused where they cannot be."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lightship.errors import ImageError, LightshipError, MismatchError, UsageError
from lightship.image.index import ImageIndex, make_index
from lightship.image.synthetic import synthetic_image
from lightship.image.validate_index import validate_index
from lightship.image.value import PlainImage
from lightship.image.views import digest_of
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Silent
from lightship.store.indexes import copy_index, open_index, write_index
from lightship.store.oci_layout import open_layout
from lightship.store.open import open_image
from lightship.store.read_index import MOST_MEMBERS

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")
NAME = ImageName.parse("pretend.invalid/app:1")


def image(platform: Platform, text: str = "") -> PlainImage:
    return synthetic_image(
        {"shared": b"s" * 900},
        {"own": f"{platform}{text}".encode()},
        platform=platform,
        annotations={"org.opencontainers.image.title": "app", "own": str(platform)},
    )


PAIR = ((ARM64, image(ARM64)), (AMD64, image(AMD64)))


class Notes(Silent):
    def __init__(self) -> None:
        self.said: list[str] = []

    def note(self, message: str) -> None:
        self.said.append(message)


def blob(root: Path, content: bytes) -> Digest:
    digest = Digest.of(content)
    folder = root / "blobs" / "sha256"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / digest.hex).write_bytes(content)
    return digest


def document(root: Path, value: Mapping[str, object], media_type: str, **more: object) -> dict[str, object]:
    """The descriptor of a JSON document that was put among the blobs."""
    raw = canonical(value)
    return {"mediaType": media_type, "digest": str(blob(root, raw)), "size": len(raw), **more}


def index_of(root: Path, *entries: dict[str, object], indent: int | None = None) -> Digest:
    """A layout's only entry is an index of ``entries``, written by somebody else."""
    index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "unknown": {"kept": 1}, "manifests": entries}
    raw = json.dumps(index, indent=indent).encode()
    top = Descriptor(media_type=media_types.OCI_INDEX, digest=blob(root, raw), size_bytes=len(raw))
    (root / "index.json").write_bytes(canonical({"schemaVersion": 2, "manifests": [top.document()]}))
    (root / "oci-layout").write_bytes(b'{"imageLayoutVersion":"1.0.0"}')
    return top.digest


def attested(root: Path) -> Digest:
    """As buildx writes it: an image and, beside it, an attestation for no platform; and an artifact nobody knows."""
    write_index([(AMD64, image(AMD64))], Reference(transport="oci", path=root))
    (entry,) = json.loads(next_raw(root))["manifests"]
    statement = b'{"_type":"https://in-toto.io/Statement/v0.1"}'
    layer = {"mediaType": "application/vnd.in-toto+json", "digest": str(blob(root, statement)), "size": len(statement)}
    config = {
        "architecture": "unknown", "os": "unknown", "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": document(root, config, media_types.OCI_CONFIG),
        "layers": [layer],
    }
    marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": entry["digest"]}
    attestation = document(
        root, manifest, media_types.OCI_MANIFEST,
        annotations=marks, platform={"os": "unknown", "architecture": "unknown"},
    )  # fmt: skip
    strange = document(root, {"pretend": True}, "application/vnd.pretend.thing+json")
    return index_of(root, entry, attestation, strange, indent=3)


def next_raw(root: Path) -> bytes:
    """The bytes of the index that a layout's only entry names."""
    (top,) = json.loads((root / "index.json").read_bytes())["manifests"]
    path: Path = root / "blobs" / "sha256" / top["digest"].removeprefix("sha256:")
    return path.read_bytes()


@pytest.fixture(params=["oci", "oci-archive"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], Reference]:
    return lambda name: Reference(transport=request.param, path=tmp_path / name)


def test_what_is_written_is_opened(place: Callable[[str], Reference]) -> None:
    digest = write_index(PAIR, place("out"), names=[NAME])
    with open_index(place("out")) as index:
        assert index.digest == digest
        assert index.platforms == (AMD64, ARM64)
        assert [digest_of(each) for _, each in index.images] == [digest_of(PAIR[1][1]), digest_of(PAIR[0][1])]
        assert not validate_index(index)
    for platform, wanted in PAIR:
        with open_image(place("out"), platform) as found:
            assert digest_of(found) == digest_of(wanted)


def test_the_order_is_a_rule_and_what_all_say_is_the_indexs() -> None:
    one, other = make_index(PAIR), make_index(reversed(PAIR))
    assert one.raw == other.raw
    said = json.loads(one.raw)
    assert [entry["platform"]["architecture"] for entry in said["manifests"]] == ["amd64", "arm64"]
    assert said["annotations"] == {"org.opencontainers.image.title": "app"}


def test_variants_are_named_as_containerd_does() -> None:
    index = make_index([(Platform("linux", "arm64", "v8"), image(ARM64))])
    assert json.loads(index.raw)["manifests"][0]["platform"] == {"architecture": "arm64", "os": "linux"}
    with pytest.raises(UsageError, match="each platform once, got linux/arm64, linux/arm64"):
        make_index([(Platform("linux", "arm64", "v8"), image(ARM64)), (ARM64, image(ARM64))])
    with pytest.raises(UsageError, match="got none"):
        make_index([])


def test_equal_images_give_equal_archives(tmp_path: Path) -> None:
    for name, images in (("a", PAIR), ("b", tuple(reversed(PAIR)))):
        write_index(images, Reference(transport="oci-archive", path=tmp_path / name), names=[NAME])
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_a_copy_keeps_the_digest_and_what_is_not_understood(tmp_path: Path, place: Callable[[str], Reference]) -> None:
    digest = attested(tmp_path / "theirs")
    with open_index(Reference(transport="oci", path=tmp_path / "theirs")) as index:
        assert index.platforms == (AMD64,)
        assert len(index.members) == 3
        assert not validate_index(index)
        assert copy_index(index, place("copy"), names=[NAME]) == digest
    with open_index(place("copy")) as copied:
        assert (copied.digest, copied.raw) == (digest, next_raw(tmp_path / "theirs"))
        assert [len(member.blobs) for member in copied.members] == [3, 2, 1]
        assert not validate_index(copied)
    with open_image(place("copy")) as found:
        assert digest_of(found) == digest_of(image(AMD64))


def test_an_entry_without_content_stays_an_entry(tmp_path: Path, place: Callable[[str], Reference]) -> None:
    write_index(PAIR, Reference(transport="oci", path=tmp_path / "full"))
    gone = digest_of(image(ARM64))
    (tmp_path / "full" / "blobs" / "sha256" / gone.hex).unlink()
    notes = Notes()
    with open_index(Reference(transport="oci", path=tmp_path / "full")) as index:
        assert [entry.digest for entry in index.absent] == [gone]
        assert [fault.code for fault in validate_index(index)] == ["IX004"]
        assert copy_index(index, place("copy"), progress=notes) == index.digest
    assert str(gone) in notes.said[0]
    with open_index(place("copy")) as copied:
        assert [entry.digest for entry in copied.absent] == [gone]


def test_an_index_in_an_index(tmp_path: Path) -> None:
    inner = make_index(PAIR)
    write_index(PAIR, Reference(transport="oci", path=tmp_path))
    entry = inner.descriptor.document()
    digest = index_of(tmp_path, entry)
    with open_index(Reference(transport="oci", path=tmp_path)) as index:
        assert index.platforms == (AMD64, ARM64)
        assert not validate_index(index)
        copied = Reference(transport="oci", path=tmp_path / "copy")
        assert copy_index(index, copied) == digest
    with open_index(copied) as again:
        assert (again.digest, again.platforms) == (digest, (AMD64, ARM64))


def test_too_deep_or_too_many_is_refused(tmp_path: Path) -> None:
    here = Reference(transport="oci", path=tmp_path)
    entry: dict[str, object] = document(tmp_path, {"schemaVersion": 2, "manifests": []}, media_types.OCI_INDEX)
    for _ in range(5):
        entry = document(tmp_path, {"schemaVersion": 2, "manifests": [entry]}, media_types.OCI_INDEX)
    index_of(tmp_path, entry)
    with pytest.raises(ImageError, match="at most 4 indexes within each other"), open_index(here):
        pass
    wide = document(tmp_path, {"schemaVersion": 2, "manifests": []}, media_types.OCI_INDEX)
    for _ in range(2):  # each names the next a hundred times
        wide = document(tmp_path, {"schemaVersion": 2, "manifests": [wide] * 100}, media_types.OCI_INDEX)
    index_of(tmp_path, wide)
    with pytest.raises(ImageError, match=f"at most {MOST_MEMBERS} entries"), open_index(here):
        pass
    with pytest.raises(ImageError, match="got an index without one"):
        open_layout(tmp_path)


def test_sizes_that_lie_are_refused(tmp_path: Path) -> None:
    here = Reference(transport="oci", path=tmp_path)
    large = document(tmp_path, {"schemaVersion": 2, "manifests": []}, media_types.OCI_INDEX)
    index_of(tmp_path, {**large, "size": 1 << 40})
    with pytest.raises(ImageError, match="index is too large"), open_index(here):
        pass
    strange = document(tmp_path, {"pretend": 1}, "application/vnd.pretend")
    index_of(tmp_path, {**strange, "size": 3})
    with pytest.raises(ImageError, match="want 3 bytes of"), open_index(here):
        pass
    index_of(tmp_path, {**large, "size": 5})
    with pytest.raises(MismatchError), open_index(here):
        pass


@pytest.mark.parametrize("transport", ["docker-archive", "docker-daemon", "containers-storage"])
def test_a_store_of_single_images_refuses_in_one_sentence(transport: str, tmp_path: Path) -> None:
    text = f"{transport}:{tmp_path}/x.tar" if transport == "docker-archive" else f"{transport}:pretend.invalid/app:1"
    with pytest.raises(UsageError, match="holds one image for one platform") as caught:
        write_index(PAIR, Reference.parse(text))
    assert caught.value.hint is not None
    assert "oci-archive:FILE" in caught.value.hint
    assert not list(tmp_path.iterdir())


def test_one_image_is_no_index(tmp_path: Path) -> None:
    from lightship.store.copy import copy

    here = Reference(transport="oci", path=tmp_path)
    copy(image(AMD64), here)
    with pytest.raises(ImageError, match="want an index of several platforms, got an image"), open_index(here):
        pass


def test_an_index_is_found_by_its_tag_and_replaced_with_what_only_it_had(tmp_path: Path) -> None:
    first = Reference(transport="oci", path=tmp_path, tag="1")
    write_index(PAIR, first)
    write_index([(AMD64, image(AMD64))], Reference(transport="oci", path=tmp_path, tag="2"))
    with pytest.raises(ImageError, match="want one entry, got 2"), open_index(replace(first, tag="")):
        pass
    write_index([(AMD64, image(AMD64, "changed"))], first)
    with open_index(first) as index:
        assert index.platforms == (AMD64,)
    names = {path.name for path in (tmp_path / "blobs" / "sha256").iterdir()}
    assert digest_of(image(ARM64)).hex not in names
    assert digest_of(image(AMD64)).hex in names


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    pair = make_index(PAIR)
    good, bad = pair.members
    broken = replace(bad, blobs=(replace(bad.blobs[0], digest=Digest.of(b"other")), *bad.blobs[1:]))  # type: ignore[type-var]
    with pytest.raises(LightshipError):
        copy_index(replace(pair, members=(good, broken)), Reference(transport="oci", path=tmp_path / "out"))
    assert not (tmp_path / "out").exists()


def test_faults_of_an_index_are_all_told(tmp_path: Path) -> None:
    pair = make_index(PAIR)
    wrong = replace(pair.members[0], descriptor=replace(pair.members[0].descriptor, platform=ARM64, size_bytes=1))
    codes = [
        fault.code
        for fault in validate_index(
            ImageIndex(raw=pair.raw, media_type=pair.media_type, members=(wrong, pair.members[1]))
        )
    ]
    assert codes == ["IX001", "IX002", "IX003", "IX005"]
    assert [f.code for f in validate_index(replace(pair, raw=b"{}"))] == ["IX001"]
