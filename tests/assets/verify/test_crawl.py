"""From one page to everything that a browser would ask for, and no further."""

from tests.assets.conftest import Seen, findings
from tests.assets.faulty import FaultySite

from lightship.assets.verify.crawl import FileFact, FormerWanted
from lightship.assets.verify.reach import Limits


def paths(faulty: FaultySite) -> set[str]:
    return {asked.path for asked in faulty.site.asked}


def test_pages_are_followed_to_a_depth_and_a_number(faulty: FaultySite, seen: Seen) -> None:
    files = {f"/{number}.html": f"<!doctype html><a href=/{number + 1}.html>".encode() for number in range(9)}
    faulty.site.files |= files | {"/": b"<!doctype html><a href=/0.html>"}
    seen(Limits(depth=2))
    assert {path for path in paths(faulty) if path.endswith(".html")} == {"/0.html", "/1.html"}
    faulty.site.asked.clear()
    site = seen(Limits(depth=9, pages=4))
    assert {path for path in paths(faulty) if path.endswith(".html")} == {"/0.html", "/1.html", "/2.html"}
    assert site.left == 1
    assert "incomplete" in {one.code for one in findings(site)}


def test_addresses_are_bounded(faulty: FaultySite, seen: Seen) -> None:
    site = seen(Limits(urls=3))
    assert len(site.assets) == 3
    assert site.left == 6


def test_pages_of_others_and_forms_and_maps_are_not_asked_for(faulty: FaultySite, seen: Seen) -> None:
    faulty.site.files["/"] = (
        f"<!doctype html><a href={faulty.cdn.origin}/page.html><form action=/order><a href=mailto:x@y.example>"
    ).encode()
    faulty.site.files["/assets/index-DiwrgT4a.js"] = b"1\n//# sourceMappingURL=index-DiwrgT4a.js.map"
    seen()
    assert faulty.cdn.asked == []
    assert {path for path in paths(faulty) if "absent" not in path} == {"/"}


def test_what_a_script_only_may_ask_for_is_forgotten_where_it_is_not_there(faulty: FaultySite, seen: Seen) -> None:
    faulty.site.files["/assets/index-DiwrgT4a.js"] = (
        b"const chunks = ['assets/late-3f2a9c1b.js', 'assets/never-3f2a9c1b.js', './late-0a1b2c3d.js'];"
    )
    faulty.site.files["/assets/late-3f2a9c1b.js"] = faulty.site.files["/assets/late-0a1b2c3d.js"] = b"late()"
    site = seen()
    assert findings(site) == []
    found = {asset.url.removeprefix(faulty.root) for asset in site.assets}
    assert {"assets/late-3f2a9c1b.js", "assets/late-0a1b2c3d.js"} <= found
    assert not any("never" in url for url in found)


def test_a_guess_is_no_guess_once_somebody_surely_asks(faulty: FaultySite, seen: Seen) -> None:
    faulty.site.files["/"] = (
        b"<!doctype html><meta charset=utf-8><script src=/assets/a-3f2a9c1b.js></script><a href=/b.html>"
    )
    faulty.site.files["/assets/a-3f2a9c1b.js"] = b"load('/assets/gone-0a1b2c3d.js')"
    faulty.site.files["/b.html"] = b"<!doctype html><meta charset=utf-8><a href=/c.html>"
    faulty.site.files["/c.html"] = b"<!doctype html><meta charset=utf-8><script src=/assets/gone-0a1b2c3d.js></script>"
    found = findings(seen())
    assert [(one.code, one.location) for one in found] == [("asset-missing", f"{faulty.root}assets/gone-0a1b2c3d.js")]


def test_files_of_a_directory_are_asked_for_and_compared(faulty: FaultySite, seen: Seen) -> None:
    files = {"logo.svg": FileFact(sha256="0" * 64, plain_bytes=7), "not here.txt": FileFact(sha256="", plain_bytes=1)}
    found = {(one.code, one.location) for one in findings(seen(files=files))}
    assert found == {
        ("file-differs", f"{faulty.root}logo.svg"),
        ("asset-missing", f"{faulty.root}not%20here.txt"),
    }


def test_older_releases_still_answer(faulty: FaultySite, seen: Seen) -> None:
    style, logo = f"{faulty.root}assets/style-C3xYz9ab.css", f"{faulty.root}logo.svg"
    plain = {asset.url: asset.replies["identity"] for asset in seen().assets}
    good = (
        FormerWanted(url=style, release="r1", sha256=plain[style].sha256, hashed=True),
        FormerWanted(url=logo, release="r1", sha256="0" * 64, etag='"another"'),
        FormerWanted(url=f"{faulty.root}old.html", release="r1", sha256="0" * 64),
    )
    assert findings(seen(formers=good)) == []
    bad = (
        FormerWanted(url=f"{faulty.root}assets/x-3f2a9c1b.js", release="r1", hashed=True),
        FormerWanted(url=f"{faulty.root}listed.js", release="list", listed=True),
        FormerWanted(url=style, release="r1", sha256="0" * 64, hashed=True),
        FormerWanted(url=logo, release="r1", sha256="0" * 64, etag=plain[logo].headers["etag"]),
    )
    found = [(one.code, one.location) for one in findings(seen(formers=bad))]
    assert found == [
        ("release-gone", bad[0].url),
        ("release-gone", bad[1].url),
        ("release-changed", style),
        ("etag-stale", logo),
    ]


def test_a_reference_by_its_integrity(faulty: FaultySite, seen: Seen) -> None:
    import base64
    import hashlib

    vendor = faulty.cdn.files["/vendor-3f2a9c1b.js"]
    right = base64.b64encode(hashlib.sha384(vendor).digest()).decode()
    page = (
        f"<!doctype html><meta charset=utf-8><script src={faulty.cdn.origin}/vendor-3f2a9c1b.js crossorigin integrity="
    )
    for text, codes in ((f"'sha256-AAAA sha384-{right}'", set()), ("sha384-AAAA", {"integrity-broken"})):
        faulty.site.files["/"] = f"{page}{text}></script>".encode()
        assert {one.code for one in findings(seen())} == codes
