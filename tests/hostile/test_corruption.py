"""Each blob of an image is damaged in turn, in every store: opening or validating always finds it.

The damage keeps what it can right (sizes, names), as a bad disk or a hostile mirror would.
"""

import json
import re
import tarfile
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from lightship.errors import ImageError, InputError, LightshipError, MismatchError
from lightship.image.synthetic import synthetic_image
from lightship.image.validate import validate
from lightship.image.views import manifest_of
from lightship.oci import media_types
from lightship.oci.descriptor import REF_NAME
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.reference import Reference
from lightship.store.copy import copy
from lightship.store.open import locate, open_image

IMAGE = synthetic_image(
    {"a": b"1" * 3000, "d": None, "l": "a"}, {"b": b"2"}, {"c": b"3"}, compressions=("gzip", "zstd", "none")
)
MANIFEST = manifest_of(IMAGE)
BLOBS = {
    "manifest": MANIFEST.digest,
    "config": MANIFEST.config.digest,
    **{f"layer {number}": layer.digest for number, layer in enumerate(MANIFEST.layers)},
}


def flip_first(raw: bytes) -> bytes:
    return bytes([raw[0] ^ 1]) + raw[1:]


def flip_middle(raw: bytes) -> bytes:
    middle = len(raw) // 2
    return raw[:middle] + bytes([raw[middle] ^ 0x80]) + raw[middle + 1 :]


def flip_last(raw: bytes) -> bytes:
    return raw[:-1] + bytes([raw[-1] ^ 1])


def cut_one(raw: bytes) -> bytes:
    return raw[:-1]


def cut_half(raw: bytes) -> bytes:
    return raw[: len(raw) // 2]


def empty(_: bytes) -> bytes:
    return b""


def append_zero(raw: bytes) -> bytes:
    return raw + b"\0"


def append_itself(raw: bytes) -> bytes:
    return raw + raw


def append_space(raw: bytes) -> bytes:
    return raw + b" "


DAMAGES = [flip_first, flip_middle, flip_last, cut_one, cut_half, empty, append_zero, append_itself, append_space]
Damage = Callable[[bytes], bytes]


def faults(text: str) -> list[str]:
    """What opening and validating say; a foreign exception fails the test by itself."""
    try:
        with open_image(locate(text)) as image:
            return [finding.message for finding in validate(image)]
    except LightshipError as error:
        return [str(error)]


def rewritten(archive: Path, name: str, damage: Damage) -> None:
    with tarfile.open(archive) as opened:
        members = [(m, (f.read() if (f := opened.extractfile(m)) else b"")) for m in opened]
    with tarfile.open(archive, "w") as written:
        for member, raw in members:
            content = damage(raw) if member.name == name else raw
            member.size = len(content) if member.isreg() else 0
            written.addfile(member, BytesIO(content))


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("blob", BLOBS)
@pytest.mark.parametrize("transport", ["oci", "oci-archive", "docker-archive"])
def test_a_damaged_blob_is_always_found(tmp_path: Path, transport: str, blob: str, damage: Damage) -> None:
    text = f"{transport}:{tmp_path}/image"
    copy(IMAGE, Reference.parse(text))
    assert faults(text) == []
    name = f"blobs/sha256/{BLOBS[blob].hex}"
    if transport == "oci":
        path = tmp_path / "image" / name
        path.chmod(0o644)
        path.write_bytes(damage(path.read_bytes()))
    else:
        rewritten(tmp_path / "image", name, damage)
    found = faults(text)
    assert found
    assert all("\n" not in sentence and len(sentence) < 500 for sentence in found)


@pytest.mark.parametrize("blob", BLOBS)
@pytest.mark.parametrize("other", ["config", "layer 1"])
def test_a_blob_exchanged_for_another_is_found(tmp_path: Path, blob: str, other: str) -> None:
    if blob == other:
        return
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}/image"))
    folder = tmp_path / "image" / "blobs" / "sha256"
    path = folder / BLOBS[blob].hex
    path.chmod(0o644)
    path.write_bytes((folder / BLOBS[other].hex).read_bytes())
    assert faults(f"oci:{tmp_path}/image")


