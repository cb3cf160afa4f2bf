"""Shared objects and programs of one archive without their debug symbols, from a pack in the cache.

Safety class ``safe``: nothing a program does at run time reads these sections; see `lightship.ecosystem.elf.strip` for
what is never touched. The pack holds only files that shrank, each under the offset of its member in the archive, and
``report.json`` with what was examined; a warm build reads nothing but that.
"""

import dataclasses
import json
import posixpath
import tempfile
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lightship.archive.content import Deflated, Stored
from lightship.archive.inflate import Containers, read_content
from lightship.archive.pack import PACK_VERSION, PackWriter
from lightship.archive.zip import read_zip
from lightship.build.wheel_facts import elf_buffer, may_be_elf
from lightship.ecosystem.elf.strip import STRIP_VERSION, StripPlan, Untouched, plan_strip, stripped_pieces
from lightship.errors import ArchiveError, WorldError
from lightship.paths import storage_errors
from lightship.plan.model import Entry
from lightship.store.cache import Cache, cache_key

__all__ = ["STRIPPED_VERSION", "StrippedEntries", "StrippedFile", "strip_entries"]

_KIND = "stripped"
_REPORT = "report.json"
_IN_MEMORY_BYTES = 64 << 20
"""A larger file is not held in memory: it lies in the pack nearly as it is, and layers compress it in runs, which is
quicker than zlib and smaller."""
_LEVEL = 8
STRIPPED_VERSION = f"strip {STRIP_VERSION} {PACK_VERSION} {_IN_MEMORY_BYTES} {_LEVEL}"
"""Names everything but an archive's own bytes that its stripped files depend on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StrippedFile:
    """A file that shrank by ``saved_bytes`` (unpacked)."""

    path: str
    owner: str
    saved_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StrippedEntries:
    """``entries`` as given, in their order, with the content of those in ``stripped`` replaced. ``skipped`` holds
    (path, reason) of ELF files that have something to win and stay as they are, or are not understood."""

    entries: tuple[Entry, ...]
    stripped: tuple[StrippedFile, ...] = ()
    skipped: tuple[tuple[str, str], ...] = ()

    @property
    def saved_bytes(self) -> int:
        """Unpacked bytes that were won."""
        return sum(file.saved_bytes for file in self.stripped)


_QUIET = ("nothing to strip", "less than")
"""Reasons with nothing to win: not worth telling."""


def strip_entries(entries: Sequence[Entry], key: str, cache: Cache) -> StrippedEntries:
    """Strip what can be stripped among ``entries``, whose contents lie in one archive with the SHA-256 ``key``.

    Cold: inflates the ELF files and compresses those that shrink. Warm: reads a small report. Never fails for a
    broken ELF file; raises as `lightship.archive.inflate` does for a broken archive.
    """
    places = {entry.content.offset: entry for entry in entries if isinstance(entry.content, Deflated | Stored)}
    candidates = {offset: entry for offset, entry in sorted(places.items()) if may_be_elf(entry.path)}
    if not candidates:
        return StrippedEntries(entries=tuple(entries))
    guarded = _guarded(entries)
    pack_key = cache_key(_KIND, STRIPPED_VERSION, key, *candidates, *sorted(guarded))
    found = _read(cache.find(_KIND, pack_key))
    if found is None:
        _write(candidates, guarded, pack_key, cache)
        found = _read(cache.find(_KIND, pack_key))
        if found is None:
            raise WorldError("a pack that was just written cannot be read")
    contents, report = found
    shrunk = {candidates[offset].path: content for offset, content in contents.items() if offset in candidates}
    return StrippedEntries(
        entries=tuple(_replaced(entry, shrunk.get(entry.path)) for entry in entries),
        stripped=tuple(
            StrippedFile(
                path=entry.path, owner=entry.owner, saved_bytes=entry.unpacked_bytes - contents[offset].unpacked_bytes
            )
            for offset, entry in candidates.items()
            if offset in contents
        ),
        skipped=tuple(
            (candidates[offset].path, reason)
            for offset, reason in report.items()
            if offset in candidates and not reason.startswith(_QUIET)
        ),
    )


def _replaced(entry: Entry, content: Deflated | None) -> Entry:
    if content is None:
        return entry
    why = ", ".join(filter(None, (entry.why, "debug symbols stripped")))
    return dataclasses.replace(entry, content=content, why=why)


def _guarded(entries: Collection[Entry]) -> frozenset[str]:
    """Paths of files that something checks byte for byte: NSS's ``.chk``, FIPS modules' ``.hmac``."""
    paths = {entry.path for entry in entries}
    guarded = set()
    for path in paths:
        directory, name = posixpath.split(path)
        if name.endswith(".chk"):
            guarded.add(f"{path.removesuffix('.chk')}.so")
        elif name.endswith(".hmac"):
            guarded.add(posixpath.join(directory, name.removesuffix(".hmac").removeprefix(".")))
        elif name == "fips.so":  # OpenSSL keeps its HMAC in fipsmodule.cnf
            guarded.add(path)
    return frozenset(guarded & paths)


def _read(pack: Path | None) -> tuple[dict[int, Deflated], dict[int, str]] | None:
    """Contents and report by offset; None for a pack that is absent or damaged."""
    if pack is None:
        return None
    try:
        members = {member.path: member.content for member in read_zip(pack)}
        contents = {int(n): _kept(c) for n, c in members.items() if n != _REPORT and isinstance(c, Deflated)}
        with Containers() as containers:
            report = members[_REPORT]
            text = b"" if report is None else read_content(report, containers, _REPORT)
        return contents, {int(offset): str(reason) for offset, reason in json.loads(bytes(text)).items()}
    except (ArchiveError, KeyError, ValueError, AttributeError):
        return None


def _kept(content: Deflated) -> Deflated:
    return dataclasses.replace(content, splice=content.unpacked_bytes <= _IN_MEMORY_BYTES)


def _write(candidates: dict[int, Entry], guarded: frozenset[str], pack_key: str, cache: Cache) -> None:
    report: dict[str, str] = {}
    with cache.write(_KIND, pack_key) as stream, _writer(stream) as pack, Containers() as containers:
        for offset, entry in candidates.items():
            outcome = _strip_one(entry, entry.path in guarded, str(offset), pack, containers)
            if outcome is not None:
                report[str(offset)] = outcome
        pack.add(_REPORT, json.dumps(report, sort_keys=True).encode())


def _writer(stream: BinaryIO) -> PackWriter:
    return PackWriter(stream, level=_LEVEL, whole_bytes=_IN_MEMORY_BYTES, stream_level=1)


def _strip_one(entry: Entry, guarded: bool, name: str, pack: PackWriter, containers: Containers) -> str | None:
    """Add the smaller file to the pack, or say why not; None for what is no ELF file."""
    if entry.content is None:
        return None
    with elf_buffer(entry.content, containers, entry.path) as buffer:
        if buffer is None:
            return None
        plan: StripPlan | Untouched = Untouched("its checksum lies beside it") if guarded else plan_strip(buffer)
        if isinstance(plan, Untouched):
            return plan.reason
        if plan.stripped_bytes <= _IN_MEMORY_BYTES:
            pack.add(name, b"".join(stripped_pieces(buffer, plan)))
            return None
        with storage_errors("write a temporary file"), tempfile.TemporaryFile() as file:
            for piece in stripped_pieces(buffer, plan):
                file.write(piece)
            file.seek(0)
            pack.add_stream(name, file)
        return None
