"""An index from blobs by digest: chosen by its tag, then read with everything below it, within stated bounds.

OCI image-spec 1.1, image-index.md, https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md.
"""

from collections.abc import Callable

from lightship.errors import ImageError
from lightship.image.index import ImageIndex, Member, StreamBlob, blobs_of
from lightship.image.protocol import Blob
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.index import Index
from lightship.oci.manifest import MAX_MANIFEST_BYTES, Manifest
from lightship.store.blobs import BlobSource, read_small
from lightship.store.select import DEEPEST, is_attestation, read_image, tagged
from lightship.values import dataclass

__all__ = ["MOST_MEMBERS", "NoIndexError", "read_index", "select_index"]

MOST_MEMBERS = 1000
"""Entries of an index and of those within it, together. Real ones have some dozens (Docker's official images: 8
platforms and their attestations, 2025); an entry costs four bytes of a hostile index and a read here."""


class NoIndexError(ImageError):
    """What was named is not one index but an image, or several entries: `lightship.store.open` may know what to do."""


def select_index(source: BlobSource, index: Index, *, tag: str = "") -> Descriptor | None:
    """The one index that ``tag`` names in a layout's own ``index``; without ``tag`` the only entry. None where that
    is an image. Raise ImageError for nothing, or for several different ones."""
    entries = tagged(index.manifests, tag) if tag else list(index.manifests)
    found = {entry.digest: entry for entry in entries}
    if not found:
        raise ImageError(f"{source.where}: want an entry tagged {tag or 'at all'}, got none")
    if len(found) > 1:
        raise NoIndexError(
            f"{source.where}: want one entry, got {len(found)}", hint=f"name one by its tag: {source.where}:TAG"
        )
    (entry,) = found.values()
    return entry if media_types.is_index(entry.media_type) else None


def read_index(
    source: BlobSource, descriptor: Descriptor, *, image: Callable[[BlobSource, Descriptor], PlainImage] = read_image
) -> ImageIndex:
    """The index that ``descriptor`` names; ``image`` reads one of its images.

    Raise ImageError for one that is nested too deep, has too many entries or names an image that is damaged;
    MismatchError for a document that is not what its digest says.
    """
    return _Reader(source, image).index(descriptor, 0)


@dataclass(slots=True)
class _Reader:
    source: BlobSource
    image: Callable[[BlobSource, Descriptor], PlainImage]
    _count: int = 0

    def index(self, descriptor: Descriptor, depth: int) -> ImageIndex:
        if depth >= DEEPEST:
            raise ImageError(f"{self.source.where}: want at most {DEEPEST} indexes within each other, got more")
        raw = read_small(self.source, descriptor, MAX_MANIFEST_BYTES, "index")
        index = Index.parse(raw, media_type=descriptor.media_type)
        self._count += len(index.manifests)
        if self._count > MOST_MEMBERS:
            raise ImageError(f"{self.source.where}: want at most {MOST_MEMBERS} entries below an index, got more")
        members = tuple(self._member(entry, depth) for entry in index.manifests)
        return ImageIndex(raw=raw, media_type=index.media_type, members=members)

    def _member(self, entry: Descriptor, depth: int) -> Member:
        if self.source.size_of(entry.digest) is None:
            return Member(descriptor=entry)
        if media_types.is_index(entry.media_type):
            inner = self.index(entry, depth + 1)
            return Member(descriptor=entry, raw=inner.raw, index=inner)
        if not media_types.is_manifest(entry.media_type):
            return Member(descriptor=entry, blobs=(self._blob(entry),))
        raw = read_small(self.source, entry, MAX_MANIFEST_BYTES, "manifest")
        manifest = Manifest.parse(raw, media_type=entry.media_type)
        if is_attestation(entry) or not media_types.is_config(manifest.config.media_type):
            return Member(descriptor=entry, raw=raw, blobs=tuple(map(self._blob, (manifest.config, *manifest.layers))))
        image = self.image(self.source, entry)
        return Member(descriptor=entry, raw=raw, blobs=blobs_of(image), image=image)

    def _blob(self, descriptor: Descriptor) -> Blob:
        size_bytes = self.source.size_of(descriptor.digest)
        if size_bytes != descriptor.size_bytes:
            got = "nothing" if size_bytes is None else f"{size_bytes} bytes"
            raise ImageError(
                f"{self.source.where}: want {descriptor.size_bytes} bytes of {descriptor.digest}, got {got}"
            )
        return StreamBlob(
            opener=lambda: self.source.open(descriptor.digest),
            digest=descriptor.digest,
            compressed_bytes=descriptor.size_bytes,
        )
