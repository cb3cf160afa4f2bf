"""Simple pages: PEP 503, 691, 592, 700."""

from pathlib import Path

import pytest

from lightship.build.index.simple import IndexFile, normalised, parse_html, parse_json
from lightship.errors import NetworkError

BASE = "https://index.example/simple/pretend-lib/"
HASH = "ab" * 32


def test_json_with_sizes_yanks_and_relative_addresses() -> None:
    page = b"""{"meta": {"api-version": "1.4"}, "name": "pretend-lib", "versions": ["1.0"], "files": [
      {"filename": "pretend_lib-1.0-py3-none-any.whl", "url": "../../files/p.whl", "size": 7, "yanked": "broken",
       "hashes": {"sha256": "%s"}, "requires-python": ">=3.8"},
      {"filename": "pretend-lib-1.0.tar.gz", "url": "https://files.example/p.tar.gz", "hashes": {}}]}"""
    assert parse_json(page % HASH.encode(), BASE) == (
        IndexFile(
            filename="pretend_lib-1.0-py3-none-any.whl",
            url="https://index.example/files/p.whl",
            sha256=HASH,
            size_bytes=7,
            requires_python=">=3.8",
            yanked=True,
        ),
        IndexFile(filename="pretend-lib-1.0.tar.gz", url="https://files.example/p.tar.gz"),
    )


def test_html_with_fragments_base_and_escapes() -> None:
    page = f"""<!DOCTYPE html><head><meta name="pypi:repository-version" content="1.1"><base href="/root/"></head>
      <a href="files/pretend_lib-1.0%2Blocal-py3-none-any.whl#sha256={HASH.upper()}" data-yanked=""
         data-requires-python="&gt;=3.8">x</a><a>no address</a>
      <a href="files/pretend-lib-1.0.tar.gz#md5=123">y</a><a href="?page=2">more</a>"""
    first, second, third = parse_html(page.encode(), BASE)
    assert first == IndexFile(
        filename="pretend_lib-1.0+local-py3-none-any.whl",
        url="https://index.example/root/files/pretend_lib-1.0%2Blocal-py3-none-any.whl",
        sha256=HASH,
        requires_python=">=3.8",
        yanked=True,
    )
    assert (second.filename, second.sha256) == ("pretend-lib-1.0.tar.gz", None)
    assert third.filename == ""


def test_names_are_normalised() -> None:
    assert normalised("Pretend._-Lib") == "pretend-lib"


def test_local_pages_may_name_local_files() -> None:
    (file,) = parse_html(b'<a href="../../files/a%20b.whl">x</a>', "file:///srv/simple/a/index.html")
    assert file.path == Path("/srv/files/a b.whl")
    (far,) = parse_html(b'<a href="https://files.example/a.whl">x</a>', "file:///srv/simple/a/index.html")
    assert far.path is None


@pytest.mark.parametrize(
    ("page", "said"),
    [
        (b"<html>log in</html>", "what it calls JSON is none"),
        (b"[]", "has no list of files"),
        (b'{"files": {}}', "has no list of files"),
        (b'{"files": [], "meta": {"api-version": "2.0"}}', "has version 2.0"),
    ],
)
def test_answers_that_are_no_index(page: bytes, said: str) -> None:
    with pytest.raises(NetworkError, match=said) as caught:
        parse_json(page, BASE)
    assert caught.value.hint


def test_a_later_html_version_is_refused() -> None:
    with pytest.raises(NetworkError, match="has version 2"):
        parse_html(b'<meta name="pypi:repository-version" content="2.0">', BASE)
