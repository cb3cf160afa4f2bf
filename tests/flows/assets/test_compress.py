"""A directory of static files is compressed: every fault of the usual shell loop is a test here.

The loop: ``for file in $(find dist -name '*.js' -o …); do gzip -c "$file" > "$file.gz"; brotli -c "$file" > …; done``.
"""

import errno
import gzip
import hashlib
import os
import stat
from dataclasses import replace
from pathlib import Path

import brotli
import pytest

from lightship.assets import compress
from lightship.assets.kinds import SUFFIX_OF_ENCODING
from lightship.assets.model import AssetResult, CompressOptions
from lightship.assets.nginx import Proxy
from lightship.assets.scan import read_file
from lightship.assets.sidecar import write_sidecar
from lightship.assets.times import content_time
from lightship.errors import InputError, StorageError, UsageError
from lightship.flows.assets.compress import AssetsOutcome, NginxRequest, compress_assets, configure_nginx
from lightship.progress import SILENT
from lightship.store.cache import Cache

SCRIPT = b"export function greet(name) { return `hello ${name}, this is ${navigator.userAgent}`; }\n" * 60
CI = CompressOptions(level="ci")


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    folder.mkdir()
    return folder


def put(web: Path, name: str | bytes, content: bytes = SCRIPT) -> Path:
    path = Path(os.fsdecode(os.path.join(os.fsencode(web), os.fsencode(name))))  # noqa: PTH118 - names of bytes
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def run(web: Path, options: CompressOptions = CI, *, jobs: int = 2) -> AssetsOutcome:
    return compress_assets(web, options, Cache(web.parent / "cache"), SILENT, jobs=jobs)


def beside(path: Path, encoding: str) -> Path:
    return path.with_name(path.name + SUFFIX_OF_ENCODING[encoding])


def snapshot(web: Path) -> dict[str, tuple[bytes, int, int]]:
    found = sorted(path for path in web.rglob("*") if path.is_file() and not path.is_symlink())
    return {os.fspath(path): (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) for path in found}


def states(outcome: AssetsOutcome) -> dict[tuple[str, str], str]:
    return {(found.path, each.encoding): each.state for found in outcome.results for each in found.sidecars}


def of(outcome: AssetsOutcome, path: str) -> AssetResult:
    return next(found for found in outcome.results if found.path == path)


ODD = [
    "two words.js", "line\nfeed.js", "-rf.js", "$(id).js", "a'\"b;c&.js", "*.js", b"caf\xe9.js", "ünï.js", " .js",
    ".js.js",
]  # fmt: skip


@pytest.mark.parametrize("name", ODD, ids=repr)
def test_names_may_be_anything(web: Path, name: str | bytes) -> None:
    file = put(web, name)
    assert run(web).good
    assert gzip.decompress(beside(file, "gzip").read_bytes()) == SCRIPT
    assert brotli.decompress(beside(file, "br").read_bytes()) == SCRIPT
    assert len(list(web.iterdir())) == 3, "the loop leaves files of half names"


