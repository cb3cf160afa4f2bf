import io
from pathlib import Path

import pytest

from lightship.archive.verify import (
    CountingReader,
    HashingWriter,
    LimitedReader,
    VerifyingReader,
    copy_stream,
    drain,
    read_capped,
    read_exact,
)
from lightship.errors import HostileError, InputError, MismatchError
from lightship.oci.digest import Digest

CONTENT = bytes(range(256)) * 40


class Dribble(io.RawIOBase):
    """A source that gives three bytes at a time, as a socket may."""

    def __init__(self, content: bytes) -> None:
        self._rest = content

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        size = 3 if size < 0 else min(3, size)
        chunk, self._rest = self._rest[:size], self._rest[size:]
        return chunk


def test_the_promised_bytes_pass() -> None:
    stream = VerifyingReader(io.BytesIO(CONTENT), Digest.of(CONTENT), len(CONTENT))
    assert stream.read() == CONTENT
    assert stream.read(1) == b""
    assert stream.count == len(CONTENT)


def test_a_wrong_digest_withholds_the_last_bytes() -> None:
    stream = VerifyingReader(io.BytesIO(CONTENT), Digest.of(b"other"), len(CONTENT), what="layer")
    assert stream.read(100) == CONTENT[:100]
    with pytest.raises(MismatchError, match=f"^layer: digest mismatch: want {Digest.of(b'other')}, got sha256:"):
        stream.read(len(CONTENT) - 100)


@pytest.mark.parametrize(("promised", "got"), [(len(CONTENT) - 1, "more"), (len(CONTENT) + 1, str(len(CONTENT)))])
def test_a_wrong_size_is_a_mismatch(promised: int, got: str) -> None:
    stream = VerifyingReader(io.BytesIO(CONTENT), Digest.of(CONTENT), promised)
    with pytest.raises(MismatchError, match=f"size mismatch: want {promised} bytes of .*, got {got}"):
        drain(stream)


def test_a_diff_id_needs_no_size() -> None:
    assert VerifyingReader(io.BytesIO(CONTENT), Digest.of(CONTENT), None).read() == CONTENT
    with pytest.raises(MismatchError, match="digest mismatch"):
        VerifyingReader(io.BytesIO(CONTENT[:-1]), Digest.of(CONTENT), None).read()


def test_other_algorithms_are_computed() -> None:
    import hashlib

    digest = Digest("sha512", hashlib.sha512(CONTENT).hexdigest())
    assert VerifyingReader(io.BytesIO(CONTENT), digest, len(CONTENT)).read() == CONTENT


def test_reading_a_stream_that_dribbles_gives_whole_chunks() -> None:
    stream = VerifyingReader(Dribble(CONTENT), Digest.of(CONTENT), len(CONTENT))  # type: ignore[arg-type]
    assert stream.read(1000) == CONTENT[:1000]
    assert stream.read1(1000) == CONTENT[1000:1003]
    assert read_exact(Dribble(CONTENT), 500) == CONTENT[:500]  # type: ignore[arg-type]
    assert read_exact(Dribble(CONTENT), 10**6) == CONTENT  # type: ignore[arg-type]


def test_closing_closes_the_source() -> None:
    source = io.BytesIO(CONTENT)
    with VerifyingReader(source, Digest.of(CONTENT), None):
        pass
    assert source.closed


def test_a_limit_is_a_bound_on_bombs() -> None:
    assert LimitedReader(io.BytesIO(CONTENT), len(CONTENT), "layer").read() == CONTENT
    with pytest.raises(HostileError, match=r"^layer is too large: want at most 100 bytes, got more$"):
        LimitedReader(io.BytesIO(CONTENT), 100, "layer").read()


def test_counting_shows_every_chunk() -> None:
    seen: list[bytes] = []
    stream = CountingReader(io.BytesIO(CONTENT), seen.append)
    assert stream.read(10) + stream.read() == CONTENT
    assert b"".join(seen) == CONTENT
    assert stream.count == len(CONTENT)


def test_writing_knows_digest_and_size(tmp_path: Path) -> None:
    with (tmp_path / "blob").open("wb") as stream:
        writer = HashingWriter(stream)
        assert copy_stream(io.BytesIO(CONTENT), writer.write) == len(CONTENT)
    assert (writer.digest, writer.count) == (Digest.of(CONTENT), len(CONTENT))
    assert (tmp_path / "blob").read_bytes() == CONTENT


def test_manifests_are_read_with_a_cap() -> None:
    assert read_capped(io.BytesIO(CONTENT), len(CONTENT), "manifest") == CONTENT
    assert read_capped(Dribble(CONTENT), len(CONTENT), "manifest") == CONTENT  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"^manifest is too large: want at most 99 bytes, got more$"):
        read_capped(io.BytesIO(CONTENT), 99, "manifest")
