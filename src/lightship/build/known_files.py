"""What is known of a project's tree from the last build, so that only what changed is looked at again.

As git's index does it (https://git-scm.com/docs/racy-git, git 2.50): a file whose size, inode, mtime and ctime are
those of the last look is the same file, unless it was changed so shortly before that look that the clock may not tell.
A ctime cannot be set back by a program, and changes with the mode as well. Which paths ``.dockerignore`` leaves out is
kept too: it depends on the path alone.
"""

import hashlib
import json
import os
import time
from dataclasses import field

from lightship import __version__
from lightship.store.cache import Cache, cache_key
from lightship.values import dataclass

__all__ = ["KnownFiles"]

_KIND = "project-files"
_VERSION = 2
"""Raised when something else is to be known of a path, or it is found in another way."""

_SLACK_NS = 2_000_000_000
"""More than the grain of any file system's clock in use: FAT has two seconds."""

_WORTH_COUNT = 16
_WORTH_BYTES = 1 << 20
"""Less than this is looked at again in less time than it takes to write all that is known."""


@dataclass(slots=True)
class KnownFiles:
    """What is at each path, in a line of the caller's, and which paths are left out. ``parts`` of `load` name the
    project and how it is read. `save` forgets what was not asked for since."""

    cache: Cache
    key: str
    files: dict[str, str]
    _choices: dict[str, bool]
    _since_ns: int
    _files_after: dict[str, str] = field(default_factory=dict)
    _choices_after: dict[str, bool] = field(default_factory=dict)
    _added: int = 0
    _added_bytes: int = 0

    @classmethod
    def load(cls, cache: Cache, *parts: str) -> "KnownFiles":
        """What the cache has; nothing where it has nothing, or what it has is damaged."""
        key = cache_key(_KIND, _VERSION, __version__, *parts)
        files, choices = _read(cache, key)
        return cls(cache, key, files, choices, time.time_ns() - _SLACK_NS)

    def find(self, path: str, status: os.stat_result) -> str | None:
        """What was told of the file at ``path``, when it is the one that was read."""
        row = self.files.get(path)
        return self.unchanged(path, row, status) if row is not None else None

    def unchanged(self, path: str, row: str, status: os.stat_result) -> str | None:
        """The same for whoever has the file's ``row`` of `files`."""
        mark, _, told = row.partition("\t")
        if mark != _mark(status):
            return None
        self._files_after[path] = row
        return told

    def add(self, path: str, status: os.stat_result, told: str) -> None:
        """Remember a file that was read after ``status`` was asked for."""
        if max(status.st_mtime_ns, status.st_ctime_ns) < self._since_ns:
            self._files_after[path] = f"{_mark(status)}\t{told}"
            self._added += 1
            self._added_bytes += status.st_size

    def is_left_out(self, path: str) -> bool | None:
        """Whether ``path`` (a directory's ends with ``/``) is left out; None where it was not asked before."""
        if path in self.files:
            return False
        found = self._choices.get(path)
        if found is not None:
            self._choices_after[path] = found
        return found

    def choose(self, path: str, left_out: bool) -> None:
        """Remember whether ``path`` is left out; of a file that is not, `add` tells."""
        if left_out or path.endswith("/"):
            self._choices_after[path] = left_out
            self._added += 1

    def save(self) -> None:
        """Keep what was found and added, and forget everything else; a little that was added is worth no writing, nor
        are paths of which no file is known."""
        few = self._added <= _WORTH_COUNT and self._added_bytes <= _WORTH_BYTES
        if self._added and self._files_after and not (few and self.files):
            document = {"files": self._files_after, "left_out": self._choices_after}
            body = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "surrogatepass")
            with self.cache.write(_KIND, self.key) as stream:
                stream.write(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)


def _read(cache: Cache, key: str) -> tuple[dict[str, str], dict[str, bool]]:
    """Both tables of the record, which begins with the hash of the rest: a damaged one is believed in nothing."""
    path = cache.find(_KIND, key)
    if path is not None:
        try:
            said, _, body = path.read_bytes().partition(b"\n")
            if said == hashlib.sha256(body).hexdigest().encode():
                document = json.loads(body.decode("utf-8", "surrogatepass"))
                return document["files"], document["left_out"]
        except (OSError, ValueError, KeyError):
            pass  # it is made anew
    return {}, {}


def _mark(status: os.stat_result) -> str:
    return f"{status.st_size} {status.st_ino} {status.st_mtime_ns} {status.st_ctime_ns}"
