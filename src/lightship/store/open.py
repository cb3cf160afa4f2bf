"""One image from any store: the one door for everything that reads images.

Each store is imported when it is met: a build that reads no image pays for none.
"""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lightship.errors import BadReferenceError, InputError
from lightship.image.value import PlainImage
from lightship.oci.platform import Platform
from lightship.oci.reference import TRANSPORTS, Reference
from lightship.store.registry.access import RegistryAccess

__all__ = ["locate", "open_image"]


def locate(text: str) -> Reference:
    """The reference that ``text`` means: as `Reference.parse`, but a bare path of an image is that path.

    A folder is an OCI layout when it says so, a file an ``oci-archive`` or a ``docker-archive`` by what it holds.
    Any other file or folder does not count where ``text`` is a name as well: a project's folder is often called as
    its image is. Raise BadReferenceError for what is neither.
    """
    if text.partition(":")[0] in TRANSPORTS and ":" in text:
        return Reference.parse(text)
    from lightship.store.oci_layout import is_layout

    path = Path(text)
    try:
        is_folder, is_file = path.is_dir(), path.is_file()
    except (OSError, ValueError) as error:
        raise BadReferenceError(f"image reference not understood: {text!r:.120}") from error
    if is_folder and is_layout(path):
        return Reference(transport="oci", path=path)
    try:
        if is_folder:
            raise BadReferenceError(f"{text}: want an OCI layout, got a folder with other files")
        if is_file:
            return _archive(path, text)
    except InputError:
        with contextlib.suppress(BadReferenceError):
            return Reference.parse(text)
        raise
    if text.startswith(("/", "./", "../", "~")):
        raise BadReferenceError(f"there is no file or folder {text}")
    return Reference.parse(text)


def _archive(path: Path, text: str) -> Reference:
    from lightship.store.tarball import open_tarball

    with open_tarball(path, text) as tarball:
        if "index.json" in tarball:
            return Reference(transport="oci-archive", path=path)
        if "manifest.json" in tarball:
            return Reference(transport="docker-archive", path=path)
    raise BadReferenceError(f"{text}: want an OCI layout or a docker-archive, got a tar of other files")


@contextmanager
def open_image(
    reference: Reference,
    platform: Platform | None = None,
    *,
    access: RegistryAccess | None = None,
    docker_host: str | None = None,
    temporary: Path | None = None,
    as_stored: bool = False,
) -> Iterator[PlainImage]:
    """The image at ``reference`` for ``platform`` (None: see `select_image`); it can be read until the block ends.

    Manifest and config are verified here, a layer when it is read to its end. ``access`` says how registries are
    reached (None: without credentials); ``temporary`` is where a compressed archive or an engine's image may be put
    meanwhile. ``as_stored``: layers may be as an engine's store has them, unpacked, for one who only looks at them.
    """
    path, name = reference.path, reference.name
    if path is not None and reference.transport == "oci":
        from lightship.store.oci_layout import open_layout

        yield open_layout(path, tag=reference.tag, platform=platform)
    elif path is not None and reference.transport == "oci-archive":
        from lightship.store.oci_archive import open_oci_archive

        with open_oci_archive(path, tag=reference.tag, platform=platform, temporary=temporary) as image:
            yield image
    elif path is not None:
        from lightship.store.docker_archive import open_docker_archive

        with open_docker_archive(path, name=name, platform=platform, temporary=temporary) as image:
            yield image
    elif name is not None and reference.transport == "docker-daemon":
        from lightship.store.docker_daemon import open_engine_image
        from lightship.store.docker_host import find_endpoint

        endpoint = find_endpoint(access.environ if access else {}, docker_host=docker_host)
        with open_engine_image(name, platform=platform, endpoint=endpoint, temporary=temporary) as image:
            yield image
    elif name is not None and reference.transport == "containers-storage":
        from lightship.store.containers_storage import open_stored_image

        with open_stored_image(name, platform=platform, temporary=temporary, as_stored=as_stored) as image:
            yield image
    elif name is not None:
        from lightship.store.registry.image import open_registry_image

        with open_registry_image(name, platform=platform, access=access or RegistryAccess()) as image:
            yield image
