"""Browsers are told to believe the media type.

What it does
============
Looks for `X-Content-Type-Options: nosniff` in the answers of the site and its CDNs.

Why
===
Without it a browser guesses: what a user uploaded as a picture runs as a script, and a wrong type stays hidden until
somebody turns the header on.

Bad
===
::

    /logo.svg -> X-Content-Type-Options:

Good
====
::

    /logo.svg -> X-Content-Type-Options: NoSniff

References
==========
https://fetch.spec.whatwg.org (2026-10), 3.6: X-Content-Type-Options.
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_MISSING = Kind(code="nosniff-missing", severity="warning", title="no X-Content-Type-Options: nosniff")


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        # the first word counts, whatever follows: Fetch, "determine nosniff"
        said = {reply.lists("x-content-type-options")[:1] for reply in asset.good.values()}
        if asset.own and said - {("nosniff",)}:
            yield _MISSING.finding(
                "no X-Content-Type-Options: nosniff",
                location=asset.url,
                fix="add_header X-Content-Type-Options nosniff always;",
            )


CHECK = Check(name="sniffing", kinds=(_MISSING,), run=_run, doc=__doc__)
