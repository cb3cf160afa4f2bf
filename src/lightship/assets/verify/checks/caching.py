"""What changes with its content is kept for ever, and nothing else is.

What it does
============
A name with a hash of its content must be kept for a month or more, every other name must be asked for again:
`no-cache`, `no-store`, or no more than an hour. Pages may not be kept at all, nor may errors. An answer without
`Cache-Control` is one whose lifetime every cache guesses. An asset sets no cookie.

Why
===
A page that is kept names scripts of the last release, which may be gone. A script without a hash that is kept for a
year is old for a year, and no deployment reaches it. One with a hash that is not kept is asked for on every visit. What
sets a cookie no CDN keeps.

Bad
===
::

    / -> Cache-Control: public, max-age=86400

Good
====
::

    /logo.svg -> Cache-Control: public, max-age=600

References
==========
RFC 9111, 4.2 and 5.2. RFC 8246: immutable.
"""

import re
from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Reply, Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_FORGOTTEN = Kind(code="hashed-not-kept", severity="warning", title="a name with a hash that is not kept")
_KEPT = Kind(code="kept-too-long", severity="error", title="a name without a hash that is kept for long")
_PAGE = Kind(code="page-kept", severity="error", title="a page that is kept")
_GUESSED = Kind(code="lifetime-guessed", severity="warning", title="no lifetime is said, so caches guess one")
_ERROR = Kind(code="error-kept", severity="warning", title="an error that is kept")
_COOKIE = Kind(code="cookie-set", severity="warning", title="an asset that sets a cookie, which no CDN keeps")
_MONTH_S = 30 * 86_400
_HOUR_S = 3600
_MINUTE_S = 60
_NUMBER = re.compile(r'"?([0-9]{1,40})"?')


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        if asset.own:  # each client, for the forms of one address may come from different places
            yield from dict.fromkeys(finding for reply in asset.good.values() for finding in _of(asset, reply))
    for url, reply in site.absent.items():
        lifetime = _lifetime(reply)
        if reply.status >= 400 and lifetime is not None and lifetime > _MINUTE_S:
            yield _ERROR.finding(
                f"status {reply.status} is kept for {_told(lifetime)}",
                location=url,
                fix="no-store for errors: the release that brings the file comes later",
            )


def _of(asset: Asset, reply: Reply) -> Iterator[Finding]:
    lifetime = _lifetime(reply)
    page = asset.page or asset.suffix in ("html", "htm")
    if not page and "set-cookie" in reply.headers:
        yield _COOKIE.finding("sets a cookie", location=asset.url, fix="no Set-Cookie for static files")
    if page and lifetime:
        yield _PAGE.finding(
            f"kept for {_told(lifetime)}", location=asset.url, fix="Cache-Control: no-cache for pages"
        )  # fmt: skip
    elif page or not asset.hashed:
        if lifetime is None:
            yield _GUESSED.finding(
                "neither Cache-Control nor Expires", location=asset.url, fix="Cache-Control: no-cache"
            )  # fmt: skip
        elif lifetime > _HOUR_S and not _has_version(asset):
            yield _KEPT.finding(
                f"kept for {_told(lifetime)}, and its name has no hash",
                location=asset.url,
                fix="Cache-Control: no-cache, or a hash in its name",
            )
    elif lifetime is None or lifetime < _MONTH_S:
        kept = "for as long as a cache guesses" if lifetime is None else f"for {_told(lifetime)}"
        yield _FORGOTTEN.finding(
            f"kept {kept}, and its name has a hash",
            location=asset.url,
            fix="Cache-Control: public, max-age=31536000, immutable",
        )


def _has_version(asset: Asset) -> bool:
    """``app.js?v=3f2a9c1b``: another content has another address."""
    query = asset.url.partition("?")[2]
    return bool(re.search(r"[0-9a-f]{6,}|[0-9]+\.[0-9]+", query))


def _lifetime(reply: Reply) -> int | None:
    """Seconds for which a browser may use it without asking; None where it is not said. No more than Age leaves."""
    said = reply.lists("cache-control")
    if {"no-cache", "no-store"} & set(said):
        return 0
    for word in said:
        name, _, value = word.partition("=")
        number = _NUMBER.fullmatch(value.strip())
        if name.strip() == "max-age" and number:
            return int(number[1])
    if "expires" in reply.headers:
        return _until(reply.headers["expires"], reply.headers.get("date", ""))
    return 0 if "must-revalidate" in said and len(said) == 1 else None


def _until(expires: str, date: str) -> int:
    """RFC 9111, 5.3: what is no date has expired."""
    from email.utils import parsedate_to_datetime

    try:
        return max(0, int((parsedate_to_datetime(expires) - parsedate_to_datetime(date)).total_seconds()))
    except (ValueError, TypeError, OverflowError):
        return 0


def _told(seconds: int) -> str:
    for length, name in ((86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        if seconds >= length:
            count = seconds // length
            return f"{count:,} {name}{'s' if count > 1 else ''}"
    return "0 seconds"


CHECK = Check(name="caching", kinds=(_PAGE, _KEPT, _FORGOTTEN, _GUESSED, _ERROR, _COOKIE), run=_run, doc=__doc__)
