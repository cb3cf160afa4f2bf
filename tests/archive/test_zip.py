import io
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from lightship.archive.content import Deflated, Stored
from lightship.archive.inflate import Containers, read_content
from lightship.archive.zip import ZipLimits, read_zip
from lightship.errors import ArchiveError, HostileError, LightshipError

TEXT = b"import this\n" * 500


def entry(name: str, mode: int = 0o644 | stat.S_IFREG, method: int = zipfile.ZIP_DEFLATED) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.compress_type = method
    return info


def write_zip(path: Path, *members: tuple[zipfile.ZipInfo, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for info, content in members:
            archive.writestr(info, content)
    return path


def plain(path: Path) -> dict[str, bytes]:
    with Containers() as containers:
        return {
            member.path: bytes(read_content(member.content, containers, member.path))
            for member in read_zip(path)
            if member.content is not None
        }


def refused(path: Path, kind: type[LightshipError] = HostileError) -> str:
    with pytest.raises(kind) as caught:
        plain(path)
    said = str(caught.value)
    assert "\n" not in said
    return said.removeprefix("x.whl: ")


@pytest.fixture(name="wheel")
def _wheel(tmp_path: Path) -> Path:
    return write_zip(
        tmp_path / "x.whl",
        (entry("pkg/", 0o755 | stat.S_IFDIR, zipfile.ZIP_STORED), b""),
        (entry("pkg/a.py"), TEXT),
        (entry("pkg/tool", 0o755 | stat.S_IFREG), b"#!/bin/sh\n"),
        (entry("pkg/data.bin", 0o600, zipfile.ZIP_STORED), bytes(range(256))),
        (entry("./pkg//é.txt"), b""),
    )


def patch(path: Path, change: Callable[[bytearray], None]) -> Path:
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)
    return path


def at(content: bytes | bytearray, signature: bytes, number: int = 0) -> int:
    """Where the ``number``-th record with ``signature`` is."""
    index = -1
    for _ in range(number + 1):
        index = content.index(signature, index + 1)
    return index


def test_members_are_contents_that_can_be_spliced(wheel: Path) -> None:
    members = {member.path: member for member in read_zip(wheel)}
    assert list(members) == ["pkg", "pkg/a.py", "pkg/tool", "pkg/data.bin", "pkg/é.txt"]
    assert [member.type for member in members.values()] == ["dir", "file", "file", "file", "file"]
    assert [member.mode for member in members.values()] == [0o755, 0o644, 0o755, 0o600, 0o644]
    content = members["pkg/a.py"].content
    assert isinstance(content, Deflated)
    assert (content.unpacked_bytes, content.crc32) == (len(TEXT), zlib.crc32(TEXT))
    raw = wheel.read_bytes()[content.offset : content.offset + content.compressed_bytes]
    assert zlib.decompress(raw, -15) == TEXT
    assert isinstance(members["pkg/data.bin"].content, Stored)
    assert plain(wheel) == {
        "pkg/a.py": TEXT,
        "pkg/tool": b"#!/bin/sh\n",
        "pkg/data.bin": bytes(range(256)),
        "pkg/é.txt": b"",
    }


def test_data_descriptors(tmp_path: Path) -> None:
    class Pipe(io.RawIOBase):
        """A sink that cannot seek: zipfile then writes sizes behind the bytes."""

        def __init__(self) -> None:
            self.content = b""

        def writable(self) -> bool:
            return True

        def write(self, chunk: object, /) -> int:
            piece = bytes(chunk)  # type: ignore[call-overload]
            self.content += piece
            return len(piece)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w") as archive:
        archive.writestr(entry("a.py"), TEXT)
        with archive.open(entry("big"), "w", force_zip64=True) as stream:
            stream.write(TEXT)
        archive.writestr(entry("s", method=zipfile.ZIP_STORED), b"stored")
    path = tmp_path / "x.whl"
    path.write_bytes(pipe.content)
    assert plain(path) == {"a.py": TEXT, "big": TEXT, "s": b"stored"}
    where = at(pipe.content, b"PK\7\x08")
    patch(path, lambda content: content.__setitem__(where + 8, content[where + 8] ^ 1))
    assert refused(path) == "member a.py differs between its data descriptor and the directory"


def test_zip64_ends_and_sizes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 1000)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    members = [(entry(f"f{number}", method=zipfile.ZIP_STORED), TEXT) for number in range(5)]
    path = write_zip(tmp_path / "x.whl", *members)
    assert b"PK\6\6" in path.read_bytes()
    assert plain(path) == {f"f{number}": TEXT for number in range(5)}


def test_a_comment_at_the_end(wheel: Path) -> None:
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.comment = b"signed by nobody"
    assert len(read_zip(wheel)) == 5


def test_an_empty_zip(tmp_path: Path) -> None:
    assert read_zip(write_zip(tmp_path / "x.whl")) == ()


