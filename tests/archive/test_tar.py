import io
import tarfile
from collections.abc import Iterable

import pytest

from lightship.archive.tar import TarMember, TarReader, iter_tar
from lightship.archive.tar_write import END, TypeFlag, header, padding
from lightship.errors import ArchiveError, HostileError

MTIME = 315_532_800


def tar(*members: tarfile.TarInfo | tuple[tarfile.TarInfo, bytes], form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as writer:
        for member in members:
            info, content = member if isinstance(member, tuple) else (member, b"")
            info.size = len(content)
            writer.addfile(info, io.BytesIO(content))
    return out.getvalue()


def info(name: str, kind: bytes = tarfile.REGTYPE, **fields: object) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type = kind
    for key, value in fields.items():
        setattr(made, key, value)
    return made


def read(content: bytes) -> list[tuple[TarMember, bytes]]:
    return [(member, stream.read()) for member, stream in iter_tar(io.BytesIO(content), "layer")]


def refused(content: bytes) -> str:
    with pytest.raises(ArchiveError) as caught:
        read(content)
    return str(caught.value)


def patched(block: bytes, at: int, value: bytes) -> bytes:
    """A header with some bytes changed and its checksum made right again."""
    block = block[:at] + value + block[at + len(value) :]
    total = sum(block[:148]) + sum(block[156:512]) + 8 * 0x20
    return block[:148] + b"%06o\0 " % total + block[156:]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_member_in_every_format(form: int) -> None:
    content = tar(
        info("./"[:-1], tarfile.DIRTYPE, mode=0o755),
        info("dev", tarfile.DIRTYPE, mode=0o1777),
        info("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666),
        info("dev/sda", tarfile.BLKTYPE, devmajor=8, devminor=0),
        info("dev/pipe", tarfile.FIFOTYPE),
        (info("./a/b.txt", mode=0o640, uid=7, gid=8, mtime=99), b"hello" * 1000),
        info("a/link", tarfile.SYMTYPE, linkname="/absolute/../../target"),
        info("a/hard", tarfile.LNKTYPE, linkname="./a/b.txt"),
        (info("after"), b""),
        form=form,
    )
    found = read(content)
    assert [(member.path, member.type) for member, _ in found] == [
        ("", "dir"),
        ("dev", "dir"),
        ("dev/null", "char"),
        ("dev/sda", "block"),
        ("dev/pipe", "fifo"),
        ("a/b.txt", "file"),
        ("a/link", "symlink"),
        ("a/hard", "hardlink"),
        ("after", "file"),
    ]
    assert found[1][0].mode == 0o1777
    assert found[2][0].device == (1, 3)
    file, plain = found[5]
    assert (file.mode, file.uid, file.gid, file.mtime, file.size_bytes) == (0o640, 7, 8, 99, 5000)
    assert plain == b"hello" * 1000
    assert found[6][0].link_target == "/absolute/../../target"
    assert found[7][0].link_target == "a/b.txt"


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_and_targets(form: int) -> None:
    long = "d/" * 200 + "f" * 120
    content = tar(info(long, tarfile.SYMTYPE, linkname="t" * 300), (info("next"), b"x"), form=form)
    (first, _), (second, plain) = read(content)
    assert (first.path, first.link_target) == (long, "t" * 300)
    assert (second.path, plain) == ("next", b"x")


def test_numbers_in_base_256() -> None:
    content = tar((info("big", uid=3_000_000_000, mtime=MTIME), b"x"), form=tarfile.GNU_FORMAT)
    assert read(content)[0][0].uid == 3_000_000_000
    size = (9 << 30).to_bytes(12, "big")
    block = patched(content[:512], 124, bytes([size[0] | 0x80]) + size[1:])
    assert next(iter(TarReader(io.BytesIO(block)))).size_bytes == 9 << 30


def test_pax_carries_extended_attributes_and_global_values() -> None:
    member = info("ping")
    member.pax_headers = {"SCHILY.xattr.security.capability": "\1\0", "mtime": "12.75", "uid": "70"}
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"gid": "71"}) as writer:
        writer.addfile(member)
    (found, _), *_ = read(out.getvalue())
    assert found.xattrs == (("security.capability", b"\1\0"),)
    assert (found.mtime, found.uid, found.gid) == (12, 70, 71)