@pytest.mark.parametrize("blob", BLOBS)
def test_a_missing_blob_is_named(tmp_path: Path, blob: str) -> None:
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}/image"))
    (tmp_path / "image" / "blobs" / "sha256" / BLOBS[blob].hex).unlink()
    (sentence,) = faults(f"oci:{tmp_path}/image")
    assert BLOBS[blob].hex in sentence
    assert "missing" in sentence


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["index.json", "oci-layout", "manifest.json"])
def test_damage_to_an_unhashed_file_ends_in_a_sentence_or_the_same_image(
    tmp_path: Path, name: str, damage: Damage
) -> None:
    """Nothing vouches for these files' own bytes, so damage may go unseen; then the image must be the very same."""
    text = f"docker-archive:{tmp_path}/image"
    copy(IMAGE, Reference.parse(text))
    rewritten(tmp_path / "image", name, damage)
    for reference in (text, f"oci-archive:{tmp_path}/image"):
        try:
            with open_image(locate(reference)) as image:
                assert image.raw_config == IMAGE.raw_config
                assert validate(image) == []
        except LightshipError as error:
            assert "\n" not in str(error)  # noqa: PT017 - both ends are good, a foreign exception is not


Edit = Callable[[dict[str, Any]], object]


def forged(
    root: Path, *, manifest: Edit = lambda _: None, config: Edit = lambda _: None, entry: Edit = lambda _: None
) -> str:
    """A layout whose every digest is right, and whose documents lie."""
    copy(IMAGE, Reference.parse(f"oci:{root}"))
    folder = root / "blobs" / "sha256"
    documents = [json.loads((folder / BLOBS[name].hex).read_bytes()) for name in ("config", "manifest")]
    config(documents[0])
    raw_config = canonical(documents[0])
    documents[1]["config"] |= {"digest": str(Digest.of(raw_config)), "size": len(raw_config)}
    manifest(documents[1])
    raw_manifest = canonical(documents[1])
    for raw in (raw_config, raw_manifest):
        path = folder / Digest.of(raw).hex
        path.unlink(missing_ok=True)
        path.write_bytes(raw)
    index = json.loads((root / "index.json").read_bytes())
    index["manifests"][0] |= {"digest": str(Digest.of(raw_manifest)), "size": len(raw_manifest)}
    entry(index["manifests"][0])
    (root / "index.json").write_bytes(canonical(index))
    return f"oci:{root}"


FOREIGN = {"digest": str(Digest.of(b"foreign")), "size": 7}


