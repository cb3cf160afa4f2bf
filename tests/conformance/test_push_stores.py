"""`lightship assets push` into real stores of objects: what arrives, what is not sent again, what stays, what goes."""

import os
import re
import secrets
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

import pytest
from tests.conformance.faults import at, faults
from tests.conformance.object_stores import ObjectStore, client
from tests.conformance.pushing import FOREVER, RECHECKED, Pusher, plain, write_site

pytestmark = [pytest.mark.conformance, pytest.mark.xdist_group("object-stores")]

SCRIPT = b"export function greet(name) { return `hello ${name}`; }\n" * 60
PAGE = b"<!doctype html><title>page</title>" + b"<p>some words of a page</p>\n" * 60
FILES = {
    "index.html": PAGE,
    "docs/index.html": PAGE * 2,
    "assets/index-DiwrgT4a.js": SCRIPT,
    "assets/vendor-B1a2_c-d.mjs": SCRIPT * 2,
    "assets/page-C3xYz9ab.css": SCRIPT * 3,
    "two words.json": SCRIPT * 4,
    "a+b=c&d;e@f.js": SCRIPT * 5,
    "50%25 off.js": SCRIPT * 6,
    "größe/日本語.svg": SCRIPT * 7,
    "(x)['y']~!$,*.js": SCRIPT * 8,
    "[slug]/#page?.js": SCRIPT * 9,
    "back\\slash.js": SCRIPT * 10,
    "small.js": b"1",
    "empty.txt": b"",
    "picture.png": bytes(range(256)) * 8,
}
TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8", ".svg": "image/svg+xml", ".json": "application/json",
    ".txt": "text/plain; charset=utf-8", ".png": "image/png", ".mp4": "video/mp4",
}  # fmt: skip
PACKED = {name for name, content in FILES.items() if len(content) > 1024 and not name.endswith(".png")}
BIG = 20_000_000
WRITING = ("PUT", "POST", "DELETE")


@pytest.fixture
def pusher(object_store: ObjectStore, tmp_path: Path) -> Pusher:
    return Pusher(store=object_store, home=tmp_path)


def test_a_site_arrives_as_it_is_and_is_sent_once(pusher: Pusher) -> None:
    files = {**FILES, "film-Ab12cd3e.mp4": os.urandom(BIG)}
    write_site(pusher.web, files)
    with faults(pusher.store.endpoint) as proxy:
        through = replace(pusher, store=pusher.store.through(proxy.endpoint))
        assert sorted(through().sent) == sorted(files)
        of_the_film = [each for each in proxy.asked if "film-Ab12cd3e.mp4" in each.target]
        assert [each.method for each in of_the_film] == ["POST", "PUT", "PUT", "PUT", "POST"], "in parts"
        there = pusher.lying()
        assert plain(there) == files
        for name, each in there.items():
            assert each.content_type == TYPES[Path(name).suffix], name
            assert each.encoding == ("gzip" if name in PACKED else ""), name
            hashed = name.startswith("assets/") or name == "film-Ab12cd3e.mp4"
            assert each.cache_control == (FOREVER if hashed else RECHECKED), name

        proxy.forget()
        assert through().report["unchanged"] is True
        assert proxy.methods(*WRITING) == [], "an unchanged site is not written to"

        changed = {"index.html": PAGE * 3, "50%25 off.js": SCRIPT * 11}
        write_site(pusher.web, {**files, **changed})
        proxy.forget()
        assert sorted(through().sent) == sorted(changed)
        written = [each.target for each in proxy.methods("PUT") if ".lightship" not in each.target]
        assert [target.rpartition("/")[2] for target in written] == ["50%2525%20off.js", "index.html"], "the page last"
        assert plain(pusher.lying()) == {**files, **changed}


def test_more_files_than_a_listing_tells_at_once(pusher: Pusher) -> None:
    files = {f"assets/chunk-{number:08x}.js": b"%d" % number for number in range(1030)} | {"index.html": PAGE}
    write_site(pusher.web, files)
    assert len(pusher().sent) == len(files)
    with faults(pusher.store.endpoint) as proxy:
        through = replace(pusher, store=pusher.store.through(proxy.endpoint))
        assert through().report["there"]["files"] == len(files)
        pages = [each for each in proxy.asked if "continuation-token" in parse_qs(urlsplit(each.target).query)]
        assert len(pages) == 1
        assert proxy.methods(*WRITING) == []
    listed = client(pusher.store).get_paginator("list_objects_v2").paginate(Bucket=pusher.store.bucket)
    keys = {each["Key"] for page in listed for each in page["Contents"] if ".lightship" not in each["Key"]}
    assert keys == {f"pre fix/{name}" for name in files}


def release(number: int) -> dict[str, bytes]:
    """A page, what it leads to, and a script that only this release has."""
    own = f"assets/own-{number:04d}Xyz{number}.js"
    return {
        "index.html": PAGE + own.encode(),
        own: SCRIPT + b"// %d\n" % number,
        "assets/shared-DiwrgT4a.js": SCRIPT,
        f"only {number}.txt": b"%d" % number,
    }


