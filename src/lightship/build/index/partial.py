"""A file that is on its way into the cache: kept under its hash when the work stops, and continued later.

One process at a time writes it (``flock``); another that wants the same file waits and then finds it finished.
"""

import contextlib
import fcntl
import hashlib
import os
import threading
from collections.abc import Iterator
from io import BufferedRandom
from pathlib import Path

from lightship.build.index.http import StoppedError
from lightship.paths import storage_errors
from lightship.store.cache import Cache

__all__ = ["Partial", "open_partial"]

_KIND = "partial"
_POLL_S = 0.1


class Partial:
    """The open file and the running hash of what it holds."""

    def __init__(self, stream: BufferedRandom, path: Path) -> None:
        self.path = path
        self._stream = stream
        self._tag_path = path.with_name(path.name + ".etag")
        self._running = hashlib.sha256()
        self.length = 0
        while chunk := stream.read(2**20):
            self._running.update(chunk)
            self.length += len(chunk)

    @property
    def sha256(self) -> str:
        return self._running.hexdigest()

    @property
    def tag(self) -> str | None:
        """The strong ETag that the first bytes came with."""
        with contextlib.suppress(OSError, UnicodeDecodeError):
            return self._tag_path.read_text() or None
        return None

    def write(self, chunk: bytes) -> None:
        with storage_errors("write to the cache"):
            self._stream.write(chunk)
        self._running.update(chunk)
        self.length += len(chunk)

    def restart(self, tag: str | None = None) -> None:
        """Throw the bytes away; those to come are of the representation ``tag``."""
        with storage_errors("write to the cache"):
            self._stream.seek(0)
            self._stream.truncate()
            self._tag_path.unlink(missing_ok=True)
            if tag and not tag.startswith("W/"):  # RFC 9110, 13.1.5: If-Range takes strong validators only
                self._tag_path.write_text(tag)
        self._running = hashlib.sha256()
        self.length = 0

    def chunks(self) -> Iterator[bytes]:
        """The bytes, from the beginning."""
        with storage_errors("read from the cache"):
            self._stream.flush()
            self._stream.seek(0)
            while chunk := self._stream.read(2**20):
                yield chunk

    def move_to(self, target: Path) -> None:
        """Give the file its final name; the caller has checked its hash."""
        with storage_errors("write to the cache"):
            self._stream.flush()
            os.fchmod(self._stream.fileno(), 0o644)
            target.parent.mkdir(parents=True, exist_ok=True)
            self.path.replace(target)
            self._tag_path.unlink(missing_ok=True)

    def discard(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()
            self._tag_path.unlink(missing_ok=True)


@contextlib.contextmanager
def open_partial(cache: Cache, kind: str, sha256: str, stop: threading.Event) -> Iterator[Partial | Path]:
    """The partial file of ``sha256``, locked and open; or the finished entry, when another process was quicker."""
    path = cache.path(_KIND, sha256)
    while True:
        with storage_errors("write to the cache"):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            _lock(stream, stop)
            finished = cache.find_verified(kind, sha256)
            if finished is not None:
                path.unlink(missing_ok=True)
                yield finished
                return
            with contextlib.suppress(FileNotFoundError):
                if path.stat().st_ino == os.fstat(stream.fileno()).st_ino:
                    yield Partial(stream, path)
                    return
        # The file was renamed or removed while this one waited for its lock: begin again with the present one.


def _lock(stream: BufferedRandom, stop: threading.Event) -> None:
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if stop.wait(_POLL_S):
                raise StoppedError("stopped") from None
        else:
            return
