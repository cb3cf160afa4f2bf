"""ETags that do not lie.

What it does
============
Asks for each address again with the ETag that it had: the answer is 304. Then with an ETag that nobody made: the answer
is 200. Different codings must not share a strong ETag. ETags that are made of time and size, as nginx makes them, are
looked at: where files of different contents all have one old time, the time says nothing, and a file that changes and
keeps its size has the ETag of the old one. With `--releases` and a report of an earlier verification its ETags are
asked again: see the check `releases`.

Why
===
Reproducible builds and images give every file one time. nginx's ETag is then the size alone, and a browser that has the
old file is told 304 for ever. The other fault costs bytes: without 304 all is sent again on each visit.

Bad
===
::

    / when If-None-Match -> 304

Good
====
::

    / -> ETag:; Last-Modified:

References
==========
RFC 9110, 8.8.3 and 13.1.2. https://nginx.org/en/docs/http/ngx_http_core_module.html#etag
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Reply, Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK", "OLD_S"]

_LIES = Kind(code="etag-lies", severity="error", title="304 for an ETag that is not the content's")
_TIMES = Kind(code="etag-one-time", severity="warning", title="an ETag that is made of a time all files share")
_SHARED = Kind(code="etag-shared", severity="warning", title="two codings with one strong ETag")
_IGNORED = Kind(code="etag-ignored", severity="warning", title="sent again to whoever has it")
_TIME_AND_SIZE = re.compile(r'(?:W/)?"([0-9a-f]{1,16})-([0-9a-f]{1,16})"')
OLD_S = 946_684_800
"""The year 2000: what is older is the time of no build, but 0, 1, zip's 1980 or npm's 1985."""
_FEW = 2


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        if asset.own and asset.good:
            yield from _of(asset)
    yield from _one_time(site)


def _of(asset: Asset) -> Iterator[Finding]:
    again, other = asset.again, asset.other
    if other is not None and other.status == 304:
        yield _LIES.finding(
            "304 for an ETag that it never had", location=asset.url, fix="who answers so without looking?"
        )  # fmt: skip
    elif again is not None and not again.fault and again.status == 200:
        by = "ETag" if asset.replies["gzip"].headers.get("etag") else "Last-Modified"
        yield _IGNORED.finding(f"200 to whoever has it and says so by its {by}", location=asset.url)
    strong: dict[str, set[str]] = defaultdict(set)
    for reply in asset.good.values():
        etag = reply.headers.get("etag", "")
        if etag and reply.body_bytes and not etag.startswith("W/"):
            strong[etag].add(reply.encoding)
    if any(len(codings) > 1 for codings in strong.values()):
        yield _SHARED.finding(
            "one strong ETag for several codings", location=asset.url, fix="a weak one (W/), or one for each"
        )  # fmt: skip


def _one_time(site: Site) -> Iterator[Finding]:
    found: dict[int, list[Asset]] = defaultdict(list)
    for asset in site.assets:
        reply = asset.plain
        time = _time_of(reply) if reply is not None and asset.own and not asset.hashed else None
        if time is not None:
            found[time].append(asset)
    for time, assets in sorted(found.items()):
        contents = {reply.sha256 for asset in assets if (reply := asset.plain)}
        if time < OLD_S and len(contents) >= _FEW:
            for asset in assets:
                yield _TIMES.finding(
                    f"its ETag is a size and a time, and {len(contents)} contents have that time: one that changes and "
                    "keeps its size is answered with 304",
                    location=asset.url,
                    fix="lightship assets compress gives every file a time that is made from its content",
                )


def _time_of(reply: Reply) -> int | None:
    """The time in an ETag that is made of time and size, as nginx and Apache do."""
    made = _TIME_AND_SIZE.fullmatch(reply.headers.get("etag", ""))
    if made is None:
        return None
    try:
        modified = int(parsedate_to_datetime(reply.headers.get("last-modified", "")).timestamp())
    except (ValueError, TypeError, OverflowError):
        return None
    return modified if int(made[1], 16) == modified else None


CHECK = Check(name="etags", kinds=(_LIES, _TIMES, _SHARED, _IGNORED), run=_run, doc=__doc__)
