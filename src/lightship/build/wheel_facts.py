"""What the files of one wheel ask the loader for: read once, kept in the cache as JSON under the wheel's hash.

A warm build opens no wheel for it. What is not understood is recorded with its path and never ends a scan.
"""

import contextlib
import dataclasses
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, SupportsIndex, overload

from isal import isal_zlib

from lightship.archive.content import Content, Deflated, Stored
from lightship.archive.gzip import INFLATE_ERRORS
from lightship.archive.inflate import Containers, iter_content, read_content
from lightship.archive.zip import read_zip
from lightship.ecosystem.elf import Buffer, ElfFile, is_elf, read_elf
from lightship.ecosystem.elf.iconv import asks_for_iconv
from lightship.ecosystem.python.dlopen import DlopenNeed, find_dlopen_needs
from lightship.errors import ArchiveError
from lightship.paths import storage_errors
from lightship.store.cache import Cache, cache_key

__all__ = ["FACTS_VERSION", "WheelFacts", "cached_wheel_facts", "elf_buffer", "may_be_elf", "scan_files", "scan_wheel"]

FACTS_VERSION = 3
"""Raised whenever the same wheel could give other facts."""

_KIND = "elf-facts"
_IN_MEMORY_BYTES = 16 << 20
_SOURCE_LIMIT_BYTES = 2 << 20
_TEXT = (
    ".py", ".pyi", ".pyx", ".pxd", ".txt", ".md", ".rst", ".json", ".yaml", ".yml", ".toml", ".cfg", ".ini", ".h",
    ".hpp", ".c", ".cpp", ".html", ".css", ".js", ".map", ".csv", ".xml", ".svg", ".png", ".mo", ".po", ".gz", ".whl",
)  # fmt: skip
"""Names that no ELF file has; other files are told by their first bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelFacts:
    """Paths are those of the archive. ``elves`` holds (path, facts), ``not_understood`` (path, reason).
    ``converts_text`` says that a file may convert text through the C library: it names ``iconv_open``, or is not
    understood."""

    elves: tuple[tuple[str, ElfFile], ...] = ()
    dlopen: tuple[DlopenNeed, ...] = ()
    not_understood: tuple[tuple[str, str], ...] = ()
    converts_text: bool = False

    def to_json(self) -> bytes:
        """The facts as JSON with ``version``; `from_json` reads it back."""
        return json.dumps({"version": FACTS_VERSION, **dataclasses.asdict(self)}, sort_keys=True).encode()

    @classmethod
    def from_json(cls, text: bytes) -> "WheelFacts | None":
        """The facts, or None for what this version did not write."""
        try:
            document = json.loads(text)
            if document["version"] != FACTS_VERSION:
                return None
            return cls(
                elves=tuple((path, _elf(fields)) for path, fields in document["elves"]),
                dlopen=tuple(DlopenNeed(**fields) for fields in document["dlopen"]),
                not_understood=tuple((path, reason) for path, reason in document["not_understood"]),
                converts_text=bool(document["converts_text"]),
            )
        except (ValueError, KeyError, TypeError):
            return None  # a damaged entry counts as absent: the wheel is scanned again


def _elf(fields: dict[str, Any]) -> ElfFile:
    for name in ("needed", "rpath", "runpath", "version_definitions"):
        fields[name] = tuple(fields[name])
    fields["version_needs"] = tuple((soname, tuple(versions)) for soname, versions in fields["version_needs"])
    return ElfFile(**fields)


def cached_wheel_facts(path: Path, sha256: str, cache: Cache) -> WheelFacts:
    """`scan_wheel` of the wheel with this hash, from the cache where it is known."""
    key = cache_key(_KIND, FACTS_VERSION, sha256)
    found = cache.find(_KIND, key)
    if found is not None:
        with storage_errors("read the cache"):
            facts = WheelFacts.from_json(found.read_bytes())
        if facts is not None:
            return facts
    facts = scan_wheel(path)
    with cache.write(_KIND, key) as stream:
        stream.write(facts.to_json())
    return facts


def scan_wheel(path: Path) -> WheelFacts:
    """Read every ELF file and every source that loads libraries. Raise ArchiveError for what is no sound zip."""
    return scan_files((m.path, m.content) for m in read_zip(path) if m.type == "file" and m.content is not None)


def scan_files(files: Iterable[tuple[str, Content]]) -> WheelFacts:
    """`scan_wheel` for any files with their contents."""
    elves: list[tuple[str, ElfFile]] = []
    dlopen: list[DlopenNeed] = []
    unknown: list[tuple[str, str]] = []
    converts = False
    with Containers() as containers:
        for path, content in files:
            try:
                if path.endswith(".py"):
                    if content.unpacked_bytes <= _SOURCE_LIMIT_BYTES:
                        source = bytes(read_content(content, containers, path))
                        dlopen += find_dlopen_needs(path, source)
                        converts = converts or b"iconv_open" in source  # by ctypes
                elif may_be_elf(path):
                    with elf_buffer(content, containers, path) as buffer:
                        if buffer is not None:
                            converts = converts or asks_for_iconv(buffer)
                            elves.append((path, read_elf(buffer)))
            except ArchiveError as error:
                unknown.append((path, str(error)))
    return WheelFacts(
        elves=tuple(elves),
        dlopen=tuple(dlopen),
        not_understood=tuple(unknown),
        converts_text=converts or bool(unknown),
    )


def _start(content: Content, containers: Containers) -> bytes:
    """The first bytes of a file, at the price of a few."""
    if isinstance(content, Stored):
        return containers.read(content.container, content.offset, min(4, content.unpacked_bytes))
    if isinstance(content, Deflated):
        raw = containers.read(content.container, content.offset, min(512, content.compressed_bytes))
        try:
            return isal_zlib.decompressobj(-15).decompress(raw, 4)
        except INFLATE_ERRORS as error:
            raise ArchiveError(f"damaged: {error}") from error
    return content.content[:4]


def may_be_elf(path: str) -> bool:
    """False for a name that no ELF file has."""
    return not path.endswith(_TEXT)


@contextlib.contextmanager
def elf_buffer(content: Content, containers: Containers, what: str) -> Iterator[Buffer | None]:
    """An ELF file's bytes for random access, or None when it is none: in memory when small, else in a temporary file.
    What is no ELF file costs its first bytes only."""
    if not is_elf(_start(content, containers)):
        yield None
        return
    if content.unpacked_bytes <= _IN_MEMORY_BYTES:
        yield bytes(read_content(content, containers, what))
        return
    with storage_errors("write a temporary file"), tempfile.TemporaryFile() as stream:
        for chunk in iter_content(content, containers, what):
            stream.write(chunk)
        stream.flush()
        yield _FileBuffer(stream.fileno(), content.unpacked_bytes)


@dataclass(frozen=True, slots=True)
class _FileBuffer:
    """A file's bytes by descriptor. Not a mapping: its pages would count as memory of this process."""

    descriptor: int
    size_bytes: int

    def __len__(self) -> int:
        return self.size_bytes

    @overload
    def __getitem__(self, place: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, place: slice, /) -> bytes: ...
    def __getitem__(self, place: SupportsIndex | slice, /) -> int | bytes:
        if isinstance(place, slice):
            start, stop, _ = place.indices(self.size_bytes)
            return os.pread(self.descriptor, max(0, stop - start), start)
        return os.pread(self.descriptor, 1, place.__index__())[0]
