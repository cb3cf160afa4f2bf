"""Every fault that a server or a CDN can have is found by its check, and no other check fires."""

import pytest
from tests.assets.conftest import Seen, findings
from tests.assets.faulty import FaultySite

STYLE, SCRIPT = "/assets/style-C3xYz9ab.css", "/assets/index-DiwrgT4a.js"
VENDOR, FONT = "cdn:/vendor-3f2a9c1b.js", "cdn:/letters-0a1b2c3d.woff2"
YEAR = "public, max-age=31536000"

FAULTS: dict[str, tuple[str, list[str]]] = {
    "a style is gone": ("asset-missing", [f"{STYLE} -> 404"]),
    "the CDN has not got it": ("asset-missing", [f"{VENDOR} -> 404"]),
    "a linked page is gone": ("page-missing", ["/about.html -> 404"]),
    "a script's server is down": ("asset-failed", [f"{SCRIPT} -> 502"]),
    "forbidden": ("asset-failed", [f"{FONT} -> 403"]),
    "an error for one client": ("asset-failed", [f"{SCRIPT} when br -> 500"]),
    "no answer": ("asset-failed", [f"{SCRIPT} -> hang up"]),
    "cut short": ("asset-failed", [f"{SCRIPT} when gzip -> cut"]),
    "a redirect to somebody else": ("redirect-elsewhere", ["/logo.svg -> 302; Location: http://other.invalid/"]),
    "a redirect to nowhere": ("asset-failed", ["/logo.svg -> 302"]),
    "a redirect in a circle": ("asset-failed", ["/logo.svg -> 302; Location: /logo.svg"]),
    "empty for all": ("answer-empty", [f"{SCRIPT} -> body:"]),
    "empty with brotli": ("answer-empty", [f"{SCRIPT} when br -> body:"]),
    "nothing, well compressed": ("answer-empty", [f"{SCRIPT} when gzip -> gzip:"]),
    "a sidecar of the last release": ("content-differs", [f"{SCRIPT} when gzip -> gzip: the last release"]),
    "a body that is not compressed": ("encoding-broken", [f"{SCRIPT} when gzip -> body: plain"]),
    "a coding that is not known": ("encoding-unasked", [f"{SCRIPT} when gzip -> Content-Encoding: sdch"]),
    "gzip for everybody": ("encoding-unasked", [f"{SCRIPT} when identity -> as: gzip"]),
    "brotli for gzip": ("encoding-unasked", [f"{SCRIPT} when gzip -> as: br"]),
    "no type": ("type-missing", [f"{SCRIPT} -> Content-Type:"]),
    "a script that is data": ("type-wrong", [f"{SCRIPT} -> Content-Type: application/octet-stream"]),
    "a style that is text": ("type-wrong", [f"{STYLE} -> Content-Type: text/plain"]),
    "a font that is text": ("type-wrong", [f"{FONT} -> Content-Type: text/plain"]),
    "another type with gzip": ("type-wrong", [f"{STYLE} when gzip -> Content-Type: text/css"]),
    "a page in place of a script": ("page-instead", [f"{SCRIPT} -> file: /about.html; Cache-Control: {YEAR}"]),
    "text is not compressed": ("uncompressed", ["/logo.svg -> as: identity"]),
    "text is not compressed with gzip": ("uncompressed", ["/logo.svg when gzip -> as: identity"]),
    "no Vary": ("vary-missing", [f"{STYLE} -> Vary: Origin"]),
    "no Vary for the plain form": ("vary-missing", [f"{STYLE} when identity -> Vary:"]),
    "a page is kept": ("page-kept", ["/ -> Cache-Control: public, max-age=3600"]),
    "a page is kept until then": (
        "page-kept",
        [
            "/ -> Cache-Control: public; Date: Tue, 24 Nov 2026 10:00:00 GMT; Expires: Tue, 24 Nov 2026 11:00:00 GMT",
        ],
    ),
    "a picture is kept": ("kept-too-long", ["/logo.svg -> Cache-Control: public, max-age=31536000, immutable"]),
    "a hash is for nothing": ("hashed-not-kept", [f"{SCRIPT} -> Cache-Control: no-cache"]),
    "a hash on the CDN is for nothing": ("hashed-not-kept", [f"{VENDOR} -> Cache-Control: max-age=600"]),
    "a lifetime is guessed": ("lifetime-guessed", ["/ -> Cache-Control:"]),
    "an error is kept": ("error-kept", ["absent.js -> Cache-Control: max-age=31536000"]),
    "304 for everybody": ("etag-lies", ["/ when If-None-Match -> 304"]),
    "never 304": ("etag-ignored", ["/logo.svg when If-None-Match -> whole"]),
    "one ETag for all codings": ("etag-shared", ['/logo.svg -> ETag: "1"']),
    "HEAD with another type": ("head-differs", ["/logo.svg when HEAD -> Content-Type: text/plain"]),
    "HEAD is not allowed": ("head-differs", ["/logo.svg when HEAD -> 405"]),
    "HEAD of another form": ("head-differs", ["/logo.svg when HEAD -> as: identity"]),
    "another part": ("part-wrong", ["/logo.svg when Range -> body: 0123456789"]),
    "no Content-Range": ("part-wrong", ["/logo.svg when Range -> Content-Range:"]),
    "parts are an error": ("part-wrong", ["/logo.svg when Range -> 416"]),
    "a font without CORS": ("cors-missing", [f"{FONT} -> Access-Control-Allow-Origin:"]),
    "a script without CORS": ("cors-missing", [f"{VENDOR} -> Access-Control-Allow-Origin:"]),
    "CORS for somebody else": ("cors-wrong", [f"{FONT} -> Access-Control-Allow-Origin: https://other.example"]),
    "CORS refused": ("corp-forbids", ["cdn:/banner-0a1b2c3d.png -> Cross-Origin-Resource-Policy: same-origin"]),
    "the page for every script": ("absent-found", ["absent.js -> file: /"]),
    "an error for what is not there": ("absent-failed", ["absent.js -> 500"]),
    "fonts are forbidden": ("policy-forbids", ["/ -> Content-Security-Policy: default-src *, font-src 'self'"]),
    "types are guessed with brotli": ("nosniff-missing", ["/logo.svg when br -> X-Content-Type-Options:"]),
    "a style sets a cookie": ("cookie-set", [f"{STYLE} -> Set-Cookie: session=1"]),
    "one form is kept": ("kept-too-long", ["/logo.svg when gzip -> Cache-Control: max-age=31536000"]),
    "types are guessed": ("nosniff-missing", ["/logo.svg -> X-Content-Type-Options:"]),
}  # fmt: skip


