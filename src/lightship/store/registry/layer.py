"""A layer that is in a registry. Importing it does not import what asks one."""

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, BinaryIO

from lightship.image.protocol import Layer, annotations_of
from lightship.oci.digest import Digest
from lightship.values import dataclass

if TYPE_CHECKING:
    from lightship.store.registry.blob import BlobStream
    from lightship.store.registry.repository import Repository

__all__ = ["RegistryLayer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistryLayer:
    """A `Layer` of a registry: opening it streams it. ``repository`` is open as long as its image is."""

    layer: Layer
    repository: "Repository" = field(repr=False, compare=False)

    @property
    def digest(self) -> Digest:
        return self.layer.digest

    @property
    def diff_id(self) -> Digest:
        return self.layer.diff_id

    @property
    def media_type(self) -> str:
        return self.layer.media_type

    @property
    def compressed_bytes(self) -> int:
        return self.layer.compressed_bytes

    @property
    def annotations(self) -> Mapping[str, str]:
        return annotations_of(self.layer)

    def open(self) -> BinaryIO:
        """See `Layer.open`."""
        return self.layer.open()

    def open_tar(self) -> BinaryIO:
        """See `Layer.open_tar`."""
        return self.layer.open_tar()

    def open_from(self, offset: int) -> "BlobStream":
        """The compressed bytes from ``offset`` on, not verified; the caller closes."""
        return self.repository.stream_blob(self.digest, self.compressed_bytes, offset=offset)
