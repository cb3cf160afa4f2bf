"""A page's Content-Security-Policy allows what the page asks for.

What it does
============
Reads the policies of each page, from its header and its `<meta>`, and holds against them what the page asks for, and
what its styles and scripts ask for: scripts, styles, fonts, pictures, media, manifests, workers. What nonces and hashes
allow is believed to have them.

Why
===
After the move to a CDN `script-src 'self'` and `font-src 'self'` forbid every asset of the site. All answers are 200,
and the page is blank: only the browser knows.

Bad
===
::

    / -> Content-Security-Policy: default-src 'self'

Good
====
::

    / -> Content-Security-Policy: default-src 'self' CDN

References
==========
https://www.w3.org/TR/CSP3/ (2025-10), 6.1 and 6.7.2.
"""

from collections import defaultdict
from collections.abc import Iterator

from lightship.assets.policy import forbidding
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Site, Use
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_FORBIDS = Kind(code="policy-forbids", severity="error", title="a Content-Security-Policy that forbids an asset")
_CARRIERS = ("script", "style")
"""What asks for more on behalf of its page."""


def _run(site: Site) -> Iterator[Finding]:
    by: dict[str, list[Use]] = defaultdict(list)
    for use in site.uses:
        if use.certain:
            by[use.by].append(use)
    told: set[tuple[str, str]] = set()
    for page in site.assets:
        policies = _policies(page) if page.page else ()
        for use in _reached(page.url, by) if policies else ():
            for policy in policies:
                directive = forbidding(policy, use.kind, use.url, page.url)
                if directive and (directive, use.url) not in told:
                    told.add((directive, use.url))
                    yield _FORBIDS.finding(
                        f"{directive}, says the policy of {page.url}, and does not allow it as {use.kind}",
                        location=use.url,
                        fix="name the origin of the assets in that directive",
                    )


def _policies(page: Asset) -> tuple[str, ...]:
    reply = page.plain
    header = reply.headers.get("content-security-policy", "") if reply is not None else ""
    return tuple(filter(None, (header, *page.policies)))


def _reached(page: str, by: dict[str, list[Use]]) -> Iterator[Use]:
    """What the page asks for, and its scripts and styles for it."""
    seen, waiting = {page}, [page]
    while waiting:
        for use in by.get(waiting.pop(), ()):
            yield use
            if use.kind in _CARRIERS and use.url not in seen:
                seen.add(use.url)
                waiting.append(use.url)


CHECK = Check(name="policies", kinds=(_FORBIDS,), run=_run, doc=__doc__)
