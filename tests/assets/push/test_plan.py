"""What is sent, left and collected: decided from manifests and a listing alone."""

import datetime
from dataclasses import replace
from pathlib import Path

import pytest

from lightship.assets.push.bucket import Found
from lightship.assets.push.outgoing import IMMUTABLE, REVALIDATED, Outgoing
from lightship.assets.push.plan import Remote, collection, plan_push, purge_paths
from lightship.assets.push.release import Entry, Manifest, manifest_name
from lightship.errors import InputError

NOON = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


def outgoing(path: str, content: str = "1") -> Outgoing:
    hashed = "hash" in path
    return Outgoing(
        path=path,
        file=Path(path),
        packed_alone=False,
        plain_sha256=content * 64,
        plain_bytes=30,
        asked="gzip",
        content_type="text/javascript; charset=utf-8",
        cache_control=IMMUTABLE if hashed else REVALIDATED,
        hashed=hashed,
    )


def entry(path: str, content: str = "1", etag: str | None = "same") -> Entry:
    file = outgoing(path, content)
    return Entry(
        path=path,
        sha256="f" * 64,
        stored_bytes=10,
        plain_sha256=file.plain_sha256,
        plain_bytes=file.plain_bytes,
        asked=file.asked,
        encoding="gzip",
        content_type=file.content_type,
        cache_control=file.cache_control,
        hashed=file.hashed,
        etag=etag,
    )


def release(number: int, *entries: Entry, pending: bool = False, **more: object) -> Manifest:
    made = Manifest(
        name=manifest_name(f"20261124T1200{number:02}Z", "0" * 16),
        entries={each.path: each for each in entries},
        pending=pending,
    )
    return replace(made, **more)  # type: ignore[arg-type]


def found(*paths: str, etag: str | None = "same", size_bytes: int = 10) -> dict[str, Found]:
    return {path: Found(size_bytes=size_bytes, etag=etag, modified=NOON) for path in paths}


def sent(remote: Remote, *files: Outgoing, keep: int = 5) -> list[str]:
    return [file.path for file in plan_push(files, remote, keep=keep).send]


def test_a_first_push_sends_all_in_order() -> None:
    files = [
        outgoing(path) for path in ("index.html", "logo.png", "sw.js", "b.hash.js", "a.hash.js", "site.webmanifest")
    ]
    assert sent(Remote(found={}), *files) == [
        "a.hash.js",
        "b.hash.js",
        "logo.png",
        "index.html",
        "site.webmanifest",
        "sw.js",
    ]


def test_what_is_there_as_it_was_written_down_stays() -> None:
    files = (outgoing("a.hash.js"), outgoing("index.html"))
    remote = Remote(
        found=found("a.hash.js", "index.html"), releases=(release(1, *map(entry, ("a.hash.js", "index.html"))),)
    )
    assert sent(remote, *files) == []
    assert plan_push(files, remote, keep=5).unchanged
    assert not plan_push(files[:1], remote, keep=5).unchanged
    assert sent(replace(remote, found=found("index.html")), *files) == ["a.hash.js"]
    assert sent(replace(remote, found=found("a.hash.js", "index.html", size_bytes=11)), *files) == [
        "a.hash.js",
        "index.html",
    ]
    assert sent(replace(remote, found=found("a.hash.js", "index.html", etag="other")), *files) == [
        "a.hash.js",
        "index.html",
    ]
    assert sent(replace(remote, releases=()), *files) == ["a.hash.js", "index.html"]


def test_a_store_without_etags_vouches_for_names_with_a_hash_only() -> None:
    files = (outgoing("a.hash.js"), outgoing("index.html"))
    remote = Remote(
        found=found("a.hash.js", "index.html", etag=None),
        releases=(release(1, *map(entry, ("a.hash.js", "index.html"))),),
    )
    assert sent(remote, *files) == ["index.html"]


def test_a_page_of_an_older_release_is_sent_again_though_its_size_is_the_same() -> None:
    remote = Remote(
        found=found("index.html", etag="second"),
        releases=(release(1, entry("index.html", "1", "first")), release(2, entry("index.html", "2", "second"))),
    )
    assert sent(remote, outgoing("index.html", "1")) == ["index.html"]
    assert sent(remote, outgoing("index.html", "2")) == []


