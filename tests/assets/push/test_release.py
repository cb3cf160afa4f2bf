"""Manifests: written and read back, names that tell the order, and what is refused of a store that others write to."""

import datetime
import gzip
import json
from dataclasses import replace

import pytest

from lightship.assets.push.bucket import Found
from lightship.assets.push.release import (
    Entry,
    Manifest,
    manifest_name,
    next_stamp,
    parse_manifest,
    release_digest,
    write_manifest,
)
from lightship.errors import InputError

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


def entry(path: str = "assets/é a.js", **changes: object) -> Entry:
    made = Entry(
        path=path,
        sha256="1" * 64,
        stored_bytes=10,
        plain_sha256="2" * 64,
        plain_bytes=30,
        asked="gzip",
        encoding="gzip",
        content_type="text/javascript; charset=utf-8",
        cache_control="no-cache",
        hashed=True,
        etag="abc",
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def manifest(*entries: Entry, pending: bool = False) -> Manifest:
    digest = release_digest(entries)
    return Manifest(
        name=manifest_name("20261124T120000Z", digest, "01234567" if pending else ""),
        entries={each.path: each for each in entries},
        cdn="https://static.example",
        base="_next/static",
        pending=pending,
        own=frozenset(each.path for each in entries) if pending else frozenset(),
        purge=("index.html",) if pending else (),
        collecting=pending,
        ended=pending,
        touched=NOON if pending else None,
    )


@pytest.mark.parametrize("pending", [False, True])
def test_a_manifest_is_read_as_it_was_written(pending: bool) -> None:
    wanted = manifest(entry(), entry("index.html", hashed=False, etag=None), pending=pending)
    raw = write_manifest(wanted)
    assert parse_manifest(raw, wanted.name, "site") == wanted
    assert write_manifest(parse_manifest(raw, wanted.name, "site")) == raw
    assert wanted.made == NOON


def test_a_manifest_may_be_compressed_and_is_no_bomb() -> None:
    wanted = manifest(entry())
    assert parse_manifest(gzip.compress(write_manifest(wanted)), wanted.name, "site") == wanted
    bomb = gzip.compress(b" " * (65 << 20), 9)
    with pytest.raises(InputError, match=r"^20261124T.*want at most 67108864 bytes"):
        parse_manifest(bomb, wanted.name, "site")
    with pytest.raises(InputError, match=r"^20261124T"):
        parse_manifest(gzip.compress(write_manifest(wanted))[:-9], wanted.name, "site")


def test_another_compression_is_the_same_release_and_another_header_is_not() -> None:
    assert release_digest([entry()]) == release_digest([entry(sha256="3" * 64, stored_bytes=9, etag=None)])
    assert release_digest([entry()]) != release_digest([entry(cache_control="no-store")])
    assert release_digest([entry("a"), entry("b")]) == release_digest([entry("b"), entry("a")])


def test_names_tell_the_order_whatever_the_clocks_say() -> None:
    assert next_stamp(NOON, []) == "20261124T120000Z"
    assert next_stamp(NOON, ["20251124T120000Z-0123456789abcdef.json", "zzz"]) == "20261124T120000Z"
    assert next_stamp(NOON, ["20261124T120000Z-0123456789abcdef.json"]) == "20261124T120001Z"
    assert next_stamp(NOON, ["20270101T235959Z-0123456789abcdef-01234567.json"]) == "20270102T000000Z"


def test_what_lies_there_is_known_by_size_and_etag() -> None:
    found = Found(size_bytes=10, etag="abc", modified=NOON)
    assert entry().is_there(found)
    assert entry(etag=None).is_there(found)
    assert entry().is_there(replace(found, etag=None))
    assert not entry().is_there(replace(found, etag="abd"))
    assert not entry().is_there(replace(found, size_bytes=11))
    assert not entry().is_there(None)


HOSTILE_PATHS = [
    "../up.js",
    "/absolute.js",
    "a//b.js",
    "a/./b.js",
    "",
    "a/",
    "nul\0.js",
    "line\n.js",
    ".lightship/releases/x.json",
    "x" * 1100,
]


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_key_that_leaves_its_root_is_refused(path: str) -> None:
    wanted = manifest(entry())
    document = json.loads(write_manifest(wanted))
    document["objects"][path] = next(iter(document["objects"].values()))
    with pytest.raises(InputError, match=r"^20261124T"):
        parse_manifest(json.dumps(document).encode(), wanted.name, "site")


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("sha256", "F" * 64),
        ("sha256", "1" * 63),
        ("plain_sha256", None),
        ("bytes", -1),
        ("bytes", 1.5),
        ("bytes", 2**64),
        ("plain_bytes", True),
        ("content_encoding", "deflate"),
        ("asked_encoding", ["gzip"]),
        ("hashed", 1),
        ("etag", 7),
        ("content_type", {}),
    ],
)
def test_a_member_of_another_kind_is_refused_with_its_place(member: str, value: object) -> None:
    wanted = manifest(entry("a.js"))
    document = json.loads(write_manifest(wanted))
    document["objects"]["a.js"][member] = value
    with pytest.raises(InputError, match=rf"objects\['a.js'\].*{member}"):
        parse_manifest(json.dumps(document).encode(), wanted.name, "site")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema": "lightship/assets-release/2", "objects": {}}',
        b'{"schema": "lightship/assets-release/1"}',
        b'{"schema": "lightship/assets-release/1", "objects": []}',
        b'{"schema": "lightship/assets-release/1", "objects": {}, "objects": {}}',
        b'{"schema": "lightship/assets-release/1", "objects": {}, "pending": {"collecting": "yes"}}',
        b'{"a":' * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_no_manifest_is_refused(raw: bytes) -> None:
    with pytest.raises(InputError):
        parse_manifest(raw, manifest().name, "site")


@pytest.mark.parametrize("name", ["x.json", "20269999T999999Z-0123456789abcdef.json", "20261124T120000Z-XY.json"])
def test_a_name_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(InputError):
        parse_manifest(write_manifest(manifest()), name, "site")
