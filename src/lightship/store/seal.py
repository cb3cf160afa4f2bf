"""Files of lightship's own whose bytes were checked once are not read again as long as they stay untouched.

A seal is a file beside the sealed one: inode, size, mtime and digest at the time of the check. It is a shortcut for
accidents (a crash, a damaged disk seen by the file system), no defence against somebody who may write to the cache.
"""

import contextlib
import hashlib
import os
from pathlib import Path

from lightship.errors import MismatchError
from lightship.oci.digest import Digest
from lightship.paths import atomic_file, storage_errors

__all__ = ["check_sealed", "seal", "seal_path"]

_CAP_BYTES = 4096


def seal_path(path: Path) -> Path:
    """Where the seal of ``path`` is."""
    return Path(f"{path}.seal")


def seal(path: Path, digest: Digest) -> None:
    """Remember that ``path`` has ``digest``: for its writer, who hashed the bytes as they went by.

    Where no seal can be written, the bytes are simply read again next time.
    """
    with contextlib.suppress(OSError):
        mark = _mark(path, digest)
        with atomic_file(seal_path(path)) as stream:
            stream.write(mark.encode())


def check_sealed(path: Path, digest: Digest) -> None:
    """Return when the bytes of ``path`` have ``digest``; read them only when no seal says so.

    Raise MismatchError when they have not, StorageError when the file cannot be read.
    """
    with storage_errors("check a file"):
        with contextlib.suppress(FileNotFoundError):
            if _read(f"{path}.seal") == _mark(path, digest).encode():
                return
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, digest.algorithm).hexdigest()
    if found != digest.hex:
        raise MismatchError(f"digest mismatch: want {digest}, got {digest.algorithm}:{found} ({path})")
    seal(path, digest)


def _read(name: str) -> bytes:
    """A seal, or as much of what is there as a seal has: an image has fifty, and every build reads all."""
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, _CAP_BYTES)
    finally:
        os.close(descriptor)


def _mark(path: Path, digest: Digest) -> str:
    status = os.stat(path)  # noqa: PTH116 - as above
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {digest}"
