"""Archives that an earlier build wrote and nobody has touched: they need not be written again.

Remembered in the cache by their path: what was written, and the file's inode, size and time after it.
"""

from collections.abc import Sequence
from pathlib import Path

from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName, Reference
from lightship.store.cache import Cache, cache_key

__all__ = ["is_delivered", "remember_delivery"]

_KIND = "delivered"
_VERSION = 1
_ARCHIVES = ("oci-archive", "docker-archive")


def is_delivered(reference: Reference, digest: Digest, names: Sequence[ImageName], cache: Cache) -> bool:
    """True when the archive at ``reference`` is this very image under these names, as an earlier build left it."""
    if reference.transport not in _ARCHIVES or reference.path is None:
        return False
    record = cache.find(_KIND, _key(reference))
    try:
        return record is not None and record.read_text() == _mark(reference.path, digest, names)
    except (OSError, ValueError):
        return False  # gone, or a damaged record: it is written again


def remember_delivery(reference: Reference, digest: Digest, names: Sequence[ImageName], cache: Cache) -> None:
    """Remember an archive that was just written; nothing for other stores, which know what they have."""
    if reference.transport in _ARCHIVES and reference.path is not None:
        mark = _mark(reference.path, digest, names)
        with cache.write(_KIND, _key(reference)) as stream:
            stream.write(mark.encode())


def _key(reference: Reference) -> str:
    return cache_key(_KIND, _VERSION, reference.transport, str(Path(reference.path or "").absolute()), str(reference))


def _mark(path: Path, digest: Digest, names: Sequence[ImageName]) -> str:
    status = path.stat()
    place = f"{status.st_dev} {status.st_ino} {status.st_size} {status.st_mtime_ns}"
    return "\n".join([str(digest), place, *map(str, names)])
