"""Stripping never changes what a loader maps: real files with debug sections put in, and those of this machine."""

import dataclasses
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.ecosystem.elf import read_elf
from lightship.ecosystem.elf.layout import read_layout
from lightship.ecosystem.elf.strip import StripPlan, Untouched, plan_strip, stripped_pieces

from .elves import memory_image, real_elves, tiny_elf, with_debug, with_gap


def stripped(elf: bytes) -> bytes:
    plan = plan_strip(elf)
    assert isinstance(plan, StripPlan), plan
    written = b"".join(stripped_pieces(elf, plan))
    assert len(written) == plan.stripped_bytes == len(elf) - plan.saved_bytes
    return written


def reason(elf: bytes) -> str:
    plan = plan_strip(elf)
    assert isinstance(plan, Untouched)
    return plan.reason


def extension() -> Path:
    from isal import isal_zlib

    return Path(str(isal_zlib.__file__))


def crc_of(module: Path) -> subprocess.CompletedProcess[bytes]:
    """Load the extension module from ``module`` in a process of its own, and use it."""
    program = (
        "import sys, importlib.util as u, zlib; s = u.spec_from_file_location('isal.isal_zlib', sys.argv[1]);"
        "m = u.module_from_spec(s); s.loader.exec_module(m); assert m.crc32(b'lightship') == zlib.crc32(b'lightship');"
        "assert m.decompress(m.compress(b'x' * 9999)) == b'x' * 9999"
    )
    return subprocess.run([sys.executable, "-c", program, str(module)], capture_output=True, check=False)


@pytest.mark.parametrize("put_in", [with_debug, with_gap], ids=["at the end", "between segments"])
def test_real_files_keep_their_memory_image_and_lose_what_was_put_in(put_in: Callable[[bytes], bytes]) -> None:
    tried = 0
    for path in real_elves(60):
        plain = path.read_bytes()
        before = put_in(plain)
        after = stripped(before)
        assert memory_image(after) == memory_image(before), path
        assert dataclasses.replace(read_elf(after), has_debug=False) == dataclasses.replace(
            read_elf(before), has_debug=False
        )
        assert not read_elf(after).has_debug
        # what is loaded keeps its place within a page: 64 KiB, or the 2 MiB that older linkers align to
        page_bytes = max(65_536, *(segment.align for segment in read_layout(plain).segments if segment.type == 1))
        assert len(after) <= len(plain) + 1024 + 2 * page_bytes * (put_in is with_gap), path
        assert isinstance(plan_strip(after), Untouched), "stripping twice changes nothing"
        tried += 1
    assert tried > 15


@pytest.mark.parametrize("put_in", [with_debug, with_gap], ids=["at the end", "between segments"])
def test_a_stripped_extension_still_loads_and_works(tmp_path: Path, put_in: Callable[[bytes], bytes]) -> None:
    module = tmp_path / extension().name
    before = put_in(extension().read_bytes())
    module.write_bytes(before)
    assert crc_of(module).returncode == 0, "the fixture itself must load"
    module.write_bytes(stripped(before))
    loaded = crc_of(module)
    assert loaded.returncode == 0, loaded.stderr.decode()


def test_sections_keep_their_names_and_links() -> None:
    before = with_gap(extension().read_bytes())
    old, new = read_layout(before), read_layout(stripped(before))

    def described(sections: tuple[object, ...]) -> dict[str, tuple[object, ...]]:
        rows = read_layout(before).sections if sections is old.sections else new.sections
        gone = {"", ".debug_info", ".symtab", ".strtab", ".shstrtab"}
        return {
            s.name: (s.type, s.flags, s.address, s.section_bytes, rows[s.link].name, s.align)
            for s in rows
            if s.name not in gone
        }

    assert described(new.sections) == described(old.sections)
    assert new.sections[new.header.shstrndx].name == ".shstrtab"
    for section in new.sections:
        if section.is_loaded and section.type != 8:
            kept = next(s for s in old.sections if s.name == section.name)
            assert stripped(before)[section.offset : section.end] == before[kept.offset : kept.end]


