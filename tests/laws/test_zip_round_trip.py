"""PKWARE APPNOTE 6.3.10, 4.3.1: "A ZIP file MUST contain an "end of central directory record"", and what it leads to.

What Python's zipfile writes is read here as the same members, and what a pack writer writes zipfile reads.
"""

import io
import tempfile
import zipfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.archive.inflate import Containers, read_content
from lightship.archive.pack import PackWriter
from lightship.archive.zip import read_zip

PART = st.text(st.characters(blacklist_characters="/\0", blacklist_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda part: part not in (".", "..")
)
CONTENT = st.one_of(
    st.binary(max_size=300), st.tuples(st.binary(max_size=20), st.integers(0, 5000)).map(lambda t: t[0] * t[1])
)
FILES = st.dictionaries(PART.map("d/{}".format), st.tuples(CONTENT, st.booleans(), st.integers(0, 0o777)), max_size=8)


@settings(deadline=None, max_examples=60)
@given(files=FILES, streamed=st.booleans())
def test_what_zipfile_writes_is_read(files: dict[str, tuple[bytes, bool, int]], streamed: bool) -> None:
    out = io.BytesIO()
    if streamed:  # sizes behind the bytes, in data descriptors
        out.seekable = lambda: False  # type: ignore[method-assign]
        out.tell = lambda: (_ for _ in ()).throw(AttributeError)  # type: ignore[method-assign]
    with zipfile.ZipFile(out, "w") as archive:
        for name, (content, deflate, mode) in files.items():
            info = zipfile.ZipInfo(name)
            info.external_attr = (0o100000 | mode) << 16
            info.compress_type = zipfile.ZIP_DEFLATED if deflate else zipfile.ZIP_STORED
            archive.writestr(info, content)
    with tempfile.TemporaryDirectory() as place, Containers() as containers:
        path = Path(place, "x.zip")
        path.write_bytes(out.getvalue())
        found = {
            member.path: (bytes(read_content(member.content, containers)), member.mode)
            for member in read_zip(path)
            if member.content is not None
        }
    assert found == {name: (content, mode) for name, (content, _, mode) in files.items()}


@settings(deadline=None, max_examples=60)
@given(files=FILES, level=st.integers(1, 12))
def test_zipfile_reads_what_a_pack_writes(files: dict[str, tuple[bytes, bool, int]], level: int) -> None:
    out = io.BytesIO()
    with PackWriter(out, level=level) as writer:
        for name, (content, _, mode) in files.items():
            writer.add(name, content, mode)
    with zipfile.ZipFile(out) as archive:
        found = {info.filename: (archive.read(info), info.external_attr >> 16 & 0o7777) for info in archive.infolist()}
    assert found == {name: (content, mode) for name, (content, _, mode) in files.items()}
