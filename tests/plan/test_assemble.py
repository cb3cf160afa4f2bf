import errno
import hashlib
import io
import json
import os
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from lightship import proc
from lightship.archive.codec import open_decompressed
from lightship.archive.content import Deflated, Inline
from lightship.archive.layer import DEFAULT_LEVEL, SPLICE_BYTES, LayerCompression, LayerWriter
from lightship.archive.zip import read_zip
from lightship.errors import ArchiveError, HostileError, InputError, LightshipError, StorageError
from lightship.oci.digest import Digest
from lightship.plan.assemble import assemble_layer, assemble_layers, find_layer, in_order, prioritize, write_layer
from lightship.plan.model import Entry, LayerPlan
from lightship.store.cache import Cache

TEXT = b"".join(b"%d\n" % (n * n * n) for n in range(20_000))


def entry(path: str, content: bytes = b"", **fields: object) -> Entry:
    return Entry(path=path, content=Inline(content), **fields)  # type: ignore[arg-type]


def directory(path: str, mode: int = 0o755) -> Entry:
    return Entry(path=path, type="dir", mode=mode)


def link(path: str, target: str, kind: str = "symlink") -> Entry:
    return Entry(path=path, type=kind, link_target=target)  # type: ignore[arg-type]


def plan(key: str, entries: Sequence[Entry]) -> LayerPlan:
    return LayerPlan(name=key, key=key, entries=tuple(entries))


@pytest.fixture(name="cache")
def _cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture(name="wheel")
def _wheel(tmp_path: Path) -> Path:
    """Forty files, some large enough to be spliced."""
    path = tmp_path / "pretend_lib-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(40):
            archive.writestr(f"pretend_lib/m{number:02}.py", TEXT[number * 7 : number * 3000 + 10])
    return path


def spliced(wheel: Path, part: slice = slice(None)) -> list[Entry]:
    return [
        Entry(path=f"opt/{member.path}", content=member.content)
        for member in read_zip(wheel)[part]
        if member.content is not None
    ]


def files_below(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def test_directories_come_first_and_missing_ones_are_added() -> None:
    ordered = in_order(
        [entry("usr/lib/a/b.py"), directory("usr", 0o711), entry("etc/x"), directory("usr/lib/a", 0o700)]
    )
    assert [(one.path, one.type, one.mode) for one in ordered] == [
        ("etc", "dir", 0o755),
        ("usr", "dir", 0o711),
        ("usr/lib", "dir", 0o755),
        ("usr/lib/a", "dir", 0o700),
        ("usr/lib/a/b.py", "file", 0o644),
        ("etc/x", "file", 0o644),
    ]
    assert {(one.uid, one.gid) for one in ordered} == {(0, 0)}


def test_a_directory_comes_before_what_is_in_it_whatever_the_names_are() -> None:
    ordered = [one.path for one in in_order([directory("a-b/c"), directory("a/c"), directory("a b")])]
    for path in ordered:
        parent = path.rpartition("/")[0]
        assert not parent or ordered.index(parent) < ordered.index(path)


def test_small_files_stand_together_and_hard_links_come_last() -> None:
    ordered = in_order(
        [
            link("h", "large", "hardlink"),
            entry("large", bytes(SPLICE_BYTES)),
            entry("small", bytes(SPLICE_BYTES - 1)),
            link("s", "nowhere"),
            entry("tiny"),
        ]
    )
    assert [one.path for one in ordered] == ["small", "s", "tiny", "large", "h"]


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([entry("a"), entry("a")], "path comes twice in one layer: a (no owner)"),
        ([entry("a", owner="wheel:x==1"), directory("a")], "path comes twice in one layer: a (no owner)"),
        ([entry("a"), entry("a/b")], "path is a file and holds others in one layer: a"),
        ([link("a", "b"), entry("a/b/c")], "path is a symlink and holds others in one layer: a"),
        ([link("h", "absent", "hardlink")], "hard link h has no file to name in its layer: absent"),
        ([directory("d"), link("h", "d", "hardlink")], "hard link h has no file to name in its layer: d"),
        ([entry("./a")], "layer path is not normal: './a'"),
        ([entry("")], "layer path is not normal: ''"),
        ([entry("a/")], "layer path is not normal: 'a/'"),
    ],
)
def test_what_a_plan_may_not_say(entries: list[Entry], said: str) -> None:
    with pytest.raises(InputError) as caught:
        in_order(entries)
    assert str(caught.value) == said


@pytest.mark.parametrize("path", ["../a", "/a", "a\0b"])
def test_a_path_that_leaves_the_root_is_hostile(path: str) -> None:
    with pytest.raises(HostileError):
        in_order([entry(path)])


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_a_layer_is_made_once(cache: Cache, wheel: Path, compression: LayerCompression) -> None:
    made = assemble_layer(plan("k", spliced(wheel)), cache, compression=compression)
    blob = made.path.read_bytes()
    tar = open_decompressed(io.BytesIO(blob)).read()
    assert (made.digest, made.compressed_bytes) == (Digest.of(blob), len(blob))
    assert (made.diff_id, made.tar_bytes, made.files) == (Digest.of(tar), len(tar), 40)
    wheel.unlink()  # what is in the cache needs nothing of what it was made from
    assert assemble_layer(plan("k", []), cache, compression=compression) == made
    assert find_layer(cache, "k", compression) == made


