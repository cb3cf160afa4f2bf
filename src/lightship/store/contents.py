"""What a store holds for one name: the entry for its index, the documents behind it and the blobs that they name.

An image and an index of images differ in nothing else, so a layout or an archive writes both the same way.
"""

from collections.abc import Sequence
from dataclasses import field, replace
from typing import TYPE_CHECKING

from lightship.image.protocol import Blob, Image
from lightship.image.views import config_of, manifest_of
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.store.tags import Tag
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.image.index import ImageIndex

__all__ = ["Contents", "contents_of_image", "contents_of_index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """``entry`` names the document of the whole, as a layout's index does; ``documents`` are small and kept here, the
    first is the one that ``entry`` names; ``blobs`` are large. Each digest comes once."""

    entry: Descriptor
    documents: tuple[tuple[Digest, bytes], ...] = field(repr=False)
    blobs: tuple[Blob, ...]

    @property
    def compressed_bytes(self) -> int:
        """Bytes of all blobs."""
        return sum(blob.compressed_bytes for blob in self.blobs)

    def entries(self, tags: Sequence[Tag]) -> list[dict[str, object]]:
        """What stands in an index for this, one entry for each tag."""
        return [replace(self.entry, annotations=tag.annotations()).document() for tag in tags]


def contents_of_image(image: Image) -> Contents:
    """An image's manifest and config, and its layers."""
    manifest = manifest_of(image)
    entry = Descriptor(
        media_type=manifest.media_type,
        digest=manifest.digest,
        size_bytes=len(manifest.raw),
        platform=config_of(image).platform,
    )
    documents = {manifest.digest: manifest.raw, manifest.config.digest: image.raw_config}
    blobs: dict[Digest, Blob] = {layer.digest: layer for layer in image.layers}
    return Contents(entry=entry, documents=tuple(documents.items()), blobs=tuple(blobs.values()))


def contents_of_index(index: "ImageIndex") -> Contents:
    """The index and everything below it that is there; what images share comes once."""
    documents: dict[Digest, bytes] = {index.digest: index.raw}
    blobs: dict[Digest, Blob] = {}
    for member in index.walk():
        if member.raw is not None:
            documents.setdefault(member.descriptor.digest, member.raw)
        for blob in member.blobs:
            blobs.setdefault(blob.digest, blob)
    large = tuple(blob for digest, blob in blobs.items() if digest not in documents)
    return Contents(entry=index.descriptor, documents=tuple(documents.items()), blobs=large)
