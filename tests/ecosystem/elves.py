"""ELF files for tests: real ones of this machine, tiny ones made by hand, and real ones with debug sections put in."""

import dataclasses
import struct
import sysconfig
from collections.abc import Iterable
from pathlib import Path

from lightship.ecosystem.elf.layout import Layout, Section, Segment, read_layout

__all__ = ["memory_image", "real_elves", "tiny_elf", "with_debug", "with_gap", "with_sections"]


def real_elves(limit: int) -> list[Path]:
    """At most ``limit`` shared objects and programs of the environment and the system, in a stable order."""
    roots = [sysconfig.get_path("platlib"), sysconfig.get_config_var("DESTSHARED"), "/usr/lib/x86_64-linux-gnu", "/bin"]
    found = []
    for root in filter(None, roots):
        for path in sorted(Path(root).rglob("*.so*") if root != "/bin" else Path(root).glob("[a-f]*")):
            if path.is_file() and not path.is_symlink() and 64 < path.stat().st_size < 3_000_000:
                with path.open("rb") as stream:
                    if stream.read(4) == b"\x7fELF":
                        found.append(path)
    step = max(1, len(found) // limit)
    return found[::step][:limit]


def tiny_elf(
    *,
    bits: int = 64,
    order: str = "<",
    machine: int = 62,
    dynamic: Iterable[tuple[int, int | str]] = (),
    interpreter: str = "",
    tail: bytes = b"",
) -> bytes:
    """A shared object with one loaded segment at address 0x1000 and a dynamic section; texts become string offsets.

    ``tail`` follows in the segment; its address is that of DT value -1.
    """
    word = "Q" if bits == 64 else "I"
    strings = bytearray(b"\0")
    rows: list[tuple[int, int]] = []
    for tag, value in dynamic:
        if isinstance(value, str):
            rows.append((tag, len(strings)))
            strings += value.encode() + b"\0"
        else:
            rows.append((tag, value))
    header_bytes, segment_bytes = (64, 56) if bits == 64 else (52, 32)
    start = header_bytes + 3 * segment_bytes
    interp = interpreter.encode() + b"\0"
    table_bytes = (len(rows) + 3) * 2 * struct.calcsize("<" + word)
    strings_at = start + len(interp) + table_bytes
    tail_at = strings_at + len(strings)
    base = 0x1000
    rows = [(tag, base + tail_at if value == -1 else value) for tag, value in rows]
    rows += [(5, base + strings_at), (10, len(strings)), (0, 0)]
    table = b"".join(struct.pack(order + word * 2, *row) for row in rows)
    end = tail_at + len(tail)
    segments = [(1, 0, base, end), (2, start + len(interp), base + start + len(interp), len(table))]
    segments.append((3, start, base + start, len(interp)) if interpreter else (0x6474E551, 0, 0, 0))
    packed = b"".join(
        struct.pack(order + "IIQQQQQQ", kind, 6, offset, address, address, size, size, 4096)
        if bits == 64
        else struct.pack(order + "IIIIIIII", kind, offset, address, address, size, size, 6, 4096)
        for kind, offset, address, size in segments
    )
    ident = b"\x7fELF" + bytes([bits // 32, 1 if order == "<" else 2, 1]) + bytes(9)
    header = struct.pack(
        order + "HHI" + word * 3 + "IHHHHHH",
        3, machine, 1, 0, header_bytes, 0, 0, header_bytes, segment_bytes, 3, 40, 0, 0,
    )  # fmt: skip
    return ident + header + packed + interp + table + bytes(strings) + tail


def with_sections(elf: bytes) -> bytes:
    """A 64-bit ``elf`` without sections, with the two that there must be: none, and their names."""
    layout = read_layout(elf)
    header = dataclasses.replace(layout.header, shentsize=64, shstrndx=1)
    return _with_table(dataclasses.replace(layout, header=header), elf, [_section("", kind=0, offset=0, size=0)])


def with_debug(elf: bytes, *, debug: bytes = b"d" * 50_000, symbols: int = 100, name: str = ".debug_info") -> bytes:
    """``elf`` with a debug section, a symbol table and its strings at its end, as a compiler leaves them."""
    layout = read_layout(elf)
    count = len(layout.sections)
    at = len(elf)
    table = at + len(debug)
    extra = [
        (_section(name, kind=1, offset=at, size=len(debug)), debug),
        (_section(".symtab", kind=2, offset=table, size=24 * symbols, link=count + 2, info=1, entry=24), b""),
        (_section(".strtab", kind=3, offset=table + 24 * symbols, size=500), bytes(24 * symbols + 500)),
    ]
    body = elf + b"".join(content for _, content in extra)
    return _with_table(layout, body, [*layout.sections, *(section for section, _ in extra)])


def with_gap(elf: bytes, *, gap_bytes: int = 3 << 16) -> bytes:
    """``elf`` with a debug section between its last two loaded segments, as patchelf leaves them."""
    layout = read_layout(elf)
    at = max(segment.offset for segment in layout.segments if segment.type == 1)

    def moved(offset: int) -> int:
        return offset + gap_bytes if offset >= at else offset

    body = bytearray(elf[:at] + b"d" * gap_bytes + elf[at:])
    segments = [dataclasses.replace(segment, offset=moved(segment.offset)) for segment in layout.segments]
    packed = b"".join(layout.pack_segment(segment) for segment in segments)
    body[layout.header.phoff : layout.header.phoff + len(packed)] = packed
    sections = [dataclasses.replace(section, offset=moved(section.offset)) for section in layout.sections]
    first_moved = next(i for i, section in enumerate(layout.sections) if section.is_loaded and section.offset >= at)
    debug = _section(".debug_info", kind=1, offset=at, size=gap_bytes)
    order = [*sections[:first_moved], debug, *sections[first_moved:]]
    shifted = [
        dataclasses.replace(
            section,
            link=section.link + (section.link >= first_moved),
            info=section.info + (section.info >= first_moved and section.type in (4, 9)),
        )
        for section in order
    ]
    return _with_table(layout, bytes(body), shifted)


def memory_image(elf: bytes) -> list[tuple[Segment, bytes]]:
    """What a loader maps: every segment without its place in the file, its bytes without the headers' offsets."""
    layout = read_layout(elf)
    blank = bytearray(elf)
    for start, end in (
        (16, layout.header.ehsize),
        (layout.header.phoff, layout.header.phoff + layout.header.phnum * layout.header.phentsize),
    ):
        blank[start:end] = bytes(end - start)
    return [
        (dataclasses.replace(segment, offset=0), bytes(blank[segment.offset : segment.end]))
        for segment in layout.segments
    ]


def _section(name: str, *, kind: int, offset: int, size: int, link: int = 0, info: int = 0, entry: int = 0) -> Section:
    return Section(
        name=name, type=kind, flags=0, address=0, offset=offset, section_bytes=size,
        link=link, info=info, align=1, entry_bytes=entry,
    )  # fmt: skip


def _with_table(layout: Layout, body: bytes, sections: list[Section]) -> bytes:
    names = b"\0" + b"".join(section.name.encode() + b"\0" for section in sections) + b".shstrtab\0"
    rows = [*sections, _section(".shstrtab", kind=3, offset=len(body), size=len(names))]
    body += names + bytes(-(len(body) + len(names)) % 8)
    header = dataclasses.replace(layout.header, shoff=len(body), shnum=len(rows), shstrndx=len(rows) - 1)
    packed = layout.pack_header(header)
    table = b"".join(
        layout.pack_section(row, names.index(row.name.encode() + b"\0") if row.name else 0) for row in rows
    )
    return body[:16] + packed + body[16 + len(packed) :] + table
