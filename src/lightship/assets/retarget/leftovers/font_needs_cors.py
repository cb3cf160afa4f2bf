"""Fonts need CORS.

What it does
============
Finds fonts that come from the CDN.

Why
===
Browsers fetch fonts with CORS always. Without ``Access-Control-Allow-Origin`` in the CDN's answer they are thrown away,
and the page shows another font.

Bad
===
::

    @font-face { src: url(https://cdn.lightship.invalid/assets/inter.woff2) }

Good
====
::

    Access-Control-Allow-Origin: *

References
==========
w3.org/TR/css-fonts-4, 4.8 "Font fetching requirements" (2024-02); fetch.spec.whatwg.org, CORS protocol.
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    moved = [each for each in subject.of_kind("font") if subject.is_moved(each)]
    if moved:
        yield Leftover(
            message=f"fonts come from the CDN: {subject.sample(moved)}",
            fix="let the CDN answer with `Access-Control-Allow-Origin: *` for fonts",
            paths=tuple(each.path for each in moved),
        )


RULE = LeftoverRule(code="font-needs-cors", severity="note", title="fonts need CORS", find=_find, doc=__doc__)
