"""Whole indexes: opened as one view, made of images, copied from store to store with their digest.

OCI image-spec 1.1, image-index.md. Media types that are not known here are carried as the bytes they are.
"""

import contextlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightship.errors import UsageError
from lightship.image.index import ImageIndex, make_index
from lightship.image.protocol import Image
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import SILENT, Progress
from lightship.store.contents import contents_of_index
from lightship.store.oci_archive import oci_archive, write_oci_archive
from lightship.store.oci_layout import layout, write_layout
from lightship.store.read_index import NoIndexError, read_index, select_index
from lightship.store.registry.access import RegistryAccess
from lightship.store.tags import tags_for

__all__ = ["HOLD_INDEXES", "check_holds_indexes", "copy_index", "open_index", "write_index"]

HOLD_INDEXES = ("oci", "oci-archive", "docker")
"""Transports whose stores can hold an index; the others hold images one by one."""


def check_holds_indexes(reference: Reference) -> None:
    """Raise UsageError for a store that has no place for an index."""
    if reference.transport not in HOLD_INDEXES:
        raise UsageError(
            f"{reference.transport}: holds one image for one platform, not an index of several: got {reference}",
            hint="name one platform, or write to oci:DIR, oci-archive:FILE or docker://REF",
        )


@contextmanager
def open_index(
    reference: Reference, *, access: RegistryAccess | None = None, temporary: Path | None = None
) -> Iterator[ImageIndex]:
    """The index at ``reference``; what it names can be read until the block ends.

    Its documents, and the manifests and configs below it, are verified here; layers when they are read. Raise
    NoIndexError for what is no index: a single image is opened with `open_image`.
    """
    check_holds_indexes(reference)
    if reference.path is None and reference.name is not None:
        from lightship.store.registry.index import open_registry_index

        with open_registry_index(reference.name, access=access or RegistryAccess()) as found:
            yield found
        return
    path = reference.path or Path()
    with contextlib.ExitStack() as stack:
        if reference.transport == "oci":
            source, index = layout(path)
        else:
            source, index = stack.enter_context(oci_archive(path, temporary=temporary))
        entry = select_index(source, index, tag=reference.tag)
        if entry is None:
            raise NoIndexError(f"{reference}: want an index of several platforms, got an image")
        yield read_index(source, entry)


def write_index(
    images: Sequence[tuple[Platform, Image]],
    destination: Reference,
    *,
    names: Sequence[ImageName] = (),
    whole_names: bool = False,
    access: RegistryAccess | None = None,
    progress: Progress = SILENT,
) -> Digest:
    """Make the index of ``images`` (see `make_index`) and write it; return the index's digest."""
    made = make_index(images)
    return copy_index(made, destination, names=names, whole_names=whole_names, access=access, progress=progress)


def copy_index(
    index: ImageIndex,
    destination: Reference,
    *,
    names: Sequence[ImageName] = (),
    whole_names: bool = False,
    access: RegistryAccess | None = None,
    progress: Progress = SILENT,
) -> Digest:
    """Write ``index`` with everything below it to ``destination``; return its digest, which stays what it was.

    Names as `lightship.store.copy.copy` takes them. The destination is complete or as it was. Entries whose content
    the source did not have stay entries, with a note. Raise UsageError for a store that cannot hold an index.
    """
    check_holds_indexes(destination)
    for entry in index.absent:
        progress.note(f"{entry.digest} ({entry.media_type}) is named by the index and is not there: not copied")
    contents = contents_of_index(index)
    progress.start("write", contents.compressed_bytes, unit="B")
    if destination.path is None:
        from lightship.store.registry.index import push_index

        everything = (*((destination.name,) if destination.name else ()), *names)
        digest = push_index(index, everything, access=access or RegistryAccess(), progress=progress)
        progress.finish("write")
        return digest
    write = write_layout if destination.transport == "oci" else write_oci_archive
    tags = tags_for(destination, names, whole_names=whole_names)
    digest = write(contents, destination.path, tags, progress=progress)
    progress.finish("write")
    return digest