def test_another_header_or_coding_is_sent_again() -> None:
    remote = Remote(found=found("a.hash.js"), releases=(release(1, entry("a.hash.js")),))
    assert sent(remote, replace(outgoing("a.hash.js"), asked="identity")) == ["a.hash.js"]
    assert sent(remote, replace(outgoing("a.hash.js"), content_type="text/plain")) == ["a.hash.js"]
    assert sent(remote, replace(outgoing("a.hash.js"), cache_control="no-cache")) == ["a.hash.js"]


def test_an_aborted_push_is_believed_about_names_with_a_hash() -> None:
    files = (outgoing("a.hash.js"), outgoing("index.html"))
    entries = (entry("a.hash.js", etag=None), entry("index.html", etag=None))
    aborted = release(1, *entries, pending=True, own=frozenset(("a.hash.js", "index.html")))
    remote = Remote(found=found("a.hash.js", "index.html"), pendings=(aborted,))
    assert sent(remote, *files) == ["index.html"]
    twice = replace(remote, pendings=(aborted, release(2, *entries, pending=True, own=aborted.own)))
    assert sent(twice, *files) == ["index.html"]


def test_an_aborted_push_is_not_believed_about_what_lay_there_before() -> None:
    aborted = release(2, entry("a.hash.js", etag=None), pending=True)
    remote = Remote(found=found("a.hash.js"), pendings=(aborted,))
    assert sent(remote, outgoing("a.hash.js")) == ["a.hash.js"], "of another tool"
    before = release(1, replace(entry("a.hash.js"), content_type="text/plain"))
    ours = replace(aborted, own=frozenset(("a.hash.js",)))
    assert sent(replace(remote, releases=(before,), pendings=(ours,)), outgoing("a.hash.js")) == ["a.hash.js"], (
        "headers"
    )


def test_a_name_that_had_no_hash_before_is_written_over_and_purged() -> None:
    """A folder's neighbours tell whether its names have one."""
    before = release(1, replace(entry("a.hash.js", "2"), hashed=False))
    plan = plan_push([outgoing("a.hash.js")], Remote(found=found("a.hash.js"), releases=(before,)), keep=5)
    assert [file.path for file in plan.send] == ["a.hash.js"]
    assert plan.purge == ("a.hash.js",)


def test_another_content_under_a_name_with_a_hash_is_refused_before_anything_is_sent() -> None:
    remote = Remote(found=found("a.hash.js"), releases=(release(1, entry("a.hash.js")), release(2, entry("b.hash.js"))))
    changed = outgoing("a.hash.js", "2")
    with pytest.raises(InputError, match=r"^a\.hash\.js has another content than in a release that is kept") as caught:
        plan_push([changed], remote, keep=2)
    assert "--overwrite" in (caught.value.hint or "")
    with pytest.raises(InputError, match="and 1 other names with a hash"):
        plan_push([changed, outgoing("b.hash.js", "2")], remote, keep=2)
    plan = plan_push([changed], remote, keep=2, overwrite=True)
    assert plan.purge == ("a.hash.js",)
    assert sent(remote, changed, keep=1) == ["a.hash.js"]
    alive = release(3, entry("c.hash.js", etag=None), pending=True)
    with pytest.raises(InputError):
        plan_push(
            [outgoing("c.hash.js", "2")], Remote(found={}, pendings=(alive,), fresh=frozenset((alive.name,))), keep=1
        )


def test_only_pages_that_were_there_are_purged() -> None:
    remote = Remote(
        found=found("index.html", "a.hash.js", etag="x"), releases=(release(1, entry("index.html", "2", "x")),)
    )
    plan = plan_push([outgoing("index.html"), outgoing("new.html"), outgoing("b.hash.js")], remote, keep=5)
    assert plan.purge == ("index.html",)
    owed = release(2, entry("old.html", etag=None), pending=True, purge=("old.html",))
    assert plan_push([outgoing("index.html")], replace(remote, pendings=(owed,)), keep=5).purge == (
        "index.html",
        "old.html",
    )


