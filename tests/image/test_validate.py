"""Every claim that an image makes about itself is checked."""

import gzip
import io
import json
import re
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, BinaryIO

import pytest

from lightship.archive.content import Inline
from lightship.archive.estargz.toc import TOC_DIGEST
from lightship.archive.layer import LayerWriter
from lightship.errors import ImageError, MismatchError
from lightship.image.blobs import StreamLayer, from_blobs
from lightship.image.protocol import Layer
from lightship.image.synthetic import synthetic_image, synthetic_layer, tar_of
from lightship.image.validate import validate
from lightship.image.value import PlainImage
from lightship.image.views import compressed_bytes, platform_of
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.platform import Platform

GOOD = synthetic_image({"a": b"1" * 3000, "d": None, "l": "a"}, {"b": b"2"}, compressions=("gzip", "zstd"))


@dataclass(frozen=True)
class Claimed:
    """An image that nobody checked."""

    raw_manifest: bytes
    raw_config: bytes
    layers: Sequence[Layer]


@dataclass(frozen=True)
class Trusting:
    """A layer that verifies nothing."""

    digest: Digest
    diff_id: Digest
    media_type: str
    compressed_bytes: int
    blob: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.blob)

    def open_tar(self) -> BinaryIO:
        raise NotImplementedError


def blob_of(layer: Layer) -> bytes:
    with layer.open() as stream:
        return stream.read()


def trusting(layer: Layer, **changes: Any) -> Trusting:
    claims = {
        "digest": layer.digest,
        "diff_id": layer.diff_id,
        "media_type": layer.media_type,
        "compressed_bytes": layer.compressed_bytes,
        "blob": blob_of(layer),
    }
    return Trusting(**{**claims, **changes})


def claimed(
    *,
    manifest: Callable[[dict[str, Any]], object] = lambda _: None,
    config: Callable[[dict[str, Any]], object] = lambda _: None,
    layers: Sequence[Layer] | None = None,
) -> Claimed:
    """GOOD with edits to its JSON; the manifest keeps naming the config that results."""
    config_document = json.loads(GOOD.raw_config)
    config(config_document)
    raw_config = canonical(config_document)
    manifest_document = json.loads(GOOD.raw_manifest)
    manifest_document["config"] |= {"digest": str(Digest.of(raw_config)), "size": len(raw_config)}
    manifest(manifest_document)
    return Claimed(canonical(manifest_document), raw_config, GOOD.layers if layers is None else layers)


def codes(image: Claimed | PlainImage) -> set[str]:
    return {finding.code for finding in validate(image)}


def test_a_good_image_has_no_fault() -> None:
    assert validate(GOOD) == []
    assert validate(synthetic_image()) == []
    assert validate(claimed()) == []
    assert validate(claimed(layers=[trusting(layer) for layer in GOOD.layers])) == []


@pytest.mark.parametrize(
    ("image", "expected"),
    [
        (Claimed(b"{", GOOD.raw_config, GOOD.layers), {"IV001"}),
        (Claimed(GOOD.raw_manifest, b"{", GOOD.layers), {"IV002", "IV003"}),
        (Claimed(GOOD.raw_manifest, GOOD.raw_config + b" ", GOOD.layers), {"IV003"}),
        (claimed(manifest=lambda m: m["config"].update(size=1)), {"IV003"}),
        (claimed(manifest=lambda m: m["config"].update(mediaType="application/x-odd")), {"IV005"}),
        (claimed(manifest=lambda m: m["layers"].pop()), {"IV006"}),
        (claimed(manifest=lambda m: m["layers"].reverse()), {"IV005", "IV006"}),
        (claimed(manifest=lambda m: m["layers"][0].update(size=1)), {"IV006"}),
        (claimed(manifest=lambda m: m["layers"][0].update(mediaType=media_types.LAYER_TAR)), {"IV005"}),
        (claimed(manifest=lambda m: m.update(schemaVersion=1)), {"IV001"}),
        (claimed(config=lambda c: c["rootfs"]["diff_ids"].pop()), {"IV006", "IV007"}),
        (claimed(config=lambda c: c["rootfs"]["diff_ids"].reverse()), {"IV006"}),
        (claimed(config=lambda c: c["history"].pop()), {"IV007"}),
        (claimed(config=lambda c: c["history"][0].update(empty_layer=True)), {"IV007"}),
        (claimed(config=lambda c: c.pop("os")), {"IV002"}),
        (claimed(layers=GOOD.layers[:1]), {"IV006"}),
    ],
)
def test_a_wrong_claim_is_found(image: Claimed, expected: set[str]) -> None:
    assert codes(image) == expected
    assert all(finding.severity == "error" and finding.location and finding.message for finding in validate(image))


