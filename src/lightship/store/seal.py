"""Files of lightship's own whose bytes were checked once are not read again as long as they stay untouched.

A seal is a file beside the sealed one: inode, size, mtime and digest at the time of the check. It is a shortcut for
accidents (a crash, a damaged disk seen by the file system), no defence against somebody who may write to the cache.
"""

import contextlib
import hashlib
from pathlib import Path

from lightship.errors import MismatchError
from lightship.oci.digest import Digest
from lightship.paths import atomic_file, storage_errors

__all__ = ["check_sealed", "seal", "seal_path"]


def seal_path(path: Path) -> Path:
    """Where the seal of ``path`` is."""
    return path.with_name(path.name + ".seal")


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
        with contextlib.suppress(FileNotFoundError, ValueError):
            if seal_path(path).read_text() == _mark(path, digest):
                return
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, digest.algorithm).hexdigest()
    if found != digest.hex:
        raise MismatchError(f"digest mismatch: want {digest}, got {digest.algorithm}:{found} ({path})")
    seal(path, digest)


def _mark(path: Path, digest: Digest) -> str:
    status = path.stat()
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns} {digest}"
