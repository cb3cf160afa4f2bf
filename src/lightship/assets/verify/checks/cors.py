"""What comes from another origin may be used.

What it does
============
Fonts, module scripts, and what has `crossorigin` are asked for with CORS: from another origin than the page's they need
`Access-Control-Allow-Origin` with `*` or the page's origin. One that names an origin needs `Vary: Origin` besides.
`Cross-Origin-Resource-Policy` must not forbid the use.

Why
===
After the move to a CDN fonts are missing and module scripts do not run, while `curl` gets all of them with 200. An
object store sends the header only to whoever sends `Origin`: the CDN keeps the form without it for everybody.

Bad
===
::

    cdn:/vendor-3f2a9c1b.js -> Access-Control-Allow-Origin:

Good
====
::

    cdn:/banner-0a1b2c3d.png -> Access-Control-Allow-Origin:

References
==========
https://fetch.spec.whatwg.org (2026-10), 3.3 and 3.8: CORS, Cross-Origin-Resource-Policy.
https://www.w3.org/TR/css-fonts-4/ (2024-02), 4.9: fonts are fetched with CORS.
"""

from collections.abc import Iterator

from lightship.assets.reading.reference import kind_of
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Reply, Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_MISSING = Kind(code="cors-missing", severity="error", title="another origin does not allow the use")
_WRONG = Kind(code="cors-wrong", severity="error", title="another origin allows the use to somebody else")
_VARY = Kind(code="cors-vary", severity="warning", title="an allowed origin without Vary: Origin")
_FORBIDS = Kind(code="corp-forbids", severity="error", title="Cross-Origin-Resource-Policy forbids the use")
_FIX = "Access-Control-Allow-Origin: * on the CDN, whoever asks"


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        if asset.crosses and asset.uses and asset.good:
            yield from _of(asset, site.origin)


def _of(asset: Asset, origin: str) -> Iterator[Finding]:
    answers = asset.good.values()
    policy = {reply.headers.get("cross-origin-resource-policy", "").strip().lower() for reply in answers}
    if "same-origin" in policy:
        yield _FORBIDS.finding(
            f"Cross-Origin-Resource-Policy: same-origin, and {origin} uses it",
            location=asset.url,
            fix="Cross-Origin-Resource-Policy: cross-origin",
        )
    if not _needs(asset):
        return
    wrong = next((found for reply in answers if (found := _complaint(asset, reply, origin))), None)
    if wrong is not None:
        yield wrong
    elif any(
        reply.headers.get("access-control-allow-origin", "").strip() not in ("*", "")
        and not {"origin", "*"} & set(reply.lists("vary"))
        for reply in answers
    ):
        yield _VARY.finding(
            "Access-Control-Allow-Origin names an origin, without Vary: Origin", location=asset.url, fix=_FIX
        )


def _needs(asset: Asset) -> bool:
    certain = any(use.certain and use.kind == "font" for use in asset.uses)
    return certain or kind_of(asset.url) == "font" or any(use.crossorigin for use in asset.uses)


def _complaint(asset: Asset, reply: Reply, origin: str) -> Finding | None:
    allowed = reply.headers.get("access-control-allow-origin", "").strip()
    if not allowed:
        return _MISSING.finding(
            f"no Access-Control-Allow-Origin for {origin}, and a browser asks with CORS", location=asset.url, fix=_FIX
        )
    if allowed not in ("*", origin):
        return _WRONG.finding(
            f"Access-Control-Allow-Origin is {allowed!r:.100}, and {origin} asks", location=asset.url, fix=_FIX
        )
    return None


CHECK = Check(name="cors", kinds=(_MISSING, _WRONG, _FORBIDS, _VARY), run=_run, doc=__doc__)