PLACES = {"fonts are forbidden": FONT}
"""Where a fault shows, when that is not where it is."""


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_no_other(faulty: FaultySite, seen: Seen, name: str) -> None:
    code, lines = FAULTS[name]
    faulty.plant(*lines)
    found = findings(seen())
    assert {one.code for one in found} == {code}, found
    path = PLACES.get(name, lines[0].split()[0])
    assert all(one.location.endswith(path.removeprefix("cdn:").removeprefix("absent")) for one in found)
    assert all(
        one.location.startswith((faulty.cdn if path.startswith("cdn:") else faulty.site).origin) for one in found
    )


def test_the_site_without_a_fault_is_clean(faulty: FaultySite, seen: Seen) -> None:
    site = seen()
    assert findings(site) == []
    assert {asset.url for asset in site.assets} == {
        *(faulty.site.origin + path for path in faulty.site.files),
        *(faulty.cdn.origin + path for path in faulty.cdn.files),
    }


HARMLESS = {
    "a CDN that allows the site alone": [
        f"{VENDOR} -> Access-Control-Allow-Origin: SITE; Vary: Accept-Encoding, Origin",
        f"{FONT} -> Access-Control-Allow-Origin: SITE; Vary: Origin",
    ],
    "a picture without CORS": ["cdn:/banner-0a1b2c3d.png -> Access-Control-Allow-Origin:"],
    "no ETag": ["/logo.svg -> ETag:"],
    "gzip for browsers": [f"{SCRIPT} when br -> as: gzip"],
    "an older name of the type": [f"{SCRIPT} -> Content-Type: application/javascript"],
    "an object store's answer": ["absent.js -> 403"],
    "no parts": ["/logo.svg when Range -> whole"],
    "a redirect within the site": ["/logo.svg -> 302; Location: /about.svg"],
    "a policy that allows all of it": [
        "/ -> Content-Security-Policy: default-src 'self' CDN, script-src SITE CDN; style-src 'self'; font-src http:"
    ],
    "a page that sets a cookie": ["/ -> Set-Cookie: session=1"],
    "a page that is no store's": ["/ -> Cache-Control: no-store"],
    "no length to HEAD": ["/logo.svg when HEAD -> ETag:"],
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_right_in_another_way_is_no_finding(faulty: FaultySite, seen: Seen, name: str) -> None:
    faulty.plant(
        *(line.replace("SITE", faulty.site.origin).replace("CDN", faulty.cdn.origin) for line in HARMLESS[name])
    )
    faulty.site.files["/about.svg"] = faulty.site.files["/logo.svg"]
    assert findings(seen()) == []


def test_what_others_serve_is_looked_at_for_what_a_page_needs_alone(faulty: FaultySite, seen: Seen) -> None:
    faulty.plant(f"{VENDOR} -> Cache-Control: no-cache; X-Content-Type-Options:; Vary:")
    assert findings(seen(cdns=())) == []
    faulty.plant(f"{VENDOR} when br -> body:", f"{FONT} -> Access-Control-Allow-Origin:")
    assert {one.code for one in findings(seen(cdns=()))} == {"answer-empty", "cors-missing"}
    assert not any(asked.method == "HEAD" for asked in faulty.cdn.asked)


def test_what_a_store_keeps_compressed_for_everybody_is_a_note(faulty: FaultySite, seen: Seen) -> None:
    """As `assets push` stores it: there is no browser without gzip."""
    faulty.plant(f"{VENDOR} -> as: gzip; Vary:", "/logo.svg -> as: gzip; Vary:")
    found = findings(seen())
    assert {(one.code, one.severity) for one in found} == {("encoding-unasked", "note")}
    assert len(found) == 2
