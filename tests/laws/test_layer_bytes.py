"""OCI image-spec 1.1, config.md: "A layer DiffID is the digest over the layer's uncompressed tar archive".

The tar depends on the entries alone: not on where content lies, how it was compressed, or what the layer is compressed
with; and any gzip reader finds that tar in the spliced layer.
"""

import gzip
import io
import tempfile
import zlib
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.archive.codec import open_decompressed
from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.layer import LayerCompression, LayerWriter, WrittenLayer
from lightship.oci.digest import Digest

CONTENT = st.one_of(
    st.binary(max_size=600),
    st.tuples(st.binary(min_size=1, max_size=64), st.integers(200, 60_000)).map(lambda t: t[0] * (t[1] // len(t[0]))),
    st.just(b""),
)


def contents(place: Path, number: int, plain: bytes, level: int) -> tuple[Content, Content, Content]:
    encoder = zlib.compressobj(level, zlib.DEFLATED, -15)
    raw = encoder.compress(plain) + encoder.flush()
    deflated, stored = place / f"d{number}", place / f"s{number}"
    deflated.write_bytes(b"before" + raw + b"after")
    stored.write_bytes(plain)
    crc32 = zlib.crc32(plain)
    return Deflated(deflated, 6, len(raw), len(plain), crc32), Stored(stored, 0, len(plain), crc32), Inline(plain)


def write(files: list[Content], compression: LayerCompression) -> tuple[bytes, WrittenLayer]:
    out = io.BytesIO()
    with LayerWriter(out, compression=compression) as writer:
        for number, content in enumerate(files):
            writer.file(f"opt/f{number}", content)
        written = writer.finish()
    return out.getvalue(), written


@settings(deadline=None, max_examples=40)
@given(
    files=st.lists(CONTENT, max_size=6),
    level=st.integers(0, 9),
    choice=st.lists(st.integers(0, 2), min_size=6, max_size=6),
)
def test_the_tar_is_the_same_wherever_content_lies(files: list[bytes], level: int, choice: list[int]) -> None:
    with tempfile.TemporaryDirectory() as name:
        every = [contents(Path(name), number, plain, level) for number, plain in enumerate(files)]
        mixed: list[Content] = [kinds[choice[number]] for number, kinds in enumerate(every)]
        plain: list[Content] = [kinds[2] for kinds in every]
        layer, spliced = write(mixed, "gzip")
        zstd_blobs = {write(kind, "zstd") for kind in (mixed, plain)}
        inline = write(plain, "gzip")[1]
    tar = gzip.decompress(layer)
    assert Digest.of(tar) == spliced.diff_id == inline.diff_id
    assert (spliced.tar_bytes, spliced.digest) == (len(tar), Digest.of(layer))
    ((blob, zstd),) = zstd_blobs
    assert zstd.diff_id == spliced.diff_id
    assert open_decompressed(io.BytesIO(blob)).read() == tar
