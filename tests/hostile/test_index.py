"""An index that attacks: file names, addresses and pages that an honest one does not send."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lightship.build.index.download import fetch
from lightship.build.index.request import Request
from lightship.build.index.settings import IndexSettings
from lightship.build.index.simple import parse_html, parse_json
from lightship.ecosystem.python.locked import Artifact
from lightship.errors import LightshipError, NetworkError
from lightship.store.cache import Cache

BASE = "https://index.example/simple/pretend-lib/"
HASH = "cd" * 32


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "FILE:/etc/passwd", "ftp://h.example/x", "javascript:alert(1)", "data:,x", "https://[x"],
)
def test_a_page_from_the_network_cannot_point_at_local_files(url: str) -> None:
    entry = {"filename": "p.whl", "url": url, "hashes": {"sha256": HASH}}
    assert parse_json(json.dumps({"files": [entry]}).encode(), BASE) == ()
    assert parse_html(f'<a href="{url}#sha256={HASH}">p</a>'.encode(), BASE) == ()
    assert parse_html(f'<base href="file:///etc/"><a href="{url}">p</a>'.encode(), BASE) == ()


def test_a_base_element_cannot_make_relative_links_local() -> None:
    assert parse_html(b'<base href="file:///etc/"><a href="passwd">p</a>', BASE) == ()


@pytest.mark.parametrize(
    "entry",
    [
        3,
        {"filename": 3, "url": "p"},
        {"filename": "p", "url": None},
        {"url": "p"},
        None,
        [],
    ],
)
def test_entries_that_are_none_are_left_out(entry: object) -> None:
    good = {"filename": "p.whl", "url": "p.whl", "hashes": {"sha256": "short"}, "size": -1, "requires-python": 3}
    (file,) = parse_json(json.dumps({"files": [entry, good]}).encode(), BASE)
    assert (file.sha256, file.size_bytes, file.requires_python) == (None, None, None)


@pytest.mark.parametrize("name", ["../../../etc/passwd", "/etc/passwd", "a\0b", "..", "", "x" * 5000, "\udc80"])
def test_hostile_file_names_never_become_paths(name: str, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    page = tmp_path / "simple/pretend-lib/index.html"
    page.parent.mkdir(parents=True)
    page.write_bytes(b'<a href="%2e%2e%2fescape.whl">x</a><a href="a%00b">y</a><a href="/etc/passwd">z</a>')
    artifact = Artifact(filename=name, sha256=HASH)
    local = IndexSettings(source="pip", index_url=f"file://{tmp_path}/simple")
    with pytest.raises(LightshipError):
        fetch([Request(project="pretend-lib", artifact=artifact)], local, cache)
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and path != page]


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_a_page_or_one_sentence(content: bytes) -> None:
    for parse in (parse_html, parse_json):
        with contextlib.suppress(NetworkError):
            assert all(file.url.startswith(("http:", "https:")) for file in parse(content, BASE))


@settings(max_examples=150, deadline=None)
@given(st.text(alphabet="abc/:#?[]@%.\\&=-0 \t", max_size=60))
def test_any_address_is_followed_or_left_out(url: str) -> None:
    content = json.dumps({"files": [{"filename": "p", "url": url}]}).encode()
    assert all(file.url.startswith(("http:", "https:")) for file in parse_json(content, BASE))
    assert all(file.url.startswith(("http:", "https:")) for file in parse_html(f'<a href="{url}">'.encode(), BASE))


def test_deeply_nested_json_is_one_sentence() -> None:
    with pytest.raises(NetworkError):
        parse_json(b"[" * 200_000, BASE)
