"""One image to any store: the one door for everything that writes images.

Each store is imported when it is met: a build that goes to a layout pays for no other.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from lightship.image.protocol import Image, Layer
from lightship.oci.digest import Digest
from lightship.oci.media_types import compression_of
from lightship.oci.reference import ImageName, Reference
from lightship.progress import SILENT, Progress
from lightship.store.registry.access import RegistryAccess
from lightship.store.tags import Tag, tags_for

__all__ = ["copy"]


def copy(
    image: Image,
    destination: Reference,
    *,
    names: Sequence[ImageName] = (),
    whole_names: bool = False,
    access: RegistryAccess | None = None,
    docker_host: str | None = None,
    temporary: Path | None = None,
    progress: Progress = SILENT,
) -> Digest:
    """Write ``image`` to ``destination``, under its name or tag and all of ``names``; return the manifest's digest.

    With ``whole_names`` a layout's entries are called by their whole names, not by their tags (see `tags_for`).
    The destination is complete or as it was. Every byte of a layer is verified on its way. ``access`` says how
    registries are reached (None: without credentials), ``docker_host`` where the engine listens (None: its default
    socket), ``temporary`` where ``containers-storage`` may put a copy.
    """
    everything = (*((destination.name,) if destination.name else ()), *names)
    progress.start("write", sum(layer.compressed_bytes for layer in image.layers), unit="B")
    if destination.transport.startswith("docker-") and any(_is_zstd(layer) for layer in image.layers):
        progress.note("Docker before 23.0 cannot load zstd layers; gzip layers are read by every version")
    path = destination.path
    if destination.transport == "docker-daemon":
        from lightship.store.docker_daemon import load_image
        from lightship.store.docker_host import find_endpoint

        endpoint = find_endpoint(access.environ if access else {}, docker_host=docker_host)
        digest = load_image(image, everything, endpoint=endpoint, progress=progress)
    elif destination.transport == "containers-storage":
        from lightship.store.containers_storage import store_image

        digest = store_image(image, everything, temporary=temporary, progress=progress)
    elif path is None:
        from lightship.store.registry.image import push_image

        digest = push_image(image, everything, access=access or RegistryAccess(), progress=progress)
    else:
        write = _writer(destination.transport)
        digest = write(image, path, tags_for(destination, names, whole_names=whole_names), progress=progress)
    progress.finish("write")
    return digest


class _Write(Protocol):
    def __call__(self, image: Image, path: Path, tags: Sequence[Tag], /, *, progress: Progress) -> Digest: ...


def _writer(transport: str) -> _Write:
    if transport == "oci":
        from lightship.store.oci_layout import write_layout

        return write_layout
    if transport == "oci-archive":
        from lightship.store.oci_archive import write_oci_archive

        return write_oci_archive
    from lightship.store.docker_archive import write_docker_archive

    return write_docker_archive


def _is_zstd(layer: Layer) -> bool:
    return compression_of(layer.media_type) == "zstd"
