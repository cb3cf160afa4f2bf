"""Images whose layers have owners, modes, links and a history: what `synthetic_image` leaves out."""

import io
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from lightship.image.blobs import from_blobs
from lightship.image.synthetic import Files, synthetic_layer
from lightship.image.value import PlainImage
from lightship.oci.media_types import Compression

__all__ = ["Made", "files", "image_of", "layer_tar"]


@dataclass(frozen=True, slots=True)
class Made:
    """One member; ``kind`` is tarfile's."""

    path: str
    content: bytes = b""
    uid: int = 0
    gid: int = 0
    mode: int = 0o644
    mtime: int = 0
    kind: bytes = tarfile.REGTYPE
    target: str = ""
    xattrs: tuple[tuple[str, str], ...] = ()


def files(
    contents: Mapping[str, bytes] | Files, *, uid: int = 0, gid: int = 0, mode: int = 0o644, mtime: int = 0
) -> list[Made]:
    """A file for each path, all with the same owner, mode and time."""
    plain = {path: content for path, content in contents.items() if isinstance(content, bytes)}
    return [Made(path, content, uid, gid, mode, mtime) for path, content in plain.items()]


def layer_tar(members: Iterable[Made]) -> bytes:
    """Their tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, errors="surrogateescape") as archive:
        for made in members:
            info = tarfile.TarInfo(made.path)
            info.type, info.linkname, info.mode = made.kind, made.target, made.mode
            info.uid, info.gid, info.mtime, info.size = made.uid, made.gid, made.mtime, len(made.content)
            info.pax_headers = {f"SCHILY.xattr.{name}": value for name, value in made.xattrs}
            archive.addfile(info, io.BytesIO(made.content))
    return out.getvalue()


def image_of(
    *layers: Iterable[Made], steps: Sequence[str] = (), compressions: Sequence[Compression] = ("gzip",)
) -> PlainImage:
    """An image of ``layers``, bottom first; ``steps`` are what their history says made them."""
    made = [
        synthetic_layer(layer_tar(members), compression=compressions[number % len(compressions)])
        for number, members in enumerate(layers)
    ]
    said = [*steps, *(f"RUN step {number}" for number in range(len(steps), len(made)))]
    history = [{"created_by": step} for step in said[: len(made)]]
    return from_blobs(made, {"os": "linux", "architecture": "amd64", "config": {}, "history": history})