def test_symlinks_have_their_target_and_stay_inside(tmp_path: Path) -> None:
    link = entry("a/b/link", 0o777 | stat.S_IFLNK)
    (member,) = read_zip(write_zip(tmp_path / "x.whl", (link, b"../../c")))
    assert (member.type, member.link_target) == ("symlink", "../../c")


@pytest.mark.parametrize("target", [b"../../../c", b"/etc/passwd", b"", b"x/../../../..", b"a\0b"])
def test_a_link_out_of_the_root_is_hostile(tmp_path: Path, target: bytes) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a/b/link", 0o777 | stat.S_IFLNK), target))
    assert refused(path).startswith("link a/b/link leaves the root: ")


def test_a_link_with_an_endless_target_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("link", 0o777 | stat.S_IFLNK), b"x/" * 5000))
    assert refused(path) == "link link has a target of 10000 bytes"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../evil.py", "path leaves its root: '../evil.py'"),
        ("a/../../evil.py", "path leaves its root: 'a/../../evil.py'"),
        ("/etc/passwd", "path is absolute: '/etc/passwd'"),
    ],
)
def test_a_path_out_of_the_root_is_hostile(tmp_path: Path, name: str, said: str) -> None:
    assert refused(write_zip(tmp_path / "x.whl", (entry(name), b""))) == f"member {name}: {said}"


def test_a_name_with_a_nul_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("aXb"), b""))
    path.write_bytes(path.read_bytes().replace(b"aXb", b"a\0b"))
    assert "path holds a NUL byte" in refused(path)


def test_a_name_that_is_no_utf8_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("aéb"), b""))
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xff"))
    assert "can't decode" in refused(path)


def test_a_member_without_a_name_is_hostile(tmp_path: Path) -> None:
    assert refused(write_zip(tmp_path / "x.whl", (entry("./"), b""))) == "member without a name"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("second", ["a.py", "./a.py"])
def test_a_path_that_comes_twice_is_hostile(tmp_path: Path, second: str) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a.py"), b"1"), (entry(second), b"2"))
    assert refused(path) == "path comes twice: a.py"


@pytest.mark.parametrize("kind", [stat.S_IFREG, stat.S_IFLNK])
def test_a_path_below_a_file_or_link_is_hostile(tmp_path: Path, kind: int) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a/b"), b""), (entry("a", 0o777 | kind), b"b"))
    assert refused(path).startswith("path lies below a ")


def test_a_device_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("dev", 0o666 | stat.S_IFCHR), b""))
    assert refused(path) == "member dev is neither file, directory nor link: mode 20666"


def test_a_directory_with_content_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("d/", 0o755 | stat.S_IFDIR), b"content"))
    assert refused(path) == "directory d has content"


def test_encryption_is_refused(wheel: Path) -> None:
    def encrypt(content: bytearray) -> None:
        content[at(content, b"PK\1\2", 1) + 8] |= 1

    assert refused(patch(wheel, encrypt), ArchiveError) == "member pkg/a.py is encrypted"


@pytest.mark.parametrize(("method", "said"), [(zipfile.ZIP_BZIP2, "bzip2"), (zipfile.ZIP_LZMA, "lzma")])
def test_other_methods_are_refused(tmp_path: Path, method: int, said: str) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a", method=method), TEXT))
    assert refused(path, ArchiveError) == f"member a is compressed with {said}: want deflate or none"


LOCAL_FIELDS = {"flags": (6, 2), "method": (8, 2), "crc": (14, 4), "packed": (18, 4), "plain": (22, 4), "name": (30, 1)}


@pytest.mark.parametrize(("offset", "size"), LOCAL_FIELDS.values(), ids=LOCAL_FIELDS)
def test_a_local_header_that_disagrees_is_hostile(wheel: Path, offset: int, size: int) -> None:
    def change(content: bytearray) -> None:
        where = at(content, b"PK\3\4", 1) + offset
        content[where : where + size] = bytes(byte ^ 1 for byte in content[where : where + size])

    assert refused(patch(wheel, change)) == "member pkg/a.py differs between its local header and the directory"


def test_members_that_share_bytes_are_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a.py"), TEXT), (entry("b.py"), TEXT))

    def point_back(content: bytearray) -> None:
        second = at(content, b"PK\1\2", 1)
        content[second + 42 : second + 46] = bytes(4)
        content[second + 46 : second + 50] = b"a.py"

    assert refused(patch(path, point_back)) == "members overlap at a.py"


def test_a_member_that_reaches_into_the_directory_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a.py", method=zipfile.ZIP_STORED), TEXT))

    def grow(content: bytearray) -> None:
        longer = struct.pack("<2L", len(TEXT) + 40, len(TEXT) + 40)
        content[18:26] = longer
        central = at(content, b"PK\1\2")
        content[central + 20 : central + 28] = longer

    assert refused(patch(path, grow)) == "member a.py reaches into the directory"


