"""An image of a registry, and an image to a registry."""

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from io import BytesIO
from typing import BinaryIO

from lightship.errors import LightshipError, NetworkError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.image.views import manifest_of
from lightship.oci import media_types
from lightship.oci.config import MAX_CONFIG_BYTES
from lightship.oci.digest import Digest
from lightship.oci.index import Index
from lightship.oci.manifest import Manifest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.progress import SILENT, Progress
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.memory import remember, sources
from lightship.store.registry.push_each import push_each
from lightship.store.registry.repository import Repository, StoredManifest, open_repository
from lightship.store.registry.upload import Blob, BytesBlob
from lightship.store.registry.workers import gather
from lightship.store.select import read_image, select_image

__all__ = ["open_registry_image", "push_image", "push_layers", "read_registry_image"]


class _Source:
    """The `BlobSource` of one name: manifests and blobs live apart in a registry, and not all sizes are asked for."""

    def __init__(self, repository: Repository, top: StoredManifest) -> None:
        self._repository = repository
        self._manifests = {top.digest: top}
        self._sizes: dict[Digest, int] = {}
        self._configs: dict[Digest, bytes | None] = {}
        self._children: set[Digest] = set()
        self._learn(top)

    @property
    def where(self) -> str:
        return str(self._repository)

    def size_of(self, digest: Digest) -> int | None:
        return self._sizes.get(digest)

    def open(self, digest: Digest) -> BinaryIO:
        if digest not in self._manifests and digest in self._children:
            found = self._repository.read_manifest(digest)
            self._manifests[digest] = found
            self._learn(found)
        if digest in self._configs:  # it is read for its platform, and again for itself
            raw = self._configs[digest]
            if raw is None:
                with self._repository.stream_blob(digest, self._sizes[digest]) as stream:
                    # a hostile manifest names its config as a layer as well, of any size
                    raw = self._configs[digest] = stream.read(MAX_CONFIG_BYTES + 1)
            return BytesIO(raw)
        known = self._manifests.get(digest)
        return BytesIO(known.raw) if known is not None else self._repository.stream_blob(digest, self._sizes[digest])

    def _learn(self, stored: StoredManifest) -> None:
        if media_types.is_index(stored.media_type):
            index = Index.parse(stored.raw, media_type=stored.media_type)
            self._children.update(entry.digest for entry in index.manifests)
        elif media_types.is_manifest(stored.media_type):
            manifest = Manifest.parse(stored.raw, media_type=stored.media_type)
            self._configs.setdefault(manifest.config.digest, None)
            self._sizes |= {each.digest: each.size_bytes for each in (manifest.config, *manifest.layers)}


@contextmanager
def open_registry_image(
    name: ImageName, *, platform: Platform | None = None, access: RegistryAccess
) -> Iterator[PlainImage]:
    """The image ``name`` for ``platform``; its layers are streamed from the registry until the block ends."""
    with open_repository(name, access) as repository:
        try:
            yield read_registry_image(repository, name.digest or name.tag_or_latest, platform)
        except BaseException:
            repository.session.abort()
            raise


def read_registry_image(
    repository: Repository, reference: str | Digest, platform: Platform | None = None
) -> PlainImage:
    """The image that a tag or a digest names, out of an index the one for ``platform``."""
    top = repository.read_manifest(reference)
    source = _Source(repository, top)
    index = Index(raw=b"", media_type=media_types.OCI_INDEX, manifests=(top.descriptor(),))
    image = read_image(source, select_image(source, index, platform=platform))
    access, registry = repository.session.access, repository.session.registry
    remember(access.memory, registry, repository.name, (layer.digest for layer in image.layers))
    return PlainImage(
        raw_manifest=image.raw_manifest,
        raw_config=image.raw_config,
        layers=tuple(RegistryLayer(layer=layer, repository=repository) for layer in image.layers),
    )


def push_image(
    image: Image, names: Sequence[ImageName], *, access: RegistryAccess, progress: Progress = SILENT
) -> Digest:
    """Push ``image`` under every one of ``names``; return the manifest's digest.

    Nothing is sent that a registry has: a name that is up to date costs one question. A name is written after all
    that it names, so that nobody sees half an image.
    """
    manifest = manifest_of(image)
    push_each(
        names, manifest.digest, "image", access,
        lambda target, own, placed: _push(image, manifest, target, own, placed, progress),
    )  # fmt: skip
    return manifest.digest


