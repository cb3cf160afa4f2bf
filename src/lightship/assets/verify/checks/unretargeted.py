"""No page of the site asks for the placeholder.

What it does
============
With a site: looks whether anything that was read asks for `https://cdn.lightship.invalid`.

Why
===
A front end that is built for many CDNs is built for a name that is nobody's, and retargeted before it is deployed. One
that was not is a page without scripts and styles for every user.

Bad
===
::

    / -> body: <!doctype html><script src="https://cdn.lightship.invalid/app-3f2a9c1b.js"></script>

Good
====
::

    / -> body: <!doctype html><script src="CDN/vendor-3f2a9c1b.js"></script>

References
==========
docs/guides/assets-cdn.md. https://www.rfc-editor.org/rfc/rfc2606, 2: no host of `.invalid` will ever be.
"""

from collections.abc import Iterator

from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Site
from lightship.assets.verify.urls import origin_of
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_ASKED = Kind(code="placeholder-asked", severity="error", title="a build that was not retargeted is served")


def _run(site: Site) -> Iterator[Finding]:
    uses = [use for use in site.uses if origin_of(use.url) == PLACEHOLDER]
    if uses:
        yield _ASKED.finding(
            f"{len({use.url for use in uses})} addresses below {PLACEHOLDER} are asked for, {uses[0].url} first: no "
            "browser finds them",
            location=uses[0].by,
            fix="lightship assets retarget what is deployed, then deploy it",
        )


CHECK = Check(name="unretargeted", kinds=(_ASKED,), run=_run, doc=__doc__)
