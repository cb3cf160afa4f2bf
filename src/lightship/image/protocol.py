"""What an image is, wherever it lives: small protocols. A change gives a new view, never another state.

OCI image-spec 1.1: manifest.md, config.md, layer.md.
"""

from collections.abc import Mapping, Sequence
from typing import BinaryIO, Protocol, runtime_checkable

from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest

__all__ = ["AnnotatedLayer", "Blob", "Image", "Layer", "annotations_of", "layer_descriptor"]


class Blob(Protocol):
    """Bytes that something names by their digest; every `Layer` is one."""

    @property
    def digest(self) -> Digest:
        """Of the bytes."""

    @property
    def compressed_bytes(self) -> int:
        """Their number, as they are stored."""

    def open(self) -> BinaryIO:
        """The bytes, verified at their end. The caller closes."""


class Layer(Protocol):
    """One layer. Cheap to hold: bytes move only when a stream is opened."""

    @property
    def digest(self) -> Digest:
        """Of the compressed bytes, as the manifest names them."""

    @property
    def diff_id(self) -> Digest:
        """Of the uncompressed tar, as the config names it."""

    @property
    def media_type(self) -> str:
        """As in the manifest: ``application/vnd.oci.image.layer.v1.tar+gzip`` and its kin."""

    @property
    def compressed_bytes(self) -> int:
        """Size of the blob, as in the manifest."""

    def open(self) -> BinaryIO:
        """The compressed bytes, verified: reading to the end raises MismatchError when digest or size are wrong.
        The caller closes."""

    def open_tar(self) -> BinaryIO:
        """The uncompressed tar, verified against `diff_id` at its end (and the blob against `digest`).
        The caller closes."""


@runtime_checkable
class AnnotatedLayer(Protocol):
    """What a layer may be besides: one whose descriptor says more of it, as eStargz must."""

    @property
    def annotations(self) -> Mapping[str, str]:
        """Of the layer's descriptor in a manifest."""


class Image(Protocol):
    """One image for one platform. Raw bytes are the truth: digests are always of them."""

    @property
    def raw_manifest(self) -> bytes:
        """The manifest's bytes."""

    @property
    def raw_config(self) -> bytes:
        """The config blob's bytes."""

    @property
    def layers(self) -> Sequence[Layer]:
        """Bottom first."""


def annotations_of(layer: Layer) -> Mapping[str, str]:
    """The annotations of ``layer``, none where it does not know of any."""
    return layer.annotations if isinstance(layer, AnnotatedLayer) else {}


def layer_descriptor(layer: Layer) -> Descriptor:
    """The descriptor of ``layer`` for a manifest, with its annotations where it has any."""
    return Descriptor(
        media_type=layer.media_type,
        digest=layer.digest,
        size_bytes=layer.compressed_bytes,
        annotations=dict(annotations_of(layer)),
    )
