"""Which files of a directory are opened, by whomever, in the order of first use.

inotify(7) (Linux 2.6.13; https://man7.org/linux/man-pages/man7/inotify.7.html) sees every open by its directory,
across mounts and namespaces and without privileges: what Python reads as well as what the loader, a shell or a
library opens. It does not see what was open before, and it cannot tell who opens: a directory that others read at
the same time shows their files too.
"""

import contextlib
import ctypes
import errno
import logging
import os
import select
import struct
import threading
from collections.abc import Iterator
from pathlib import Path

from lightship.errors import StorageError

__all__ = ["OpenedFiles", "watch_opens"]

_log = logging.getLogger(__name__)
_IN_OPEN, _IN_Q_OVERFLOW, _IN_ISDIR = 0x20, 0x4000, 0x40000000
_IN_ONLYDIR, _IN_DONT_FOLLOW = 0x01000000, 0x02000000
_NONBLOCK_CLOEXEC = os.O_NONBLOCK | os.O_CLOEXEC
_EVENT = struct.Struct("iIII")
_BUFFER_BYTES = 1 << 18


class OpenedFiles:
    """What was opened so far; made by `watch_opens`."""

    def __init__(self, descriptor: int, directories: dict[int, str]) -> None:
        self._descriptor = descriptor
        self._directories = directories
        self._seen: dict[str, None] = {}
        self._lock = threading.Lock()
        self.lost = False
        """True when the kernel had to forget events: some files are missing."""

    def files(self) -> tuple[str, ...]:
        """Paths relative to the watched directory, in the order of first use, of all opens until this call."""
        with self._lock:
            self._drain()
            return tuple(self._seen)

    def follow(self, stop: int) -> None:
        """Read events until descriptor ``stop`` is readable."""
        while stop not in select.select([self._descriptor, stop], [], [])[0]:
            with self._lock:
                self._drain()

    def _drain(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while buffer := os.read(self._descriptor, _BUFFER_BYTES):
                self._note(buffer)

    def _note(self, buffer: bytes) -> None:
        at = 0
        while at < len(buffer):
            watch, mask, _, length = _EVENT.unpack_from(buffer, at)
            at += _EVENT.size
            name = os.fsdecode(buffer[at : at + length].rstrip(b"\0"))
            at += length
            if mask & _IN_Q_OVERFLOW:
                self.lost = True
            elif name and not mask & _IN_ISDIR and watch in self._directories:
                directory = self._directories[watch]
                self._seen.setdefault(f"{directory}/{name}" if directory else name)


@contextlib.contextmanager
def watch_opens(top: Path) -> Iterator[OpenedFiles]:
    """Watch every directory at and below ``top`` until the block ends.

    Raise StorageError where the kernel refuses: no inotify, or more directories than a user may watch
    (``fs.inotify.max_user_watches``; 8192 on small machines before Linux 5.11).
    """
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(_NONBLOCK_CLOEXEC)
    if descriptor < 0:
        raise StorageError(f"cannot watch files: {os.strerror(ctypes.get_errno())}")
    try:
        opened = OpenedFiles(descriptor, _watched(libc, descriptor, top))
        stop, stopping = os.pipe()
        thread = threading.Thread(target=opened.follow, args=(stop,), name="lightship-opens", daemon=True)
        thread.start()
        try:
            yield opened
        finally:
            os.close(stopping)
            thread.join()
            os.close(stop)
    finally:
        os.close(descriptor)


def _watched(libc: ctypes.CDLL, descriptor: int, top: Path) -> dict[int, str]:
    directories: dict[int, str] = {}
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        place = f"{top}/{inside}" if inside else str(top)
        watch = libc.inotify_add_watch(descriptor, os.fsencode(place), _IN_OPEN | _IN_ONLYDIR | _IN_DONT_FOLLOW)
        if watch < 0:
            code = ctypes.get_errno()
            if code in (errno.EACCES, errno.ENOENT):  # nobody opens what is in it, or it went away
                continue
            hint = "raise fs.inotify.max_user_watches" if code == errno.ENOSPC else None
            raise StorageError(f"cannot watch {len(directories) + 1} directories: {os.strerror(code)}", hint=hint)
        directories[watch] = inside
        # listed after it is watched, and before the application runs: its own listing is no file
        with contextlib.suppress(OSError), os.scandir(place) as found:
            names = [entry.name for entry in found if entry.is_dir(follow_symlinks=False)]
            waiting += [f"{inside}/{name}" if inside else name for name in names]
    return directories
