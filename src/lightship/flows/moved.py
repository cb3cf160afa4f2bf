"""How many bytes of layers a copy had to move: what the destination had already does not count."""

import threading
from dataclasses import replace
from typing import BinaryIO

from lightship.archive.verify import CountingReader
from lightship.image.blobs import BlobLayer, StreamLayer
from lightship.image.index import ImageIndex, Member, blobs_of
from lightship.image.protocol import Layer, annotations_of
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.reference import Reference
from lightship.store.blobs import DirectoryBlobs

__all__ = ["MovedBytes"]


class MovedBytes:
    """Counts for one destination. Pass what is copied through `image` or `index`; read `count` afterwards.

    In a layout a blob moves when it was not there before; to a registry what is read of it moves; anywhere else all
    blobs do.
    """

    def __init__(self, destination: Reference) -> None:
        self._to_registry = destination.transport == "docker"
        self._layout = (
            DirectoryBlobs(destination.path)
            if destination.transport == "oci" and destination.path is not None
            else None
        )
        self._lock = threading.Lock()
        self._moved: dict[Digest, int] = {}
        self._sizes: dict[Digest, int] = {}

    @property
    def count(self) -> int:
        """Bytes that moved: of each blob at most its size, however often it had to be read."""
        with self._lock:
            return sum(min(moved, self._sizes[digest]) for digest, moved in self._moved.items())

    def image(self, image: PlainImage) -> PlainImage:
        """``image``, counted."""
        layers = tuple(self._layer(layer) for layer in image.layers)
        return replace(image, layers=layers) if self._to_registry else image

    def index(self, index: ImageIndex) -> ImageIndex:
        """``index``, counted."""
        members = tuple(self._member(member) for member in index.members)
        return replace(index, members=members) if self._to_registry else index

    def _member(self, member: Member) -> Member:
        if member.index is not None:
            return replace(member, index=self.index(member.index))
        if member.image is None:
            return member
        image = self.image(member.image)
        return replace(member, image=image, blobs=blobs_of(image)) if self._to_registry else member

    def _layer(self, layer: Layer) -> Layer:
        self._sizes[layer.digest] = layer.compressed_bytes
        if self._to_registry:
            return self._metered(layer)
        if self._layout is None or self._layout.size_of(layer.digest) is None:
            self._moved[layer.digest] = layer.compressed_bytes
        return layer

    def _metered(self, layer: Layer) -> Layer:
        from lightship.store.registry.layer import RegistryLayer

        if isinstance(layer, RegistryLayer):  # it knows from which repository it can be mounted
            return replace(layer, layer=self._metered(layer.layer))

        def opener() -> BinaryIO:
            source = layer.path.open("rb", buffering=0) if isinstance(layer, BlobLayer) else layer.open()
            return CountingReader(source, seen)

        def seen(chunk: bytes) -> None:
            with self._lock:
                self._moved[layer.digest] = self._moved.get(layer.digest, 0) + len(chunk)

        return StreamLayer(
            opener=opener,
            digest=layer.digest,
            diff_id=layer.diff_id,
            media_type=layer.media_type,
            compressed_bytes=layer.compressed_bytes,
            annotations=annotations_of(layer),
        )