def test_every_fault_is_collected() -> None:
    image = claimed(manifest=lambda m: m["config"].update(size=1, mediaType="x"), config=lambda c: c["history"].pop())
    assert codes(image) == {"IV003", "IV005", "IV007"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"blob": blob_of(GOOD.layers[0])[:-1]}, {"IV003", "IV008"}),
        ({"blob": blob_of(GOOD.layers[0]) + b"\0" * 4}, {"IV003"}),
        ({"blob": b""}, {"IV003", "IV004", "IV008"}),
        ({"blob": b"\x1f\x8b" + b"\xff" * 50}, {"IV003", "IV008"}),
        ({"blob": blob_of(GOOD.layers[1])}, {"IV003", "IV004", "IV005"}),
    ],
)
def test_a_layer_that_verifies_nothing_is_seen_through(changes: dict[str, Any], expected: set[str]) -> None:
    image = claimed(layers=[trusting(GOOD.layers[0], **changes), GOOD.layers[1]])
    assert codes(image) == expected


def test_a_diff_id_that_is_not_the_tar_s_is_found() -> None:
    wrong = replace(synthetic_layer({"x": b"1"}), diff_id=Digest.of(b"another"))
    image = from_blobs([wrong], {"os": "linux", "architecture": "amd64"})
    assert codes(image) == {"IV004"}


def test_a_layer_compressed_otherwise_than_it_says_is_found() -> None:
    wrong = replace(synthetic_layer({"x": b"1"}, compression="zstd"), media_type=media_types.LAYER_TAR_GZIP)
    assert codes(from_blobs([wrong], {"os": "linux", "architecture": "amd64"})) == {"IV005"}


def member(name: str, kind: bytes = tarfile.REGTYPE) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    return entry.tobuf(tarfile.PAX_FORMAT)


END = bytes(1024)


@pytest.mark.parametrize(
    ("tar", "expected", "said"),
    [
        (tar_of({"a": b"1" * 600})[:-9000], {"IV008"}, "cut short"),
        (tar_of({"a": b"1" * 600})[:700], {"IV008"}, "cut short"),
        (b"", {"IV008"}, "cut short"),
        (bytes(512), {"IV008"}, "cut short"),
        (b"x" * 1024, {"IV008"}, "damaged"),
        (member("a")[:100] + b"9" + member("a")[101:] + END, {"IV008"}, "checksum"),
        (member("../a") + END, {"IV008"}, "leaves its root"),
        (member("a", b"Z") + END, {"IV008"}, "not supported"),
        (member("a") + member("./a") + END, {"IV009"}, "there twice: 'a'"),
        (member("a", tarfile.DIRTYPE) + member("a") + END, {"IV009"}, "there twice: 'a'"),
        (member("./") + END, {"IV009"}, "a file that is the root itself"),
    ],
)
def test_a_tar_that_unpackers_would_not_agree_on_is_found(tar: bytes, expected: set[str], said: str) -> None:
    image = from_blobs([synthetic_layer(tar)], {"os": "linux", "architecture": "amd64"})
    found = validate(image)
    assert {finding.code for finding in found} == expected
    assert re.search(said, found[0].message), found[0].message
    assert found[0].location == "layers[0]"


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_tars_of_every_common_form_are_good(form: int) -> None:
    buffer = io.BytesIO()
    names = ["short", "a/" * 40 + "deep", *(["n" * 300, "\u00e9"] if form != tarfile.USTAR_FORMAT else [])]
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name in names:
            entry = tarfile.TarInfo(name)
            entry.size = 5
            archive.addfile(entry, io.BytesIO(b"12345"))
        hard = tarfile.TarInfo("hard")
        hard.type, hard.linkname = tarfile.LNKTYPE, "short"
        archive.addfile(hard)
    image = from_blobs([synthetic_layer(buffer.getvalue())], {"os": "linux", "architecture": "amd64"})
    assert validate(image) == []


