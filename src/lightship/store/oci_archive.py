"""An OCI layout in one tar file, as skopeo and podman call ``oci-archive``."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightship.errors import ImageError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.index import Index
from lightship.oci.manifest import MAX_MANIFEST_BYTES
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.archive_write import archive_file, write_archive
from lightship.store.blobs import BlobSource
from lightship.store.contents import Contents, contents_of_image
from lightship.store.oci_layout import check_layout_file
from lightship.store.select import read_image, select_image
from lightship.store.tags import Tag
from lightship.store.tarball import ArchiveBlobs, open_tarball

__all__ = ["oci_archive", "open_oci_archive", "write_oci_archive"]


@contextmanager
def open_oci_archive(
    path: Path, *, tag: str = "", platform: Platform | None = None, temporary: Path | None = None
) -> Iterator[PlainImage]:
    """The image that ``tag`` and ``platform`` name (see `select_image`); it can be read until the block ends."""
    with oci_archive(path, temporary=temporary) as (source, index):
        yield read_image(source, select_image(source, index, tag=tag, platform=platform))


@contextmanager
def oci_archive(path: Path, *, temporary: Path | None = None) -> Iterator[tuple[BlobSource, Index]]:
    """The blobs of the archive and its own index, until the block ends."""
    where = f"oci-archive:{path}"
    with open_tarball(path, where, temporary=temporary) as tarball:
        for name in ("oci-layout", "index.json"):
            if name not in tarball:
                raise ImageError(f"{where}: want an OCI layout, got an archive without {name}")
        check_layout_file(tarball.read("oci-layout", MAX_MANIFEST_BYTES))
        yield ArchiveBlobs(tarball), Index.parse(tarball.read("index.json", MAX_MANIFEST_BYTES))


def write_oci_archive(
    content: Image | Contents, path: Path, tags: Sequence[Tag], *, progress: Progress = SILENT
) -> Digest:
    """Write an image, or what stands for an index, as the whole content of ``path``, which is replaced at the end or
    stays as it was."""
    contents = content if isinstance(content, Contents) else contents_of_image(content)
    with storage_errors(f"write oci-archive:{path}"), archive_file(path) as (write, splice):
        return write_archive(contents, write, tags, splice=splice, progress=progress)
