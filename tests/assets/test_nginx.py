"""The written configuration; that nginx does what it says is tests/conformance/test_assets.py."""

import re

import pytest

from lightship.assets.kinds import MEDIA_TYPES, is_hashed
from lightship.assets.nginx import NginxOptions, Proxy, compressed_types, nginx_configuration, type_table
from lightship.errors import UsageError

OPTIONS = NginxOptions(root="/srv/www")


def expressions(text: str) -> list[str]:
    return re.findall(r'^    "~(.+)" "public, max-age=31536000, immutable";$', text, re.MULTILINE)


@pytest.mark.parametrize(
    "path",
    ["main.3f2a9c1b.js", "assets/index-DiwrgT4a.js", "main-5OH7YTJI.js", "_next/static/a.js", "date-calendar.js",
     "own/about-calendar.js", "app-Version2.js", "index.html", "sw.js"],
)  # fmt: skip
def test_nginx_is_given_what_python_believes(path: str) -> None:
    text = nginx_configuration(NginxOptions(root="/srv/www", folders=("own",)))
    kept = any(re.search(pattern, "/" + path, re.ASCII) for pattern in expressions(text))
    assert kept == is_hashed(path, ("own",))


def test_headers_are_added_in_one_place() -> None:
    text = nginx_configuration(OPTIONS)
    inner = re.findall(r"^        .*add_header", text, re.MULTILINE)
    assert inner == [], "a location that adds a header loses those of its server"
    assert len(re.findall(r"^    add_header .+ always;$", text, re.MULTILINE)) == 5


def test_modes() -> None:
    sidecar = nginx_configuration(OPTIONS)
    only = nginx_configuration(NginxOptions(root="/srv/www", mode="gzip-only"))
    assert "gzip_static on;" in sidecar
    assert "gunzip" not in sidecar
    assert "gzip_static always;" in only
    assert "gunzip on;" in only
    assert "brotli" not in sidecar + only
    assert "brotli_static on;" in nginx_configuration(NginxOptions(root="/srv/www", brotli=True))
    assert "try_files " not in re.sub(r"#.*", "", only), "it asks for plain files"


def test_every_type_is_there_and_the_fallback_is_a_choice() -> None:
    text = nginx_configuration(OPTIONS)
    assert all(f'"{media_type}" {" ".join(suffixes)};' in text for media_type, suffixes in MEDIA_TYPES.items())
    assert "error_page 404 =200 /index.html;" in text
    assert "error_page" not in nginx_configuration(NginxOptions(root="/srv/www", fallback=False))


def test_a_folder_with_an_odd_name_is_left_out() -> None:
    text = nginx_configuration(NginxOptions(root="/srv/www", folders=('a"; }', "good-one")))
    assert '"; }' not in text
    assert "good\\-one" in text


@pytest.mark.parametrize("root", ["www", '/a"', "/$host", "/a\\b", "/a\n", "/a\udce9"])
def test_a_root_that_cannot_be_written_is_refused(root: str) -> None:
    with pytest.raises(UsageError):
        NginxOptions(root=root)


def test_what_nginx_compresses_is_named_as_it_is_typed() -> None:
    types = "\n".join(type_table())
    named = re.findall(r'"([^"]+)"', compressed_types())
    assert "text/javascript; charset=utf-8" in named
    assert "image/png" not in named
    assert all(f'"{each}"' in types for each in named)


@pytest.mark.parametrize(
    "text",
    ["", "/api", "api=http://a", "/=http://a", "/a;b=http://a", "/a=http://a/path", "/a=http://u:p@a", "/a=ftp://a",
     "/a=http://a;", "/a=http://$host", "/a//b=http://a", "/a b=http://a", '/a"=http://a', "/a=http://a:1234567"],
)  # fmt: skip
def test_what_is_no_proxy(text: str) -> None:
    with pytest.raises(UsageError, match="want PREFIX=URL"):
        Proxy.parse(text)


def test_proxies() -> None:
    assert Proxy.parse("/a.b/c/=https://[::1]:80/") == Proxy(prefix="/a.b/c", url="https://[::1]:80")
    proxies = (Proxy.parse("/api=http://api:5001"), Proxy.parse("/a.b=http://b"))
    text = nginx_configuration(NginxOptions(root="/srv/www", proxies=proxies))
    assert text.count("proxy_pass ") == 2
    assert r'location ~ "^/a\.b(?:/|$)" {' in text
    with pytest.raises(UsageError, match="each prefix once"):
        NginxOptions(root="/srv/www", proxies=proxies * 2)
