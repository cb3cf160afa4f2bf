"""An image of a registry, and an image to a registry."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from lightship.errors import UsageError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.progress import SILENT, Progress
from lightship.store.registry.access import RegistryAccess

__all__ = ["open_registry_image", "push_image"]


@contextmanager
def open_registry_image(
    name: ImageName, *, platform: Platform | None = None, access: RegistryAccess
) -> Iterator[PlainImage]:
    """The image ``name`` for ``platform``; its layers are streamed from the registry until the block ends."""
    raise UsageError(f"registries are not supported: got docker://{name}")
    yield  # pragma: no cover


def push_image(
    image: Image, names: Sequence[ImageName], *, access: RegistryAccess, progress: Progress = SILENT
) -> Digest:
    """Push ``image`` under every one of ``names``; return the manifest's digest."""
    raise UsageError(f"pushing is not supported: got docker://{names[0]}")
