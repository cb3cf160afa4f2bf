"""Files as objects: what is sent of a directory, under which headers, with which bytes."""

import gzip
import hashlib
from pathlib import Path

import pytest

from lightship.assets.codecs import decodes_to, encode
from lightship.assets.model import MOST_BYTES
from lightship.assets.push.outgoing import IMMUTABLE, REVALIDATED, candidates, content_type, read_outgoing, stored
from lightship.assets.push.release import Coding
from lightship.assets.scan import scan
from lightship.errors import InputError
from lightship.store.cache import Cache

SCRIPT = b"export const answer = 42;\n" * 100


@pytest.fixture
def web(tmp_path: Path) -> Path:
    folder = tmp_path / "web"
    folder.mkdir()
    return folder


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def made(web: Path, path: str, cache: Cache, asked: Coding = "gzip", *, alone: bool = False) -> tuple[str, bytes]:
    """Encoding and bytes of an object, whole."""
    entry, content = stored(read_outgoing(web, path, asked, (), packed_alone=alone), cache)
    whole = content if isinstance(content, bytes) else b"".join(content)
    assert entry.stored_bytes == len(whole)
    assert entry.sha256 == hashlib.sha256(whole).hexdigest()
    return entry.encoding, whole


def test_sidecars_are_nothing_of_their_own_and_what_is_hidden_stays(web: Path) -> None:
    for name in ("app.js", "app.js.gz", "app.js.br", "only.css.gz", "only.css.br", "lost.js.br", "data.tar.gz", ".env"):
        (web / name).write_bytes(b"x")
    for folder in (".vite", ".well-known"):
        (web / folder).mkdir()
        (web / folder / "config").write_bytes(b"y")
    found = candidates(scan(web))
    assert [(path, alone) for path, alone, _ in found.files] == [
        (".well-known/config", False),
        ("app.js", False),
        ("data.tar.gz", False),
        ("only.css", True),
    ]
    assert found.hidden == (".env", ".vite/config")
    assert found.skipped == ("lost.js.br",)


def test_text_is_compressed_where_it_gets_smaller(web: Path, cache: Cache) -> None:
    (web / "app.js").write_bytes(SCRIPT)
    (web / "small.js").write_bytes(b"let a")
    (web / "icon.png").write_bytes(SCRIPT)
    (web / "random.js").write_bytes(hashlib.shake_256(b"x").digest(4000))
    assert made(web, "app.js", cache)[0] == "gzip"
    assert gzip.decompress(made(web, "app.js", cache)[1]) == SCRIPT
    encoding, content = made(web, "app.js", cache, "br")
    assert encoding == "br"
    assert decodes_to(content, SCRIPT, "br")
    assert made(web, "app.js", cache, "identity") == ("identity", SCRIPT)
    for name in ("small.js", "icon.png", "random.js"):
        assert made(web, name, cache) == ("identity", (web / name).read_bytes())


def test_a_fresh_sidecar_is_taken_and_a_stale_one_is_not(web: Path, cache: Cache) -> None:
    (web / "app.js").write_bytes(SCRIPT)
    quick = gzip.compress(SCRIPT, 1, mtime=7)
    (web / "app.js.gz").write_bytes(quick)
    assert made(web, "app.js", cache) == ("gzip", quick)
    (web / "app.js.gz").write_bytes(gzip.compress(SCRIPT[:-1] + b" "))
    assert gzip.decompress(made(web, "app.js", cache)[1]) == SCRIPT
    (web / "app.js.gz").write_bytes(b"")
    assert gzip.decompress(made(web, "app.js", cache)[1]) == SCRIPT


def test_what_gzip_only_left_is_pushed_under_its_plain_name(web: Path, cache: Cache) -> None:
    packed = encode(SCRIPT, "gzip", "alone")
    (web / "app.js.gz").write_bytes(packed)
    assert made(web, "app.js", cache, alone=True) == ("gzip", packed)
    assert made(web, "app.js", cache, "identity", alone=True) == ("identity", SCRIPT)
    encoding, content = made(web, "app.js", cache, "br", alone=True)
    assert encoding == "br"
    assert decodes_to(content, SCRIPT, "br")
    (web / "app.js.gz").write_bytes(packed[:-3])
    with pytest.raises(InputError, match=r"^app\.js\.gz: "):
        read_outgoing(web, "app.js", "gzip", (), packed_alone=True)


