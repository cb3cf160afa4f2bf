"""obstore behind the protocol: keys, headers and ETags as they are told, and errors that tell nothing else."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lightship.assets.push.bucket import Bucket, Headers
from lightship.assets.push.credentials import StoreAccess, store_access
from lightship.assets.push.target import parse_target
from lightship.assets.push.upload import open_bucket
from lightship.errors import InputError, NetworkError, StorageError, ToolError, UsageError

KEYS = {"AWS_ACCESS_KEY_ID": "AKIDOFTESTS", "AWS_SECRET_ACCESS_KEY": "aVerySecretKey", "AWS_REGION": "us-east-1"}
SCRIPT = Headers(content_type="text/javascript; charset=utf-8", cache_control="no-cache", encoding="gzip")
ODD = "a b/é🐍 %20+&=#?;:,@!$()[]{}|^`\"'<>~\\*.js"


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def client(s3: str) -> Any:
    import boto3  # type: ignore[import-untyped]  # moto brings it

    keys = {"aws_access_key_id": "AKIDOFTESTS", "aws_secret_access_key": "aVerySecretKey"}
    return boto3.client("s3", endpoint_url=s3, region_name="us-east-1", **keys)


@pytest.fixture
def access(s3: str) -> StoreAccess:
    return replace(store_access(KEYS, endpoint=s3), retries=0, connect_timeout_s=5.0)


@pytest.fixture
def bucket(access: StoreAccess, client: Any, request: pytest.FixtureRequest) -> Bucket:
    name = f"b{abs(hash(request.node.name)) % 10**12}"
    client.create_bucket(Bucket=name)
    return open_bucket(parse_target(f"s3://{name}"), access)


def name_of(bucket: Bucket) -> str:
    return bucket.name.removeprefix("s3://")


def test_an_object_has_the_key_and_the_headers_that_it_was_given(bucket: Bucket, client: Any) -> None:
    etag = bucket.write(ODD, b"12345", SCRIPT)
    (listed,) = client.list_objects_v2(Bucket=name_of(bucket))["Contents"]
    assert listed["Key"] == ODD
    head = client.head_object(Bucket=name_of(bucket), Key=ODD)
    assert head["ContentType"] == "text/javascript; charset=utf-8"
    assert (head["ContentEncoding"], head["CacheControl"]) == ("gzip", "no-cache")
    found = bucket.listing("a b", ())
    assert list(found) == [ODD]
    assert (found[ODD].size_bytes, found[ODD].etag) == (5, etag)
    assert bucket.read(ODD, most_bytes=5) == b"12345"
    with pytest.raises(InputError, match="want at most 4 bytes, got 5"):
        bucket.read(ODD, most_bytes=4)
    bucket.remove([ODD, "nothing/there"])
    assert bucket.listing("", ()) == {}
    assert bucket.read(ODD, most_bytes=5) is None


def test_pieces_become_one_object_or_none(bucket: Bucket, client: Any) -> None:
    def pieces(*, ends: bool) -> Iterator[bytes]:
        yield b"x" * (8 << 20)
        yield b"y" * (8 << 20)
        if not ends:
            raise InputError("film.mp4: changed while it was pushed")
        yield b"z"

    bucket.write("film.mp4", pieces(ends=True), Headers(content_type="video/mp4", cache_control="no-cache"))
    head = client.head_object(Bucket=name_of(bucket), Key="film.mp4")
    assert (head["ContentLength"], head["ContentType"]) == ((16 << 20) + 1, "video/mp4")
    with pytest.raises(InputError, match=r"^film\.mp4: changed"):
        bucket.write("broken.mp4", pieces(ends=False), SCRIPT)
    assert bucket.listing("", ()).keys() == {"film.mp4"}
    assert "Uploads" not in client.list_multipart_uploads(Bucket=name_of(bucket))


@pytest.mark.parametrize("odd", ["site/a//b", "site/../c", "site/ctl\x01"])
def test_a_key_of_others_that_cannot_be_named_hides_nothing_of_ours(bucket: Bucket, client: Any, odd: str) -> None:
    client.put_object(Bucket=name_of(bucket), Key=odd, Body=b"theirs")
    bucket.write("site/ours.js", b"ours", SCRIPT)
    assert bucket.listing("site", ["site/ours.js", "site/absent.js"]).keys() == {"site/ours.js"}


def test_a_prefix_is_whole_folders(bucket: Bucket) -> None:
    for key in ("site/a", "site2/b", "sit"):
        bucket.write(key, b"x", SCRIPT)
    assert bucket.listing("site", ()).keys() == {"site/a"}


def test_a_bucket_that_is_not_there_is_told_by_every_call(access: StoreAccess) -> None:
    bucket = open_bucket(parse_target("s3://nowhere"), access)
    for call in (
        lambda: bucket.listing("", ()),
        lambda: bucket.read("x", most_bytes=1),
        lambda: bucket.write("x", b"", SCRIPT),
        lambda: bucket.write("x", iter([b"x" * (9 << 20)]), SCRIPT),
    ):
        with pytest.raises(NetworkError, match=r"^s3://nowhere: there is no such bucket") as caught:
            call()
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__


def test_a_store_that_is_not_there() -> None:
    nobody = replace(store_access(KEYS, endpoint="http://127.0.0.1:1"), retries=0)
    said = r"^s3://b: the store at http://127\.0\.0\.1:1 cannot be reached: the connection was refused$"
    with pytest.raises(NetworkError, match=said):
        open_bucket(parse_target("s3://b"), nobody).listing("", ())


def test_a_store_that_speaks_otherwise_or_is_not_trusted(s3: str) -> None:
    tls = replace(store_access(KEYS, endpoint=s3.replace("http:", "https:")), retries=0)
    with pytest.raises(NetworkError, match=r"the store at https://127\.0\.0\.1:\d+ does not speak TLS"):
        open_bucket(parse_target("s3://b"), tls).listing("", ())


def test_a_directory_keeps_bytes_alone(tmp_path: Path) -> None:
    bucket = open_bucket(parse_target(str(tmp_path / "www")), StoreAccess())
    assert not bucket.keeps_headers
    etag = bucket.write(ODD, b"12345", SCRIPT)
    assert (tmp_path / "www" / ODD).read_bytes() == b"12345"
    assert bucket.listing("", ())[ODD].etag == etag
    bucket.remove([ODD, "nothing"])
    assert list((tmp_path / "www").iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError):
        open_bucket(parse_target(str(tmp_path / "file")), StoreAccess()).write("x/y", b"", SCRIPT)


def test_a_plan_makes_no_directory(tmp_path: Path) -> None:
    bucket = open_bucket(parse_target(str(tmp_path / "www")), StoreAccess(), create=False)
    assert bucket.listing("", ()) == {}
    assert not (tmp_path / "www").exists()


def test_other_stores_are_opened_with_what_they_need(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_ACCOUNT_NAME", "AZURE_STORAGE_ACCOUNT_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(UsageError):
        open_bucket(parse_target("az://container"), store_access({}))
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "mine")  # obstore reads these by itself
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0")
    assert open_bucket(parse_target("abfs://container/p"), store_access({})).name == "az://container/p"
    sts = {"OSS_ACCESS_KEY_ID": "L", "OSS_ACCESS_KEY_SECRET": "S"}
    assert open_bucket(parse_target("oss://b/p"), store_access(sts, region="cn-hangzhou")).name == "oss://b/p"


def test_without_obstore_it_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    with pytest.raises(ToolError) as caught:
        open_bucket(parse_target("s3://b"), StoreAccess())
    assert caught.value.hint == "pip install '.[push]' in lightship's checkout"
