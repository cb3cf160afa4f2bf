"""Text is sent compressed, and caches are told that there are several forms.

What it does
============
Text of 1 KiB and more must be smaller for clients with gzip and with brotli than for those without. Where an address
has several codings, every form of it must say `Vary: Accept-Encoding`.

Why
===
Uncompressed scripts are three to five times the bytes. `.mjs`, `.svg`, `.json` and `.wasm` are what most lists of types
leave out. Without `Vary`, a cache on the way keeps the form that the first client got, and hands gzip to one that
cannot read it.

Bad
===
::

    /logo.svg -> as: identity

Good
====
::

    /logo.svg when br -> as: gzip

References
==========
RFC 9110, 12.5.5: Vary. RFC 9111, 4.1.
"""

from collections.abc import Iterator

from lightship.assets.kinds import compressible
from lightship.assets.model import LEAST_BYTES
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Client, Site
from lightship.assets.verify.urls import path_of
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_PLAIN = Kind(code="uncompressed", severity="warning", title="text that is sent uncompressed")
_LARGER = Kind(code="compressed-larger", severity="warning", title="a compressed form that is larger")
_VARY = Kind(code="vary-missing", severity="error", title="several codings without Vary: Accept-Encoding")


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        if asset.own and len(asset.good) == len(asset.replies):
            yield from _sizes(asset)
            yield from _vary(asset)


def _sizes(asset: Asset) -> Iterator[Finding]:
    identity = asset.replies["identity"]
    if identity.broken or identity.encoding:
        return
    for client in ("gzip", "br"):
        reply = asset.replies[_client(client)]
        if reply.encoding and reply.body_bytes > identity.body_bytes:
            yield _LARGER.finding(
                f"{reply.encoding} of {reply.body_bytes} bytes for {identity.body_bytes} plain ones",
                location=asset.url,
                fix="lightship assets compress removes sidecars that are not 5 % smaller",
            )
    if identity.plain_bytes < LEAST_BYTES or not (asset.page or compressible(path_of(asset.url))):
        return
    without = [client for client in ("gzip", "br") if not asset.replies[_client(client)].encoding]
    if without and asset.worth:
        whom = "nobody gets it compressed" if len(without) > 1 else f"a client with {without[0]} gets it uncompressed"
        yield _PLAIN.finding(whom, location=asset.url, fix="lightship assets compress, or the server's list of types")


def _client(name: str) -> Client:
    return "gzip" if name == "gzip" else "br"


def _vary(asset: Asset) -> Iterator[Finding]:
    if len({reply.encoding for reply in asset.good.values()}) < 2:
        return
    silent = [client for client, reply in asset.good.items() if not {"accept-encoding", "*"} & set(reply.lists("vary"))]
    if silent:
        whom = "" if len(silent) == len(asset.good) else f" in the answer to {', '.join(silent)}"
        yield _VARY.finding(
            f"sent in several codings without Vary: Accept-Encoding{whom}", location=asset.url, fix="gzip_vary on;"
        )


CHECK = Check(name="compression", kinds=(_PLAIN, _LARGER, _VARY), run=_run, doc=__doc__)