def test_the_key_holds_every_option(cache: Cache, wheel: Path) -> None:
    made = assemble_layer(plan("k", spliced(wheel)), cache)
    assert find_layer(cache, "k") == made
    assert find_layer(cache, "other") is None
    assert find_layer(cache, "k", "zstd") is None
    assert find_layer(cache, "k", level=9) is None
    assert find_layer(cache, "k", mtime=1) is None
    assert find_layer(cache, "k", level=DEFAULT_LEVEL["gzip"]) == made


def test_a_damaged_blob_is_made_again(cache: Cache, wheel: Path) -> None:
    made = assemble_layer(plan("k", spliced(wheel)), cache)
    content = made.path.read_bytes()
    made.path.write_bytes(content[:-1] + b"x")
    assert find_layer(cache, "k") is None
    assert assemble_layer(plan("k", spliced(wheel)), cache) == made
    assert made.path.read_bytes() == content


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b'{"digest": "sha256:x"}', b"\xff", b'{"digest": 1}'])
def test_a_damaged_record_is_no_record(cache: Cache, wheel: Path, record: bytes) -> None:
    made = assemble_layer(plan("k", spliced(wheel)), cache)
    (path,) = (cache.root / "records").glob("*/*")
    assert json.loads(path.read_bytes())["diff_id"] == str(made.diff_id)
    path.write_bytes(record)
    assert find_layer(cache, "k") is None
    assert assemble_layer(plan("k", spliced(wheel)), cache) == made
    assert find_layer(cache, "k") == made


@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_the_number_of_jobs_changes_no_byte(tmp_path: Path, wheel: Path, compression: LayerCompression) -> None:
    plans = [plan(str(number), spliced(wheel, slice(number, None, 4))) for number in range(4)]
    made = []
    for jobs in (1, 2, 5):
        layers = assemble_layers(plans, Cache(tmp_path / str(jobs)), compression=compression, jobs=jobs)
        made.append([(one.digest, one.diff_id, one.files) for one in layers])
    assert made[0] == made[1] == made[2]
    assert len({digest for digest, _, _ in made[0]}) == 4


def test_layers_come_in_the_order_of_their_plans(cache: Cache, wheel: Path) -> None:
    plans = [plan("small", [entry("a")]), plan("large", spliced(wheel)), plan("empty", [])]
    made = assemble_layers(plans, cache, jobs=2)
    assert [one.files for one in made] == [1, 40, 0]
    assert assemble_layers([], cache, jobs=2) == []


def test_the_same_plan_twice_is_one_layer(cache: Cache, wheel: Path) -> None:
    first, second = assemble_layers([plan("k", spliced(wheel))] * 2, cache, jobs=2)
    assert first == second


def broken(wheel: Path) -> Entry:
    return Entry(path="opt/broken", content=Deflated(wheel, 0, 100, 100_000, 0))


def test_the_first_error_is_raised_and_nothing_stays(cache: Cache, wheel: Path) -> None:
    plans = [plan("good", []), plan("bad", [*spliced(wheel), broken(wheel)]), plan("worse", [entry("a"), entry("a")])]
    with pytest.raises(ArchiveError, match=r"^opt/broken is "):
        assemble_layers(plans, cache, jobs=1)
    assert find_layer(cache, "bad") is None
    assert not list((cache.root / "blobs").glob("**/*.tmp"))


def test_giving_up_is_quick_and_leaves_nothing(cache: Cache, wheel: Path) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(LightshipError, match="layer k was given up"):
        assemble_layer(plan("k", spliced(wheel)), cache, stop=stop)
    assert files_below(cache.root) == []


def test_a_cache_that_cannot_be_written_is_one_sentence(tmp_path: Path, wheel: Path) -> None:
    (tmp_path / "cache").write_bytes(b"a file, not a folder")
    with pytest.raises(StorageError, match="cannot write a layer to the cache: Not a directory"):
        assemble_layer(plan("k", spliced(wheel)), Cache(tmp_path / "cache"))