def _push(
    image: Image,
    manifest: Manifest,
    target: Repository,
    names: Sequence[ImageName],
    placed: Sequence[str],
    progress: Progress,
) -> None:
    references = list(dict.fromkeys(name.digest or name.tag_or_latest for name in names))
    found = {reference: target.manifest_digest(reference) for reference in references}
    missing = [reference for reference in references if found[reference] != manifest.digest]
    if not missing:
        progress.advance("write", sum(layer.compressed_bytes for layer in image.layers))
        return
    is_there = len(missing) < len(references) or (
        any(found.values()) and target.manifest_digest(manifest.digest) is not None
    )
    blobs: list[Blob] = [] if is_there else [*image.layers, BytesBlob(image.raw_config)]
    held = _held(target, found.values()) if blobs else frozenset()

    def write_names() -> None:
        for reference in missing:
            target.push_manifest(reference, manifest.media_type, image.raw_manifest)

    progress.advance("write", sum(layer.compressed_bytes for layer in image.layers if layer.digest in held))
    push_layers([blob for blob in blobs if blob.digest not in held], target, placed=placed, progress=progress)
    try:
        write_names()
    except NetworkError:
        lost = [blob for blob in blobs if blob.digest in held]
        if not lost:
            raise
        push_layers(lost, target, placed=placed)  # a registry that has lost what a manifest of its own names
        write_names()


def _held(target: Repository, found: Iterable[Digest | None]) -> frozenset[Digest]:
    """What the image that is to be replaced names: a registry keeps what a manifest of its own names (distribution-spec
    1.1, "Pushing Manifests"), so none of it is asked for. After a changed line that is all but two layers."""
    for digest in filter(None, found):
        with contextlib.suppress(LightshipError):  # then nothing is known, and each blob is asked for
            stored = target.read_manifest(digest)
            if media_types.is_manifest(stored.media_type):
                manifest = Manifest.parse(stored.raw, media_type=stored.media_type)
                return frozenset(each.digest for each in (manifest.config, *manifest.layers))
    return frozenset()


def push_layers(
    blobs: Sequence[Blob], target: Repository, *, placed: Sequence[str] = (), progress: Progress = SILENT
) -> dict[str, int]:
    """Make ``target`` have ``blobs``, several at a time; tell how many were present, mounted and sent.

    A blob is mounted from the repository that it was opened in, from ``placed``, or from where it was seen before.
    """
    access, registry = target.session.access, target.session.registry
    known = sources(access.memory, registry)
    wanted = list({blob.digest: blob for blob in blobs}.values())

    def push(blob: Blob) -> str:
        origin = _origin(blob, registry)
        others = dict.fromkeys((*origin, *placed, *known.get(str(blob.digest), ())))
        try:
            return target.push_blob(blob, sources=tuple(others), reached=_Reached(progress, blob).tell)
        except BaseException:
            target.session.abort()  # the others stop as well
            raise

    with ThreadPoolExecutor(access.jobs, thread_name_prefix="lightship-push") as pool:
        futures = [pool.submit(push, blob) for blob in wanted]
        results = gather(futures, abort=target.session.abort)
    remember(access.memory, registry, target.name, (blob.digest for blob in wanted))
    return {kind: results.count(kind) for kind in ("present", "mounted", "sent")}


class _Reached:
    """Tells ``progress`` what is won, and nothing of what has to be sent twice."""

    def __init__(self, progress: Progress, blob: Blob) -> None:
        self._progress = progress
        self._is_layer = not isinstance(blob, BytesBlob)
        self._reached = 0

    def tell(self, reached: int) -> None:
        if reached > self._reached and self._is_layer:
            self._progress.advance("write", reached - self._reached)
            self._reached = reached


def _origin(blob: Blob, registry: str) -> tuple[str, ...]:
    if isinstance(blob, RegistryLayer) and blob.repository.session.registry == registry:
        return (blob.repository.name,)
    return ()