def test_what_others_put_there_is_told_and_is_not_our_own() -> None:
    remote = Remote(found=found("index.html", "logo.png"), releases=(release(1, entry("logo.png")),))
    plan = plan_push([outgoing("index.html"), outgoing("logo.png", "2"), outgoing("new.html")], remote, keep=5)
    assert plan.foreign == ("index.html",)
    assert plan.own == {"logo.png", "new.html"}


def test_the_last_releases_of_different_contents_stay() -> None:
    releases = tuple(release(number, entry(f"{number}.hash.js")) for number in range(4))
    remote = Remote(found=found(*(f"{number}.hash.js" for number in range(4)), "foreign.js"), releases=releases)
    made = collection(remote, None, keep=2)
    assert made.paths == ("0.hash.js", "1.hash.js")
    assert made.releases == (releases[0].name, releases[1].name)
    assert made.collected_bytes == 20
    again = release(9, entry("0.hash.js"))
    made = collection(remote, again, keep=2)
    assert made.paths == ("1.hash.js", "2.hash.js")
    assert set(made.releases) == {each.name for each in releases[:3]}


def test_what_somebody_else_put_in_its_place_is_left() -> None:
    remote = Remote(
        found={**found("0.hash.js", etag="theirs"), **found("index.html", size_bytes=99)},
        releases=(release(0, entry("0.hash.js"), entry("index.html")), release(1, entry("1.hash.js"))),
    )
    made = collection(remote, None, keep=1)
    assert made.paths == ()
    assert made.releases == (remote.releases[0].name,)


def test_nothing_is_collected_beside_a_manifest_that_is_not_understood() -> None:
    releases = tuple(release(number, entry(f"{number}.hash.js")) for number in range(3))
    remote = Remote(found=found("0.hash.js"), releases=releases, not_understood=("x.json: want JSON",))
    made = collection(remote, None, keep=1)
    assert (made.paths, made.releases) == ((), ())
    assert made.blocked == "nothing is collected: x.json: want JSON"


def test_what_a_push_under_way_relies_on_stays_and_so_does_who_knows_of_it() -> None:
    old, latest = release(0, entry("0.hash.js"), entry("1.hash.js")), release(1, entry("2.hash.js"))
    alive = release(2, entry("0.hash.js", etag=None), pending=True, own=frozenset())
    remote = Remote(
        found=found("0.hash.js", "1.hash.js", "2.hash.js"),
        releases=(old, latest),
        pendings=(alive,),
        fresh=frozenset((alive.name,)),
    )
    made = collection(remote, None, keep=1)
    assert (made.paths, made.releases, made.pendings) == ((), (), ())
    made = collection(replace(remote, fresh=frozenset()), None, keep=1)
    assert made.paths == ("0.hash.js", "1.hash.js")
    assert (made.releases, made.pendings) == ((old.name,), (alive.name,))


def test_the_release_whose_page_lies_in_the_store_stays() -> None:
    """Of two pushes at once, one wrote its manifest last and the other its page."""
    theirs = release(0, entry("0.hash.js"), entry("index.html", "2", "theirs"))
    ours = release(1, entry("1.hash.js"), entry("index.html", "1", "ours"))
    remote = Remote(
        found={**found("0.hash.js", "1.hash.js"), **found("index.html", etag="theirs")}, releases=(theirs, ours)
    )
    assert collection(remote, None, keep=1).paths == ()
    mended = replace(remote, found={**remote.found, **found("index.html", etag="ours")})
    assert collection(mended, None, keep=1).paths == ("0.hash.js",)


def test_an_aborted_push_leaves_only_what_was_its_own() -> None:
    aborted = release(1, entry("new.hash.js", etag=None), entry("theirs.js", etag=None), pending=True)
    remote = Remote(
        found=found("new.hash.js", "theirs.js"), pendings=(replace(aborted, own=frozenset(("new.hash.js",))),)
    )
    assert collection(remote, release(2, entry("index.html")), keep=1).paths == ("new.hash.js",)


def test_a_folder_is_an_address_of_its_index() -> None:
    assert purge_paths("docs", ["index.html", "a b/index.html", "x.html", "reindex.html"]) == [
        "/docs/",
        "/docs/a%20b/",
        "/docs/a%20b/index.html",
        "/docs/index.html",
        "/docs/reindex.html",
        "/docs/x.html",
    ]
