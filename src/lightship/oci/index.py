"""The index: images of one name for several platforms, or the contents of a layout.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/image-index.md; Docker's manifest
list is read as its twin.
"""

from dataclasses import field

from lightship.errors import ImageError
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import parse_object
from lightship.oci.manifest import require_schema_2
from lightship.values import dataclass

__all__ = ["Index"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """A parsed index beside the bytes it came from."""

    raw: bytes = field(repr=False)
    media_type: str
    manifests: tuple[Descriptor, ...]
    annotations: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, raw: bytes, *, media_type: str | None = None) -> "Index":
        """Read ``raw``; ``media_type`` is what a descriptor called it. Raise ImageError when it is no index."""
        node = parse_object(raw, "index")
        require_schema_2(node)
        own = node.optional_text("mediaType")
        if own and media_type and own != media_type:
            raise ImageError(f"index.mediaType: want {media_type} as its descriptor says, got {own!r:.100}")
        kind = own or media_type or media_types.OCI_INDEX
        if not media_types.is_index(kind):
            raise ImageError(f"index.mediaType: want an image index, got {kind!r:.100}")
        if node.get("config") is not None or node.get("layers") is not None:
            raise ImageError("index: want manifests, got config or layers as well")
        return cls(
            raw=raw,
            media_type=kind,
            manifests=tuple(Descriptor.parse(child) for child in node.require("manifests").items()),
            annotations=node.optional_text_map("annotations"),
        )

    @property
    def digest(self) -> Digest:
        """SHA-256 of the raw bytes."""
        return Digest.of(self.raw)
