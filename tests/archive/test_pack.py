import hashlib
import io
import tracemalloc
import zipfile
from pathlib import Path

import pytest

from lightship.archive import pack
from lightship.archive.inflate import Containers, read_content
from lightship.archive.pack import PackWriter
from lightship.archive.zip import read_zip
from lightship.errors import InputError

NOISE = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(32))


def packed(path: Path, *members: tuple[str, bytes, int]) -> Path:
    with path.open("w+b") as stream, PackWriter(stream) as writer:
        for member in members:
            writer.add(*member)
    return path


MEMBERS = (("a/b.pyc", b"code" * 20_000, 0o644), ("bin/x", b"#!", 0o755), ("é", b"", 0o600), ("n", NOISE, 0o4755))


def test_a_pack_is_a_zip_that_others_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(packed(tmp_path / "x", *MEMBERS)) as archive:
        assert archive.testzip() is None
        found = [(info.filename, archive.read(info), info.external_attr >> 16 & 0o7777) for info in archive.infolist()]
    assert found == list(MEMBERS)


def test_members_read_back_with_their_modes(tmp_path: Path) -> None:
    path = packed(tmp_path / "x", *MEMBERS)
    with Containers() as containers:
        found = [
            (member.path, bytes(read_content(member.content, containers)), member.mode)
            for member in read_zip(path)
            if member.content is not None
        ]
    assert found == list(MEMBERS)


def test_adding_says_where_the_member_lies(tmp_path: Path) -> None:
    path = tmp_path / "x"
    with path.open("w+b") as stream, PackWriter(stream) as writer:
        places = [writer.add(*member) for member in MEMBERS]
    assert [place.at(path) for place in places] == [member.content for member in read_zip(path)]


def test_the_same_members_give_the_same_bytes(tmp_path: Path) -> None:
    first = packed(tmp_path / "1", *MEMBERS).read_bytes()
    assert packed(tmp_path / "2", *MEMBERS).read_bytes() == first
    with (tmp_path / "3").open("w+b") as stream, PackWriter(stream) as writer:
        for name, content, mode in MEMBERS:
            writer.add_stream(name, io.BytesIO(content), mode)
    assert (tmp_path / "3").read_bytes() == first


def test_a_large_member_is_streamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_WHOLE_BYTES", 1 << 20)
    path = tmp_path / "x"
    content = NOISE * 5000  # 5 MB
    source = tmp_path / "large"
    source.write_bytes(content)
    tracemalloc.start()
    with source.open("rb") as large, path.open("w+b") as stream, PackWriter(stream) as writer:
        writer.add("before", b"1")
        place = writer.add_stream("large", large)
        writer.add("after", b"2")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3_000_000
    with zipfile.ZipFile(path) as archive:
        assert archive.read("large") == content
        assert (archive.read("before"), archive.read("after")) == (b"1", b"2")
    assert read_zip(path)[1].content == place.at(path)


def test_more_members_than_a_short_end_record_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_MAX_COUNT", 3)
    path = packed(tmp_path / "x", *MEMBERS)
    assert b"PK\6\6" in path.read_bytes()
    assert len(read_zip(path)) == len(MEMBERS)


@pytest.mark.parametrize("name", ["", "/a", "../a", "a//b", "a"])
def test_a_name_that_is_not_normal_or_comes_twice_is_an_error(name: str) -> None:
    with PackWriter(io.BytesIO()) as writer:
        writer.add("a", b"")
        with pytest.raises(InputError, match=r"not normal or comes twice|absolute|leaves its root"):
            writer.add(name, b"")


def test_an_error_writes_no_directory() -> None:
    stream = io.BytesIO()

    def fail() -> None:
        with PackWriter(stream) as writer:
            writer.add("a", b"content")
            writer.add("a", b"again")

    with pytest.raises(InputError):
        fail()
    assert b"PK\5\6" not in stream.getvalue()


def test_how_large_members_are_compressed_can_be_told(tmp_path: Path) -> None:
    content = b"".join(b"%d\n" % (n * n) for n in range(40_000))
    sizes = []
    for level in (1, 9):
        path = tmp_path / str(level)
        with path.open("w+b") as stream, PackWriter(stream, whole_bytes=1000, stream_level=level) as writer:
            sizes.append(writer.add("x", content).compressed_bytes)
        with zipfile.ZipFile(path) as archive:
            assert archive.read("x") == content
    assert sizes[0] > sizes[1]
