"""Take debug and symbol sections out of a program or shared object without changing what the loader maps.

System V ABI (https://gabi.xinuos.com), chapters 4 and 5. The memory image stays: every segment keeps its address, its
bytes and its permissions. What no segment covers is written anew behind the last segment: the sections that stay,
their names and the section table. Where debug sections lie between two segments (patchelf appends a segment behind
them) the later segments move forward in the file by whole pages, so that offset and address stay congruent; what is
left of the gap is zero. A symbol of ``.dynsym`` names its section by index, and that table is loaded: a dropped
section before one that stays leaves an inactive header (SHT_NULL) behind, so that no index changes but the one of
the names.
"""

import dataclasses
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lightship.ecosystem.elf.layout import Buffer, Header, Layout, Section, read_layout
from lightship.ecosystem.elf.read import MACHINES
from lightship.errors import ArchiveError

__all__ = ["STRIP_VERSION", "StripPlan", "Untouched", "droppable_bytes", "plan_strip", "stripped_pieces"]

STRIP_VERSION = 1
"""Raised whenever the same input could give other bytes."""

_MINIMUM_GAIN_BYTES = 4096
"""Below this a file is left alone: its member of the wheel is spliced as it is, which is worth more."""

_MINIMUM_ZEROED_BYTES = 65_536
_PADDING_LIMIT_BYTES = 4096
_SMALL_PAGES = (3, 62)
"""x86 has pages of 4 KiB; kernels of other machines may have 64 KiB."""
_ET_PROGRAM, _ET_SHARED = 2, 3
_PT_LOAD = 1
_NULL, _NOBITS = 0, 8
_SYMTAB, _STRTAB, _RELA, _REL, _GROUP, _SYMTAB_SHNDX = 2, 3, 4, 9, 17, 18
_INFO_LINK = 0x40
_DEBUG = re.compile(
    r"\.z?debug(_.*)?|\.gdb_index|\.gnu_debugaltlink|\.gnu_debugdata|\.gnu\.debuglto_.*|\.gnu\.linkonce\.wi\..*"
    r"|\.stab|\.stabstr|\.stab\..*|\.line"
)
_SIGNATURE = re.compile(r"(?:^|[._-])(?:sig|signature|digest|hmac|checksum|md5|sha[0-9]+)(?:[._-]|$)", re.IGNORECASE)

_INACTIVE = Section(
    name="", type=0, flags=0, address=0, offset=0, section_bytes=0, link=0, info=0, align=0, entry_bytes=0
)


@dataclass(frozen=True, slots=True, kw_only=True)
class StripPlan:
    """How to write the smaller file: ``pieces`` in order, each a range (start, end) of the original or own bytes."""

    pieces: tuple[tuple[int, int] | bytes, ...]
    stripped_bytes: int
    saved_bytes: int
    zeroed_bytes: int
    removed: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Untouched:
    """The file stays as it is, and why."""

    reason: str


def stripped_pieces(buffer: Buffer, plan: StripPlan) -> Iterator[bytes]:
    """The smaller file, in pieces of at most a mebibyte."""
    step = 1 << 20
    for piece in plan.pieces:
        if isinstance(piece, bytes):
            yield piece
        else:
            for start in range(piece[0], piece[1], step):
                yield buffer[start : min(start + step, piece[1])]


def plan_strip(buffer: Buffer) -> StripPlan | Untouched:
    """Work out what to leave out of one file; reads its tables only. Never raises for a broken file."""
    try:
        layout = read_layout(buffer)
    except ArchiveError as error:
        return Untouched(str(error))
    drop = _droppable(layout)
    if not drop:
        return Untouched("nothing to strip")
    reason = _refuse(buffer, layout)
    if reason:
        return Untouched(reason)
    if any(s.link == layout.header.shstrndx and i not in drop for i, s in enumerate(layout.sections) if s.link):
        return Untouched("section names and symbol names share a table")
    plan = _Rewrite(buffer, layout, drop).plan()
    if plan.saved_bytes < _MINIMUM_GAIN_BYTES and plan.zeroed_bytes < _MINIMUM_ZEROED_BYTES:
        return Untouched(f"less than {_MINIMUM_GAIN_BYTES} bytes to win")
    return plan


def droppable_bytes(buffer: Buffer) -> int:
    """What `plan_strip` would take out, to a page or two, in a third of its time; 0 where it would leave the file."""
    try:
        layout = read_layout(buffer)
    except ArchiveError:
        return 0
    drop = _droppable(layout)
    if not drop or _refuse(buffer, layout):
        return 0
    return sum(layout.sections[index].section_bytes for index in drop)


