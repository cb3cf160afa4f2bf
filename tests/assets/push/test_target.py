"""Where a push goes: addresses, paths, keys, and what of them is refused."""

from pathlib import Path

import pytest

from lightship.assets.push.target import check_address, key_fault, parse_base, parse_target, public_path
from lightship.errors import UsageError


@pytest.mark.parametrize(
    ("text", "scheme", "bucket", "prefix", "shown"),
    [
        ("s3://bucket", "s3", "bucket", "", "s3://bucket"),
        ("S3://bucket/a/b/", "s3", "bucket", "a/b", "s3://bucket/a/b"),
        ("oss://my-bucket/x%20y", "oss", "my-bucket", "x y", "oss://my-bucket/x y"),
        ("abfs://container/p", "az", "container", "p", "az://container/p"),
        ("gs://b.example.com", "gs", "b.example.com", "", "gs://b.example.com"),
    ],
)
def test_addresses(text: str, scheme: str, bucket: str, prefix: str, shown: str) -> None:
    found = parse_target(text)
    assert (found.scheme, found.bucket, found.prefix, str(found)) == (scheme, bucket, prefix, shown)


def test_directories() -> None:
    assert parse_target("/srv/www").directory == Path("/srv/www")
    assert parse_target("file:///srv/w%20w").directory == Path("/srv/w w")
    assert parse_target("./out").directory == Path("out").absolute()
    assert parse_target("/srv/www").root("_next/static") == "_next/static"


def test_keys_and_addresses_are_prefix_base_and_path() -> None:
    assert parse_target("s3://b/site").root(parse_base("/_next/static/")) == "site/_next/static"
    assert parse_target("s3://b").root(parse_base("/")) == ""
    assert public_path("_next/static", "a b/é#?%.js") == "/_next/static/a%20b/%C3%A9%23%3F%25.js"
    assert public_path("", "[slug]*.js") == "/%5Bslug%5D%2A.js"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ftp://bucket",
        "s3://",
        "s3:///prefix",
        "s3://_bucket",
        "s3://bucket/../up",
        "s3://bucket/a//b",
        "s3://bucket/a%0ab",
        "s3://bucket/%ff%fe/%00",
        "s3://bucket/.lightship",
        "s3://bucket?x=1",
        "s3://bucket#x",
        "file://host/x",
        "s3://[bucket",
    ],
)
def test_what_is_no_place_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        parse_target(text)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("s3:/bucket", "s3://bucket, or ./s3:/bucket for a directory"),
        ("s3:bucket/x", "s3://bucket/x, or ./s3:bucket/x for a directory"),
        ("S3//bucket/x", "s3://bucket/x, or ./S3//bucket/x for a directory"),
        ("oss:/bucket", "oss://bucket, or ./oss:/bucket for a directory"),
        ("host:/srv/www", "./host:/srv/www for a directory"),
        ("bucket", "s3://bucket, or ./bucket"),
    ],
)
def test_what_may_be_a_mistyped_store_becomes_no_directory(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert caught.value.hint == hint


@pytest.mark.parametrize("text", ["./bucket", "bucket/", "../out", "..", "web/s3:x", "./s3:/bucket"])
def test_a_path_is_a_directory(text: str) -> None:
    assert parse_target(text).directory == Path(text).absolute()


@pytest.mark.parametrize(
    "text",
    [
        "s3:/KEYID:SECRETKEY@bucket/x",
        "KEYID:SECRETKEY@bucket",
        "s3://KEYID:SECRETKEY@bucket/x",
        "s3://SECRETKEY@bucket",
        "s3://u:SECRETKEY@[bucket",
    ],
)
def test_credentials_in_an_address_are_refused_and_not_told(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_target(text)
    assert "SECRETKEY" not in f"{caught.value} {caught.value.hint}"
    with pytest.raises(UsageError) as caught:
        check_address(text.replace("s3:", "https:"), "--endpoint")
    assert "SECRETKEY" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    "text", ["debian", "https://static.example", "_next", "//host/x", "/a/../b", "/.lightship", ""]
)
def test_a_base_is_a_path_from_the_root(text: str) -> None:
    with pytest.raises(UsageError):
        parse_base(text)


@pytest.mark.parametrize(
    "text", ["static.example", "ftp://x", "https://", "https://h?q", "http://h:99999", "https://h#f"]
)
def test_addresses_of_servers(text: str) -> None:
    with pytest.raises(UsageError):
        check_address(text, "--cdn")
    assert check_address("https://static.example:8443/x/", "--cdn") == "https://static.example:8443/x"


def test_names_that_no_object_has() -> None:
    assert "not UTF-8" in (key_fault("site", "caf\udce9.js") or "")
    assert "control character" in (key_fault("site", "a\n.js") or "")
    assert "1025 bytes" in (key_fault("r", "é" * 511 + "x") or "")
    assert key_fault("r", "é" * 511) is None
    assert key_fault("", "a b/#?&=+%[x]{y}'\"\\~.js") is None
