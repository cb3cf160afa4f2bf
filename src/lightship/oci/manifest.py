"""The manifest of one image. OCI image-spec 1.1, manifest.md; Docker schema 2 is read as its twin.

https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md. Docker schema 1 is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import field

from lightship.errors import ImageError
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import Node, canonical, parse_object
from lightship.values import dataclass

__all__ = ["MAX_MANIFEST_BYTES", "Manifest", "require_schema_2"]

MAX_MANIFEST_BYTES = 4 * 2**20
"""Registries refuse larger ones (distribution-spec 1.1, https://github.com/opencontainers/distribution-spec,
section Pushing Manifests: at least 4 MiB must be accepted; the reference registry stops there)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A parsed manifest beside the bytes it came from; ``digest`` is of these bytes."""

    raw: bytes = field(repr=False)
    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    annotations: dict[str, str] = field(default_factory=dict)

    @classmethod
    def parse(cls, raw: bytes, *, media_type: str | None = None) -> "Manifest":
        """Read ``raw``; ``media_type`` is what a descriptor or an HTTP header called it, when there was one.

        Raise ImageError when it is no image manifest, or calls itself something else.
        """
        node = parse_object(raw, "manifest")
        require_schema_2(node)
        own = node.optional_text("mediaType")
        if own and media_type and own != media_type:
            raise ImageError(f"manifest.mediaType: want {media_type} as its descriptor says, got {own!r:.100}")
        kind = own or media_type or media_types.OCI_MANIFEST
        if not media_types.is_manifest(kind):
            raise ImageError(f"manifest.mediaType: want an image manifest, got {kind!r:.100}")
        if node.get("manifests") is not None:
            raise ImageError("manifest: want config and layers, got an index as well")
        return cls(
            raw=raw,
            media_type=kind,
            config=Descriptor.parse(node.require("config")),
            layers=tuple(Descriptor.parse(layer) for layer in node.require("layers").items()),
            annotations=node.optional_text_map("annotations"),
        )

    @classmethod
    def make(
        cls, *, config: Descriptor, layers: Sequence[Descriptor], annotations: Mapping[str, str] | None = None
    ) -> "Manifest":
        """An OCI manifest in canonical bytes."""
        document: dict[str, object] = {
            "schemaVersion": 2,
            "mediaType": media_types.OCI_MANIFEST,
            "config": config.document(),
            "layers": [layer.document() for layer in layers],
        }
        if annotations:
            document["annotations"] = dict(annotations)
        return cls.parse(canonical(document))

    @property
    def digest(self) -> Digest:
        """SHA-256 of the raw bytes."""
        return Digest.of(self.raw)


def require_schema_2(node: Node) -> None:
    """Raise ImageError unless ``schemaVersion`` is 2."""
    version = node.require("schemaVersion").integer()
    if version != 2:
        raise ImageError(
            f"{node.path}.schemaVersion: want 2, got {version}", hint="push the image again with a current tool"
        )