def test_the_last_releases_stay_and_older_ones_go(pusher: Pusher) -> None:
    client(pusher.store).put_object(Bucket=pusher.store.bucket, Key="pre fix/assets/somebody's.js", Body=b"else's")
    for number in range(1, 5):
        write_site(pusher.web, release(number))
        done = pusher("--keep", "2").report
        kept = range(max(1, number - 1), number + 1)
        expected = {name: content for each in kept for name, content in release(each).items()}
        assert plain(pusher.lying()) == expected | {"assets/somebody's.js": b"else's"}
        gone = release(number - 2).keys() - release(number).keys() if number > 2 else set()
        assert set(done["collected"]["paths"]) == gone
        assert done["releases"] == len(kept)
    write_site(pusher.web, release(3))
    assert set(pusher("--keep", "2").sent) == {"index.html"}, "back to the release before: the rest is there"
    assert plain(pusher.lying())["index.html"] == release(3)["index.html"]


def test_a_dry_run_writes_nothing(pusher: Pusher) -> None:
    write_site(pusher.web, FILES)
    with faults(pusher.store.endpoint) as proxy:
        through = replace(pusher, store=pusher.store.through(proxy.endpoint))
        assert sorted(through("--dry-run").sent) == sorted(FILES)
        assert proxy.asked
        assert proxy.methods(*WRITING) == []
    assert pusher.lying() == {}


def test_two_prefixes_of_a_bucket_do_not_touch_each_other(pusher: Pusher, tmp_path: Path) -> None:
    """And one whose name begins like the other's is not its folder."""
    other = replace(pusher, prefix="pre fix 2")
    write_site(pusher.web, release(1))
    pusher("--keep", "1")
    write_site(pusher.web, release(2))
    other("--keep", "1")
    write_site(pusher.web, release(3))
    pusher("--keep", "1")
    assert plain(other.lying()) == release(2)
    assert plain(pusher.lying()) == release(3)


def new_distribution(store: ObjectStore) -> str:
    """The id of one that moto's CloudFront knows."""
    custom = {"HTTPPort": 80, "HTTPSPort": 443, "OriginProtocolPolicy": "https-only"}
    origin = {"Id": "o", "DomainName": "site.example", "CustomOriginConfig": custom}
    made = client(store, "cloudfront").create_distribution(
        DistributionConfig={
            "CallerReference": secrets.token_hex(6),
            "Origins": {"Quantity": 1, "Items": [origin]},
            "DefaultCacheBehavior": {"TargetOriginId": "o", "ViewerProtocolPolicy": "allow-all"},
            "Comment": "",
            "Enabled": True,
        }
    )
    found: str = made["Distribution"]["Id"]
    return found


def test_cloudfront_forgets_names_without_a_hash_that_changed(moto_store: ObjectStore, tmp_path: Path) -> None:
    pusher = Pusher(store=moto_store.with_new_bucket(), home=tmp_path, prefix="")
    cloudfront, distribution = client(moto_store, "cloudfront"), new_distribution(moto_store)
    purging = ("--cdn", "https://static.example/sub", "--base", "/_next/static", "--purge",
               f"cloudfront:{distribution}", "--purge-endpoint", moto_store.endpoint)  # fmt: skip

    def ordered() -> list[list[str]]:
        found = cloudfront.list_invalidations(DistributionId=distribution)["InvalidationList"].get("Items", [])
        orders = [cloudfront.get_invalidation(DistributionId=distribution, Id=each["Id"]) for each in found]
        return [order["Invalidation"]["InvalidationBatch"]["Paths"]["Items"] for order in orders]

    write_site(pusher.web, FILES)
    assert pusher(*purging).report["purged"]["paths"] == []
    assert ordered() == [], "nobody has what was never there"
    changed = {"größe/日本語.svg": SCRIPT, "50%25 off.js": SCRIPT, "assets/later-F3aa11bb.js": SCRIPT}
    write_site(pusher.web, {**FILES, **changed})
    done = pusher(*purging).report["purged"]
    expected = [f"/_next/static/{quote(name)}" for name in sorted(changed)[:1] + sorted(changed)[2:]]
    assert sorted(done["paths"]) == sorted(expected)
    assert [sorted(paths) for paths in ordered()] == [sorted(f"/sub{path}" for path in expected)]
    assert pusher(*purging).report["purged"]["paths"] == []
    assert len(ordered()) == 1


def test_a_purge_that_is_not_taken_is_owed(moto_store: ObjectStore, tmp_path: Path) -> None:
    pusher = Pusher(store=moto_store.with_new_bucket(), home=tmp_path)
    distribution = new_distribution(moto_store)
    with faults(moto_store.endpoint) as cdn:
        purging = ("--cdn", "https://static.example", "--purge", f"cloudfront:{distribution}", "--purge-endpoint",
                   cdn.endpoint)  # fmt: skip
        write_site(pusher.web, release(1))
        assert pusher(*purging).status == 0
        changed = {**release(1), "only 1.txt": b"2"}
        write_site(pusher.web, changed)
        cdn.rule = at(1, "refused", times=1000)
        done = pusher(*purging)
        assert (done.status, done.stdout) == (3, "")
        said = (
            rf"error: cloudfront:{distribution}: the files are pushed, .* AccessDenied\nhint: .*CreateInvalidation.*\n"
        )
        assert re.fullmatch(said, done.stderr), done.stderr
        assert plain(pusher.lying()) == changed
        assert len(cdn.asked) == 1, "what is refused is not asked for again"
        cdn.forget()
        cdn.rule = at(1, "busy")
        assert pusher(*purging).report["purged"]["paths"] == ["/only%201.txt"]
        assert [each.status for each in cdn.asked] == [503, 201], "what passes is"
        cdn.forget()
        assert pusher(*purging).report["purged"]["paths"] == []
        assert cdn.asked == []
