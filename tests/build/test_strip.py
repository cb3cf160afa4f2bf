"""Debug symbols of one archive's files: stripped once, kept in a pack, spliced from then on."""

import zipfile
from pathlib import Path

import pytest
from isal import isal_zlib

from lightship.archive.content import Deflated, Stored
from lightship.archive.inflate import Containers, read_content
from lightship.archive.zip import read_zip
from lightship.build import strip
from lightship.build.strip import strip_entries
from lightship.ecosystem.elf import read_elf
from lightship.plan.model import Entry
from lightship.store.cache import Cache

from ..ecosystem.elves import memory_image, tiny_elf, with_debug

KEY = "0" * 64


def extension() -> bytes:
    return Path(str(isal_zlib.__file__)).read_bytes()


def archive(path: Path, members: dict[str, bytes], *, stored: tuple[str, ...] = ()) -> tuple[Entry, ...]:
    with zipfile.ZipFile(path, "w") as written:
        for name, content in members.items():
            method = zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED
            written.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return tuple(Entry(path=f"site/{m.path}", content=m.content, owner="wheel:x==1", why="locked")
                 for m in read_zip(path))  # fmt: skip


def plain(entry: Entry) -> bytes:
    assert entry.content is not None
    with Containers() as containers:
        return bytes(read_content(entry.content, containers))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def test_what_has_debug_symbols_is_replaced_and_nothing_else(tmp_path: Path, cache: Cache) -> None:
    debug = with_debug(extension())
    members = {"a/big.so": debug, "a/stored.so": debug, "a/mod.py": b"x = 1", "a/data.bin": b"\x7fEL", "a/empty": b""}
    entries = archive(tmp_path / "x.whl", members, stored=("a/stored.so",))
    done = strip_entries(entries, KEY, cache)
    assert [entry.path for entry in done.entries] == [entry.path for entry in entries]
    assert [file.path for file in done.stripped] == ["site/a/big.so", "site/a/stored.so"]
    assert [file.owner for file in done.stripped] == ["wheel:x==1"] * 2
    for before, after in zip(entries, done.entries, strict=True):
        if not before.path.endswith(".so"):
            assert after is before
            continue
        assert isinstance(after.content, Deflated)
        assert after.why == "locked, debug symbols stripped"
        assert memory_image(plain(after)) == memory_image(debug)
        assert not read_elf(plain(after)).has_debug
    won = sum(a.unpacked_bytes - b.unpacked_bytes for a, b in zip(entries, done.entries, strict=True))
    assert done.saved_bytes == won > 100_000


def test_a_warm_build_does_not_read_the_archive(tmp_path: Path, cache: Cache) -> None:
    entries = archive(tmp_path / "x.whl", {"a.so": with_debug(extension()), "b.so": extension()})
    cold = strip_entries(entries, KEY, cache)
    (tmp_path / "x.whl").unlink()
    assert strip_entries(entries, KEY, cache) == cold


def test_an_archive_without_candidates_leaves_nothing_in_the_cache(tmp_path: Path, cache: Cache) -> None:
    entries = archive(tmp_path / "x.whl", {"a.py": b"", "b.txt": b""})
    assert strip_entries(entries, KEY, cache).entries == entries
    assert not cache.root.exists()


def test_a_damaged_pack_is_made_again(tmp_path: Path, cache: Cache) -> None:
    entries = archive(tmp_path / "x.whl", {"a.so": with_debug(extension())})
    cold = strip_entries(entries, KEY, cache)
    (pack,) = (cache.root / "stripped").glob("*/*")
    whole = pack.read_bytes()
    for damaged in (b"", whole[:-5], whole[:100]):
        pack.write_bytes(damaged)
        assert strip_entries(entries, KEY, cache) == cold
        assert pack.read_bytes() == whole


def test_another_selection_of_files_has_a_pack_of_its_own(tmp_path: Path, cache: Cache) -> None:
    entries = archive(tmp_path / "x.whl", {"a.so": with_debug(extension()), "b.so": with_debug(extension())})
    assert len(strip_entries(entries[:1], KEY, cache).stripped) == 1
    assert len(strip_entries(entries, KEY, cache).stripped) == 2


def test_what_is_left_alone_is_told_with_its_reason(tmp_path: Path, cache: Cache) -> None:
    debug = with_debug(extension())
    members = {
        "libsoftokn3.so": debug, "libsoftokn3.chk": b"checksum", "libcrypto.so.3": debug, ".libcrypto.so.3.hmac": b"h",
        "fips.so": debug, "payload.so": debug + b"PK\3\4", "cut.so": debug[:-1000], "fine.so": tiny_elf(),
    }  # fmt: skip
    done = strip_entries(archive(tmp_path / "x.whl", members), KEY, cache)
    assert done.stripped == ()
    reasons = dict(done.skipped)
    beside = "its checksum lies beside it"
    assert {reasons[f"site/{name}"] for name in ("libsoftokn3.so", "libcrypto.so.3", "fips.so")} == {beside}
    assert reasons["site/payload.so"] == "4 bytes follow the end of the ELF file"
    assert "outside the file" in reasons["site/cut.so"]
    assert "site/fine.so" not in reasons


def test_large_files_are_stripped_through_a_temporary_file(
    tmp_path: Path, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strip, "_IN_MEMORY_BYTES", 1 << 20)
    kept = bytes(range(256)) * (5 << 12)
    large = with_debug(with_debug(extension(), name=".pretend.payload", debug=kept))
    entries = archive(tmp_path / "x.whl", {"a.so": large, "b.so": with_debug(extension())})
    for done in (strip_entries(entries, KEY, cache), strip_entries(entries, KEY, cache)):
        first, second = done.entries
        assert 5 << 20 < first.unpacked_bytes < len(large)
        assert kept in plain(first)
        assert isinstance(first.content, Deflated)
        assert isinstance(second.content, Deflated)
        assert (first.content.splice, second.content.splice) == (False, True), "layers compress the large one"


def test_packs_do_not_depend_on_the_order_of_entries(tmp_path: Path) -> None:
    entries = archive(tmp_path / "x.whl", {f"{n}.so": with_debug(extension()) for n in "ab"})
    packs = []
    for name, order in (("one", entries), ("two", entries[::-1])):
        cache = Cache(tmp_path / name)
        strip_entries(order, KEY, cache)
        packs += [(pack.name, pack.read_bytes()) for pack in (cache.root / "stripped").glob("*/*")]
    assert packs[0] == packs[1]


def test_a_plain_host_file_is_stripped_as_well(tmp_path: Path, cache: Cache) -> None:
    path = tmp_path / "libx.so"
    path.write_bytes(with_debug(extension()))
    entry = Entry(path="usr/lib/libx.so", content=Stored(path, 0, path.stat().st_size))
    assert len(strip_entries([entry], KEY, cache).stripped) == 1