def test_content_that_nobody_reads_is_skipped_and_a_part_of_it_may_be_read() -> None:
    content = tar(*((info(f"f{n}"), bytes([n]) * 300_000) for n in range(4)))
    reader = TarReader(io.BytesIO(content))
    seen = [(member.path, reader.read_content(3) if member.path == "f2" else b"") for member in reader]
    assert seen == [("f0", b""), ("f1", b""), ("f2", b"\2\2\2"), ("f3", b"")]


def test_what_pads_the_end_is_read_so_that_a_verifying_source_speaks() -> None:
    source = io.BytesIO(tar(info("a")) + bytes(100_000))
    list(TarReader(source))
    assert source.tell() == len(source.getvalue())


def file(name: str) -> bytes:
    return header(name, flag=TypeFlag.FILE, mode=0o644, mtime=MTIME)


@pytest.mark.parametrize("name", ["../etc/passwd", "a/../../b", "a/.."])
def test_a_path_that_leaves_the_root_is_hostile(name: str) -> None:
    with pytest.raises(HostileError, match=r"^layer: path leaves its root: "):
        read(file(name) + END)


def test_an_absolute_path_lies_in_the_root_as_every_engine_has_it() -> None:
    assert read(file("/etc/passwd") + END)[0][0].path == "etc/passwd"


def test_a_hard_link_out_of_the_root_is_hostile() -> None:
    link = header("a", flag=TypeFlag.HARDLINK, mode=0o644, mtime=MTIME, link_target="../../etc/shadow")
    assert refused(link + END) == "layer: path leaves its root: '../../etc/shadow'"


def test_a_link_without_a_target_is_refused() -> None:
    assert refused(patched(file("a"), 156, b"2") + END) == "layer: link a has no target"


@pytest.mark.parametrize("kept", [100, 512, 700, 1024, 1536])
def test_a_tar_that_is_cut_short_is_refused(kept: int) -> None:
    whole = header("a", flag=TypeFlag.FILE, mode=0o644, size_bytes=600, mtime=MTIME) + bytes(600) + padding(600) + END
    assert len(whole) == 2560
    assert refused(whole[:kept]) == "layer is cut short"
    assert refused(whole[:-512]) == "layer is cut short"


def test_no_tar_at_all_is_refused() -> None:
    assert refused(b"") == "layer is cut short"
    assert refused(b"hello") == "layer is cut short"
    assert "tar header" in refused(b"x" * 2000)


def test_a_wrong_checksum_is_refused() -> None:
    block = bytearray(file("a"))
    block[0] ^= 1
    assert refused(bytes(block) + END) == "layer: tar header has a wrong checksum"


@pytest.mark.parametrize("kind", [tarfile.REGTYPE, tarfile.DIRTYPE])
def test_a_header_like_one_that_was_seen_before_is_checked_as_well(kind: bytes) -> None:
    """What was learned of one header spares work at the next, and believes nothing of it."""
    content = tar(*(info(f"some/directory/name{number}", kind, mtime=MTIME, uid=7) for number in range(4)))
    for place in range(512):
        damaged = bytearray(content)
        damaged[3 * 512 + place] ^= 1
        if place in (154, 155):  # what ends the checksum is no part of any sum
            continue
        with pytest.raises(ArchiveError):
            read(bytes(damaged))


def test_members_that_look_alike_are_read_as_tarfile_reads_them() -> None:
    members = [
        (info(f"{'long/' * (number % 30)}name{number}", mtime=MTIME + number % 3, uid=number % 5), b"x" * number)
        for number in range(200)
    ]
    content = tar(*members, *(info(f"d{number}/", tarfile.DIRTYPE) for number in range(5)), form=tarfile.USTAR_FORMAT)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        said = [(each.name, each.size, each.uid, each.mtime, each.isdir()) for each in archive]
    assert [
        (member.path, member.size_bytes, member.uid, member.mtime, member.type == "dir") for member, _ in read(content)
    ] == said


