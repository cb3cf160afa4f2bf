"""An image's files on disk, wherever the image is: what a registry has comes in parallel, and once."""

from pathlib import Path

from lightship.image.value import PlainImage
from lightship.progress import SILENT, Progress
from lightship.rootfs.unpack import missing_layers, unpack_cached
from lightship.store.cache import Cache
from lightship.store.registry.pull import pull_layers

__all__ = ["unpacked"]


def unpacked(image: PlainImage, cache: Cache, *, progress: Progress = SILENT) -> Path:
    """The ``rootfs`` of ``image`` in the cache; see `unpack_cached`. Only layers that are not unpacked are pulled."""
    place = cache.root / "rootfs"
    missing = missing_layers(image.layers, place)
    pulled = {layer.digest: layer for layer in pull_layers(missing, cache, progress=progress)}
    layers = [pulled.get(layer.digest, layer) for layer in image.layers]
    return unpack_cached(layers, place, progress=progress)