@pytest.mark.parametrize(
    ("edits", "said"),
    [
        ({"manifest": lambda m: m["layers"][0].update(FOREIGN)}, "layer 0 is missing"),
        ({"manifest": lambda m: m["layers"][0].update(size=1)}, "layer 0: want 1 bytes"),
        (
            {"manifest": lambda m: m["layers"][0].update(digest="sha256:../../../../../etc/passwd")},
            r"layers\[0\]\.digest: want",
        ),
        (
            {"manifest": lambda m: m["layers"][0].update(mediaType="application/x-odd")},
            "want a tar layer|got 'application/x-odd'",
        ),
        ({"manifest": lambda m: m["layers"][0].update(mediaType=media_types.LAYER_TAR_ZSTD)}, "want zstd, got gzip"),
        ({"manifest": lambda m: m["layers"].reverse()}, "want"),
        ({"manifest": lambda m: m["layers"].pop()}, "manifest has 2, config has 3"),
        ({"manifest": lambda m: m.update(mediaType=media_types.OCI_INDEX)}, "as its descriptor says"),
        ({"manifest": lambda m: m["config"].update(mediaType="application/vnd.oci.empty.v1+json")}, "got an artifact"),
        ({"manifest": lambda m: m["config"].update(size=2**62)}, "config is too large"),
        ({"manifest": lambda m: m.update(layers=[m["layers"][0]] * 3)}, "want"),
        ({"config": lambda c: c["rootfs"].update(diff_ids=c["rootfs"]["diff_ids"][::-1])}, "want"),
        ({"config": lambda c: c["rootfs"].update(type="other")}, r'config\.rootfs\.type: want "layers"'),
        (
            {"config": lambda c: c.pop("history")[0], "manifest": lambda m: m["layers"][1].update(FOREIGN)},
            "layer 1 is missing",
        ),
        ({"config": lambda c: c["history"].append({})}, "want 3 steps that have a layer, got 4"),
        ({"entry": lambda e: e.update(FOREIGN)}, "blob is missing"),
        ({"entry": lambda e: e.update(size=1)}, "size mismatch"),
        ({"entry": lambda e: e.update(size=2**40)}, "manifest is too large"),
        ({"entry": lambda e: e.update(mediaType=media_types.OCI_INDEX)}, "as its descriptor says"),
        ({"entry": lambda e: e.update(mediaType="application/x-odd")}, "got an index without one"),
        ({"entry": lambda e: e.update(annotations={REF_NAME: 5})}, r"manifests\[0\]\.annotations.*want a string"),
    ],
)
def test_documents_that_lie_are_found(tmp_path: Path, edits: dict[str, Edit], said: str) -> None:

    found = faults(forged(tmp_path / "image", **edits))
    assert any(re.search(said, sentence) for sentence in found), found
    assert all("\n" not in sentence for sentence in found)


HOSTILE_INDEXES = [
    b"[" * 200_000,
    b'{"schemaVersion":2,"manifests":' + b"[" * 200_000,
    b'{"schemaVersion":2,"manifests":[],"x":' + b"9" * 100_000 + b"}",
    b"\xef\xbb\xbf{}",
    b'{"schemaVersion":2,"manifests":[{}],"manifests":[]}',
    b'{"schemaVersion":true,"manifests":[]}',
    b"\x00" * 1000,
    b" " * (5 << 20),
]


@pytest.mark.parametrize("raw", HOSTILE_INDEXES, ids=lambda raw: f"{raw[:12]!r}-{len(raw)}")
def test_a_hostile_index_ends_in_one_sentence(tmp_path: Path, raw: bytes) -> None:
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}"))
    (tmp_path / "index.json").write_bytes(raw)
    with pytest.raises(InputError) as caught, open_image(Reference.parse(f"oci:{tmp_path}")):
        pass
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_index_that_holds_itself_ever_deeper_is_refused(tmp_path: Path) -> None:
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}"))
    entry = json.loads((tmp_path / "index.json").read_bytes())["manifests"][0]
    for _ in range(6):
        raw = canonical({"schemaVersion": 2, "manifests": [entry]})
        (tmp_path / "blobs" / "sha256" / Digest.of(raw).hex).write_bytes(raw)
        entry = {"mediaType": media_types.OCI_INDEX, "digest": str(Digest.of(raw)), "size": len(raw)}
    (tmp_path / "index.json").write_bytes(canonical({"schemaVersion": 2, "manifests": [entry]}))
    with (
        pytest.raises(ImageError, match="want at most 4 indexes within each other"),
        open_image(Reference.parse(f"oci:{tmp_path}")),
    ):
        pass


def test_a_symlink_for_a_blob_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"x" * IMAGE.layers[0].compressed_bytes)
    copy(IMAGE, Reference.parse(f"oci:{tmp_path}/image"))
    path = tmp_path / "image" / "blobs" / "sha256" / IMAGE.layers[0].digest.hex
    path.unlink()
    path.symlink_to(tmp_path / "secret")
    with open_image(Reference.parse(f"oci:{tmp_path}/image")) as image:
        with pytest.raises(MismatchError), image.layers[0].open() as stream:
            stream.read()
        with pytest.raises(MismatchError):
            copy(image, Reference.parse(f"oci:{tmp_path}/copied"))
    assert not (tmp_path / "copied").exists()