def test_a_dropped_section_before_one_that_stays_leaves_an_inactive_header() -> None:
    """.dynsym names sections by index and is loaded: no index of a section that stays may change."""
    before = with_gap(extension().read_bytes())
    old, new = read_layout(before), read_layout(stripped(before))
    for index, section in enumerate(old.sections):
        if section.is_loaded:
            assert new.sections[index].name == section.name
    debug = next(i for i, s in enumerate(old.sections) if s.name == ".debug_info")
    assert (new.sections[debug].type, new.sections[debug].name) == (0, "")


def test_what_is_left_alone_says_why() -> None:
    plain = extension().read_bytes()
    with_symbols = with_debug(plain)
    layout = read_layout(with_symbols)
    assert reason(plain[:-1]).startswith("ELF section header table lies outside the file")
    relocatable = bytearray(with_symbols)
    relocatable[16] = 1
    foreign = bytearray(with_symbols)
    foreign[18] = 0xFF
    assert reason(bytes(relocatable)) == "neither a program nor a shared object"
    assert "not known" in reason(bytes(foreign))
    assert reason(b"!<arch>\nlib.o/") == "not an ELF file: the magic number is missing"
    assert reason(tiny_elf()) == "nothing to strip"
    assert reason(with_symbols + b"PK\3\4 a payload") == "14 bytes follow the end of the ELF file"
    assert reason(with_debug(plain, name=".sha512_sig")) == "section .sha512_sig looks like a signature"
    assert "bytes to win" in reason(with_debug(stripped(with_symbols), debug=b"d" * 100, symbols=1))
    assert layout.size_bytes - len(stripped(with_symbols + bytes(4000))) > 40_000, "NUL padding is no payload"


def test_an_unknown_section_that_is_not_loaded_stays() -> None:
    before = with_debug(with_debug(extension().read_bytes()), name=".pretend.archive", debug=b"payload" * 9000)
    after = stripped(before)
    layout = read_layout(after)
    kept = next(section for section in layout.sections if section.name == ".pretend.archive")
    assert after[kept.offset : kept.end] == b"payload" * 9000
    assert not any(section.name.startswith((".debug", ".symtab")) for section in layout.sections)


def test_damaged_files_give_a_plan_that_holds_or_a_reason() -> None:
    source = with_gap(extension().read_bytes())
    layout = read_layout(source)
    chance = random.Random(11)  # noqa: S311 - repeatable damage, no secret
    places = [*range(16, 64 + 56 * layout.header.phnum), *range(layout.header.shoff, len(source))]
    plans = 0
    for _ in range(1500):
        damaged = bytearray(source)
        for _ in range(chance.choice((1, 1, 2, 4))):
            damaged[chance.choice(places)] = chance.choice((0, 1, 0x7F, 0xFF, chance.randrange(256)))
        plan = plan_strip(bytes(damaged))
        if isinstance(plan, StripPlan):
            plans += 1
            assert plan.stripped_bytes == sum(p[1] - p[0] if isinstance(p, tuple) else len(p) for p in plan.pieces)
            assert plan.stripped_bytes <= len(damaged) + 4096 * 64
    assert plans > 100


@pytest.mark.conformance
def test_readelf_and_elflint_find_nothing_that_was_not_there(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    readelf, elflint = require_tool("readelf"), require_tool("eu-elflint")

    def complaints(elf: bytes) -> tuple[int, int]:
        path = tmp_path / "file"
        path.write_bytes(elf)
        read = subprocess.run([readelf, "-aW", path], capture_output=True, check=False)
        lint = subprocess.run([elflint, "--gnu-ld", path], capture_output=True, check=False)
        return len(read.stderr.splitlines()), len(lint.stdout.splitlines())

    for path in real_elves(12):
        plain = path.read_bytes()
        assert complaints(stripped(with_debug(plain))) <= complaints(plain), path
        after, before = complaints(stripped(with_gap(plain))), complaints(with_gap(plain))
        assert after <= before, path


@pytest.mark.conformance
def test_wins_what_binutils_wins(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    strip = require_tool("strip")
    ours = theirs = 0
    for path in real_elves(40):
        before = with_debug(path.read_bytes())
        (tmp_path / "file").write_bytes(before)
        done = subprocess.run([strip, "--strip-unneeded", tmp_path / "file"], capture_output=True, check=False)
        if done.returncode == 0:
            ours += len(before) - len(stripped(before))
            theirs += len(before) - (tmp_path / "file").stat().st_size
    assert ours >= 0.97 * theirs > 0
