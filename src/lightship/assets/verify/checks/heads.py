"""HEAD says what GET says, and parts are parts.

What it does
============
Asks with HEAD, and for a few bytes with `Range`. HEAD must have the status, type, coding, length and ETag of GET. A
part must have status 206, the `Content-Range` that was asked for, and those bytes; a server that sends the whole is
right too, for video and audio it is named.

Why
===
CDNs and download managers ask with HEAD first and believe what it says. A part of the wrong form corrupts what is put
together from parts. Safari plays no video from a server without parts.

Bad
===
::

    /logo.svg when HEAD -> Content-Type: text/plain

Good
====
::

    /logo.svg when range -> whole

References
==========
RFC 9110, 9.3.2 and 14.
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Reply, Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_HEAD = Kind(code="head-differs", severity="warning", title="HEAD says something else than GET")
_PART = Kind(code="part-wrong", severity="error", title="not the part that was asked for")
_WHOLE = Kind(code="no-parts", severity="warning", title="video or audio that is sent only as a whole")
_COMPARED = ("content-type", "content-encoding", "etag", "content-length")


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        if not asset.own:
            continue
        if asset.head is not None:
            yield from _head(asset, asset.head)
        if asset.part is not None:
            yield from _part(asset, asset.part)


def _head(asset: Asset, head: Reply) -> Iterator[Finding]:
    get = asset.replies["gzip"]
    if head.fault or head.status != get.status:
        said = head.fault or f"{head.status} to HEAD, {get.status} to GET"
        yield _HEAD.finding(said, location=asset.url)
        return
    for name in _COMPARED:
        one, other = head.headers.get(name), get.headers.get(name)
        if one is None or (other is None and name == "content-length"):
            continue  # RFC 9110, 9.3.2: what is known only when the content is made may be left out
        if one != other:
            yield _HEAD.finding(f"{name}: {one!r:.80} to HEAD, {other!r:.80} to GET", location=asset.url)


def _part(asset: Asset, part: Reply) -> Iterator[Finding]:
    if part.status == 206:
        wanted = f"bytes 2-11/{asset.replies['identity'].plain_bytes}"
        said = part.headers.get("content-range", "").strip().lower()
        if said != wanted and said != wanted.rpartition("/")[0] + "/*":
            yield _PART.finding(f"want Content-Range: {wanted}, got {said!r:.80}", location=asset.url)
        elif not asset.part_holds:
            yield _PART.finding("other bytes than the whole has there", location=asset.url)
    elif part.fault or part.status != 200:
        yield _PART.finding(part.fault or f"status {part.status} where a part was asked for", location=asset.url)
    elif part.media_type.startswith(("video/", "audio/")):
        yield _WHOLE.finding("sent as a whole where a part was asked for", location=asset.url)


CHECK = Check(name="heads", kinds=(_HEAD, _PART, _WHOLE), run=_run, doc=__doc__)
