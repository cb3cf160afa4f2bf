"""A web app manifest on another origin.

What it does
============
Finds ``<link rel=manifest>`` with the CDN's prefix.

Why
===
``start_url`` and ``scope`` are resolved against the manifest's own address and have to be of the page's origin: from a
CDN they are ignored, and the application cannot be installed as it was meant.

Bad
===
::

    <link rel="manifest" href="https://cdn.lightship.invalid/site.webmanifest">

Good
====
::

    <link rel="manifest" href="/site.webmanifest">

References
==========
w3.org/TR/appmanifest, "start_url member" and "scope member" (2026-05).
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    linked = [each for each in subject.of_kind("manifest") if each.reference.via.startswith("link")]
    moved = [each for each in linked if subject.is_moved(each)]
    if moved:
        yield Leftover(
            message=f"the manifest comes from the CDN: {subject.sample(moved)}",
            fix="link it by a path of the page; in Vite, let experimental.renderBuiltUrl leave what is public alone",
            paths=tuple(each.path for each in moved),
        )


RULE = LeftoverRule(
    code="manifest-elsewhere", severity="warning", title="a web app manifest on another origin", find=_find, doc=__doc__
)