def test_headers_are_those_of_the_name(web: Path) -> None:
    (web / "_next/static").mkdir(parents=True)
    for name in ("index.html", "_next/static/x.js", "app-0a1b2c3d.mjs", "sw.js", "logo.png", "site.webmanifest"):
        (web / name).write_bytes(b"x")
    found = {
        name: read_outgoing(web, name, "gzip", (), packed_alone=False)
        for name in ("index.html", "_next/static/x.js", "app-0a1b2c3d.mjs", "sw.js", "logo.png", "site.webmanifest")
    }
    assert {name: each.cache_control for name, each in found.items() if each.hashed} == {
        "_next/static/x.js": IMMUTABLE,
        "app-0a1b2c3d.mjs": IMMUTABLE,
    }
    assert {each.cache_control for each in found.values() if not each.hashed} == {REVALIDATED}
    assert {name: each.rank for name, each in found.items()} == {
        "_next/static/x.js": 0,
        "app-0a1b2c3d.mjs": 0,
        "logo.png": 1,
        "index.html": 2,
        "sw.js": 2,
        "site.webmanifest": 2,
    }
    assert content_type("a/b.MJS") == "text/javascript; charset=utf-8"
    assert content_type("a/b") == content_type("x.unknown") == "application/octet-stream"
    assert content_type("m.wasm") == "application/wasm"


@pytest.mark.parametrize(
    "name", ["service-worker.js", "firebase-messaging-sw.js", "ngsw.json", "ngsw-worker.js", "a/sw.mjs"]
)
def test_service_workers_come_last(web: Path, name: str) -> None:
    (web / "a").mkdir()
    (web / name).write_bytes(b"x")
    assert read_outgoing(web, name, "gzip", (), packed_alone=False).rank == 2


def test_source_maps_are_told_by_their_content(web: Path) -> None:
    (web / "a.js.map").write_bytes(b'{"version":3,"mappings":"AAAA"}')
    (web / "world.map").write_bytes(b"a map of the world")
    assert read_outgoing(web, "a.js.map", "gzip", (), packed_alone=False).source_map
    assert not read_outgoing(web, "world.map", "gzip", (), packed_alone=False).source_map


@pytest.mark.parametrize("size_bytes", [2000, 20_000_000])
def test_a_file_that_changes_meanwhile_is_no_object(web: Path, cache: Cache, size_bytes: int) -> None:
    (web / "film.mp4").write_bytes(b"\0" * size_bytes)
    outgoing = read_outgoing(web, "film.mp4", "gzip", (), packed_alone=False)
    (web / "film.mp4").write_bytes(b"\1" + b"\0" * (size_bytes - 1))

    def whole() -> bytes:
        _, content = stored(outgoing, cache)
        return content if isinstance(content, bytes) else b"".join(content)

    with pytest.raises(InputError, match=r"^film\.mp4: changed while it was pushed"):
        whole()


def test_a_large_file_comes_in_pieces(web: Path, cache: Cache) -> None:
    whole = hashlib.shake_256(b"film").digest(1 << 20) * 20
    (web / "film.mp4").write_bytes(whole)
    entry, content = stored(read_outgoing(web, "film.mp4", "gzip", (), packed_alone=False), cache)
    assert not isinstance(content, bytes)
    pieces = list(content)
    assert len(pieces) == 3
    assert b"".join(pieces) == whole
    assert entry.encoding == "identity"


MAPPINGS = b'{"version":3,"mappings":"AAAA"}'


@pytest.mark.parametrize(
    ("content", "is_map"),
    [
        (MAPPINGS, True),
        (b"\xef\xbb\xbf" + MAPPINGS, True),
        (b")]}'\n" + MAPPINGS, True),
        (b")]}'garbage to the end of the line\r\n" + MAPPINGS, True),
        (b"\xef\xbb\xbf)]}'\n \t" + MAPPINGS, True),
        (b'{"version":3,"sections" : []}', True),
        (b")]}'" + MAPPINGS, False),
        (b'{"levels":[]}', False),
        (b"\x00\x01mappings", False),
    ],
)
def test_source_maps_are_known_in_every_form(web: Path, content: bytes, is_map: bool) -> None:
    """A byte order mark, and the line that keeps others from including it (ECMA-426, 7.1); alone as .gz as well."""
    (web / "a.js.map").write_bytes(content)
    (web / "b.js.map.gz").write_bytes(gzip.compress(content))
    assert read_outgoing(web, "a.js.map", "gzip", (), packed_alone=False).source_map is is_map
    assert read_outgoing(web, "b.js.map", "gzip", (), packed_alone=True).source_map is is_map
    assert not read_outgoing(web, "b.js.map.gz", "gzip", (), packed_alone=False).source_map


def test_a_map_too_large_to_look_into_is_one(web: Path) -> None:
    with (web / "huge.js.map").open("wb") as stream:
        stream.truncate(MOST_BYTES + 1)  # sparse
    (web / "film.mp4").write_bytes(b"x")
    found = read_outgoing(web, "huge.js.map", "gzip", (), packed_alone=False)
    assert (found.source_map, found.asked, found.plain_bytes) == (True, "identity", MOST_BYTES + 1)
    assert not read_outgoing(web, "film.mp4", "gzip", (), packed_alone=False).source_map
