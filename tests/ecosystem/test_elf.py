"""Facts of ELF files: the same as pyelftools reads from real ones, and bounded errors for broken ones."""

import random
import struct
from pathlib import Path
from typing import Any

import pytest

from lightship.ecosystem.elf import ElfFile, is_elf, read_elf
from lightship.errors import ArchiveError

from .elves import real_elves, tiny_elf

NEEDED, SONAME, RPATH, RUNPATH, VERNEED, VERNEEDNUM, VERDEF, VERDEFNUM = (
    1, 14, 15, 29, 0x6FFFFFFE, 0x6FFFFFFF, 0x6FFFFFFC, 0x6FFFFFFD,
)  # fmt: skip


def facts_by_pyelftools(path: Path) -> dict[str, object]:
    from elftools.elf.dynamic import DynamicSegment
    from elftools.elf.elffile import ELFFile
    from elftools.elf.gnuversions import GNUVerDefSection, GNUVerNeedSection

    with path.open("rb") as stream:
        elf: Any = ELFFile(stream)
        texts: dict[str, list[str]] = {}
        for segment in elf.iter_segments():
            if isinstance(segment, DynamicSegment):
                for tag in segment.iter_tags():
                    name = str(tag.entry.d_tag)
                    if name in ("DT_NEEDED", "DT_SONAME", "DT_RPATH", "DT_RUNPATH"):
                        texts.setdefault(name, []).append(getattr(tag, name[3:].lower()))
        needs: list[tuple[str, tuple[str, ...]]] = []
        definitions: list[str] = []
        for section in elf.iter_sections():
            if isinstance(section, GNUVerNeedSection):
                needs = [(str(need.name), tuple(str(a.name) for a in aux)) for need, aux in section.iter_versions()]
            elif isinstance(section, GNUVerDefSection):
                names = [(d["vd_flags"], next(iter(aux)).name) for d, aux in section.iter_versions()]
                definitions = [name for flags, name in names if not flags & 1]
        return {
            "machine": {"x64": "x86_64", "AArch64": "aarch64", "x86": "i686"}.get(elf.get_machine_arch()),
            "needed": tuple(texts.get("DT_NEEDED", ())),
            "soname": texts.get("DT_SONAME", [""])[0],
            "rpath": ":".join(texts.get("DT_RPATH", [])),
            "runpath": ":".join(texts.get("DT_RUNPATH", [])),
            "version_needs": tuple(needs),
            "version_definitions": tuple(definitions),
            "has_debug": any(
                s.name == ".symtab" or s.name.startswith((".debug_", ".zdebug_")) for s in elf.iter_sections()
            ),
        }


def test_facts_are_those_that_pyelftools_reads() -> None:
    paths = real_elves(150)
    assert len(paths) > 20
    different = {}
    for path in paths:
        elf = read_elf(path.read_bytes())
        found = {name: getattr(elf, name) for name in ("machine", "needed", "soname", "version_needs", "has_debug")}
        found |= {"version_definitions": elf.version_definitions}
        found |= {"rpath": ":".join(elf.rpath), "runpath": ":".join(elf.runpath)}
        if found != facts_by_pyelftools(path):
            different[path] = found
    assert different == {}


@pytest.mark.parametrize(("bits", "order", "machine", "name"), [(64, "<", 183, "aarch64"), (32, ">", 20, "ppc")])
def test_both_classes_and_byte_orders(bits: int, order: str, machine: int, name: str) -> None:
    dynamic = [(NEEDED, "libc.so.6"), (SONAME, "libpretend.so.1"), (RPATH, "$ORIGIN/../lib:/opt"), (RUNPATH, "/run")]
    elf = read_elf(tiny_elf(bits=bits, order=order, machine=machine, dynamic=dynamic, interpreter="/lib/ld.so.1"))
    assert elf == ElfFile(
        machine=name,
        bits=bits,
        type="shared",
        interpreter="/lib/ld.so.1",
        soname="libpretend.so.1",
        needed=("libc.so.6",),
        rpath=("$ORIGIN/../lib", "/opt"),
        runpath=("/run",),
    )


def test_a_machine_without_a_name_is_told_by_number() -> None:
    assert read_elf(tiny_elf(machine=4711)).machine == "machine-4711"


def test_what_is_no_elf() -> None:
    assert not is_elf(b"#!/bin/sh")
    for broken in (b"", b"\x7fELF", b"MZ" + bytes(100), b"\x7fELF\x09\x01" + bytes(100)):
        with pytest.raises(ArchiveError, match="ELF"):
            read_elf(broken)


def test_every_cut_and_every_damaged_byte_ends_in_an_archive_error_or_facts() -> None:
    tail = struct.pack("<HHIII", 1, 1, 1, 16, 0) + struct.pack("<IHHII", 0, 0, 2, 1, 0)
    elf = tiny_elf(dynamic=[(NEEDED, "libc.so.6"), (VERNEED, -1), (VERNEEDNUM, 1)], interpreter="/lib/ld", tail=tail)
    assert read_elf(elf).version_needs == (("libc.so.6", ("libc.so.6",)),)
    real = real_elves(1)[0].read_bytes()
    chance = random.Random(7)  # noqa: S311 - repeatable damage, no secret
    broken = [elf[:size] for size in range(len(elf))]
    for source in (elf, real):
        for _ in range(1500):
            damaged = bytearray(source)
            damaged[chance.randrange(min(len(source), 2000))] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
            broken.append(bytes(damaged))
    refused = 0
    for sample in broken:
        try:
            read_elf(sample)
        except ArchiveError:
            refused += 1
    assert refused > len(elf)


@pytest.mark.parametrize("tag", [VERNEED, VERDEF])
def test_a_version_table_that_points_at_itself_ends(tag: int) -> None:
    """A distance is unsigned and forward; a table of overlapping records is cut at a fixed number."""
    count_tag = VERNEEDNUM if tag == VERNEED else VERDEFNUM
    shape = "<HHIII" if tag == VERNEED else "<HHHHIII"
    fields = (1, 0xFFFF, 1, 1, 1) if tag == VERNEED else (1, 0, 0, 0xFFFF, 0, 1, 1)
    tail = struct.pack(shape, *fields) + b"\1" * 200_000
    elf = tiny_elf(dynamic=[(NEEDED, "libc.so.6"), (tag, -1), (count_tag, 1 << 60)], tail=tail)
    try:
        facts = read_elf(elf)
        assert sum(len(versions) for _, versions in facts.version_needs) <= 2 * 65_536
    except ArchiveError:
        pass  # running off the end of the file is an end as well


def test_an_address_outside_every_segment_is_refused() -> None:
    with pytest.raises(ArchiveError, match="no loaded segment"):
        read_elf(tiny_elf(dynamic=[(VERNEED, 0xDEAD0000), (VERNEEDNUM, 1)]))
