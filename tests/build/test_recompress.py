"""Members that their wheel compressed badly: marked, and nothing else."""

import hashlib
import zlib
from pathlib import Path

from lightship.archive.content import Deflated, Inline
from lightship.build.recompress import mark_poor
from lightship.plan.model import Entry

TABLE = b"".join(b'"%d": %d.%d, ' % (n * 7919 % 1_000_003, n * n % 977, n * 104_729 % 10_007) for n in range(250_000))
TEXT = b"".join(b"line %x of a module\n" % (n * n * 2_654_435_761) for n in range(150_000))
CODE = b"".join(hashlib.sha256(b"%d" % n).digest() for n in range(50_000))


def entry(path: Path, content: bytes, level: int) -> Entry:
    encoder = zlib.compressobj(level, zlib.DEFLATED, -15)
    raw = encoder.compress(content) + encoder.flush()
    path.write_bytes(raw)
    return Entry(path=path.name, content=Deflated(path, 0, len(raw), len(content), zlib.crc32(content)))


def spliced(*entries: Entry) -> list[bool]:
    return [entry.content.splice for entry in mark_poor(entries) if isinstance(entry.content, Deflated)]


def test_badly_compressed_members_are_marked(tmp_path: Path) -> None:
    quick = entry(tmp_path / "quick", TEXT, 1)
    good = entry(tmp_path / "good", CODE, 6)
    table = entry(tmp_path / "table", TABLE, 6)
    assert spliced(quick, good, table) == [False, True, False]


def test_nothing_else_of_an_entry_changes(tmp_path: Path) -> None:
    before = (
        entry(tmp_path / "quick", TEXT, 1),
        Entry(path="a", content=Inline(b"x" * 3_000_000)),
        Entry(path="d", type="dir"),
    )
    after = mark_poor(before)
    assert after[1:] == before[1:]
    assert isinstance(before[0].content, Deflated)
    assert isinstance(after[0].content, Deflated)
    assert (after[0].path, after[0].content.crc32) == ("quick", before[0].content.crc32)


def test_small_members_are_not_looked_at(tmp_path: Path) -> None:
    small = entry(tmp_path / "small", TEXT[:1_000_000], 1)
    (tmp_path / "small").unlink()
    assert spliced(small) == [True]


def test_what_cannot_be_inflated_stays_for_the_layer_to_refuse(tmp_path: Path) -> None:
    broken = entry(tmp_path / "broken", TEXT, 1)
    (tmp_path / "broken").write_bytes(b"\xff" * (tmp_path / "broken").stat().st_size)
    assert spliced(broken) == [True]
