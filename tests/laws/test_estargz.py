"""stargz-snapshotter 0.12, docs/estargz.md: "eStargz is a backward-compatible extension" of gzip layers; "If metadata
in a TOCEntry of a file differs from the corresponding tar entry, TOCEntry SHOULD be respected": so they never differ.

Whatever is written, in whatever way, verifies; an ordinary reader finds the same files; taking it apart and writing it
again changes no member.
"""

import gzip
import io
import tarfile
import tempfile
import zlib
from pathlib import Path
from unittest import mock

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.archive.content import Content, Deflated, Inline
from lightship.archive.estargz import write as estargz_write
from lightship.archive.estargz.toc import RESERVED, TOC_DIGEST
from lightship.archive.estargz.verify import verify_estargz
from lightship.archive.layer import LayerWriter
from lightship.archive.recode import recode
from lightship.oci.digest import Digest

CHUNK = 1 << 13
"""A small limit, so that small files have many chunks."""

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=40).filter(
    lambda name: name not in (".", "..") and name not in RESERVED and not name.startswith("./")
)
PLAIN = st.one_of(
    st.binary(max_size=300),
    st.tuples(st.binary(min_size=1, max_size=50), st.integers(CHUNK - 60, 3 * CHUNK + 60)).map(
        lambda pair: (pair[0] * (pair[1] // len(pair[0]) + 1))[: pair[1]]
    ),
)


def content(place: Path, number: int, plain: bytes, level: int) -> Content:
    if number % 2:
        return Inline(plain)
    encoder = zlib.compressobj(level, zlib.DEFLATED, -15)
    raw = encoder.compress(plain) + encoder.flush()
    path = place / str(number)
    path.write_bytes(raw)
    return Deflated(path, 0, len(raw), len(plain), zlib.crc32(plain))


@settings(deadline=None, max_examples=60)
@given(
    files=st.dictionaries(NAMES, PLAIN, max_size=6),
    level=st.integers(0, 9),
    border=st.integers(0, 7),
    first=st.lists(st.integers(0, 5), max_size=3),
)
def test_what_is_written_is_what_is_read(files: dict[str, bytes], level: int, border: int, first: list[int]) -> None:
    out = io.BytesIO()
    with (
        tempfile.TemporaryDirectory() as name,
        mock.patch.object(estargz_write, "CHUNK_LIMIT_BYTES", CHUNK),
        LayerWriter(out, compression="estargz", level=1) as writer,
    ):
        for number, (path, plain) in enumerate(files.items()):
            if number == border:
                writer.landmark(prefetch=number > 0)
            writer.file(path, content(Path(name), number, plain, level), uid=number, mode=0o600)
        written = writer.finish()
        blob = out.getvalue()
        again, spool = io.BytesIO(), Path(name) / "spool"
        chosen = [list(files)[place % len(files)] for place in first] if files else []
        tar = gzip.decompress(blob)
        recode(io.BytesIO(tar), again, compression="estargz", level=1, prioritized=chosen, spool=spool)

    toc = verify_estargz(io.BytesIO(blob), Digest.parse(written.annotations[TOC_DIGEST]))
    assert {entry.member.path for entry in toc.entries} - RESERVED == set(files)
    assert all(chunk.size_bytes <= CHUNK for entry in toc.entries for chunk in entry.chunks)
    assert (written.diff_id, written.tar_bytes) == (Digest.of(tar), len(tar))
    assert unpacked(blob) == unpacked(again.getvalue()) == files
    prefetch = verify_estargz(io.BytesIO(again.getvalue()), None).prefetch
    assert prefetch == tuple(dict.fromkeys(chosen))


def unpacked(blob: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(blob)) as archive:
        found = {member.name: archive.extractfile(member) for member in archive}
        return {name: stream.read() for name, stream in found.items() if stream is not None and name not in RESERVED}
