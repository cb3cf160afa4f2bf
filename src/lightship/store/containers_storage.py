"""Images of podman, buildah and CRI-O, moved by skopeo: the storage's own locks and drivers are its business.

containers-transports(5), transport ``containers-storage``. Needs ``skopeo`` on PATH.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightship import proc
from lightship.errors import UsageError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.progress import SILENT, Progress
from lightship.store.oci_layout import open_layout, write_layout
from lightship.store.tags import Tag

__all__ = ["open_stored_image", "store_image"]

_HINT = "install skopeo, or write to oci: or oci-archive: which need no other program"


def store_image(
    image: Image, names: Sequence[ImageName], *, temporary: Path | None = None, progress: Progress = SILENT
) -> Digest:
    """Put ``image`` into the storage under ``names`` (at least one); return its manifest's digest."""
    if not names:
        raise UsageError("containers-storage: want a name for the image, got none")
    with tempfile.TemporaryDirectory(dir=temporary, prefix="lightship-") as folder:
        layout = Path(folder) / "layout"
        digest = write_layout(image, layout, [Tag("latest")], progress=progress)
        for name in names:
            _skopeo_copy(f"oci:{layout}:latest", f"containers-storage:{name.tagged()}")
    return digest


@contextmanager
def open_stored_image(
    name: ImageName, *, platform: Platform | None = None, temporary: Path | None = None
) -> Iterator[PlainImage]:
    """The storage's image ``name``, copied to a temporary layout that is gone when the block ends."""
    with tempfile.TemporaryDirectory(dir=temporary, prefix="lightship-") as folder:
        layout = Path(folder) / "layout"
        _skopeo_copy(f"containers-storage:{name if name.digest else name.tagged()}", f"oci:{layout}:latest")
        yield open_layout(layout, tag="latest", platform=platform)


def _skopeo_copy(source: str, destination: str) -> None:
    proc.run(["skopeo", "copy", "--quiet", source, destination], hint=_HINT)
