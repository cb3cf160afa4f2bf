"""Whatever a server says, every check ends, and says what it says in one line.

RFC 9110, 5.5: "field values containing CR, LF, or NUL characters are invalid and dangerous"; everything else may come.
"""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lightship.assets.verify.checks.served import SERVED
from lightship.assets.verify.site import CLIENTS, Asset, Former, Reply, Site, Use

_NAMES = (
    "content-type", "content-encoding", "vary", "cache-control", "expires", "date", "etag", "last-modified",
    "access-control-allow-origin", "cross-origin-resource-policy", "x-content-type-options", "content-range",
    "content-length", "content-security-policy", "location",
)  # fmt: skip
_WORDS = (
    "", "*", "gzip", "br, gzip", "text/html", "text/css; charset=x", "max-age=" + "9" * 50, 'max-age="60"', "no-cache",
    "Thu, 01 Jan 1970 00:00:00 GMT", "Thu, 01 Jan 9999 99:99:99 +9999", "Mon, 01 Jan 0001 00:00:00", '"0-0"',
    'W/"7fffffffffffffff-1"', "bytes 2-11/20", "default-src 'self' http://[::1 *:99999999; script-src", "nosniff",
)  # fmt: skip
_VALUES = st.one_of(
    st.sampled_from(_WORDS), st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=30)
)
_REPLIES = st.builds(
    Reply,
    status=st.sampled_from([0, 200, 200, 200, 206, 301, 304, 404, 500, 999]),
    headers=st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=6),
    body_bytes=st.integers(0, 5000),
    plain_bytes=st.integers(0, 5000),
    sha256=st.sampled_from(["", "a" * 64, "b" * 64]),
    begin=st.binary(max_size=20),
    broken=st.sampled_from(["", "its gzip is broken"]),
    fault=st.sampled_from(["", "did not answer in time"]),
    hops=st.lists(st.sampled_from(["http://a.example/", "https://b.example/", "http://[", "x:"]), max_size=2).map(
        tuple
    ),
    skipped=st.booleans(),
).map(lambda reply: replace(reply, skipped=reply.skipped and bool(reply.fault)))
_URLS = st.sampled_from(
    ["https://a.example/", "https://a.example/x.js", "http://c.example/y-3f2a9c1b.css?v=1.2", "https://a.example/.%2f/"]
)
_KINDS = st.sampled_from(["script", "style", "font", "image", "page", "fetch", "other", "worker", "manifest"])
_USES = st.lists(
    st.builds(Use, url=_URLS, by=st.one_of(st.just(""), _URLS), kind=_KINDS, certain=st.booleans(),
              crossorigin=st.booleans(), integrity=_VALUES), max_size=3,
).map(tuple)  # fmt: skip
_MAYBE = st.one_of(st.none(), _REPLIES)
_ASSETS = st.builds(
    Asset, url=_URLS, uses=_USES, own=st.booleans(), page=st.booleans(), site_origin=st.just("https://a.example"),
    replies=st.fixed_dictionaries(dict.fromkeys(CLIENTS, _REPLIES)), head=_MAYBE, again=_MAYBE, other=_MAYBE,
    part=_MAYBE, part_holds=st.booleans(), file_sha256=st.sampled_from([None, "a" * 64]), worth=st.booleans(),
    policies=st.lists(_VALUES, max_size=1).map(tuple),
)  # fmt: skip
_FORMERS = st.builds(
    Former, url=_URLS, release=st.just("r"), reply=_REPLIES, sha256=st.sampled_from(["", "b" * 64]), again=_MAYBE,
    hashed=st.booleans(), listed=st.booleans(),
)  # fmt: skip


@given(
    st.lists(_ASSETS, max_size=3), st.dictionaries(_URLS, _REPLIES, max_size=2), st.lists(_FORMERS, max_size=2), _USES
)
def test_every_check_ends_whatever_is_answered(
    assets: list[Asset], absent: dict[str, Reply], formers: list[Former], uses: tuple[Use, ...]
) -> None:
    site = Site(root="https://a.example/", assets=tuple(assets), absent=absent, uses=uses, formers=tuple(formers))
    for check in SERVED:
        for finding in check.run(site):
            assert finding.code in {kind.code for kind in check.kinds}
            assert finding.message
            assert "\n" not in finding.message
