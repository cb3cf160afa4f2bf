import io
import json
import shutil
import tarfile
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

import pytest

from lightship.archive.codec import open_decompressed
from lightship.archive.content import Stored
from lightship.archive.layer import WrittenLayer
from lightship.errors import InputError, MismatchError
from lightship.oci.digest import Digest
from lightship.plan import parts
from lightship.plan.layering import Parts
from lightship.plan.model import Entry
from lightship.plan.parts import PartCompression, assemble_parts, cut, directories
from lightship.progress import SILENT
from lightship.store.cache import Cache

CODECS: list[PartCompression] = ["gzip", "zstd"]


class Project:
    """Files in memory, as the parts of a layer; remembers which parts were made."""

    def __init__(self, count: int = 300) -> None:
        self.files = {f"app/d{number % 5}/m{number:03}.py": f"x = {number}\n" * 20 for number in range(count)}
        self.made: list[int] = []

    def parts(self) -> Parts:
        entries = {path: Entry.text(path, text, owner="application", why="") for path, text in self.files.items()}
        groups = [directories(entries.values())]
        groups += [tuple(entries[path] for path in group) for group in cut(entries)]

        def make(missing: Sequence[int]) -> list[tuple[Entry, ...]]:
            self.made += missing
            return [groups[number] for number in missing]

        keys = tuple(repr([(e.path, e.content) for e in group]) for group in groups)
        return Parts(keys=keys, make=make, created_by="pretend")


def assembled(
    project: Project, cache: Cache, compression: PartCompression = "gzip"
) -> tuple[WrittenLayer, list[dict[str, object]]]:
    written, told = assemble_parts(
        "application", project.parts(), cache, compression=compression, level=None, mtime=0, progress=SILENT
    )
    return written, json.loads(f"[{told}]")


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.mark.parametrize("compression", CODECS)
def test_the_layer_is_a_tar_of_every_file(cache: Cache, compression: PartCompression) -> None:
    project = Project()
    written, told = assembled(project, cache, compression)
    blob = cache.path("blobs", written.digest.hex).read_bytes()
    assert Digest.of(blob) == written.digest
    tar = open_decompressed(io.BytesIO(blob)).read()
    assert Digest.of(tar) == written.diff_id
    assert (len(blob), len(tar)) == (written.compressed_bytes, written.tar_bytes)
    with tarfile.open(fileobj=io.BytesIO(tar)) as archive:
        found = {each.name: archive.extractfile(each).read().decode() for each in archive if each.isfile()}  # type: ignore[union-attr]
    assert found == project.files
    assert written.files == len(project.files)
    assert {row["path"] for row in told} == project.files.keys() | {"app", *(f"app/d{n}" for n in range(5))}


@pytest.mark.parametrize("compression", CODECS)
def test_a_changed_file_makes_one_part_and_the_same_layer_as_from_nothing(
    tmp_path: Path, cache: Cache, compression: PartCompression
) -> None:
    project = Project()
    assembled(project, cache, compression)
    project.made.clear()
    project.files["app/d3/m123.py"] = "y = 1\n"
    warm, warm_told = assembled(project, cache, compression)
    assert len(project.made) == 1
    cold, cold_told = assembled(project, Cache(tmp_path / "another"), compression)
    assert warm == cold
    assert warm_told == cold_told


def test_a_file_that_comes_leaves_most_parts(cache: Cache) -> None:
    project = Project()
    assembled(project, cache)
    project.made.clear()
    project.files["app/d1/another.py"] = "z = 1\n"
    assembled(project, cache)
    assert len(project.made) <= 2


def test_nothing_is_made_where_all_is_known(cache: Cache) -> None:
    project = Project()
    first = assembled(project, cache)
    project.made.clear()
    assert assembled(project, cache) == first
    assert project.made == []


@pytest.mark.parametrize("kind", ["parts", "part-facts"])
@pytest.mark.parametrize("damage", [b"", b"rubbish", None])
def test_a_damaged_part_is_made_again(cache: Cache, kind: str, damage: bytes | None) -> None:
    project = Project()
    first = assembled(project, cache)
    for path in (cache.root / kind).glob("*/*"):
        path.chmod(0o600)
        if damage is None:
            path.unlink()
        else:
            path.write_bytes(damage)
    assert assembled(project, cache) == first


def test_a_copied_cache_is_checked_once(cache: Cache, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = Project()
    first = assembled(project, cache)
    shutil.copytree(cache.root, tmp_path / "copied")
    copied = Cache(tmp_path / "copied")
    checked: list[str] = []
    check = parts._check

    def counted(file: BinaryIO, part: parts._Part) -> None:
        checked.append(part.sha256)
        check(file, part)

    monkeypatch.setattr(parts, "_check", counted)
    assert assembled(project, copied) == first
    assert len(checked) > 2
    checked.clear()
    assert assembled(project, copied) == first
    assert checked == []


def test_one_flipped_bit_is_found(cache: Cache) -> None:
    project = Project()
    first = assembled(project, cache)
    victim = max((cache.root / "parts").glob("*/*"), key=lambda path: path.stat().st_size)
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.chmod(0o600)
    victim.write_bytes(raw)
    assert assembled(project, cache) == first


def test_a_path_that_holds_others_and_is_a_file_is_refused() -> None:
    entries = [Entry.text("a", "", owner="o", why=""), Entry.text("a/b", "", owner="o", why="")]
    with pytest.raises(InputError, match="a"):
        directories(entries)


def test_a_source_that_changes_meanwhile_is_an_error_and_leaves_nothing(cache: Cache, tmp_path: Path) -> None:
    source = tmp_path / "a.py"
    source.write_text("x = 1\n")
    entry = Entry(path="a.py", content=Stored(source, 0, 6, sha256="0" * 64), owner="application", why="")
    parts = Parts(keys=("a",), make=lambda missing: [(entry,) for _ in missing], created_by="pretend")
    with pytest.raises(MismatchError, match=r"a\.py"):
        assemble_parts("application", parts, cache, compression="gzip", level=None, mtime=0, progress=SILENT)
    assert not [path for path in cache.root.rglob("*") if path.is_file()]
