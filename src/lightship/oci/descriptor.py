"""Descriptors: what a blob is called, how large it is, what it holds.

OCI image-spec 1.1, https://github.com/opencontainers/image-spec/blob/v1.1.0/descriptor.md.
"""

from dataclasses import field

from lightship.oci.digest import Digest
from lightship.oci.document import Node
from lightship.oci.platform import Platform
from lightship.values import dataclass

__all__ = ["CONTAINERD_NAME", "REF_NAME", "Descriptor"]

REF_NAME = "org.opencontainers.image.ref.name"
"""Annotation of a descriptor in a layout's index: its tag (image-spec 1.1, annotations.md)."""

CONTAINERD_NAME = "io.containerd.image.name"
"""The same for containerd and Docker: the whole reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """Media type, digest and size of a blob; in an index also its platform."""

    media_type: str
    digest: Digest
    size_bytes: int
    annotations: dict[str, str] = field(default_factory=dict)
    platform: Platform | None = None
    artifact_type: str = ""

    @classmethod
    def parse(cls, node: Node, *, default_media_type: str | None = None) -> "Descriptor":
        """Read one descriptor; fields not known here are passed over, for they live on in the raw bytes."""
        media_type = node.get("mediaType") if default_media_type is not None else node.require("mediaType")
        platform = node.get("platform")
        return cls(
            media_type=media_type.text() if media_type else default_media_type or "",
            digest=node.require("digest").digest(),
            size_bytes=node.require("size").integer(),
            annotations=node.optional_text_map("annotations"),
            platform=_platform(platform) if platform else None,
            artifact_type=node.optional_text("artifactType"),
        )

    def document(self) -> dict[str, object]:
        """The descriptor as JSON; what is empty is left out."""
        made: dict[str, object] = {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": self.size_bytes,
        }
        if self.annotations:
            made["annotations"] = dict(self.annotations)
        if self.platform is not None:
            made["platform"] = self.platform.document()
        if self.artifact_type:
            made["artifactType"] = self.artifact_type
        return made


def _platform(node: Node) -> Platform:
    return Platform(
        node.require("os").text(), node.require("architecture").text(), node.optional_text("variant")
    ).normal()
