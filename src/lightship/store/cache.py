"""The local cache: files by kind and key, written atomically, checked when read.

Layout: ``ROOT/<kind>/<first two of key>/<key>``. ``wheels``, ``sdists``, ``debs`` and ``blobs`` have the SHA-256 of
their bytes as key, every other kind what they were made from; docs/concepts/cache.md lists all kinds.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import time
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path

from lightship.errors import MismatchError
from lightship.oci.digest import Digest
from lightship.paths import atomic_file, storage_errors
from lightship.store.seal import check_sealed, seal, seal_path
from lightship.values import dataclass

__all__ = ["Cache", "Incoming", "cache_key", "make_root"]

_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,180}")

_SWEEP_EVERY_S = 3600
_PARTIAL_S = 7 * 86_400
_PARTIAL_BYTES = 4 << 30
"""Interrupted downloads that wait to go on: a week, and this many bytes together."""


def cache_key(*parts: str | int | bytes | None) -> str:
    """One SHA-256 hex key of ``parts``; no two sequences share one (a part carries type and length)."""
    told: list[bytes] = []
    for part in parts:
        if isinstance(part, bytes):
            told += (b"%db:" % len(part), part)
        else:
            raw = repr(part).encode()
            told += (b"%dt:" % len(raw), raw)
    return hashlib.sha256(b"".join(told)).hexdigest()


def make_root(root: Path) -> Path:
    """Make the directory of a cache where it is missing, for its owner alone; return it.

    What is in a cache is believed, and unpacked images have directories that anybody may write to. A directory that is
    there already stays as whoever made it wanted it.
    """
    with storage_errors("make the cache"):
        if not root.exists():
            root.parent.mkdir(parents=True, exist_ok=True)
            root.mkdir(mode=0o700, exist_ok=True)
    return root


@dataclass(frozen=True, slots=True)
class Cache:
    """A cache below ``root``. Safe for many processes at once: entries appear whole or not at all."""

    root: Path

    def path(self, kind: str, key: str) -> Path:
        """Where the entry is, or would be."""
        if not _KEY.fullmatch(key) or not _KEY.fullmatch(kind):
            raise ValueError(f"cache key not understood: {kind!r} {key!r}")
        return Path(f"{self.root}/{kind}/{key[:2]}/{key}")

    def find(self, kind: str, key: str) -> Path | None:
        """The entry's path when it exists; its bytes are not checked (see `find_verified`)."""
        path = self.path(kind, key)
        return path if path.exists() else None

    def find_verified(self, kind: str, sha256: str) -> Path | None:
        """An entry whose key is the SHA-256 of its bytes, checked; a damaged one is removed and counts as absent.

        An entry whose inode, size and mtime are those of the last check is not read again (`lightship.store.seal`).
        """
        path = self.path(kind, sha256)
        if not path.exists():
            return None
        try:
            check_sealed(path, Digest("sha256", sha256))
        except MismatchError:
            path.unlink(missing_ok=True)
            seal_path(path).unlink(missing_ok=True)
            return None
        return path

    @contextlib.contextmanager
    def write(self, kind: str, key: str, *, sha256: str | None = None) -> Iterator[BufferedRandom]:
        """A stream whose bytes become the entry when the block ends; with ``sha256`` they must have that hash."""
        with storage_errors("write to the cache"), atomic_file(self.path(kind, key)) as stream:
            yield stream
            if sha256 is not None:
                stream.flush()
                stream.seek(0)
                found = hashlib.file_digest(stream, "sha256").hexdigest()
                if found != sha256:
                    raise MismatchError(f"digest mismatch: want sha256:{sha256}, got sha256:{found}")
        if sha256 is not None:
            seal(self.path(kind, key), Digest("sha256", sha256))

    @contextlib.contextmanager
    def incoming(self, kind: str) -> Iterator["Incoming"]:
        """A stream for bytes whose key is known only after the last one: `Incoming.keep` makes them an entry.

        What was not kept when the block ends, or raises, is gone.
        """
        temporary = self.root / kind / "incoming" / f".{os.urandom(12).hex()}.tmp"
        temporary.parent.mkdir(parents=True, exist_ok=True)
        try:
            with temporary.open("w+b") as stream:
                os.fchmod(stream.fileno(), 0o644)
                yield Incoming(self, kind, temporary, stream)
        finally:
            temporary.unlink(missing_ok=True)

    def sweep_temporary(self, *, older_than_s: float = 86_400) -> int:
        """Remove temporary files that killed processes left behind, and interrupted downloads that nobody went on with
        within a week, or that are the oldest of more than 4 GiB; return how many.

        Looks once an hour at most: a cache has a hundred folders and more.
        """
        count = 0
        limit = time.time() - older_than_s
        stamp = self.root / ".swept"
        with contextlib.suppress(FileNotFoundError):
            if 0 <= time.time() - stamp.stat().st_mtime < min(_SWEEP_EVERY_S, older_than_s):
                return 0
        with contextlib.suppress(FileNotFoundError):  # no cache yet
            stamp.touch()
        for path in self.root.glob("*/*/.*.tmp"):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime < limit:
                    path.unlink()
                    count += 1
        return count + self._sweep_partial()

    def _sweep_partial(self) -> int:
        found = []
        for path in self.root.glob("partial/*/*"):
            with contextlib.suppress(OSError):
                status = path.stat()
                found.append((status.st_mtime, status.st_size, path))
        count, kept_bytes, limit = 0, 0, time.time() - _PARTIAL_S
        for changed, size_bytes, path in sorted(found, reverse=True):
            kept_bytes += size_bytes
            if (changed < limit or kept_bytes > _PARTIAL_BYTES) and _remove_unlocked(path):
                kept_bytes -= size_bytes
                count += 1
        return count


def _remove_unlocked(path: Path) -> bool:
    """Remove a file that no process has locked, as one that downloads into it has."""
    with contextlib.suppress(OSError), path.open("rb") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()
        return True
    return False


@dataclass(frozen=True, slots=True)
class Incoming:
    """Bytes on their way into the cache; see `Cache.incoming`."""

    cache: Cache
    kind: str
    temporary: Path
    stream: BufferedRandom

    def keep(self, sha256: str) -> Path:
        """Make what was written the entry ``sha256``, a hash the caller computed over the bytes as it wrote them."""
        path = self.keep_as(sha256)
        seal(path, Digest("sha256", sha256))
        return path

    def keep_as(self, key: str) -> Path:
        """Make what was written the entry ``key``, which names what it was made from."""
        self.stream.flush()
        path = self.cache.path(self.kind, key)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.temporary.replace(path)
        return path
