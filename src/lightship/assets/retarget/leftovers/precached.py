"""A service worker's list of what it fetches.

What it does
============
Finds precache lists (Workbox, vite-plugin-pwa, Angular) and tells how their entries go with the CDN.

Why
===
A service worker fetches what its list names from its own origin, and is not installed when one of them fails: the files
have to stay there as well. Entries without a revision are never fetched again under the same name, so that a browser
which has one keeps the old prefix in it.

Bad
===
::

    precacheAndRoute([{ url: "assets/app-1a2b3c4d.js", revision: null }]);

Good
====
::

    // vite.config.js, VitePWA: only pages are precached, and they have a revision
    workbox: { globPatterns: ["**/*.html"] }

References
==========
developer.chrome.com, "workbox-precaching" (2026-10); w3.org/TR/service-workers, 3.2.5.
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host:
        return
    listed = [each for each in subject.found if each.reference.via == "precache"]
    moved = [each for each in listed if subject.is_on_cdn(subject.resolved(each))]
    if moved:
        yield Leftover(
            message=f"{moved[0].path} fetches {len(moved)} files from the page's own origin that pages have from the "
            f"CDN: {subject.sample(moved)}",
            fix="leave them on the origin too, or take them out of the list (globPatterns of Workbox)",
            paths=tuple(each.path for each in moved),
        )
    changed = [each for each in listed if subject.resolved(each) in subject.rendered and each not in moved]
    if changed:
        yield Leftover(
            severity="note",
            message=f"{changed[0].path} lists {len(changed)} files that changed: {subject.sample(changed)}",
            fix="revisions that are a digest were made anew; others are for the build to change",
            paths=tuple(each.path for each in changed),
        )


RULE = LeftoverRule(
    code="precached", severity="warning", title="a service worker's list of what it fetches", find=_find, doc=__doc__
)
