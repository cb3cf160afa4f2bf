"""What begins with https stays with https.

What it does
============
Looks at redirects that lead from https to http, and on a site with https for what its pages ask for by http.

Why
===
A server behind a proxy that ends TLS believes that it speaks http, and writes that into redirects: `/docs` leads to
`http://…/docs/`. Browsers block scripts, styles and fonts that a secure page asks for by http.

Bad
===
`https://app.example/docs` answers with 301 and `Location: http://app.example/docs/`.

Good
====
The same with `Location: /docs/`.

References
==========
https://www.w3.org/TR/mixed-content/ (2023-02).
https://nginx.org/en/docs/http/ngx_http_core_module.html#absolute_redirect
"""

from collections.abc import Iterator
from itertools import pairwise

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Site
from lightship.assets.verify.urls import origin_of
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_DOWN = Kind(code="redirect-insecure", severity="error", title="a redirect from https to http")
_MIXED = Kind(code="mixed-content", severity="error", title="a secure page asks for something by http")
_HARMLESS = ("page", "map")
"""A link to a page by http is followed; it is no part of the page."""


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        for reply in asset.replies.values():
            steps = [(one, other) for one, other in pairwise((asset.url, *reply.hops)) if _is_down(one, other)]
            if steps:
                yield _DOWN.finding(
                    f"redirected to {steps[0][1]}", location=asset.url, fix="absolute_redirect off; behind a proxy"
                )  # fmt: skip
                break
    if site.origin.startswith("https:"):
        for use in site.uses:
            if origin_of(use.url).startswith("http:") and use.certain and use.kind not in _HARMLESS:
                yield _MIXED.finding(f"{use.by or 'the site'} asks for it by http", location=use.url)


def _is_down(one: str, other: str) -> bool:
    return origin_of(one).startswith("https:") and origin_of(other).startswith("http:")


CHECK = Check(name="transport", kinds=(_DOWN, _MIXED), run=_run, doc=__doc__)
