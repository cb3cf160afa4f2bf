"""One sidecar: is it fresh, can the cache give it, and its way onto the disk."""

import contextlib
import errno
import os
from pathlib import Path

from lightship.assets.codecs import Effort, Encoding, codec_version, decodes_to, encode
from lightship.assets.model import worth
from lightship.assets.scan import read_file
from lightship.paths import atomic_file
from lightship.store.cache import Cache, cache_key

__all__ = ["CACHE_KIND", "fresh_bytes", "is_quick_one", "packed", "write_sidecar"]

CACHE_KIND = "assets"
_FORMAT = 1  # of an entry; raised when what is stored or how it is made changes
_UNWORTHY = b"not 5 % smaller"
_EFFORTS: tuple[Effort, ...] = ("ci", "release", "alone")


def fresh_bytes(path: Path, plain: bytes, encoding: Encoding) -> bytes | None:
    """The sidecar at ``path`` when it is a regular file that decompresses to ``plain``; None for anything else."""
    with contextlib.suppress(OSError):  # unreadable, a link, a folder: not what a server should send
        found, _ = read_file(path)
        if decodes_to(found, plain, encoding):
            return found
    return None


def is_quick_one(found: bytes, sha256: str, encoding: Encoding, level: Effort, cache: Cache) -> bool:
    """Whether ``found`` is what a lower level made of this content here: it is replaced. One that somebody else made is
    kept: at which level cannot be told."""
    lower = _EFFORTS[: _EFFORTS.index(level)]
    return any(_is_entry(found, cache.find(CACHE_KIND, _key(sha256, encoding, each))) for each in lower)


def _is_entry(found: bytes, entry: Path | None) -> bool:
    try:
        return entry is not None and entry.stat().st_size == len(found) and entry.read_bytes() == found
    except OSError:
        return False


def packed(plain: bytes, sha256: str, encoding: Encoding, level: Effort, cache: Cache) -> tuple[bytes | None, bool]:
    """The sidecar's bytes, None where it is not worth it, and whether the cache had it. An entry is believed when it
    decompresses to ``plain``."""
    key = _key(sha256, encoding, level)
    entry = cache.find(CACHE_KIND, key)
    if entry is not None:
        with contextlib.suppress(OSError):
            found = entry.read_bytes()
            if found == _UNWORTHY:
                return None, True
            if worth(len(found), len(plain)) and decodes_to(found, plain, encoding):
                return found, True
    made = encode(plain, encoding, level)
    kept = made if worth(len(made), len(plain)) else None
    with cache.write(CACHE_KIND, key) as stream:
        stream.write(_UNWORTHY if kept is None else kept)
    return kept, False


def write_sidecar(path: Path, content: bytes, like: os.stat_result, time_ns: int) -> None:
    """``content`` at ``path``, whole, with the mode and where it may be the owner of its source. What is in the way and
    is no folder is replaced; a link itself, not what it leads to. Raise OSError."""
    if path.is_dir() and not path.is_symlink():
        raise IsADirectoryError(errno.EISDIR, f"a folder is in the way of {path.name}")
    with atomic_file(path, mode=like.st_mode & 0o777) as stream:
        number = stream.fileno()
        if (like.st_uid, like.st_gid) != (os.geteuid(), os.getegid()):
            with contextlib.suppress(PermissionError):  # only root may give files away
                os.fchown(number, like.st_uid, like.st_gid)
        stream.write(content)
        stream.flush()
        os.utime(number, ns=(time_ns, time_ns))


def _key(sha256: str, encoding: Encoding, level: Effort) -> str:
    return cache_key("sidecar", _FORMAT, sha256, encoding, codec_version(encoding, level))
