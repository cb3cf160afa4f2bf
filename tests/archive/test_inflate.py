import gzip
import hashlib
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.archive.gzip import MEMBER_HEADER, member_trailer
from lightship.archive.inflate import Containers, iter_content, iter_member, open_content, read_content
from lightship.errors import ArchiveError, HostileError, LightshipError, MismatchError, StorageError

SMALL = b"import this\n" * 100
LARGE = b"".join(hashlib.sha256(str(n).encode()).digest() for n in range(100_000))  # 3.2 MB that do not shrink


def deflated(path: Path, content: bytes, *, before: bytes = b"head") -> Deflated:
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = encoder.compress(content) + encoder.flush()
    path.write_bytes(before + raw + b"tail")
    return Deflated(path, len(before), len(raw), len(content), zlib.crc32(content))


def whole(content: Content) -> bytes:
    with Containers() as containers:
        return bytes(read_content(content, containers, "member"))


def chunked(content: Content) -> bytes:
    with Containers() as containers:
        return b"".join(iter_content(content, containers, "member"))


def streamed(content: Content) -> bytes:
    with open_content(content, "member") as stream:
        return stream.read()


@pytest.fixture(params=[whole, chunked, streamed], name="read")
def _read(request: pytest.FixtureRequest) -> Callable[[Content], bytes]:
    return request.param  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    "plain", [b"", b"x", SMALL, bytes(5_000_000), LARGE], ids=["empty", "one", "small", "zeros", "large"]
)
def test_every_way_gives_the_plain_bytes(tmp_path: Path, read: Callable[[Content], bytes], plain: bytes) -> None:
    path = tmp_path / "c"
    assert read(deflated(path, plain)) == plain
    path.write_bytes(b"head" + plain)
    digest = hashlib.sha256(plain).hexdigest()
    assert read(Stored(path, 4, len(plain), zlib.crc32(plain), digest)) == plain
    assert read(Stored(path, 4, len(plain))) == plain
    assert read(Inline(plain)) == plain


@pytest.mark.parametrize("plain", [SMALL, LARGE], ids=["small", "large"])
def test_the_pieces_of_a_member_are_a_gzip_file(tmp_path: Path, plain: bytes) -> None:
    member = out = b""
    with Containers() as containers:
        for piece, chunks in iter_member(deflated(tmp_path / "c", plain), containers):
            member += piece
            out += b"".join(chunks)
    assert out == plain
    assert gzip.decompress(member) == plain


@pytest.mark.parametrize("plain", [SMALL, LARGE], ids=["small", "large"])
def test_what_the_container_claims_must_hold(tmp_path: Path, read: Callable[[Content], bytes], plain: bytes) -> None:
    right = deflated(tmp_path / "c", plain)
    for wrong in (
        replace(right, crc32=right.crc32 ^ 1),
        replace(right, unpacked_bytes=right.unpacked_bytes + 1),
        replace(right, unpacked_bytes=right.unpacked_bytes - 1),
        replace(right, compressed_bytes=right.compressed_bytes - 1),
        replace(right, offset=right.offset + 1),
    ):
        with pytest.raises(ArchiveError, match=r"^member is "):
            read(wrong)


@pytest.mark.parametrize("plain", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("hidden", [b"x", b"hidden bytes", None], ids=["byte", "bytes", "trailer"])
def test_bytes_hidden_behind_the_last_block_are_never_spliced(
    tmp_path: Path, plain: bytes, hidden: bytes | None
) -> None:
    """Copied into a layer they would be a gzip stream of their own that no diff_id covers."""
    encoder = zlib.compressobj(6, zlib.DEFLATED, -15)
    raw = encoder.compress(plain) + encoder.flush()
    trailer = member_trailer(zlib.crc32(plain), len(plain))
    raw += hidden if hidden is not None else trailer + MEMBER_HEADER + raw
    (tmp_path / "c").write_bytes(raw)
    content = Deflated(tmp_path / "c", 0, len(raw), len(plain), zlib.crc32(plain))
    with pytest.raises(ArchiveError, match=r"^member is (damaged|not what)"):
        chunked(content)


def test_a_bomb_stops_where_its_claim_ends(tmp_path: Path) -> None:
    right = deflated(tmp_path / "c", bytes(50_000_000))
    seen: list[bytes] = []
    with Containers() as containers, pytest.raises(HostileError, match="is larger than it says: want 1000000 bytes"):
        seen.extend(iter_content(replace(right, unpacked_bytes=1_000_000), containers, "member"))
    assert sum(map(len, seen)) <= 1_000_000


def test_a_container_that_is_cut_short(tmp_path: Path, read: Callable[[Content], bytes]) -> None:
    content = deflated(tmp_path / "c", LARGE)
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:2_000_000])
    with pytest.raises(ArchiveError, match=r"^c is cut short: want "):
        read(content)
    with pytest.raises(ArchiveError, match=r"^c is cut short: want "):
        read(Stored(tmp_path / "c", 0, 2_000_001))


def test_stored_content_is_checked(tmp_path: Path, read: Callable[[Content], bytes]) -> None:
    (tmp_path / "c").write_bytes(SMALL)
    with pytest.raises(ArchiveError, match=r"^member is not what its container says"):
        read(Stored(tmp_path / "c", 0, len(SMALL), 1))
    with pytest.raises(MismatchError, match=r"^member: digest mismatch: want sha256:aa"):
        read(Stored(tmp_path / "c", 0, len(SMALL), None, "aa"))


def test_a_container_that_is_gone(tmp_path: Path, read: Callable[[Content], bytes]) -> None:
    with pytest.raises(StorageError, match=r"cannot read .*absent: No such file"):
        read(Stored(tmp_path / "absent", 0, 1))


def test_few_files_are_open_at_once(tmp_path: Path) -> None:
    def count() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    before = count()
    with Containers() as containers:
        for number in range(200):
            (tmp_path / str(number)).write_bytes(SMALL)
            assert containers.read(tmp_path / str(number), 0, 6) == b"import"
        assert count() - before <= 64
    assert count() == before


def test_errors_belong_to_the_tree(tmp_path: Path) -> None:
    (tmp_path / "c").write_bytes(b"\xff" * 100)
    with pytest.raises(LightshipError):
        chunked(Deflated(tmp_path / "c", 0, 100, 1000, 0))
