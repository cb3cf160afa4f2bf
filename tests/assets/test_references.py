import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.assets.reading.reference import KINDS
from lightship.assets.references import references

_SUFFIXES = ["html", "svg", "css", "js", "json", "webmanifest", "rsc", "txt"]


def found(path: str, content: str) -> list[tuple[str, str]]:
    return [(reference.kind, reference.target) for reference in references(path, content.encode())]


def test_a_web_manifest_names_icons_and_pages() -> None:
    manifest = {
        "start_url": "/?pwa",
        "icons": [{"src": "/i.png", "sizes": "192x192"}],
        "shortcuts": [{"name": "x", "url": "/x", "icons": [{"src": "/s.png"}]}],
        "description": "/no.png",
    }
    expected = [("page", "/?pwa"), ("image", "/i.png"), ("page", "/x"), ("image", "/s.png")]
    assert found("site.webmanifest", json.dumps(manifest)) == expected
    assert found("manifest.json", json.dumps(manifest)) == expected


def test_vites_own_manifest_names_its_files() -> None:
    manifest = {"src/main.js": {"file": "assets/main-1.js", "css": ["assets/main-2.css"], "src": "src/main.js"}}
    assert found(".vite/manifest.json", json.dumps(manifest)) == [
        ("script", "assets/main-1.js"),
        ("style", "assets/main-2.css"),
        ("script", "src/main.js"),
    ]


def test_angulars_service_worker_names_what_it_fetches() -> None:
    listed = {"index": "/index.html", "hashTable": {"/index.html": "ab", "/main.js": "cd"}}
    assert found("ngsw.json", json.dumps(listed)) == [("page", "/index.html"), ("script", "/main.js")]


def test_a_flight_payload_is_read_and_other_text_is_not() -> None:
    payload = '1:"$Sreact.fragment"\n2:I[97,["/_next/static/chunks/a.js"],"x"]\n'
    assert found("index.txt", payload) == [("script", "/_next/static/chunks/a.js")]
    assert found("index.rsc", payload) == [("script", "/_next/static/chunks/a.js")]
    assert found("robots.txt", 'Sitemap: "/_next/static/chunks/a.js"') == []


def test_source_maps_and_pictures_are_not_read() -> None:
    assert found("a.js.map", '{"sources":["/a.js"]}') == []
    assert found("a.png", '"/a.js"') == []


@given(st.sampled_from(_SUFFIXES), st.binary() | st.text("<>\"'`/=()[]{}\\*:,.urlimportsc@ \n-!").map(str.encode))
def test_whatever_the_bytes_spans_are_within_and_kinds_are_known(suffix: str, content: bytes) -> None:
    for reference in references(f"a.{suffix}", content):
        assert 0 <= reference.begin < reference.end <= len(content)
        assert reference.kind in KINDS
        reference.target.encode()


PIECES = [
    b"<!--", b"<a b='", b"<a ", b"</", b"<script>", b"<style>", b"url(", b"url('", b"/*", b"\\", b"'\\", b'"', b"[",
    b" ", b"'a/b.js", b"__vite__mapDeps.f=[", b"import(", b"@import ", b"image-set(", b'{"a":', b"=a=>", b"{url:",
    b"<meta content=0;", b"//# sourceMappingURL=", b"<img srcset='a (",
]  # fmt: skip
"""Beginnings that have no end: whoever looks for it from each of them again needs hours for a hundred kilobytes."""
WHOLE = {
    "html": b"<script src=/end.js></script>", "svg": b"<image href='/end.png'/>", "css": b"a{b:url(/end.png)}",
    "js": b'import("/end.js")', "json": b'"/end.js"', "webmanifest": b'{"start_url":"/end"}',
    "rsc": b'1:["/end.js"]', "txt": b"/end.js",
}  # fmt: skip
STARTED = {"html": b"<!doctype html>", "svg": b"<svg>", "css": b"a{}", "js": b";", "txt": b'1:"$Sreact.fragment"\n'}


@pytest.mark.parametrize("suffix", _SUFFIXES)
@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_a_beginning_without_end_is_read_once(suffix: str, piece: bytes) -> None:
    """However often it stands there, what is found is within the file, and no more than a share of it: a reference is
    never found twice at one place."""
    content = STARTED.get(suffix, b"") + piece * 40_000 + b"\n" + WHOLE[suffix]
    found = list(references(f"a.{suffix}", content))
    assert all(0 <= each.begin < each.end <= len(content) for each in found)
    assert len({(each.begin, each.end, each.kind) for each in found}) == len(found)
    assert len(found) <= content.count(piece) + 2
