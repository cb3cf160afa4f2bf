"""Facts of files of the host, remembered by inode, size and time: hashing and reading them again would cost more than
the rest of a build in which nothing changed."""

import contextlib
import hashlib
import json
import os
from dataclasses import asdict
from typing import Any

from lightship.base.listing import elf_from_json
from lightship.ecosystem.elf import ElfFile, is_elf, read_elf
from lightship.ecosystem.elf.iconv import asks_for_iconv
from lightship.errors import ArchiveError
from lightship.store.cache import Cache, cache_key

__all__ = ["HostFacts"]

_VERSION = 4


class HostFacts:
    """SHA-256 and ELF facts of files below one directory. `save` what was learned when done."""

    def __init__(self, directory: str, cache: Cache) -> None:
        self._cache = cache
        self._key = cache_key("host-files", _VERSION, directory)
        self._known: dict[str, list[Any]] = {}
        self._learned = False
        path = cache.find("records", self._key)
        if path is not None:
            with contextlib.suppress(OSError, ValueError):  # a damaged memory is an empty one
                found = json.loads(path.read_bytes())
                self._known = found if isinstance(found, dict) else {}

    def of(self, path: str, status: os.stat_result) -> tuple[str, ElfFile | None, bool]:
        """SHA-256 in hex, the facts of an ELF file that is understood, and whether it asks for iconv."""
        mark = f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"
        row = self._known.get(path)
        if row is None or row[0] != mark:
            row = self._known[path] = [mark, *_read(path)]
            self._learned = True
        return str(row[1]), elf_from_json(row[2]) if row[2] is not None else None, bool(row[3])

    def save(self) -> None:
        """Remember what was learned beside what was known."""
        if self._learned:
            with self._cache.write("records", self._key) as stream:
                stream.write(json.dumps(self._known, separators=(",", ":")).encode())


def _read(path: str) -> tuple[str, dict[str, Any] | None, bool]:
    with open(path, "rb") as stream:  # noqa: PTH123 - one of thousands
        content = stream.read()
    elf: ElfFile | None = None
    if is_elf(content[:4]):
        # A broken extension module is the interpreter's own affair until it is imported.
        with contextlib.suppress(ArchiveError):
            elf = read_elf(content)
    facts = asdict(elf) if elf is not None else None
    return hashlib.sha256(content).hexdigest(), facts, elf is not None and asks_for_iconv(content)
