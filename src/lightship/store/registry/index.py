"""Whole indexes of a registry: read as one view, and pushed so that nobody ever sees half of one.

OCI distribution-spec 1.1, https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md: a registry may
refuse a manifest whose blobs it lacks, and an index whose manifests it lacks. So blobs come first, then manifests by
digest, inner ones before outer ones, and the name last.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from lightship.archive.verify import read_capped
from lightship.errors import BadReferenceError, ImageError
from lightship.image.index import ImageIndex
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.manifest import MAX_MANIFEST_BYTES, Manifest
from lightship.oci.reference import ImageName
from lightship.progress import SILENT, Progress
from lightship.store.blobs import BlobSource
from lightship.store.contents import Contents, contents_of_index
from lightship.store.read_index import NoIndexError, read_index
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.image import push_layers
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.push_each import push_each
from lightship.store.registry.repository import Repository, open_repository
from lightship.store.select import read_image

__all__ = ["open_registry_index", "push_index"]


@contextmanager
def open_registry_index(name: ImageName, *, access: RegistryAccess) -> Iterator[ImageIndex]:
    """The index ``name``; its images' layers are streamed from the registry until the block ends."""
    with open_repository(name, access) as repository:
        try:
            yield _read(repository, name)
        except BaseException:
            repository.session.abort()
            raise


def _read(repository: Repository, name: ImageName) -> ImageIndex:
    top = repository.read_manifest(name.digest or name.tag_or_latest)
    if not media_types.is_index(top.media_type):
        raise NoIndexError(f"docker://{name}: want an index of several platforms, got an image")

    def image(source: BlobSource, descriptor: Descriptor) -> PlainImage:
        return _streamed(read_image(source, descriptor), repository)

    return read_index(_Source(repository), top.descriptor(), image=image)


def push_index(
    index: ImageIndex, names: Sequence[ImageName], *, access: RegistryAccess, progress: Progress = SILENT
) -> Digest:
    """Push ``index`` with everything below it under every one of ``names``; return its digest. Nothing is sent that a
    registry has: an index that is up to date costs one question for each name."""
    contents = contents_of_index(index)
    push_each(
        names, index.digest, "index", access,
        lambda target, own, placed: _push(index, contents, target, own, placed, progress),
    )  # fmt: skip
    return index.digest


def _push(
    index: ImageIndex,
    contents: Contents,
    target: Repository,
    names: Sequence[ImageName],
    placed: Sequence[str],
    progress: Progress,
) -> None:
    references = list(dict.fromkeys(name.digest or name.tag_or_latest for name in names))
    missing = [reference for reference in references if target.manifest_digest(reference) != index.digest]
    if not missing:
        progress.advance("write", contents.compressed_bytes)
        return
    unknown = {member.descriptor.digest for member in index.walk() if member.raw is None}
    blobs = [blob for blob in contents.blobs if blob.digest not in unknown]
    push_layers(blobs, target, placed=placed, progress=progress)
    pushed: set[Digest] = set()
    for member in index.walk():
        entry = member.descriptor
        if entry.digest not in pushed and not member.is_absent:
            pushed.add(entry.digest)
            if target.manifest_digest(entry.digest) is None:
                raw = member.raw if member.raw is not None else _whole(member.blobs[0].open())
                target.push_manifest(entry.digest, entry.media_type, raw)
    for reference in missing:
        target.push_manifest(reference, index.media_type, index.raw)


def _whole(stream: BinaryIO) -> bytes:
    """What a registry keeps of an unknown media type that an index names: a manifest like the others."""
    with stream:
        return read_capped(stream, MAX_MANIFEST_BYTES, "manifest")


def _streamed(image: PlainImage, repository: Repository) -> PlainImage:
    layers = tuple(RegistryLayer(layer=layer, repository=repository) for layer in image.layers)
    return PlainImage(raw_manifest=image.raw_manifest, raw_config=image.raw_config, layers=layers)


class _Source:
    """The `BlobSource` of a repository: what no manifest has named as a blob is asked for as a manifest."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._manifests: dict[Digest, bytes | None] = {}
        self._sizes: dict[Digest, int] = {}

    @property
    def where(self) -> str:
        return str(self._repository)

    def size_of(self, digest: Digest) -> int | None:
        if digest in self._sizes:
            return self._sizes[digest]
        raw = self._manifest(digest)
        return None if raw is None else len(raw)

    def open(self, digest: Digest) -> BinaryIO:
        if digest in self._sizes:
            return self._repository.stream_blob(digest, self._sizes[digest])
        raw = self._manifest(digest)
        if raw is None:
            raise ImageError(f"{self.where}: manifest is missing: {digest}")
        return BytesIO(raw)

    def _manifest(self, digest: Digest) -> bytes | None:
        if digest not in self._manifests:
            try:
                found = self._repository.read_manifest(digest)
            except BadReferenceError:
                self._manifests[digest] = None
                return None
            self._manifests[digest] = found.raw
            if media_types.is_manifest(found.media_type):
                manifest = Manifest.parse(found.raw, media_type=found.media_type)
                self._sizes |= {each.digest: each.size_bytes for each in (manifest.config, *manifest.layers)}
        return self._manifests[digest]
