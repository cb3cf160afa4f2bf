"""What an `Image` says about itself, parsed: comfort over the two small protocols."""

from lightship.image.protocol import Image
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest
from lightship.oci.manifest import Manifest
from lightship.oci.platform import Platform

__all__ = ["compressed_bytes", "config_of", "digest_of", "manifest_of", "platform_of"]


def manifest_of(image: Image) -> Manifest:
    """The parsed manifest; raise ImageError when it breaks the specification."""
    return Manifest.parse(image.raw_manifest)


def config_of(image: Image) -> ImageConfig:
    """The parsed config; raise ImageError when it breaks the specification."""
    return ImageConfig.parse(image.raw_config)


def digest_of(image: Image) -> Digest:
    """The image's digest: of its manifest's bytes."""
    return Digest.of(image.raw_manifest)


def platform_of(image: Image) -> Platform:
    """The platform that the config names."""
    return config_of(image).platform


def compressed_bytes(image: Image) -> int:
    """What a node without any of its layers pulls: layers and config."""
    return sum(layer.compressed_bytes for layer in image.layers) + len(image.raw_config)
