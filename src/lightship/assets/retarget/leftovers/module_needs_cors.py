"""Module scripts need CORS.

What it does
============
Finds scripts and styles from the CDN that are fetched with CORS: ``<script type=module>``, what modules import, what
has ``crossorigin``; and those with ``integrity`` alone.

Why
===
Without ``Access-Control-Allow-Origin`` the browser refuses them, and nothing of the page runs. ``integrity`` without
``crossorigin`` fails on another origin, since the bytes may not be looked at.

Bad
===
::

    <script src="https://cdn.lightship.invalid/app.js" integrity="sha384-…"></script>

Good
====
::

    <script src="https://cdn.lightship.invalid/app.js" integrity="sha384-…" crossorigin></script>

References
==========
html.spec.whatwg.org, "fetch a module script graph" (2026-10); w3.org/TR/sri-2, 3.5.
"""

from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]


def _find(subject: Subject) -> Iterator[Leftover]:
    moved = [each for each in subject.of_kind("script", "style", "preload") if subject.is_moved(each)]
    asked = [each for each in moved if each.reference.crossorigin]
    if asked:
        yield Leftover(
            message=f"fetched with CORS: {subject.sample(asked)}",
            fix="let the CDN answer with `Access-Control-Allow-Origin: *` for scripts and styles",
            paths=tuple(each.path for each in asked),
        )
    blind = [each for each in moved if each.reference.integrity and not each.reference.crossorigin]
    if blind:
        yield Leftover(
            severity="error",
            message=f"integrity without crossorigin is refused from another origin: {subject.sample(blind)}",
            fix='add `crossorigin` beside `integrity` (Next.js: `crossOrigin: "anonymous"` in its configuration)',
            paths=tuple(each.path for each in blind),
        )


RULE = LeftoverRule(
    code="module-needs-cors", severity="note", title="module scripts need CORS", find=_find, doc=__doc__
)