def _refuse(buffer: Buffer, layout: Layout) -> str:
    """Why this file must not be touched, or ""."""
    header = layout.header
    if header.type not in (_ET_PROGRAM, _ET_SHARED):
        return "neither a program nor a shared object"
    if header.machine not in MACHINES or layout.os_abi not in (0, 3):
        return f"machine {header.machine} with ABI {layout.os_abi} is not known"
    if header.phoff < header.ehsize or not layout.segments:
        return "no program headers, or inside the file header"
    if any(s.type == _GROUP for s in layout.sections) or layout.sections[header.shstrndx].is_loaded:
        return "sections of an unusual kind"
    signature = next((s.name for s in layout.sections if _SIGNATURE.search(s.name)), "")
    if signature:
        return f"section {signature} looks like a signature"
    if any(s.align & (s.align - 1) for s in layout.segments):
        return "a segment's alignment is no power of two"
    if any(s.align > _PADDING_LIMIT_BYTES and not s.is_loaded for s in layout.sections):
        return "a section that is not loaded has an unusual alignment"
    tables = (
        header.phoff + header.phentsize * header.phnum,
        header.shoff + header.shentsize * header.shnum,
    )
    end = max(*tables, *(s.end for s in layout.segments), *(s.end for s in layout.sections))
    if end > layout.size_bytes:
        return "a segment or section lies outside the file"
    # patchelf pads with NUL; anything else may be a payload that is found by its distance from the end of the file.
    if layout.size_bytes - end > _PADDING_LIMIT_BYTES or any(buffer[end:]):
        return f"{layout.size_bytes - end} bytes follow the end of the ELF file"
    return ""


def _droppable(layout: Layout) -> frozenset[int]:
    """Indices of sections that may go: not loaded, debug or symbols, and needed by no section that stays."""
    sections = layout.sections
    drop = {
        index
        for index, section in enumerate(sections)
        if index and not section.is_loaded and index != layout.header.shstrndx
        if section.type in (_SYMTAB, _SYMTAB_SHNDX, _REL, _RELA) or _DEBUG.fullmatch(section.name)
    }
    for index, section in enumerate(sections):  # string tables of dropped symbols, unless something else uses them
        users = [i for i, other in enumerate(sections) if other.link == index]
        is_strings = section.type == _STRTAB and not section.is_loaded and index != layout.header.shstrndx
        if is_strings and users and drop.issuperset(users):
            drop.add(index)
    while True:
        needed = {t for i, s in enumerate(sections) if i not in drop for t in _references(s)} & drop
        if not needed:
            return frozenset(drop)
        drop -= needed


def _references(section: Section) -> Iterator[int]:
    yield section.link
    if section.flags & _INFO_LINK or section.type in (_REL, _RELA):
        yield section.info


