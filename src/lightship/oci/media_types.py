"""Media types of images, and what each says about its content.

OCI image-spec 1.1 (https://github.com/opencontainers/image-spec/blob/v1.1.0/media-types.md) and Docker image
manifest version 2, schema 2 (https://distribution.github.io/distribution/spec/manifest-v2-2/).
"""

from typing import Literal

__all__ = [
    "DOCKER_CONFIG",
    "DOCKER_INDEX",
    "DOCKER_LAYER_GZIP",
    "DOCKER_MANIFEST",
    "LAYER_TAR",
    "LAYER_TAR_GZIP",
    "LAYER_TAR_ZSTD",
    "OCI_CONFIG",
    "OCI_INDEX",
    "OCI_MANIFEST",
    "Compression",
    "compression_of",
    "is_config",
    "is_index",
    "is_manifest",
    "layer_media_type",
]

Compression = Literal["none", "gzip", "zstd"]

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER_TAR = "application/vnd.oci.image.layer.v1.tar"
LAYER_TAR_GZIP = LAYER_TAR + "+gzip"
LAYER_TAR_ZSTD = LAYER_TAR + "+zstd"

DOCKER_INDEX = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_LAYER_GZIP = "application/vnd.docker.image.rootfs.diff.tar.gzip"

_LAYERS: dict[str, Compression] = {
    LAYER_TAR: "none",
    LAYER_TAR_GZIP: "gzip",
    LAYER_TAR_ZSTD: "zstd",
    "application/vnd.oci.image.layer.nondistributable.v1.tar": "none",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip": "gzip",
    "application/vnd.oci.image.layer.nondistributable.v1.tar+zstd": "zstd",
    "application/vnd.docker.image.rootfs.diff.tar": "none",
    DOCKER_LAYER_GZIP: "gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": "zstd",
    "application/vnd.docker.image.rootfs.foreign.diff.tar": "none",
    "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip": "gzip",
}
_BY_COMPRESSION: dict[Compression, str] = {"none": LAYER_TAR, "gzip": LAYER_TAR_GZIP, "zstd": LAYER_TAR_ZSTD}


def compression_of(media_type: str) -> Compression | None:
    """How a layer of ``media_type`` is compressed; None when it is no layer known here."""
    return _LAYERS.get(media_type)


def layer_media_type(compression: Compression) -> str:
    """OCI's media type of a layer compressed so."""
    return _BY_COMPRESSION[compression]


def is_index(media_type: str) -> bool:
    """True for OCI's image index and Docker's manifest list."""
    return media_type in (OCI_INDEX, DOCKER_INDEX)


def is_manifest(media_type: str) -> bool:
    """True for the manifest of one image."""
    return media_type in (OCI_MANIFEST, DOCKER_MANIFEST)


def is_config(media_type: str) -> bool:
    """True for the config of a runnable image; artifacts have others."""
    return media_type in (OCI_CONFIG, DOCKER_CONFIG)
