"""Addresses that follow the page.

What it does
============
Finds pages whose scripts, styles and pictures are relative to the page or to its ``<base>``, and scripts that resolve
addresses against ``document.baseURI``.

Why
===
They have no prefix and come from wherever the page does. On a page of which other assets come from the CDN they are
easily overlooked.

Bad
===
::

    <script src="app.js"></script>

Good
====
::

    <script src="https://cdn.lightship.invalid/app.js" crossorigin></script>

References
==========
html.spec.whatwg.org, "document base URL" (2026-10).
"""

import re
from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Found, Leftover, LeftoverRule, Subject

__all__ = ["RULE"]

_KINDS = ("script", "style", "font", "image", "media")
_BASE_URI = re.compile(rb"new URL\([^()]{1,200},\s*document\.baseURI\)")


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host or not subject.plan.slots:
        return
    following = [each for each in subject.found if _follows(each)]
    if following:
        yield Leftover(
            message=f"relative to the page: {subject.sample(following)}",
            fix="write the whole address, or leave them with the page",
            paths=tuple(each.path for each in following),
        )
    scripts = [path for path in subject.asked if path.endswith((".js", ".mjs")) and _asks_base(subject, path)]
    if scripts:
        yield Leftover(
            message=f"resolved against document.baseURI: {', '.join(scripts[:3])}",
            fix="resolve against import.meta.url, or leave them with the page",
            paths=tuple(scripts),
        )


def _follows(found: Found) -> bool:
    if found.reference.kind not in _KINDS or not found.path.endswith((".html", ".htm")) or not found.reference.certain:
        return False
    absolute = ("/", "http:", "https:")
    return not found.reference.target.startswith(absolute) and not found.reference.base.startswith(absolute[1:])


def _asks_base(subject: Subject, path: str) -> bool:
    content = subject.content(path)
    return b"document.baseURI" in content and _BASE_URI.search(content) is not None


RULE = LeftoverRule(
    code="relative-base", severity="note", title="addresses that follow the page", find=_find, doc=__doc__
)