def test_no_program_is_called_that_may_be_missing(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    file = put(web, "app.js")
    run(web)
    assert beside(file, "br").stat().st_size > 0


@pytest.mark.parametrize("left", [b"", b"\x1f\x8b\x08\0 cut short", gzip.compress(b"another release", mtime=0)])
def test_an_empty_or_wrong_sidecar_does_not_stay(web: Path, left: bytes) -> None:
    file = put(web, "app.js")
    for encoding in ("gzip", "br", "zstd"):
        beside(file, encoding).write_bytes(left)
    outcome = run(web)
    assert gzip.decompress(beside(file, "gzip").read_bytes()) == SCRIPT
    assert brotli.decompress(beside(file, "br").read_bytes()) == SCRIPT
    assert not beside(file, "zstd").exists(), "one that nobody asked for would be sent all the same"
    assert all(each.stale for each in of(outcome, "app.js").sidecars)


def test_what_is_not_smaller_gets_none_and_loses_what_it_has(web: Path) -> None:
    noise = os.urandom(5000)
    file = put(web, "noise.js", noise)
    beside(file, "gzip").write_bytes(gzip.compress(noise))
    outcome = run(web)
    assert not beside(file, "gzip").exists()
    assert not beside(file, "br").exists()
    assert states(outcome) == {("noise.js", "gzip"): "removed", ("noise.js", "br"): "unworthy"}
    assert outcome.after_bytes == len(noise)


@pytest.mark.parametrize("name", ["a.mjs", "a.cjs", "a.svg", "a.json", "a.wasm", "a.css", "a.webmanifest", "A.HTML"])
def test_no_type_is_missed(web: Path, name: str) -> None:
    file = put(web, name)
    run(web)
    assert beside(file, "gzip").exists()


def test_small_files_pictures_and_sidecars_get_none(web: Path) -> None:
    for name, content in (("small.js", SCRIPT[:1023]), ("empty.js", b""), ("a.png", SCRIPT), ("b.woff2", SCRIPT)):
        put(web, name, content)
    before = set(web.iterdir())
    assert run(web).good
    assert set(web.iterdir()) == before
    put(web, "app.js")
    run(web)
    run(web)
    assert not list(web.glob("*.gz.gz"))


def test_gzip_only_shrinks_the_directory(web: Path) -> None:
    put(web, "app.js")
    put(web, "index.html")
    small = put(web, "small.js", b"1")
    picture = put(web, "a.png", os.urandom(3000))
    beside(web / "app.js", "br").write_bytes(brotli.compress(SCRIPT))
    only = replace(CI, mode="gzip-only")
    outcome = run(web, only)
    assert {path.name for path in web.iterdir()} == {"app.js.gz", "index.html.gz", small.name, picture.name}
    assert outcome.after_bytes == sum(path.stat().st_size for path in web.iterdir()) < outcome.before_bytes
    before = snapshot(web)
    assert run(web, only).good
    assert snapshot(web) == before, "what was made stays, and keeps its time"


def test_gzip_only_keeps_what_a_link_leads_to(web: Path) -> None:
    file = put(web, "app.js")
    (web / "latest.js").symlink_to("app.js")
    run(web, replace(CI, mode="gzip-only"))
    assert file.exists()
    assert (web / "latest.js").read_bytes() == SCRIPT


@pytest.mark.parametrize("content", [gzip.compress(SCRIPT)[:-5], b""], ids=["cut short", "empty"])
def test_a_damaged_gz_that_is_all_there_is_is_named(web: Path, content: bytes) -> None:
    put(web, "app.js.gz", content)
    outcome = run(web, replace(CI, mode="gzip-only"))
    assert not outcome.good
    assert of(outcome, "app.js.gz").fault


def test_bytes_and_times_are_the_same_twice(web: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "web"
    other.mkdir(parents=True)
    for folder, time_s in ((web, 1_700_000_000), (other, 1_600_000_000)):
        for name in ("app.js", "deep/a b.css", "a.png"):
            os.utime(put(folder, name), (time_s, time_s))
    run(web, jobs=1)
    run(other, jobs=4)
    ours = {name.removeprefix(os.fspath(web)): found for name, found in snapshot(web).items()}
    assert ours == {name.removeprefix(os.fspath(other)): found for name, found in snapshot(other).items()}
    assert len(ours) == 7


def test_times_come_from_content(web: Path) -> None:
    file, picture = put(web, "app.js"), put(web, "a.png", b"png")
    run(web)
    assert file.stat().st_mtime_ns == content_time(hashlib.sha256(SCRIPT).hexdigest()) * 10**9
    assert picture.stat().st_mtime == content_time(hashlib.sha256(b"png").hexdigest())
    assert beside(file, "gzip").stat().st_mtime_ns == beside(file, "br").stat().st_mtime_ns == file.stat().st_mtime_ns
    changed = SCRIPT.replace(b"hello", b"salve")
    assert len(changed) == len(SCRIPT)
    before = file.stat().st_mtime
    file.write_bytes(changed)
    run(web)
    assert file.stat().st_mtime != before, "nginx tells contents apart by size and time"


def test_times_are_kept_on_request(web: Path) -> None:
    file = put(web, "app.js")
    os.utime(file, ns=(1, 1_234_567_890_123_456_789))
    run(web, replace(CI, times="keep"))
    assert file.stat().st_mtime_ns == beside(file, "gzip").stat().st_mtime_ns == 1_234_567_890_123_456_789


def test_the_mode_is_the_source_s(web: Path) -> None:
    file = put(web, "app.js")
    file.chmod(0o640)
    run(web)
    assert stat.S_IMODE(beside(file, "br").stat().st_mode) == 0o640


def test_a_second_run_changes_nothing(web: Path) -> None:
    put(web, "app.js")
    put(web, "a.png")
    run(web)

    def seen() -> dict[Path, tuple[int, int, int]]:
        return {path: (path.stat().st_ino, path.stat().st_mtime_ns, path.stat().st_ctime_ns) for path in web.iterdir()}

    before = seen()
    outcome = run(web)
    assert seen() == before, "not even an inode or a ctime"
    assert set(states(outcome).values()) == {"kept"}


def test_a_rebuild_compresses_what_changed_alone(web: Path) -> None:
    put(web, "same.js")
    put(web, "noise.js", os.urandom(2000))
    changed = put(web, "changed.js", SCRIPT * 2)
    run(web)
    for path in web.glob("*.gz"), web.glob("*.br"):
        for sidecar in path:
            sidecar.unlink()
    changed.write_bytes(SCRIPT * 3)
    assert states(run(web)) == {
        ("changed.js", "gzip"): "made", ("changed.js", "br"): "made",
        ("same.js", "gzip"): "cached", ("same.js", "br"): "cached",
        ("noise.js", "gzip"): "unworthy", ("noise.js", "br"): "unworthy",
    }  # fmt: skip
    assert gzip.decompress(beside(changed, "gzip").read_bytes()) == SCRIPT * 3


def test_a_damaged_cache_is_not_believed(web: Path) -> None:
    file = put(web, "app.js")
    run(web)
    for encoding in ("gzip", "br"):
        beside(file, encoding).unlink()
    for entry in (web.parent / "cache" / "assets").rglob("*"):
        if entry.is_file():
            entry.write_bytes(b"damaged")
    assert set(states(run(web)).values()) == {"made"}
    assert brotli.decompress(beside(file, "br").read_bytes()) == SCRIPT


def test_release_replaces_what_ci_made_and_keeps_what_others_made(web: Path) -> None:
    put(web, "app.js")
    foreign = put(web, "foreign.js", SCRIPT * 2)
    beside(foreign, "gzip").write_bytes(gzip.compress(SCRIPT * 2, 1, mtime=0))
    run(web)
    release = replace(CI, level="release")
    found = states(run(web, release))
    assert found["app.js", "br"] == "made"
    assert found["foreign.js", "gzip"] == "kept"
    assert states(run(web, CI))["app.js", "br"] == "kept", "what is better stays"
    assert states(run(web, replace(release, force=True)))["foreign.js", "gzip"] == "made"


def test_gzip_is_made_as_small_as_can_be_where_it_is_all_there_is(web: Path) -> None:
    script = b"".join(b"let a%d = f(%d, 'w%d');\n" % (n, n * n % 977, n % 13) for n in range(4000))
    file = put(web, "app.js", script)
    release = replace(CI, level="release")
    run(web, release)
    beside_brotli = beside(file, "gzip").stat().st_size
    outcome = run(web, replace(release, encodings=("gzip",)))
    assert states(outcome) == {("app.js", "gzip"): "made", ("app.js", "br"): "kept"}
    assert beside(file, "gzip").stat().st_size < beside_brotli
    assert states(run(web, release))["app.js", "gzip"] == "kept"


def test_links_are_not_followed(web: Path, tmp_path: Path) -> None:
    outside = put(tmp_path / "outside", "secret.js")
    (web / "link.js").symlink_to(outside)
    (web / "folder").symlink_to(outside.parent)
    file = put(web, "app.js")
    beside(file, "gzip").symlink_to(outside)
    outcome = run(web)
    assert outcome.links == ("app.js.gz", "folder", "link.js")
    assert sorted(path.name for path in outside.parent.iterdir()) == ["secret.js"]
    assert outside.read_bytes() == SCRIPT
    assert not beside(file, "gzip").is_symlink(), "the link was replaced, not what it leads to"
    assert gzip.decompress(beside(file, "gzip").read_bytes()) == SCRIPT


def test_pipes_and_folders_with_names_of_files_end_nothing(web: Path) -> None:
    os.mkfifo(web / "pipe.js")
    (web / "folder.js").mkdir()
    put(web, "folder.js/inner.js")
    put(web, "app.js")
    (web / "app.js.gz").mkdir()
    outcome = run(web)
    assert "folder" in of(outcome, "app.js").fault
    assert (web / "folder.js/inner.js.br").exists()


def test_an_unreadable_file_is_named_and_the_others_are_done(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(web, "locked.js").chmod(0)
    other = put(web, "other.js")

    def refuse(path: Path) -> tuple[bytes, os.stat_result]:  # as the kernel does for whoever is not root
        if not path.stat().st_mode & 0o400:
            raise PermissionError(errno.EACCES, "Permission denied", os.fspath(path))
        return read_file(path)

    monkeypatch.setattr(compress, "read_file", refuse)
    outcome = run(web)
    assert of(outcome, "locked.js").fault == "Permission denied"
    assert beside(other, "gzip").exists()


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_full_or_read_only_disk_ends_it_with_nothing_half_written(
    web: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    put(web, "app.js")

    def refuse(path: Path, *_: object) -> None:
        raise OSError(number, os.strerror(number), os.fspath(path))

    monkeypatch.setattr(compress, "write_sidecar", refuse)
    with pytest.raises(StorageError, match="cannot write below"):
        run(web)
    assert [path.name for path in web.iterdir()] == ["app.js"]


def test_a_file_that_changes_meanwhile_gets_no_sidecar(web: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = put(web, "app.js")

    def and_change(path: Path, content: bytes, like: os.stat_result, time_ns: int) -> None:
        write_sidecar(path, content, like, time_ns)
        file.write_bytes(SCRIPT * 2)

    monkeypatch.setattr(compress, "write_sidecar", and_change)
    outcome = run(web)
    assert of(outcome, "app.js").fault == "changed while it was read"
    assert [path.name for path in web.iterdir()] == ["app.js"]


def test_source_maps_are_counted_and_removed_on_request(web: Path) -> None:
    source_map = b'{"version":3,"mappings":"' + b"AAAA;" * 900 + b'"}'
    put(web, "app.js.map", source_map)
    other = put(web, "world.map", SCRIPT)
    outcome = run(web)
    assert states(outcome)["app.js.map", "gzip"] == "made"
    assert ("app.js.map", "br") not in states(outcome), "nobody fetches it: brotli's time is better spent"
    assert of(outcome, "app.js.map").source_map
    run(web, replace(CI, maps="remove"))
    assert not list(web.glob("app.js.map*"))
    assert other.exists(), "a map by its suffix alone is none"


def test_a_dry_run_changes_nothing_and_knows_the_bytes(web: Path) -> None:
    put(web, "app.js")
    put(web, "a.js.map", b'{"mappings":"' + b"A" * 2000 + b'"}')
    options = replace(CI, maps="remove", mode="gzip-only")
    before = snapshot(web)
    planned = run(web, replace(options, dry_run=True))
    assert snapshot(web) == before
    done = run(web, options)
    assert planned.after_bytes == done.after_bytes == sum(path.stat().st_size for path in web.iterdir())


def test_no_directory_is_one_sentence(web: Path) -> None:
    file = put(web, "app.js")
    with pytest.raises(InputError, match="it is a file"):
        run(file)
    with pytest.raises(InputError, match="there is none"):
        run(web / "missing")


def test_what_a_deleted_source_left_is_named(web: Path) -> None:
    put(web, "gone.js.gz", gzip.compress(SCRIPT))
    put(web, "data.tar.gz", gzip.compress(SCRIPT))
    outcome = run(web)
    assert outcome.lone == ("gone.js.gz",)
    assert len(outcome.notes) == 1


def test_what_lies_beside_a_picture_and_is_something_else_is_named(web: Path) -> None:
    put(web, "a.png", b"picture")
    put(web, "a.png.gz", gzip.compress(b"another"))
    assert "a.png.gz is something else" in of(run(web), "a.png").notes[0]
    assert (web / "a.png.gz").exists()


def test_the_configuration_is_made_for_what_lies_there(web: Path) -> None:
    for name in ("assets/index-DiwrgT4a.js", "assets/vendor-B1a2_c-d.js", "assets/page-C3xYz9ab.css", "index.html"):
        put(web, name)
    text, notes = configure_nginx(NginxRequest(directory=web))
    assert "nothing is compressed" in notes[0]
    assert "gzip_static on;" in text
    assert "^/assets/" in text
    assert "/index.html" in text
    run(web)
    _, notes = configure_nginx(NginxRequest(directory=web))
    assert "sidecars of brotli are not sent" in notes[0]
    run(web, replace(CI, mode="gzip-only"))
    text, notes = configure_nginx(NginxRequest(directory=web, root="/srv/www"))
    assert notes == ()
    assert "gzip_static always;" in text
    assert 'root "/srv/www";' in text
    assert "^/assets/" in text, "names are those without .gz"


def test_what_cannot_be_written_into_a_configuration_is_refused(web: Path) -> None:
    for root in ("relative", '/a"b', "/a$b", "/a\nb"):
        with pytest.raises(UsageError):
            configure_nginx(NginxRequest(directory=web, root=root))
    with pytest.raises(UsageError):
        configure_nginx(NginxRequest(directory=web, policy='default-src "x"'))
    with pytest.raises(UsageError):
        configure_nginx(NginxRequest(directory=web, mode="gzip-only", brotli=True))


def test_a_proxy_goes_before_files_and_that_is_said(web: Path) -> None:
    for name in ("index.html", "api/schema.json", "api/docs/index.html", "apiary.js", "v2/a.js"):
        put(web, name)
    proxies = tuple(Proxy.parse(f"{prefix}=http://api:5001") for prefix in ("/api", "/v2/", "/events", "/healthz"))
    text, notes = configure_nginx(NginxRequest(directory=web, proxies=proxies))
    assert [note for note in notes if "--proxy" in note] == [
        "--proxy /api: the application goes before files: 2 files, such as api/docs/index.html, are not served",
        "--proxy /v2: the application goes before files: v2/a.js is not served",
        "--proxy /healthz: nginx itself answers it, and the application only what is below",
    ]
    assert text.count("# before any file") == 4


def test_the_cache_is_of_contents_wherever_they_lie(web: Path) -> None:
    put(web, "app.js")
    run(web)
    other = web.parent / "other"
    put(other, "renamed.js")
    put(other, "app.js", SCRIPT + SCRIPT)
    assert states(run(other)) == {
        ("renamed.js", "gzip"): "cached", ("renamed.js", "br"): "cached",
        ("app.js", "gzip"): "made", ("app.js", "br"): "made",
    }  # fmt: skip
    beside(other / "renamed.js", "gzip").unlink()
    beside(other / "renamed.js", "br").unlink()
    again = states(run(other, replace(CI, level="release")))
    assert (again["renamed.js", "gzip"], again["renamed.js", "br"]) == ("made", "made"), "another level"


@pytest.mark.parametrize("guard", [b"", b"\xef\xbb\xbf", b")]}'\n"])
def test_a_source_map_too_large_to_look_through_is_one(
    web: Path, monkeypatch: pytest.MonkeyPatch, guard: bytes
) -> None:
    """256 MiB and more are not compressed; they are sources all the same, and go when maps go."""
    monkeypatch.setattr(compress, "MOST_BYTES", 1000)
    put(web, "huge.js.map", guard + b'{"version":3,"sources":["' + b"a" * 2000 + b'"],"mappings":"AAAA"}')
    put(web, "world.map", b"\0\1" * 2000)
    put(web, "film.mp4", b"{" * 2000)
    outcome = run(web)
    assert [result.path for result in outcome.results if result.source_map] == ["huge.js.map"]
    assert not list(web.glob("huge.js.map.*"))
    run(web, replace(CI, maps="remove", dry_run=True))
    assert (web / "huge.js.map").exists()
    outcome = run(web, replace(CI, maps="remove"))
    assert of(outcome, "huge.js.map").gone
    assert sorted(path.name for path in web.iterdir() if path.suffix in (".map", ".mp4")) == ["film.mp4", "world.map"]