class _Rewrite:
    """One file's new layout. Offsets of the original are mapped by the range they lie in."""

    def __init__(self, buffer: Buffer, layout: Layout, drop: frozenset[int]) -> None:
        self._buffer = buffer
        self._layout = layout
        self._drop = drop
        self._ranges = _loaded_ranges(layout)
        self._starts = [start for start, _ in self._ranges]
        self._shifts = [0]
        self._emptied: list[tuple[int, int]] = []
        self._close_gaps()

    def _close_gaps(self) -> None:
        """Decide how far each loaded range moves forward: whole pages of gaps that hold dropped sections."""
        layout = self._layout
        page = 4096 if layout.header.machine in _SMALL_PAGES else 65_536
        dropped = [layout.sections[i] for i in self._drop]
        # Kernels before 5.18 tell a program where its program headers are by adding e_phoff to the load address.
        may_move = layout.header.phoff < self._ranges[0][1]
        for (_, start), (end, _) in zip(self._ranges, self._ranges[1:], strict=False):
            shift = self._shifts[-1]
            if any(section.offset < end and section.end > start for section in dropped):
                self._emptied.append((start, end))
                step = max([page, *(s.align for s in layout.segments if s.offset >= end)])
                shift += (end - start) // step * step if may_move else 0
            self._shifts.append(shift)

    def _moved(self, offset: int) -> int:
        return offset - self._shifts[max(0, bisect_right(self._starts, offset) - 1)]

    def _kept(self) -> dict[int, Section]:
        """Sections of the new table by their old index, in order; a pinned place that lost its section is inactive."""
        sections = self._layout.sections
        movable = {*self._drop, self._layout.header.shstrndx}
        pinned = max(i for i in range(len(sections)) if i not in movable)
        return {
            i: _INACTIVE if i in self._drop else section
            for i, section in enumerate(sections)
            if i not in self._drop or i < pinned
        }

    def _stays_in_place(self, index: int, section: Section) -> bool:
        if section.is_loaded or section.type in (_NULL, _NOBITS):
            return True
        if index == self._layout.header.shstrndx or section.end > self._ranges[-1][1]:
            return False
        return not any(section.offset < end and section.end > start for start, end in self._emptied)

    def plan(self) -> StripPlan:
        layout = self._layout
        kept = self._kept()
        places = {old: new for new, old in enumerate(kept)}
        names, name_offsets = _name_table(kept.values())
        pieces = list(self._image())
        position = self._moved(self._ranges[-1][1] - 1) + 1
        table = b""
        for index, section in kept.items():
            offset = self._moved(section.offset)
            size = section.section_bytes
            if not self._stays_in_place(index, section):
                offset = position + -position % max(1, section.align)
                piece = names if index == layout.header.shstrndx else (section.offset, section.end)
                size = len(names) if isinstance(piece, bytes) else size
                pieces += [bytes(offset - position), piece]
                position = offset + size
            has_index = section.flags & _INFO_LINK or section.type in (_REL, _RELA)
            table += layout.pack_section(
                dataclasses.replace(
                    section,
                    offset=offset,
                    section_bytes=size,
                    link=places.get(section.link, 0),
                    info=places.get(section.info, 0) if has_index else section.info,
                ),
                name_offsets[section.name],
            )
        padding = -position % 8
        header = dataclasses.replace(
            layout.header,
            phoff=self._moved(layout.header.phoff),
            shoff=position + padding,
            shnum=len(kept),
            shstrndx=places[layout.header.shstrndx],
        )
        pieces += [bytes(padding), table]
        stripped_bytes = position + padding + len(table)
        emptied = sum(end - start for start, end in self._emptied)
        return StripPlan(
            pieces=tuple(self._patched(pieces, header)),
            stripped_bytes=stripped_bytes,
            saved_bytes=layout.size_bytes - stripped_bytes,
            zeroed_bytes=emptied - self._shifts[-1],
            removed=tuple(layout.sections[i].name for i in sorted(self._drop)),
        )

    def _image(self) -> Iterator[tuple[int, int] | bytes]:
        """What is loaded, and the gaps between."""
        for index, (start, end) in enumerate(self._ranges):
            if index:
                before = self._ranges[index - 1][1]
                if (before, start) in self._emptied:
                    yield bytes(start - before - self._shifts[index] + self._shifts[index - 1])
                else:
                    yield before, start
            yield start, end

    def _patched(self, pieces: Sequence[tuple[int, int] | bytes], header: Header) -> Iterator[tuple[int, int] | bytes]:
        """``pieces`` with the file header and the program headers written anew."""
        layout = self._layout
        segments = (dataclasses.replace(s, offset=self._moved(s.offset)) for s in layout.segments)
        patches = [
            (16, layout.pack_header(header)),
            (layout.header.phoff, b"".join(layout.pack_segment(segment) for segment in segments)),
        ]
        for piece in pieces:
            if isinstance(piece, bytes):
                if piece:
                    yield piece
                continue
            start, end = piece
            for at, patch in patches:
                if start <= at < end:
                    yield start, at
                    yield patch
                    start = at + len(patch)
            if start < end:
                yield start, end


def _loaded_ranges(layout: Layout) -> list[tuple[int, int]]:
    """What must stay, as (start, end) in the file: headers, segments, loaded sections; sorted, merged, not empty."""
    header = layout.header
    ranges = [(0, header.ehsize), (header.phoff, header.phoff + header.phentsize * header.phnum)]
    ranges += [(s.offset, s.end) for s in layout.segments if s.file_bytes]
    # A segment without file content may still map (and clear the rest of) the page its offset names.
    ranges += [(s.offset, s.offset + 1) for s in layout.segments if s.type == _PT_LOAD and not s.file_bytes]
    ranges += [(s.offset, s.end) for s in layout.sections if s.is_loaded and s.end > s.offset]
    merged: list[tuple[int, int]] = []
    for start, end in sorted(ranges):
        end = min(end, layout.size_bytes)
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        elif start < end:
            merged.append((start, end))
    return merged


def _name_table(sections: Iterable[Section]) -> tuple[bytes, dict[str, int]]:
    """A section name table and where each name starts in it."""
    table = b"\0"
    offsets = {"": 0}
    for section in sections:
        if section.name not in offsets:
            offsets[section.name] = len(table)
            table += section.name.encode("utf-8", "surrogateescape") + b"\0"
    return table, offsets
