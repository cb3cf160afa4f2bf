"""What is not there is 404, whatever the name.

What it does
============
Asks, beside the site's scripts and at its root, for a script, a style and a font that nobody has.

Why
===
A fallback for single pages that answers everything with `index.html` and 200 sends a page in place of the script of the
last release: `Unexpected token '<'`, a blank page, and nothing in the server's log. A CDN may keep that answer.

Bad
===
::

    absent.js -> file: /

Good
====
::

    absent.js -> 410

References
==========
RFC 9110, 15.5.5: 404 Not Found.
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_FOUND = Kind(code="absent-found", severity="error", title="what is not there is answered with 200")
_FAILED = Kind(code="absent-failed", severity="warning", title="what is not there is no plain 404")


def _run(site: Site) -> Iterator[Finding]:
    for url, reply in site.absent.items():
        if reply.fault:
            if not reply.skipped:
                yield _FAILED.finding(reply.fault, location=url)
        elif reply.status == 200:
            what = f" and {reply.media_type}" if reply.media_type else ""
            yield _FOUND.finding(
                f"answered with 200{what}, and nothing is there",
                location=url,
                fix="let the fallback answer routes and no names of assets: lightship assets nginx does",
            )
        elif reply.status not in (404, 410, 403):
            # an object store without the right to list says 403 for what is not there
            yield _FAILED.finding(f"answered with {reply.status}, and nothing is there", location=url)


CHECK = Check(name="fallback", kinds=(_FOUND, _FAILED), run=_run, doc=__doc__)
