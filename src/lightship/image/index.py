"""Several images of one name, one for each platform: an index with everything that it names.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md. An index is kept as the
bytes it came as: what is not understood of it (attestations, artifacts, unknown media types) is carried, not judged.
"""

import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import field
from typing import BinaryIO

from lightship.archive.verify import VerifyingReader
from lightship.errors import UsageError
from lightship.image.protocol import Blob, Image, Layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, manifest_of
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.index import Index
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.values import dataclass

__all__ = ["ImageIndex", "Member", "StreamBlob", "blobs_of", "make_index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamBlob:
    """A `Blob` over whatever ``opener`` opens anew at each call."""

    opener: Callable[[], BinaryIO] = field(repr=False, compare=False)
    digest: Digest
    compressed_bytes: int

    def open(self) -> BinaryIO:
        """See `Blob.open`."""
        with storage_errors("open a blob"):
            stream = self.opener()
        return VerifyingReader(stream, self.digest, self.compressed_bytes, what=f"blob {self.digest}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One entry of an index. ``raw`` are the bytes of the manifest or index that it names, None where they are not
    kept as a document: then the entry's own bytes are among ``blobs``, or are not there at all (``is_absent``).

    ``blobs`` are the config and the layers of a manifest, each also by itself. ``image`` is there for an image, not
    for an attestation or another artifact; ``index`` for an index within the index.
    """

    descriptor: Descriptor
    raw: bytes | None = field(default=None, repr=False)
    blobs: tuple[Blob, ...] = ()
    image: PlainImage | None = None
    index: "ImageIndex | None" = None

    @property
    def is_absent(self) -> bool:
        """True where only the entry is there, as image-spec 1.1 lets an index be."""
        return self.raw is None and not self.blobs

    @property
    def platform(self) -> Platform | None:
        """What the entry says, else what the image's config does; None for what is no image."""
        if self.image is None:
            return None
        return self.descriptor.platform or config_of(self.image).platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageIndex:
    """An immutable view of an index: its raw bytes, whose digest is the index's, and what they name, in their order."""

    raw: bytes = field(repr=False)
    media_type: str
    members: tuple[Member, ...]

    @property
    def digest(self) -> Digest:
        """SHA-256 of the raw bytes."""
        return Digest.of(self.raw)

    @property
    def descriptor(self) -> Descriptor:
        """What names this index from outside."""
        return Descriptor(media_type=self.media_type, digest=self.digest, size_bytes=len(self.raw))

    @property
    def images(self) -> tuple[tuple[Platform, PlainImage], ...]:
        """Every image with its platform, those of indexes within this one too; attestations are none."""
        return tuple(
            (member.platform, member.image)
            for member in self.walk()
            if member.image is not None and member.platform is not None
        )

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms of `images`, in the index's order, each once."""
        return tuple(dict.fromkeys(platform for platform, _ in self.images))

    @property
    def absent(self) -> tuple[Descriptor, ...]:
        """Entries without content."""
        return tuple(member.descriptor for member in self.walk() if member.is_absent)

    def walk(self) -> Iterator[Member]:
        """Every member, those of an inner index before the index itself: the order in which a registry takes them."""
        for member in self.members:
            if member.index is not None:
                yield from member.index.walk()
            yield member


def make_index(images: Iterable[tuple[Platform, Image]], *, media_type: str = media_types.OCI_INDEX) -> ImageIndex:
    """The index of ``images``: the same images give the same bytes, in whatever order they come.

    Entries are in the order of their platforms' names. Annotations that all images share are the index's as well,
    for that is where registries look for a description. Raise UsageError for a platform that comes twice or for none.
    """
    ordered = sorted(((platform.normal(), image) for platform, image in images), key=lambda pair: str(pair[0]))
    names = [str(platform) for platform, _ in ordered]
    if not ordered or len(set(names)) != len(names):
        raise UsageError(f"an index wants each platform once, got {', '.join(names) or 'none'}")
    members = tuple(_member(platform, image) for platform, image in ordered)
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": media_type,
        "manifests": [member.descriptor.document() for member in members],
    }
    if shared := _shared_annotations([image for _, image in ordered]):
        document["annotations"] = shared
    raw = canonical(document)
    return ImageIndex(raw=raw, media_type=Index.parse(raw).media_type, members=members)


def blobs_of(image: Image) -> tuple[Blob, ...]:
    """The config and the layers of ``image``."""
    raw = image.raw_config
    digest = manifest_of(image).config.digest
    config = StreamBlob(opener=lambda: io.BytesIO(raw), digest=digest, compressed_bytes=len(raw))
    return (config, *image.layers)


def _member(platform: Platform, image: Image) -> Member:
    manifest = manifest_of(image)
    plain = image if isinstance(image, PlainImage) else _plain(image)
    descriptor = Descriptor(
        media_type=manifest.media_type, digest=manifest.digest, size_bytes=len(manifest.raw), platform=platform
    )
    return Member(descriptor=descriptor, raw=manifest.raw, blobs=blobs_of(plain), image=plain)


def _plain(image: Image) -> PlainImage:
    layers: Sequence[Layer] = tuple(image.layers)
    return PlainImage(raw_manifest=image.raw_manifest, raw_config=image.raw_config, layers=layers)


def _shared_annotations(images: Sequence[Image]) -> dict[str, str]:
    first, *others = (manifest_of(image).annotations for image in images)
    return {key: value for key, value in first.items() if all(other.get(key) == value for other in others)}
