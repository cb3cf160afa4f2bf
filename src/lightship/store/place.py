"""One blob to its place in a layout: kept, hard linked or copied, and never half there."""

import contextlib
import hashlib
import os
from pathlib import Path

from lightship.archive.verify import copy_stream
from lightship.errors import MismatchError
from lightship.image.blobs import BlobLayer
from lightship.image.protocol import Blob
from lightship.oci.digest import Digest
from lightship.paths import atomic_file
from lightship.store.seal import check_sealed

__all__ = ["BLOB_MODE", "check_owned", "place_bytes", "place_layer"]

BLOB_MODE = 0o444
"""A blob never changes; one that is hard linked to the cache must not either."""


def place_layer(layer: Blob, target: Path) -> None:
    """Make ``target`` the blob ``layer``, verified; raise MismatchError when the layer's bytes are not its own."""
    if isinstance(layer, BlobLayer) and layer.owned:
        check_owned(layer)
        if _is_same(layer.path, target) or _link(layer.path, target):
            return
    if _is_right(target, layer.digest, layer.compressed_bytes):
        return
    with atomic_file(target, mode=BLOB_MODE) as stream, layer.open() as blob:
        copy_stream(blob, stream.write)


def check_owned(layer: BlobLayer) -> None:
    """Return when the file of ``layer`` is its blob; raise MismatchError when not. A sealed file is not read."""
    found = layer.path.stat().st_size
    if found != layer.compressed_bytes:
        raise MismatchError(f"size mismatch: want {layer.compressed_bytes} bytes of {layer.digest}, got {found}")
    check_sealed(layer.path, layer.digest)


def place_bytes(raw: bytes, digest: Digest, target: Path) -> None:
    """Make ``target`` the blob ``raw``."""
    if not _is_right(target, digest, len(raw)):
        with atomic_file(target, mode=BLOB_MODE) as stream:
            stream.write(raw)


def _is_same(path: Path, target: Path) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return os.path.samefile(path, target)  # noqa: PTH121 - a path object is dear, and there are fifty
    return False


def _is_right(target: Path, digest: Digest, size_bytes: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        if target.is_file() and target.stat().st_size == size_bytes:
            with target.open("rb") as stream:
                return hashlib.file_digest(stream, digest.algorithm).hexdigest() == digest.hex
    return False


def _link(source: Path, target: Path) -> bool:
    temporary = target.parent / f".{target.name[:64]}.{os.urandom(6).hex()}.tmp"
    try:
        os.link(source, temporary)
    except OSError:
        return False  # another file system, or one without links: the bytes are copied instead
    try:
        temporary.chmod(BLOB_MODE)
        temporary.replace(target)
    finally:
        # rename(2) does nothing when both names are the same file, and leaves the temporary one
        temporary.unlink(missing_ok=True)
    return True