def test_a_checksum_of_signed_bytes_as_ancient_tars_wrote_it() -> None:
    block = file("a" * 99)[:512].replace(b"a" * 99, b"\xff" * 99)
    total = sum(byte - 256 if byte > 127 else byte for byte in block[:148] + block[156:]) + 8 * 0x20
    signed = block[:148] + b"%06o\0 " % total + block[156:]
    assert read(signed + END)[0][0].path == "\udcff" * 99


def pax(*records: bytes) -> Iterable[bytes]:
    body = b"".join(records)
    yield patched(header("x", flag=b"x", mode=0o644, mtime=MTIME, size_bytes=len(body)), 156, b"x")
    yield body + padding(len(body))


@pytest.mark.parametrize(
    "record", [b"5 a=b\n", b"7 a=b\n", b"x a=b\n", b"6 abc\n", b"5 =b\n", b"999999999 a=b\n", b"-6 a=b\n", b"6 a=b "]
)
def test_a_damaged_pax_header_is_refused(record: bytes) -> None:
    assert refused(b"".join(pax(record)) + file("a") + END) == "layer: pax header is damaged"


@pytest.mark.parametrize("record", [b"12 size=abc\n", b"13 mtime=nan\n", b"13 mtime=inf\n"])
def test_a_pax_value_that_is_no_number_is_refused(record: bytes) -> None:
    assert refused(b"".join(pax(record)) + file("a") + END) == "layer: tar header of a is damaged"


def test_an_extended_header_out_of_proportion_is_hostile() -> None:
    block = header("x", flag=b"x", mode=0o644, mtime=MTIME, size_bytes=2 << 20)
    assert refused(block) == "layer: extended header is too large: 2097152 bytes"


@pytest.mark.parametrize("size", [b"\xff" * 12, b"\x80" + b"\xff" * 11])
def test_an_absurd_size_is_hostile(size: bytes) -> None:
    assert "absurd size" in refused(patched(file("a"), 124, size) + END)


def test_a_negative_pax_size_is_hostile() -> None:
    assert "absurd size: -1" in refused(b"".join(pax(b"11 size=-1\n")) + file("a") + END)


@pytest.mark.parametrize(("flag", "said"), [(b"S", "b'S'"), (b"V", "b'V'"), (b"Z", "b'Z'")])
def test_kinds_that_are_not_supported_are_refused(flag: bytes, said: str) -> None:
    assert refused(patched(file("a"), 156, flag) + END).endswith(f"of a kind that is not supported: {said}")


def test_sparse_files_of_pax_are_refused() -> None:
    assert "sparse files are not supported" in refused(b"".join(pax(b"22 GNU.sparse.major=1\n")) + file("a") + END)


def test_digits_that_are_no_octal_number_are_refused() -> None:
    assert refused(patched(file("a"), 124, b"9999") + END) == "layer: tar header is damaged"
    assert refused(patched(file("a"), 100, b"abc") + END) == "layer: tar header of a is damaged"


def test_a_pax_path_with_a_nul_is_hostile() -> None:
    assert refused(b"".join(pax(b"12 path=a\0b\n")) + file("a") + END) == "layer: path holds a NUL byte: 'a\\x00b'"


def test_headers_are_kept_to_the_byte() -> None:
    """What stands before each content, with every extension; together with contents and padding it is the tar."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "all"}) as archive:
        for name, content in (("long/" * 60 + "a", b"12345"), ("b", b""), ("r\u00e9sum\u00e9", bytes(512))):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    reader = TarReader(io.BytesIO(buffer.getvalue()), keep_headers=True)
    made = b""
    for member in reader:
        made += reader.header + reader.read_content(1024) + bytes(-member.size_bytes % 512)
    assert buffer.getvalue().rstrip(b"\0") == made.rstrip(b"\0")


def test_headers_without_end_are_refused() -> None:
    record = tarfile.TarInfo("x")
    record.type, record.size = tarfile.XHDTYPE, 1 << 20
    body = b"%d a=%s\n" % (1 << 20, b"x" * ((1 << 20) - 11))
    assert len(body) == 1 << 20
    reader = TarReader(io.BytesIO((record.tobuf() + body) * 6), keep_headers=True)
    with pytest.raises(HostileError, match="extended headers of one member are too large"):
        list(reader)
