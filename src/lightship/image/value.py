"""An image as a value: manifest, config and layers that agree with each other."""

from collections.abc import Sequence
from dataclasses import field

from lightship.errors import ImageError, MismatchError
from lightship.image.protocol import Layer
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest
from lightship.oci.manifest import Manifest
from lightship.values import dataclass

__all__ = ["PlainImage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlainImage:
    """An `Image`. Built only when the three agree: the config is the one the manifest names, and there are as many
    layers, with the same digests, sizes and diff_ids. What the layers hold is not read (see `image.validate`)."""

    raw_manifest: bytes = field(repr=False)
    raw_config: bytes = field(repr=False)
    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        manifest = Manifest.parse(self.raw_manifest)
        found = Digest.of(self.raw_config, manifest.config.digest.algorithm)
        if manifest.config.digest != found:
            raise MismatchError(f"config: digest mismatch: want {manifest.config.digest}, got {found}")
        if manifest.config.size_bytes != len(self.raw_config):
            raise MismatchError(
                f"config: size mismatch: want {manifest.config.size_bytes} bytes, got {len(self.raw_config)}"
            )
        config = ImageConfig.parse(self.raw_config)
        if not len(manifest.layers) == len(config.diff_ids) == len(self.layers):
            raise ImageError(
                f"layers do not agree: manifest has {len(manifest.layers)}, "
                f"config has {len(config.diff_ids)} diff_ids, got {len(self.layers)}"
            )
        for index, (layer, descriptor, diff_id) in enumerate(
            zip(self.layers, manifest.layers, config.diff_ids, strict=True)
        ):
            wanted = (descriptor.digest, descriptor.size_bytes, diff_id)
            if (layer.digest, layer.compressed_bytes, layer.diff_id) != wanted:
                raise ImageError(f"manifest.layers[{index}]: want {descriptor.digest}, got layer {layer.digest}")
