"""What is known of a project's files from the last build, so that only those that changed are read again.

As git's index does it (https://git-scm.com/docs/racy-git, git 2.50): a file whose size, inode, mtime and ctime are
those of the last look is the same file, unless it was changed so shortly before that look that the clock may not tell.
A ctime cannot be set back by a program.
"""

import json
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from lightship.store.cache import Cache, cache_key

__all__ = ["KnownFiles"]

_KIND = "project-files"
_VERSION = 2
"""Raised when something else is to be known of a file, or it is found in another way."""

_SLACK_NS = 2_000_000_000
"""More than the grain of any file system's clock in use: FAT has two seconds."""


@dataclass(slots=True)
class KnownFiles:
    """SHA-256 and other facts of files by path. ``parts`` of `load` name the project and how it is read."""

    cache: Cache
    key: str
    _before: dict[str, list[object]]
    _since_ns: int
    _after: dict[str, list[object]] = field(default_factory=dict)
    _changed: bool = False

    @classmethod
    def load(cls, cache: Cache, *parts: str) -> "KnownFiles":
        """What the cache has; nothing where it has nothing, or what it has is damaged."""
        key = cache_key(_KIND, _VERSION, *parts)
        before: dict[str, list[object]] = {}
        path = cache.find(_KIND, key)
        if path is not None:
            try:
                found = json.loads(path.read_bytes())
                before = {name: row for name, row in found.items() if isinstance(row, list)}
            except (OSError, ValueError, AttributeError):
                before = {}
        return cls(cache, key, before, time.time_ns() - _SLACK_NS)

    def find(self, path: str, status: os.stat_result) -> tuple[str, tuple[str, ...]] | None:
        """SHA-256 (hex) and facts of the file at ``path``, when it is the one that was read."""
        row = self._before.get(path)
        if row is None or row[:4] != _mark(status):
            return None
        self._after[path] = row
        sha256, *facts = row[4:]
        return str(sha256), tuple(map(str, facts))

    def add(self, path: str, status: os.stat_result, sha256: str, facts: Sequence[str]) -> None:
        """Remember a file that was read after ``status`` was asked for."""
        if max(status.st_mtime_ns, status.st_ctime_ns) < self._since_ns:
            self._after[path] = [*_mark(status), sha256, *facts]
            self._changed = True

    def save(self) -> None:
        """Keep what was found and added, and forget every other file."""
        if self._changed:
            with self.cache.write(_KIND, self.key) as stream:
                stream.write(json.dumps(self._after, separators=(",", ":")).encode())


def _mark(status: os.stat_result) -> list[object]:
    return [status.st_size, status.st_ino, status.st_mtime_ns, status.st_ctime_ns]
