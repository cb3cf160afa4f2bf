"""Which layers two images share: what a node that has the one must pull to run the other."""

from lightship.image.protocol import Image, Layer
from lightship.values import dataclass

__all__ = ["LayerDiff", "diff_layers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerDiff:
    """Layers of two images by blob digest, each blob once, in the order of the image they come from."""

    shared: tuple[Layer, ...]
    removed: tuple[Layer, ...]
    added: tuple[Layer, ...]

    @property
    def pulled_bytes(self) -> int:
        """Compressed bytes of the layers that only the second image has."""
        return sum(layer.compressed_bytes for layer in self.added)


def diff_layers(before: Image, after: Image) -> LayerDiff:
    """Compare the layers of ``before`` and ``after``; no blob is read.

    Blobs are compared and not diff_ids: the same tar compressed otherwise is pulled again.
    """
    old = {layer.digest: layer for layer in before.layers}
    new = {layer.digest: layer for layer in after.layers}
    return LayerDiff(
        shared=tuple(layer for digest, layer in new.items() if digest in old),
        removed=tuple(layer for digest, layer in old.items() if digest not in new),
        added=tuple(layer for digest, layer in new.items() if digest not in old),
    )
