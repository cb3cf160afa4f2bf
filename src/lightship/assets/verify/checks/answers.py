"""Everything that a page asks for is there.

What it does
============
Asks for every address that pages, styles and scripts name, as a client without compression, with gzip, and as a browser
does. Each must be answered with 200 and a body that arrives whole. Pages are followed within the site. A string in a
script that only looks like an address is passed over where nothing is at it.

Why
===
A file that a release left out, or that a CDN has not got yet, is a blank page for somebody: a browser tells the
developer's console and nobody else.

Bad
===
::

    /assets/style-C3xYz9ab.css -> 404

Good
====
::

    /assets/style-C3xYz9ab.css -> Server: another

References
==========
RFC 9110, 15: status codes.
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import CLIENTS, Asset, Client, Reply, Site
from lightship.assets.verify.urls import origin_of
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_MISSING = Kind(code="asset-missing", severity="error", title="what a page asks for is not there")
_PAGE = Kind(code="page-missing", severity="warning", title="a link leads to a page that is not there")
_FAILED = Kind(code="asset-failed", severity="error", title="what a page asks for is not answered")
_SKIPPED = Kind(code="not-asked", severity="note", title="was not looked at")
_LOST = Kind(code="redirect-elsewhere", severity="error", title="an asset is redirected to a host of somebody else")
_BOUND = Kind(code="incomplete", severity="warning", title="more was found than is asked for")
_GONE = (404, 410)
_UNLOCK = "for what only some may see: https://user:password@… or --header, which the site alone gets"


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        finding = _of(asset)
        if finding is not None:
            yield finding
    if site.left:
        yield _BOUND.finding(
            f"{site.left} addresses were found and not asked for: {site.why}", fix="--max-urls, --max-pages, --depth"
        )


def _of(asset: Asset) -> Finding | None:
    bad: dict[Client, Reply] = {
        client: reply for client, reply in asset.replies.items() if reply.fault or reply.status != 200
    }
    if not bad:
        return None
    client, reply = next(iter(bad.items()))
    whom = f", and {asset.used_by} asks for it" if asset.used_by else ""
    only = "" if len(bad) == len(CLIENTS) else f" to a client with Accept-Encoding: {CLIENTS[client]}"
    if reply.skipped:
        return _SKIPPED.finding(reply.fault, location=asset.url)
    if reply.fault:
        return _FAILED.finding(f"{reply.fault}{only}{whom}", location=asset.url)
    if 300 <= reply.status < 400:
        return _redirected(asset, reply)
    message = f"answered with {reply.status}{only}{whom}"
    if reply.status not in _GONE:
        locked = reply.status in (401, 403) and asset.own
        return _FAILED.finding(message, location=asset.url, fix=_UNLOCK if locked else None)
    if asset.page and asset.used_by:
        return _PAGE.finding(message, location=asset.url)
    return _MISSING.finding(message, location=asset.url, fix="deploy it before the page that asks for it")


def _redirected(asset: Asset, reply: Reply) -> Finding | None:
    host = origin_of(reply.hops[-1]) if reply.hops else ""
    if asset.page and host:
        return None  # a link that leads out of the site
    if not host:
        return _FAILED.finding(f"answered with {reply.status} and no address to go to", location=asset.url)
    return _LOST.finding(
        f"redirected to {host}, which is neither the site nor a CDN that was named",
        location=asset.url,
        fix=f"--cdn {host}, if it is yours",
    )


CHECK = Check(
    name="answers", kinds=(_MISSING, _PAGE, _FAILED, _LOST, _SKIPPED, _BOUND), run=_run, doc=__doc__
)  # fmt: skip
