"""Layers over blobs, and an image made of them.

OCI image-spec 1.1, manifest.md and config.md: https://github.com/opencontainers/image-spec/tree/v1.1.0.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from lightship.archive.codec import open_decompressed
from lightship.archive.verify import VerifyingReader, bytes_first, drain
from lightship.errors import ArchiveError, ImageError
from lightship.image.protocol import Layer, layer_descriptor
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.manifest import Manifest
from lightship.paths import storage_errors
from lightship.values import dataclass

__all__ = ["BlobLayer", "StreamLayer", "from_blobs"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobLayer:
    """A `Layer` over a file on disk.

    ``owned`` says that the file is lightship's own and never changes (an entry of the cache): a store may hard link
    it, make it read-only and remember that its bytes were checked. ``unpacked_bytes`` are its files'; None
    where nobody counted.
    """

    path: Path
    digest: Digest
    diff_id: Digest
    media_type: str
    compressed_bytes: int
    unpacked_bytes: int | None = None
    owned: bool = True
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    def open(self) -> BinaryIO:
        """See `Layer.open`; raise StorageError when the file cannot be opened."""
        with storage_errors("open a layer"):
            stream = self.path.open("rb", buffering=0)
        return _verified(stream, self)

    def open_tar(self) -> BinaryIO:
        """See `Layer.open_tar`."""
        return _plain(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamLayer:
    """A `Layer` over whatever ``opener`` opens anew at each call: memory, a member of an archive, a response."""

    opener: Callable[[], BinaryIO] = field(repr=False, compare=False)
    digest: Digest
    diff_id: Digest
    media_type: str
    compressed_bytes: int
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)

    def open(self) -> BinaryIO:
        """See `Layer.open`."""
        with storage_errors("open a layer"):
            stream = self.opener()
        return _verified(stream, self)

    def open_tar(self) -> BinaryIO:
        """See `Layer.open_tar`."""
        return _plain(self)


def from_blobs(
    layers: Sequence[Layer], config: Mapping[str, object], annotations: Mapping[str, str] | None = None
) -> PlainImage:
    """The OCI image of ``layers`` (bottom first): the same arguments give the same bytes.

    ``config`` is an OCI image config in JSON's terms; its ``rootfs`` is set here. When it has a ``history``, the
    steps that are not ``empty_layer`` must be as many as the layers (image-spec 1.1, config.md): ImageError if not.
    """
    document = dict(config)
    document["rootfs"] = {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in layers]}
    raw_config = canonical(document)
    manifest = Manifest.make(
        config=Descriptor(media_type=media_types.OCI_CONFIG, digest=Digest.of(raw_config), size_bytes=len(raw_config)),
        layers=[layer_descriptor(layer) for layer in layers],
        annotations=annotations,
    )
    image = PlainImage(raw_manifest=manifest.raw, raw_config=raw_config, layers=tuple(layers))
    _check_history(document.get("history"), len(layers))
    return image


def _check_history(history: object, layers: int) -> None:
    if not isinstance(history, list) or not history:
        return
    steps = sum(1 for step in history if not step.get("empty_layer"))
    if steps != layers:
        raise ImageError(f"config.history: want {layers} steps that have a layer, got {steps}")


def _verified(stream: BinaryIO, layer: Layer) -> BinaryIO:
    return VerifyingReader(stream, layer.digest, layer.compressed_bytes, what=f"layer {layer.digest}")


def _plain(layer: Layer) -> BinaryIO:
    compression = media_types.compression_of(layer.media_type)
    if compression is None:
        raise ImageError(f"layer {layer.digest}: want a tar layer, got {layer.media_type!r:.120}")
    blob = layer.open()
    try:
        return _LayerTar(layer, blob, open_decompressed(blob, compression, what=f"layer {layer.digest}"))
    except BaseException:
        blob.close()
        raise


class _LayerTar(VerifyingReader):
    """The tar in ``blob``. What a decoder says of it, or who reads the tar within a ``with`` of this stream, is
    believed only where the blob has its digest."""

    def __init__(self, layer: Layer, blob: BinaryIO, tar: BinaryIO) -> None:
        super().__init__(tar, layer.diff_id, None, what=f"layer {layer.digest}: diff_id")
        self._blob = blob

    def _fill(self, size_bytes: int) -> bytes:
        with bytes_first(self._blob):
            return super()._fill(size_bytes)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if isinstance(error, ArchiveError):
                drain(self._blob)  # as `bytes_first` does
        finally:
            self.close()
