"""POSIX.1-2001, pax(1): "The pax utility shall … write ustar interchange format" headers any conforming reader reads.

What is written here, Python's tarfile reads as the same entries; what tarfile writes in any of its formats is read here
as tarfile reads it.
"""

import io
import tarfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.archive.tar import iter_tar
from lightship.archive.tar_write import END, TypeFlag, header, padding

PART = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=130).filter(
    lambda part: part not in (".", "..")
)
PATH = st.lists(PART, min_size=1, max_size=4).map("/".join)
TARGET = st.text(st.characters(blacklist_characters="\0", blacklist_categories=["Cs"]), min_size=1, max_size=200)
NUMBER = st.one_of(st.integers(0, 0o7777777), st.integers(0, 2**40))
FILE = st.tuples(PATH, st.integers(0, 0o7777), NUMBER, NUMBER, st.binary(max_size=2000))
LINK = st.tuples(PATH, TARGET)


@settings(deadline=None, max_examples=60)
@given(files=st.lists(FILE, max_size=6), links=st.lists(LINK, max_size=4), mtime=st.integers(0, 2**33 - 1))
def test_tarfile_reads_what_is_written(
    files: list[tuple[str, int, int, int, bytes]], links: list[tuple[str, str]], mtime: int
) -> None:
    out = b""
    for path, mode, uid, gid, content in files:
        size = len(content)
        out += header(path, flag=TypeFlag.FILE, mode=mode, uid=uid, gid=gid, size_bytes=size, mtime=mtime)
        out += content + padding(size)
    for path, target in links:
        out += header(path, flag=TypeFlag.SYMLINK, mode=0o777, mtime=mtime, link_target=target)
    out += END
    with tarfile.open(fileobj=io.BytesIO(out), mode="r|") as tar:
        found = []
        for member in tar:
            stream = tar.extractfile(member) if member.isreg() else None
            content = stream.read() if stream is not None else b""
            found.append((member.name, member.mode, member.uid, member.gid, content, member.linkname, member.mtime))
    assert found == [
        *((path, mode, uid, gid, content, "", mtime) for path, mode, uid, gid, content in files),
        *((path, 0o777, 0, 0, b"", target, mtime) for path, target in links),
    ]
    again = [
        (member.path, member.mode, member.uid, member.gid, stream.read())
        for member, stream in iter_tar(io.BytesIO(out))
    ]
    assert again == [entry[:5] for entry in found]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
@settings(deadline=None, max_examples=40)
@given(files=st.lists(FILE, max_size=6), links=st.lists(LINK, max_size=4))
def test_what_tarfile_writes_is_read(
    form: int, files: list[tuple[str, int, int, int, bytes]], links: list[tuple[str, str]]
) -> None:
    out = io.BytesIO()
    kept: list[tuple[str, str, bytes]] = []
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for path, mode, uid, gid, content in files:
            info = tarfile.TarInfo(path)
            info.mode, info.uid, info.gid, info.size = mode, uid, gid, len(content)
            try:
                tar.addfile(info, io.BytesIO(content))
            except ValueError:  # ustar has no room for this entry
                continue
            kept.append((path, "", content))
        for path, target in links:
            info = tarfile.TarInfo(path)
            info.type, info.linkname = tarfile.SYMTYPE, target
            try:
                tar.addfile(info)
            except ValueError:
                continue
            kept.append((path, target, b""))
    found = [
        (member.path, member.link_target, stream.read()) for member, stream in iter_tar(io.BytesIO(out.getvalue()))
    ]
    assert found == kept
