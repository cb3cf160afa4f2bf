"""What a wheel's files ask the loader for: scanned once, then from the cache."""

import zipfile
from pathlib import Path

import pytest
from isal import isal_zlib

from lightship.build.wheel_facts import WheelFacts, cached_wheel_facts, scan_wheel
from lightship.ecosystem.elf import read_elf
from lightship.ecosystem.elf.closure import PlacedElf, find_outside_needs
from lightship.errors import ArchiveError
from lightship.store.cache import Cache

from ..ecosystem.elves import tiny_elf

KEY = "0" * 64


def wheel(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as written:
        for name, content in members.items():
            written.writestr(name, content)
    return path


@pytest.fixture(name="sample")
def _sample(tmp_path: Path) -> Path:
    return wheel(
        tmp_path / "x.whl",
        {
            "x/_c.so": tiny_elf(dynamic=[(1, "libz.so.1"), (1, "libx.so.1")]),
            "x.libs/libx.so.1": tiny_elf(dynamic=[(14, "libx.so.1"), (1, "libc.so.6")]),
            "x/real.so": Path(str(isal_zlib.__file__)).read_bytes(),
            "x/tool": tiny_elf(interpreter="/lib64/ld-linux-x86-64.so.2"),
            "x/broken.so": tiny_elf()[:70],
            "x/load.py": b"import ctypes\nctypes.CDLL('libmagic.so.1')\n",
            "x/other.py": b"x = 1",
            "x/data.bin": bytes(100),
        },
    )


def test_scan(sample: Path) -> None:
    facts = scan_wheel(sample)
    elves = dict(facts.elves)
    assert sorted(elves) == ["x.libs/libx.so.1", "x/_c.so", "x/real.so", "x/tool"]
    assert elves["x/real.so"] == read_elf(Path(str(isal_zlib.__file__)).read_bytes())
    assert [(need.module, need.library, need.call) for need in facts.dlopen] == [("x/load.py", "libmagic.so.1", "load")]
    assert [path for path, _ in facts.not_understood] == ["x/broken.so"]
    placed = [PlacedElf(path=f"site/{path}", owner="x", elf=elf) for path, elf in facts.elves]
    needs = [need.soname for need in find_outside_needs(placed, machine="x86_64").needs]
    assert [name for name in needs if "pthread" not in name] == ["ld-linux-x86-64.so.2", "libc.so.6", "libz.so.1"]


@pytest.mark.parametrize(
    ("path", "content", "converts"),
    [
        ("x/_c.so", tiny_elf(dynamic=[(1, "libc.so.6")]), False),
        ("x/_c.so", tiny_elf(dynamic=[(1, "libc.so.6"), (1, "iconv_open")]), True),
        ("x/cut.so", tiny_elf()[:70], True),
        ("x/load.py", b"import ctypes\nctypes.CDLL(None).iconv_open\n", True),
        ("x/codec.py", b"'\xc3\xa9'.encode()\n", False),
    ],
)
def test_who_converts_text_is_told(path: str, content: bytes, converts: bool, tmp_path: Path) -> None:
    facts = scan_wheel(wheel(tmp_path / "x.whl", {path: content}))
    assert facts.converts_text == converts
    assert WheelFacts.from_json(facts.to_json()) == facts


def test_json_round_trip(sample: Path) -> None:
    facts = scan_wheel(sample)
    assert WheelFacts.from_json(facts.to_json()) == facts
    for broken in (
        b"",
        b"[]",
        b"{}",
        b'{"version": 0}',
        facts.to_json()[:-1],
        facts.to_json().replace(b"bits", b"bats"),
    ):
        assert WheelFacts.from_json(broken) is None


def test_a_warm_build_opens_no_wheel(sample: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cold = cached_wheel_facts(sample, KEY, cache)
    sample.unlink()
    assert cached_wheel_facts(sample, KEY, cache) == cold


def test_a_damaged_entry_is_made_again(sample: Path, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    cold = cached_wheel_facts(sample, KEY, cache)
    (entry,) = (cache.root / "elf-facts").glob("*/*")
    entry.write_bytes(entry.read_bytes()[:50])
    assert cached_wheel_facts(sample, KEY, cache) == cold
    assert WheelFacts.from_json(entry.read_bytes()) == cold


def test_what_is_no_wheel(tmp_path: Path) -> None:
    (tmp_path / "x.whl").write_bytes(b"not a zip")
    with pytest.raises(ArchiveError):
        scan_wheel(tmp_path / "x.whl")


def test_a_damaged_member_is_noted_and_the_scan_goes_on(tmp_path: Path) -> None:
    path = wheel(tmp_path / "x.whl", {"a.so": b"\x7fELF" + bytes(range(256)) * 9, "b.so": tiny_elf()})
    raw = bytearray(path.read_bytes())
    raw[raw.index(b"PK\3\4", 4) - 3] ^= 0xFF
    path.write_bytes(raw)
    facts = scan_wheel(path)
    assert [name for name, _ in facts.elves] == ["b.so"]
    assert [name for name, _ in facts.not_understood] == ["a.so"]
