"""``lightship assets push`` as a process: the plan, the report, its schema, statuses, and what it never tells."""

import gzip
import json
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tools.schemas_assets_push import assets_push_schema
from tools.schemas_assets_releases import assets_releases_schema

SCRIPT = b"export function greet(name) { return `hello ${name}`; }\n" * 60
SECRET = {"AWS_ACCESS_KEY_ID": "AKIDOFTESTS", "AWS_SECRET_ACCESS_KEY": "aVerySecretKey", "AWS_REGION": "us-east-1"}


@pytest.fixture
def web(lightship: Lightship) -> Path:
    folder = lightship.home / "web"
    (folder / "assets").mkdir(parents=True)
    (folder / "assets/app-0a1b2c3d.js").write_bytes(SCRIPT)
    (folder / "assets/app-0a1b2c3d.js.map").write_bytes(b'{"version":3,"mappings":"' + b"AAAA;" * 900 + b'"}')
    (folder / "assets/a b & ü#?.css").write_bytes(b"body { margin: 0 }\n" * 100)
    (folder / "index.html").write_bytes(b"<!doctype html><title>one</title>")
    (folder / ".env").write_bytes(b"PASSWORD=hidden")
    return folder


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    """An S3 and a CloudFront on loopback, by their address, with a bucket."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    _client(address, "s3").create_bucket(Bucket="bucket")
    yield address
    server.stop()


def _client(address: str, service: str) -> Any:
    import boto3  # type: ignore[import-untyped]  # moto brings it

    return boto3.client(
        service,
        endpoint_url=address,
        region_name="us-east-1",
        aws_access_key_id="AKIDOFTESTS",
        aws_secret_access_key="aVerySecretKey",
    )


def _objects(address: str, prefix: str) -> dict[str, Any]:
    found = _client(address, "s3").list_objects_v2(Bucket="bucket", Prefix=prefix).get("Contents", [])
    return {each["Key"]: _client(address, "s3").head_object(Bucket="bucket", Key=each["Key"]) for each in found}


def test_a_release_is_in_the_store_under_its_keys_and_headers(lightship: Lightship, web: Path, s3: str) -> None:
    words = ("assets", "push", web, "--to", "s3://bucket/one", "--base", "/static/", "--endpoint", s3)
    planned = lightship(*words, "--dry-run", "--format", "json", **SECRET)
    assert planned.status == 0, planned.stderr
    assert _objects(s3, "one") == {}
    said = lightship(*words, "--format", "json", **SECRET)
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    Draft202012Validator(assets_push_schema()).validate(report)
    assert json.loads(planned.stdout)["sent"] == report["sent"]
    assert report["hidden"] == [".env"]
    assert report["source_maps"]["files"] == 1
    found = _objects(s3, "one")
    assert sorted(found) == [
        f"one/static/.lightship/releases/{report['release']}",
        "one/static/assets/a b & ü#?.css",
        "one/static/assets/app-0a1b2c3d.js",
        "one/static/index.html",
    ]
    script = found["one/static/assets/app-0a1b2c3d.js"]
    assert script["ContentType"] == "text/javascript; charset=utf-8"
    assert script["ContentEncoding"] == "gzip"
    assert script["CacheControl"] == "public, max-age=31536000, immutable"
    page = found["one/static/index.html"]
    assert (page["ContentType"], page["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
    assert "ContentEncoding" not in page
    body = _client(s3, "s3").get_object(Bucket="bucket", Key="one/static/assets/app-0a1b2c3d.js")["Body"].read()
    assert gzip.decompress(body) == SCRIPT
    again = lightship(*words, **SECRET)
    assert again.stdout.splitlines()[-3].endswith("nothing changed, 1 release there")
    assert _objects(s3, "one").keys() == found.keys()


def test_a_changed_page_is_purged_and_no_name_with_a_hash_is(lightship: Lightship, web: Path, s3: str) -> None:
    origin = {"Id": "o", "DomainName": "bucket.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}}
    behaviour = {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"}
    wanted = {"CallerReference": "1", "Comment": "", "Enabled": True, "DefaultCacheBehavior": behaviour}
    cdn = _client(s3, "cloudfront")
    made = cdn.create_distribution(DistributionConfig={**wanted, "Origins": {"Quantity": 1, "Items": [origin]}})
    made = made["Distribution"]["Id"]
    words = ("assets", "push", web, "--to", "s3://bucket/two", "--endpoint", s3, "--cdn", "https://cdn.example")
    purge = ("--purge", f"cloudfront:{made}", "--purge-endpoint", s3, "--format", "json")
    first = lightship(*words, *purge, **SECRET)
    assert first.status == 0, first.stderr
    assert json.loads(first.stdout)["purged"] == {"order": "", "paths": [], "owed": []}
    (web / "index.html").write_bytes(b"<!doctype html><title>two</title>")
    (web / "assets/app-1a1b2c3d.js").write_bytes(SCRIPT)
    second = lightship(*words, *purge, **SECRET)
    assert second.status == 0, second.stderr
    purged = json.loads(second.stdout)["purged"]
    assert purged["paths"] == ["/", "/index.html"]
    (order,) = cdn.list_invalidations(DistributionId=made)["InvalidationList"]["Items"]
    assert order["Id"] == purged["order"]
    told = cdn.get_invalidation(DistributionId=made, Id=order["Id"])["Invalidation"]
    assert told["InvalidationBatch"]["Paths"]["Items"] == ["/", "/index.html"]


def test_source_maps_go_somewhere_else(lightship: Lightship, web: Path, s3: str) -> None:
    words = ("assets", "push", web, "--to", "s3://bucket/three", "--maps-to", "s3://bucket/private", "--endpoint", s3)
    said = lightship(*words, **SECRET)
    assert said.status == 0, said.stderr
    assert "source maps: 1, 4.53 kB plain, on their own:" in said.stdout
    assert not any(key.endswith(".map") for key in _objects(s3, "three"))
    assert _objects(s3, "private")["private/assets/app-0a1b2c3d.js.map"]["ContentEncoding"] == "gzip"


def test_a_profile_of_aws_is_read(lightship: Lightship, web: Path, s3: str) -> None:
    folder = lightship.home / ".aws"
    folder.mkdir()
    (folder / "credentials").write_text("[mine]\naws_access_key_id = AKID\naws_secret_access_key = x%y\n")
    (folder / "config").write_text(f"[profile mine]\nregion = us-east-1\nendpoint_url = {s3}\n")
    said = lightship("assets", "push", web, "--to", "s3://bucket/four", AWS_PROFILE="mine")
    assert said.status == 0, said.stderr
    assert len(_objects(s3, "four")) == 4
    said = lightship("assets", "push", web, "--to", "s3://bucket/four", AWS_PROFILE="other")
    assert said.status == 2
    assert "there is no profile 'other'" in said.error


def test_a_missing_bucket_is_the_worlds_fault_and_no_secret_is_told(lightship: Lightship, web: Path, s3: str) -> None:
    words = ("--debug", "-v", "assets", "push", web, "--to", "s3://nowhere", "--endpoint", s3)
    said = lightship(*words[2:], "--debug", "-v", **SECRET)
    assert said.status == 3
    assert "there is no such bucket" in said.error
    assert "create it" in said.hint
    for text in (said.stdout, said.stderr):
        assert "aVerySecretKey" not in text
        assert "AKIDOFTESTS" not in text


def test_a_directory_is_a_store_too(lightship: Lightship, web: Path) -> None:
    out = lightship.home / "www"
    planned = lightship("assets", "push", web, "--to", out, "--dry-run")
    assert planned.status == 0, planned.stderr
    assert not out.exists()
    said = lightship("assets", "push", web, "--to", f"file://{out}", "--base", "/x", "--format", "json")
    assert said.status == 0, said.stderr
    assert (out / "x/assets/app-0a1b2c3d.js").read_bytes() == SCRIPT
    assert (out / "x/assets/a b & ü#?.css").exists()
    refused = lightship("assets", "push", web, "--to", out, "--encoding", "gzip")
    assert refused.status == 2
    assert "a directory keeps no Content-Encoding" in refused.error


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--to", "s3://AKID:aVerySecretKey@bucket"), "credentials do not belong in an address"),
        (("--to", "s3://b", "--base", "debian"), "--base: want a path such as /_next/static"),
        (("--to", "s3://b", "--cdn", "https://u:aVerySecretKey@cdn.example"), "credentials do not belong"),
        (("--to", "s3://b", "--purge", "aliyun", "--cdn", "https://c.example"), "there are no credentials"),
        (("--to", "s3://b", "--maps", "push", "--maps-to", "s3://c"), "do not go together"),
        ((), "missing: --to"),
    ],
)
def test_wrong_use_is_one_sentence(lightship: Lightship, web: Path, words: tuple[str, ...], sentence: str) -> None:
    said = lightship("assets", "push", web, *words, **SECRET)
    assert said.status == 2
    assert sentence in said.error
    assert "aVerySecretKey" not in said.stderr


def test_an_empty_build_is_no_release(lightship: Lightship, web: Path) -> None:
    empty = lightship.home / "empty"
    empty.mkdir()
    (empty / ".keep").write_bytes(b"")
    said = lightship("assets", "push", empty, "--to", lightship.home / "out")
    assert said.status == 2
    assert "there is nothing to push" in said.error
    said = lightship("assets", "push", lightship.home / "nowhere", "--to", "./store")
    assert (said.status, said.error) == (
        2,
        f"{lightship.home}/nowhere: want a directory of static files, but there is none",
    )
    assert not (lightship.home / "store").exists()


def test_a_loop_of_links_is_an_error_of_the_disk(lightship: Lightship, web: Path) -> None:
    (lightship.home / "loop").symlink_to("loop")
    said = lightship("assets", "push", web, "--to", "./loop/store")
    assert (said.status, "fault in lightship" in said.stderr) == (3, False), said.stderr
    said = lightship("assets", "verify", web, "--releases", "./loop/before.json")
    assert (said.status, "fault in lightship" in said.stderr) == (2, False), said.stderr


def test_a_directory_is_not_pushed_into_itself(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "push", web, "--to", web / "out")
    assert said.status == 2
    assert "the next push would push it too" in said.error
    assert not (web / "out").exists()


def test_releases_are_listed(lightship: Lightship, web: Path, s3: str) -> None:
    pushed = lightship(
        "assets", "push", web, "--to", "s3://bucket/five", "--endpoint", s3, "--format", "json", **SECRET
    )
    said = lightship("assets", "releases", "s3://bucket/five", "--endpoint", s3, "--format", "json", **SECRET)
    assert said.status == 0, said.stderr
    report = json.loads(said.stdout)
    Draft202012Validator(assets_releases_schema()).validate(report)
    assert [each["name"] for each in report["releases"]] == [json.loads(pushed.stdout)["release"]]
    _client(s3, "s3").delete_object(Bucket="bucket", Key="five/assets/app-0a1b2c3d.js")
    said = lightship("assets", "releases", "s3://bucket/five", "--endpoint", s3, **SECRET)
    assert said.status == 1
    assert "assets/app-0a1b2c3d.js" in said.stdout
    said = lightship("assets", "releases", lightship.home / "none")
    assert said.status == 2
    assert "there is no release of lightship, and nothing else either" in said.stderr
    assert not (lightship.home / "none").exists()


def test_a_directory_that_was_restored_has_what_its_releases_name(lightship: Lightship, web: Path) -> None:
    said = lightship("assets", "push", web, "--to", "./store")
    assert said.status == 0, said.stderr
    shutil.copytree(lightship.home / "store", lightship.home / "restored", copy_function=shutil.copyfile)
    said = lightship("assets", "releases", "./restored", "--format", "json")
    assert (said.status, [each["missing"] for each in json.loads(said.stdout)["releases"]]) == (0, [[]])
    (lightship.home / "restored/assets/app-0a1b2c3d.js").unlink()
    said = lightship("assets", "releases", "./restored", "--format", "json")
    assert said.status == 1
    assert [each["missing"] for each in json.loads(said.stdout)["releases"]] == [["assets/app-0a1b2c3d.js"]]