def test_a_stored_member_with_two_sizes_is_hostile(wheel: Path) -> None:
    def change(content: bytearray) -> None:
        content[at(content, b"PK\1\2", 3) + 24] ^= 1

    assert refused(patch(wheel, change)) == "stored member pkg/data.bin has two sizes: 256 and 257 bytes"


def sizes(content: bytearray, compressed_bytes: int | None, unpacked_bytes: int | None) -> None:
    """Change the sizes of the first member in both places."""
    for where in (18, at(content, b"PK\1\2") + 20):
        old = struct.unpack_from("<2L", content, where)
        new = (compressed_bytes or old[0], unpacked_bytes or old[1])
        content[where : where + 8] = struct.pack("<2L", *new)


def test_a_member_larger_than_it_says_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a.py"), TEXT))
    patch(path, lambda content: sizes(content, None, len(TEXT) - 1))
    assert "a.py is damaged or larger than it says" in refused(path, ArchiveError)


def test_a_member_smaller_than_it_says_is_refused(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a.py"), TEXT))
    patch(path, lambda content: sizes(content, None, len(TEXT) + 1))
    assert "a.py is not what its container says: want 6001 bytes" in refused(path, ArchiveError)


def test_a_wrong_crc_is_refused(tmp_path: Path) -> None:
    for method in (zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED):
        path = write_zip(tmp_path / "x.whl", (entry("a.py", method=method), TEXT))

        def change(content: bytearray) -> None:
            for where in (14, at(content, b"PK\1\2") + 16):
                content[where] ^= 1

        assert "a.py is not what its container says" in refused(patch(path, change), ArchiveError)


def test_a_size_that_deflate_cannot_reach_is_hostile(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "x.whl", (entry("a.py"), TEXT))
    patch(path, lambda content: sizes(content, None, 1_000_000))
    assert refused(path).startswith("member a.py says more than deflate can do: 1000000 from ")


def test_a_bomb_is_hostile_and_a_large_table_is_not(tmp_path: Path) -> None:
    zeros = write_zip(tmp_path / "x.whl", *((entry(f"{n}.json"), bytes(1 << 20)) for n in range(16)))
    assert len(read_zip(zeros)) == 16
    said = "zip unpacks to too much: want at most "
    with pytest.raises(HostileError, match=f"{said}1000000 bytes, got {16 << 20}"):
        read_zip(zeros, limits=ZipLimits(max_unpacked_bytes=1_000_000))
    with pytest.raises(HostileError, match=f"{said}{100 * zeros.stat().st_size} bytes, got"):
        read_zip(zeros, limits=ZipLimits(free_bytes=1000))


def test_bytes_before_the_first_member_are_hostile(wheel: Path) -> None:
    wheel.write_bytes(b"#!/bin/sh\n" + wheel.read_bytes())
    assert refused(wheel).startswith("zip directory does not end at its end record")


def test_several_ends_are_hostile(wheel: Path) -> None:
    end = wheel.read_bytes()[-22:]
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.comment = end
    assert refused(wheel) == "zip has several ends"


@pytest.mark.parametrize(("offset", "value"), [(4, 1), (6, 1), (8, 9)])
def test_several_disks_are_refused(wheel: Path, offset: int, value: int) -> None:
    def change(content: bytearray) -> None:
        content[len(content) - 22 + offset] = value

    assert refused(patch(wheel, change), ArchiveError) == "zip spans several disks"


def test_a_directory_with_hidden_bytes_is_hostile(wheel: Path) -> None:
    def change(content: bytearray) -> None:
        for offset in (8, 10):
            content[len(content) - 22 + offset] -= 1

    assert "bytes after its last member" in refused(patch(wheel, change))


def test_no_zip_at_all_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.whl"
    for content in (b"", b"hello", bytes(100_000)):
        path.write_bytes(content)
        assert refused(path, ArchiveError) == "no zip end record"
    assert "cannot read" in refused(tmp_path / "absent.whl", LightshipError)


def test_every_cut_ends_in_one_sentence(wheel: Path) -> None:
    whole = wheel.read_bytes()
    for cut in range(0, len(whole), 7):
        wheel.write_bytes(whole[:cut])
        refused(wheel, ArchiveError)


def test_every_flipped_byte_is_refused_or_harmless(wheel: Path) -> None:
    """Never another exception, never other bytes for a path."""
    right = plain(wheel)
    whole = wheel.read_bytes()
    for position in range(len(whole)):
        content = bytearray(whole)
        content[position] ^= 0x41
        wheel.write_bytes(content)
        try:
            found = plain(wheel)
        except ArchiveError:
            continue
        assert set(found.values()) <= set(right.values())


def test_reading_opens_no_more_files_than_it_closes(wheel: Path) -> None:
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(3):
        read_zip(wheel)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
