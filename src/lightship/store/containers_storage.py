"""Images of podman, buildah and CRI-O, moved by their own tools: the storage's locks, drivers and places are theirs.

containers-transports(5), transport ``containers-storage``. skopeo does it, or where it is not installed podman or
buildah, which whoever has such a storage has. Where the storage is they know: ``CONTAINERS_STORAGE_CONF``, and for an
ordinary user ``XDG_DATA_HOME`` and ``XDG_RUNTIME_DIR`` (containers-storage.conf(5)). Layers are stored unpacked, so
one that comes back is compressed anew and may have another digest; its diff_id and the image's id stay.
"""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from lightship import proc
from lightship.errors import ToolError, UsageError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.docker_archive import open_docker_archive
from lightship.store.oci_layout import open_layout, write_layout
from lightship.store.tags import Tag

__all__ = ["open_stored_image", "store_image"]

_TOOLS = ("skopeo", "podman", "buildah")
_HINT = "install skopeo, or write to oci: or oci-archive: which need no other program"


def store_image(
    image: Image, names: Sequence[ImageName], *, temporary: Path | None = None, progress: Progress = SILENT
) -> Digest:
    """Put ``image`` into the storage under ``names`` (at least one); return its manifest's digest."""
    if not names:
        raise UsageError("containers-storage: want a name for the image, got none")
    with _scratch(temporary) as folder:
        layout = folder / "layout"
        digest = write_layout(image, layout, [Tag("latest")], progress=progress)
        _put(f"oci:{layout}:latest", [str(name.tagged()) for name in names])
    return digest


@contextmanager
def open_stored_image(
    name: ImageName, *, platform: Platform | None = None, temporary: Path | None = None, as_stored: bool = False
) -> Iterator[PlainImage]:
    """The storage's image ``name``, copied to a temporary layout that is gone when the block ends. ``as_stored``: not
    to a layout but to a docker-archive, whose layers are as unpacked as they lie there: a third of the time, and
    another manifest."""
    with _scratch(temporary) as folder:
        if as_stored:
            archive = folder / "image.tar"
            _get(str(name if name.digest else name.tagged()), f"docker-archive:{archive}")
            with open_docker_archive(archive, platform=platform, temporary=folder) as image:
                yield image
            return
        layout = folder / "layout"
        _get(str(name if name.digest else name.tagged()), f"oci:{layout}:latest")
        yield open_layout(layout, tag="latest", platform=platform)


@contextmanager
def _scratch(temporary: Path | None) -> Iterator[Path]:
    with storage_errors("make a temporary folder for the image"):
        folder = tempfile.TemporaryDirectory(dir=temporary, prefix="lightship-")
    with folder as name:
        yield Path(name)


def _put(source: str, names: Sequence[str]) -> None:
    tool = _tool()
    if tool == "skopeo":
        for name in names:
            proc.run([tool, "copy", "--quiet", source, f"containers-storage:{name}"], hint=_HINT)
        return
    said = proc.run([tool, "pull", "--quiet", source], hint=_HINT).stdout.decode(errors="replace").split()
    if not said:
        raise ToolError(f"{tool} took the image and did not say its id")
    proc.run([tool, "tag", said[-1], *names], hint=_HINT)


def _get(name: str, destination: str) -> None:
    tool = _tool()
    words = ["copy", f"containers-storage:{name}"] if tool == "skopeo" else ["push", name]
    proc.run([tool, words[0], "--quiet", words[1], destination], hint=_HINT)


def _tool() -> str:
    for name in _TOOLS:
        if proc.which(name) is not None:
            return name
    raise ToolError(f"containers-storage: none of {', '.join(_TOOLS)} is installed", hint=_HINT)