def test_a_folder_may_be_named_again() -> None:
    tar = member("a", tarfile.DIRTYPE) + member("./a/", tarfile.DIRTYPE) + member(".", tarfile.DIRTYPE) + END
    assert validate(from_blobs([synthetic_layer(tar)], {"os": "linux", "architecture": "amd64"})) == []


def test_a_plain_image_is_not_built_of_parts_that_disagree() -> None:
    other = synthetic_image({"x": b"1"})
    with pytest.raises(MismatchError, match="config: digest mismatch"):
        PlainImage(raw_manifest=GOOD.raw_manifest, raw_config=other.raw_config, layers=GOOD.layers)
    with pytest.raises(ImageError, match="layers do not agree: manifest has 2, config has 2 diff_ids, got 1"):
        replace(GOOD, layers=GOOD.layers[:1])
    with pytest.raises(ImageError, match=r"manifest\.layers\[0\]: want sha256:"):
        replace(GOOD, layers=GOOD.layers[::-1])


def test_from_blobs_keeps_history_in_step() -> None:
    layer = synthetic_layer({"x": b"1"})
    config = {"os": "linux", "architecture": "amd64", "history": [{}, {"empty_layer": True}]}
    assert validate(from_blobs([layer], config)) == []
    with pytest.raises(ImageError, match=r"config\.history: want 2 steps that have a layer, got 1"):
        from_blobs([layer, layer], config)


def test_what_an_image_says_of_itself() -> None:
    assert platform_of(GOOD) == Platform("linux", "amd64")
    assert compressed_bytes(GOOD) == sum(len(blob_of(layer)) for layer in GOOD.layers) + len(GOOD.raw_config)


def test_a_layer_s_streams_are_verified() -> None:
    good = GOOD.layers[0]
    blob = blob_of(good)
    wrong = StreamLayer(
        opener=lambda: io.BytesIO(gzip.compress(b"other", mtime=0)),
        digest=good.digest,
        diff_id=good.diff_id,
        media_type=good.media_type,
        compressed_bytes=good.compressed_bytes,
    )
    with pytest.raises(MismatchError), wrong.open() as stream:
        stream.read()
    lying = replace(wrong, opener=lambda: io.BytesIO(blob), diff_id=Digest.of(b"x"))
    with pytest.raises(MismatchError, match="diff_id"), lying.open_tar() as stream:
        stream.read()
    with pytest.raises(ImageError, match="want a tar layer, got 'text/plain'"):
        replace(wrong, media_type="text/plain").open_tar()


def test_an_estargz_layer_is_held_against_its_own_toc() -> None:
    """A TOC that tells another story than the tar, or than its digest in the manifest, is a fault by itself."""
    out = io.BytesIO()
    with LayerWriter(out, compression="estargz") as writer:
        writer.file("etc/motd", Inline(b"hello"))
        written = writer.finish()

    def image(annotations: Mapping[str, str]) -> PlainImage:
        layer = StreamLayer(
            opener=lambda: io.BytesIO(out.getvalue()),
            digest=written.digest,
            diff_id=written.diff_id,
            media_type=written.media_type,
            compressed_bytes=written.compressed_bytes,
            annotations=annotations,
        )
        return from_blobs([layer], {"architecture": "amd64", "os": "linux"})

    assert validate(image(written.annotations)) == []
    (wrong,) = validate(image({**written.annotations, TOC_DIGEST: f"sha256:{0:064}"}))
    assert (wrong.code, wrong.location) == ("IV010", "layers[0]")
    (nonsense,) = validate(image({TOC_DIGEST: "x"}))
    assert nonsense.code == "IV010"
