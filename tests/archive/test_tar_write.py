import io
import tarfile

import pytest

from lightship.archive.tar_write import BLOCK_BYTES, END, TypeFlag, header, padding
from lightship.errors import InputError

MTIME = 315_532_800


def members(*headers: bytes) -> list[tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(headers) + END)) as tar:
        return tar.getmembers()


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "x" * 100,
        "x" * 101,
        "d" * 155 + "/" + "f" * 100,
        "d" * 156 + "/" + "f" * 100,
        "d/" * 150 + "f",
        "é/ü",
        "\udcff/not-utf-8",
        "e" * 300,
    ],
)
@pytest.mark.parametrize("target", ["", "t", "t" * 101, "ü"])
def test_every_name_reads_back(path: str, target: str) -> None:
    flag = TypeFlag.SYMLINK if target else TypeFlag.FILE
    written = header(path, flag=flag, mode=0o644, mtime=MTIME, link_target=target)
    assert len(written) % BLOCK_BYTES == 0
    (member,) = members(written)
    assert (member.name, member.linkname) == (path, target)


def test_a_short_name_takes_one_block_and_a_long_one_is_split_where_ustar_can() -> None:
    assert len(header("d" * 155 + "/" + "f" * 100, flag=TypeFlag.FILE, mode=0o644, mtime=MTIME)) == BLOCK_BYTES
    assert len(header("d" * 101, flag=TypeFlag.FILE, mode=0o644, mtime=MTIME)) == 3 * BLOCK_BYTES


def test_fields_are_what_was_given_and_nothing_of_the_host() -> None:
    (member,) = members(header("bin/x", flag=TypeFlag.FILE, mode=0o4755, uid=7, gid=9, size_bytes=0, mtime=MTIME))
    assert (member.mode, member.uid, member.gid, member.mtime) == (0o4755, 7, 9, MTIME)
    assert (member.uname, member.gname, member.devmajor, member.pax_headers) == ("", "", 0, {})


def test_directories_end_with_a_slash() -> None:
    (member,) = members(header("usr/lib/", flag=TypeFlag.DIRECTORY, mode=0o755, mtime=MTIME))
    assert member.isdir()
    assert member.name == "usr/lib"


def test_sizes_and_owners_past_the_octal_fields_go_to_pax() -> None:
    big = header("big", flag=TypeFlag.FILE, mode=0o644, uid=3_000_000, gid=4_000_000, size_bytes=9 << 30, mtime=MTIME)
    with tarfile.open(fileobj=io.BytesIO(big)) as tar:
        member = tar.next()
    assert member is not None
    assert (member.size, member.uid, member.gid) == (9 << 30, 3_000_000, 4_000_000)


def test_the_length_of_a_pax_record_counts_its_own_digits() -> None:
    for length in range(80, 120):  # around where the length grows from two digits to three
        (member,) = members(header("ü" * length, flag=TypeFlag.FILE, mode=0o644, mtime=MTIME))
        assert member.name == "ü" * length


def test_padding_fills_the_block() -> None:
    assert [len(padding(size)) for size in (0, 1, 511, 512, 513)] == [0, 511, 1, 0, 511]


def test_a_mode_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(InputError, match="mode or owner cannot be written to a tar: mode 100644"):
        header("a", flag=TypeFlag.FILE, mode=0o100644, mtime=MTIME)
