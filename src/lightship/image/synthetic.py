"""Images made in memory: small, real and the same every time. For tests, and for anything that needs an image at once.

Not for large content: a layer is held whole.
"""

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence

from lightship.errors import UsageError
from lightship.image.blobs import StreamLayer, from_blobs
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.media_types import Compression
from lightship.oci.platform import Platform

__all__ = ["Files", "synthetic_image", "synthetic_layer", "tar_of"]

Files = Mapping[str, bytes | str | None]
"""Path to content: bytes are a file, text is a symlink's target, None is a directory. A name ``.wh.x`` is a whiteout
by being a file (image-spec 1.1, layer.md)."""


def tar_of(files: Files) -> bytes:
    """The tar of ``files`` in their order; owners, modes and times are fixed."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in files.items():
            member = tarfile.TarInfo(path)
            if content is None:
                member.type, member.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                member.type, member.linkname, member.mode = tarfile.SYMTYPE, content, 0o777
            else:
                member.size, member.mode = len(content), 0o755 if content.startswith((b"#!", b"\x7fELF")) else 0o644
            archive.addfile(member, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def synthetic_layer(files: Files | bytes, *, compression: Compression = "gzip") -> StreamLayer:
    """A layer of ``files``, or of a tar's own bytes."""
    tar = files if isinstance(files, bytes) else tar_of(files)
    blob = _compressed(tar, compression)
    return StreamLayer(
        opener=lambda: io.BytesIO(blob),
        digest=Digest.of(blob),
        diff_id=Digest.of(tar),
        media_type=media_types.layer_media_type(compression),
        compressed_bytes=len(blob),
    )


def synthetic_image(
    *layers: Files,
    runtime: Mapping[str, object] | None = None,
    platform: Platform | None = None,
    annotations: Mapping[str, str] | None = None,
    compressions: Sequence[Compression] = ("gzip",),
) -> PlainImage:
    """An image of ``layers``, bottom first, compressed as ``compressions`` in turn; ``runtime`` is its ``config``."""
    if not compressions:
        raise UsageError("synthetic image: want at least one compression")
    made = [
        synthetic_layer(files, compression=compressions[index % len(compressions)])
        for index, files in enumerate(layers)
    ]
    where = platform or Platform("linux", "amd64")
    config: dict[str, object] = {
        **where.document(),
        "config": dict(runtime or {}),
        "created": "1980-01-01T00:00:00Z",
        "history": [
            {"created": "1980-01-01T00:00:00Z", "created_by": f"synthetic layer {index}"} for index in range(len(made))
        ],
    }
    return from_blobs(made, config, annotations)


def _compressed(tar: bytes, compression: Compression) -> bytes:
    if compression == "gzip":
        return gzip.compress(tar, mtime=0)
    if compression == "zstd":
        from lightship.archive.zstd import new_encoder

        encoder = new_encoder(3)
        return encoder.compress(tar) + encoder.flush()
    return tar