def test_a_full_disk_is_one_sentence_and_leaves_nothing(
    cache: Cache, wheel: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: object, *args: object, **options: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(LayerWriter, "finish", full)
    with pytest.raises(StorageError, match=r"^cannot write a layer to the cache: No space left on device$"):
        assemble_layer(plan("k", spliced(wheel)), cache)
    assert files_below(cache.root) == []


def test_progress_ends_at_what_was_announced(wheel: Path) -> None:
    class Log:
        def __init__(self) -> None:
            self.total, self.done, self.finished = 0, 0, False

        def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:
            assert (task, unit) == ("layer", "B")
            self.total = total or 0

        def advance(self, task: str, amount: int = 1) -> None:
            assert task == "layer"
            self.done += amount

        def finish(self, task: str) -> None:
            assert task == "layer"
            self.finished = True

        def note(self, message: str) -> None: ...

    log = Log()
    written = write_layer(spliced(wheel), io.BytesIO(), progress=log)
    assert log.finished
    assert log.done == log.total == written.unpacked_bytes < written.tar_bytes


def test_a_tar_reader_finds_every_entry_with_its_owner_and_mode(wheel: Path) -> None:
    entries = [
        *spliced(wheel),
        entry("etc/passwd", b"root:x:0:0::/:\n", mode=0o600, uid=10, gid=20),
        link("bin", "usr/bin"),
        link("opt/again", "etc/passwd", "hardlink"),
    ]
    out = io.BytesIO()
    write_layer(entries, out, mtime=7)
    with tarfile.open(fileobj=io.BytesIO(out.getvalue())) as tar:
        found = {member.name: member for member in tar}
        assert tar.extractfile("opt/again").read() == b"root:x:0:0::/:\n"  # type: ignore[union-attr]
    assert set(found) == {one.path for one in in_order(entries)}
    assert (found["etc/passwd"].mode, found["etc/passwd"].uid, found["etc/passwd"].gid) == (0o600, 10, 20)
    assert found["bin"].linkname == "usr/bin"
    assert {member.mtime for member in found.values()} == {7}


FOREVER = """
import itertools, pathlib, sys
from lightship.archive.content import Inline
from lightship.plan.assemble import assemble_layer
from lightship.plan.model import Entry, LayerPlan
from lightship.store.cache import Cache

cache = Cache(pathlib.Path(sys.argv[1]))
content = pathlib.Path(sys.argv[2]).read_bytes()
for number in itertools.count(1):
    entry = Entry(path="a", content=Inline(content + b"%d" % number))
    assemble_layer(LayerPlan(name="l", key=str(number), entries=(entry,)), cache)
    print(number, flush=True)
"""


def test_killed_at_any_moment_the_next_build_succeeds(cache: Cache, tmp_path: Path) -> None:
    content = hashlib.shake_128(b"noise").digest(3_000_000)
    (tmp_path / "content").write_bytes(content)
    for pause_s in (0.0, 0.013, 0.031):
        child = proc.spawn(
            [sys.executable, "-c", FOREVER, str(cache.root), str(tmp_path / "content")], stdout=proc.PIPE
        )
        assert child.stdout is not None
        with child, child.stdout as lines:
            assert lines.readline() == b"1\n"
            time.sleep(pause_s)
            child.kill()
    for path in (cache.root / "blobs").glob("[0-9a-f][0-9a-f]/*"):
        if not path.name.endswith((".seal", ".tmp")):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.name
    made = assemble_layer(plan("1", [entry("a", content + b"1")]), cache)
    assert Digest.of(made.path.read_bytes()) == made.digest
    cache.sweep_temporary(older_than_s=-1)
    assert not list(cache.root.glob("**/*.tmp"))


def test_what_a_start_reads_comes_after_the_directories() -> None:
    ordered = in_order([entry("d/a", b"1"), entry("d/b", b"2"), link("s", "d/a"), link("h", "d/b", "hardlink")])
    found, border = prioritize(ordered, ["s", "absent", "h", "d", "s"])
    assert [one.path for one in found] == ["d", "s", "d/b", "d/a", "h"]
    assert [one.path for one in found[:border]] == ["d", "s", "d/b"]
    assert prioritize(ordered, ["absent", "d"]) == (ordered, 0)


def test_only_estargz_cares_what_is_read_first(cache: Cache) -> None:
    made = plan("first", [entry("a", b"1"), entry("b", b"2")])
    for compression, different in (("gzip", False), ("zstd", False), ("estargz", True)):
        plain = assemble_layer(made, cache, compression=compression)  # type: ignore[arg-type]
        first = assemble_layer(made, cache, compression=compression, prioritized=["b"])  # type: ignore[arg-type]
        assert (plain.digest != first.digest) == different
        assert bool(first.annotations) == different
        again = find_layer(cache, "first", compression, prioritized=["b"])  # type: ignore[arg-type]
        assert again == first


def test_a_time_of_a_file_is_not_that_of_its_layer() -> None:
    out = io.BytesIO()
    write_layer([entry("web/page", b"1", mtime=1_000_000_007), entry("web/other", b"2")], out, mtime=2_000_000_000)
    with open_decompressed(io.BytesIO(out.getvalue()), "gzip") as stream:
        tar = io.BytesIO(stream.read())
    with tarfile.open(fileobj=tar) as members:
        times = {member.name: member.mtime for member in members}
    assert times == {"web": 2_000_000_000, "web/other": 2_000_000_000, "web/page": 1_000_000_007}


def test_only_a_file_has_a_time_of_its_own() -> None:
    with pytest.raises(InputError, match="a time of its own"):
        Entry(path="web", type="dir", mtime=1)
