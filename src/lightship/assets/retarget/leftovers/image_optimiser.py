"""The server fetches images from the CDN.

What it does
============
Finds addresses of Next's image optimiser whose picture lies on the CDN.

Why
===
The browser asks the server for ``/_next/image``, and the server fetches the picture from the CDN, for the first time
and whenever its cache is empty. Where it may not reach the CDN, or the CDN is at a private address, the picture is
missing.

Bad
===
::

    <img src="/_next/image?url=https%3A%2F%2Fcdn.lightship.invalid%2F_next%2Fstatic%2Fmedia%2Fa.png&w=640&q=75">

Good
====
::

    // next.config.js: browsers have the pictures from the CDN, as they are
    module.exports = { images: { unoptimized: true } };

References
==========
nextjs.org, Image Component: unoptimized, remotePatterns, dangerouslyAllowLocalIP (2026-10).
"""

from collections.abc import Iterator
from urllib.parse import quote

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host:
        return
    wanted = "url=" + quote(subject.plan.target.text, safe="")
    through = [each for each in subject.of_kind("image") if "/_next/image" in each.reference.target]
    moved = [each for each in through if wanted in each.reference.target]
    if moved:
        yield Leftover(
            message=f"{len({each.reference.target for each in moved})} addresses of pictures go through the server, "
            f"which fetches them from {subject.plan.target.origin}: {moved[0].path}",
            fix="`images: { unoptimized: true }`, or let the server reach the CDN",
            paths=tuple(each.path for each in moved),
        )


RULE = LeftoverRule(
    code="image-optimiser", severity="warning", title="the server fetches images from the CDN", find=_find, doc=__doc__
)
