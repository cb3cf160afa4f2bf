import json
from dataclasses import replace

import pytest
from tests.validated import assert_valid

from lightship.image.index import ImageIndex, Member, StreamBlob, make_index
from lightship.image.index_change import replace_images
from lightship.image.mutate import with_annotations
from lightship.image.synthetic import synthetic_image
from lightship.image.validate_index import validate_index
from lightship.image.value import PlainImage
from lightship.image.views import digest_of, manifest_of
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.platform import Platform

AMD64, ARM64 = Platform("linux", "amd64"), Platform("linux", "arm64")


def images() -> dict[Platform, PlainImage]:
    return {
        platform: synthetic_image({"own": str(platform).encode()}, platform=platform) for platform in (AMD64, ARM64)
    }


def with_attestation(index: ImageIndex, subject: Digest) -> ImageIndex:
    """``index`` with an attestation about ``subject``, as buildx writes it."""
    raw = b'{"schemaVersion":2}'
    descriptor = Descriptor(
        media_type="application/vnd.oci.image.manifest.v1+json",
        digest=Digest.of(raw),
        size_bytes=len(raw),
        annotations={
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": str(subject),
        },
        platform=Platform("unknown", "unknown"),
    )
    document = json.loads(index.raw)
    document["manifests"].append(descriptor.document())
    member = Member(descriptor=descriptor, raw=raw)
    return ImageIndex(raw=canonical(document), media_type=index.media_type, members=(*index.members, member))


def test_nothing_replaced_is_the_same_index() -> None:
    index = make_index(images().items())
    same = {digest_of(image): image for image in images().values()}
    assert replace_images(index, same) is index
    assert replace_images(index, {}) is index


def test_one_image_is_replaced_and_its_entry_with_it() -> None:
    before = images()
    index = make_index(before.items())
    changed = with_annotations(before[ARM64], {"a": "1"})
    made = replace_images(index, {digest_of(before[ARM64]): changed})
    assert validate_index(made) == []
    assert made.platforms == index.platforms
    assert [digest_of(image) for _, image in made.images] == [digest_of(before[AMD64]), digest_of(changed)]
    entries = json.loads(made.raw)["manifests"]
    assert [entry["digest"] for entry in entries] == [str(manifest_of(image).digest) for _, image in made.images]
    assert [entry["size"] for entry in entries] == [len(image.raw_manifest) for _, image in made.images]
    assert [entry["platform"]["architecture"] for entry in entries] == ["amd64", "arm64"]
    assert_valid(made.images[1][1])


def test_what_speaks_of_the_former_bytes_is_left_out() -> None:
    before = images()
    index = make_index(before.items())
    changed = {digest_of(before[ARM64]): with_annotations(before[ARM64], {"a": "1"})}
    about_the_other = with_attestation(index, digest_of(before[AMD64]))
    assert len(replace_images(about_the_other, changed).members) == 3
    about_it = with_attestation(index, digest_of(before[ARM64]))
    assert len(replace_images(about_it, changed).members) == 2


@pytest.mark.parametrize("deep", [1, 2])
def test_an_inner_index_is_changed_too(deep: int) -> None:
    before = images()
    index = make_index(before.items())
    for _ in range(deep):
        member = Member(descriptor=index.descriptor, raw=index.raw, index=index)
        raw = canonical({"schemaVersion": 2, "manifests": [index.descriptor.document()], "annotations": {"kept": "1"}})
        index = ImageIndex(raw=raw, media_type="application/vnd.oci.image.index.v1+json", members=(member,))
    changed = with_annotations(before[AMD64], {"a": "1"})
    made = replace_images(index, {digest_of(before[AMD64]): changed})
    assert digest_of(made.images[0][1]) == digest_of(changed)
    assert json.loads(made.raw)["annotations"] == {"kept": "1"}
    assert json.loads(made.raw)["manifests"][0]["digest"] == str(made.members[0].descriptor.digest)


def test_stream_blobs_of_other_members_stay() -> None:
    blob = StreamBlob(opener=lambda: (_ for _ in ()).throw(OSError), digest=Digest.of(b"x"), compressed_bytes=1)
    before = images()
    index = make_index(before.items())
    odd = Member(descriptor=Descriptor(media_type="application/x", digest=blob.digest, size_bytes=1), blobs=(blob,))
    document = json.loads(index.raw)
    document["manifests"].append(odd.descriptor.document())
    index = ImageIndex(raw=canonical(document), media_type=index.media_type, members=(*index.members, odd))
    made = replace_images(index, {digest_of(before[AMD64]): with_annotations(before[AMD64], {"a": "1"})})
    assert made.members[2] is odd


def test_a_copy_of_the_former_bytes_goes() -> None:
    """Whoever believes ``data`` would have the image before."""
    before = images()
    document = json.loads(make_index(before.items()).raw)
    for entry in document["manifests"]:
        entry |= {"data": "e30=", "urls": ["https://a.example/manifest"]}
    index = replace(make_index(before.items()), raw=canonical(document))
    made = replace_images(index, {digest_of(before[ARM64]): with_annotations(before[ARM64], {"a": "1"})})
    assert [{"data", "urls"} <= entry.keys() for entry in json.loads(made.raw)["manifests"]] == [True, False]
