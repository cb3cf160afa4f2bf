"""An index with some of its images replaced: the same platforms, other bytes. OCI image-spec 1.1, image-index.md."""

from collections.abc import Mapping
from dataclasses import replace

from lightship.errors import ImageError
from lightship.image.index import ImageIndex, Member, blobs_of
from lightship.image.value import PlainImage
from lightship.image.views import manifest_of
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.document import canonical, parse_object

__all__ = ["replace_images"]

_REFERENCE = "vnd.docker.reference.digest"
"""Annotation by which buildx names the image that an attestation is about: buildkit v0.17,
docs/attestations/attestation-storage.md."""

_OF_THE_BYTES = frozenset({"data", "urls"})
"""What a descriptor says of the bytes beside their digest (image-spec 1.1, descriptor.md): a copy of them, where they
are."""


def replace_images(index: ImageIndex, images: Mapping[Digest, PlainImage]) -> ImageIndex:
    """``index`` with an image for each manifest digest in ``images``; itself when none of them is another one.

    Entries keep their platform and annotations. Attestations of a replaced image are left out: they speak of bytes
    that are not there. The result's own media type is OCI's.
    """
    changed = {digest: image for digest, image in images.items() if manifest_of(image).digest != digest}
    return _replaced(index, changed) if changed else index


def _replaced(index: ImageIndex, images: Mapping[Digest, PlainImage]) -> ImageIndex:
    document = dict(parse_object(index.raw, "index").mapping())
    entries = document.get("manifests")
    if not isinstance(entries, list) or len(entries) != len(index.members):
        raise ImageError("index.manifests: want an entry for every member")
    kept: list[dict[str, object]] = []
    members: list[Member] = []
    for entry, member in zip(entries, index.members, strict=True):
        if str(member.descriptor.annotations.get(_REFERENCE, "")) in map(str, images):
            continue
        made = _member(member, images)
        descriptor = made.descriptor
        same = descriptor.digest == member.descriptor.digest
        kept.append(
            {
                **{name: value for name, value in entry.items() if same or name not in _OF_THE_BYTES},
                "mediaType": descriptor.media_type,
                "digest": str(descriptor.digest),
                "size": descriptor.size_bytes,
            }
        )
        members.append(made)
    document |= {"mediaType": media_types.OCI_INDEX, "manifests": kept}
    return ImageIndex(raw=canonical(document), media_type=media_types.OCI_INDEX, members=tuple(members))


def _member(member: Member, images: Mapping[Digest, PlainImage]) -> Member:
    if member.index is not None:
        inner = replace_images(member.index, images)
        descriptor = replace(
            member.descriptor, media_type=inner.media_type, digest=inner.digest, size_bytes=len(inner.raw)
        )
        return replace(member, descriptor=descriptor, raw=inner.raw, index=inner)
    image = images.get(member.descriptor.digest)
    if image is None:
        return member
    manifest = manifest_of(image)
    descriptor = replace(
        member.descriptor, media_type=manifest.media_type, digest=manifest.digest, size_bytes=len(manifest.raw)
    )
    return replace(member, descriptor=descriptor, raw=manifest.raw, blobs=blobs_of(image), image=image)
