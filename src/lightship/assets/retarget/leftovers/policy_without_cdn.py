"""A Content-Security-Policy that forbids the CDN.

What it does
============
Reads the policies of pages (``<meta http-equiv>``) and of Next's ``headers()``, and tells the directives that do not
name the CDN although something of their kind comes from there.

Why
===
The browser refuses what the policy does not name, and the page stays blank. A directive that is absent is
``default-src``; ``connect-src`` is asked for what scripts fetch, ``font-src`` for fonts.

Bad
===
::

    <meta http-equiv="Content-Security-Policy" content="default-src 'self'">
    <script type="module" src="https://cdn.lightship.invalid/assets/app.js"></script>

Good
====
::

    <meta http-equiv="Content-Security-Policy" content="default-src 'self' https://cdn.lightship.invalid">
    <script type="module" src="https://cdn.lightship.invalid/assets/app.js"></script>

References
==========
w3.org/TR/CSP3, 6.7.2 "Fetch directives" and 6.7.2.7 "Does url match source list" (2025-10).
"""

import json
from collections import defaultdict
from collections.abc import Iterator

from lightship.assets.policy import forbidding
from lightship.assets.reading.reference import Kind
from lightship.assets.retarget.leftovers.rule import Found, Leftover, LeftoverRule, Subject
from lightship.assets.retarget.prefix import NOWHERE, Prefix

__all__ = ["RULE"]

_ANY = "any"
"""A name below the prefix: a source that names one file allows that one alone."""
_ROUTES = ("routes-manifest.json", ".next/routes-manifest.json")
_KINDS: tuple[Kind, ...] = ("script", "style", "font", "image", "media", "manifest", "fetch")
"""What comes from the CDN. Workers do not: another rule tells of them."""


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host:
        return
    moved: dict[Kind, list[Found]] = defaultdict(list)
    for each in subject.found:
        if each.reference.kind in _KINDS and subject.is_moved(each):
            moved[each.reference.kind].append(each)
    forbidden: dict[str, list[str]] = defaultdict(list)
    for path, text in _policies(subject):
        for kind in moved:
            directive = _forbidding(text, kind, subject.plan.target)
            if directive and path not in forbidden[directive]:
                forbidden[directive].append(path)
    for directive, paths in sorted(forbidden.items()):
        more = f" and {len(paths) - 1} more" if len(paths) > 1 else ""
        yield Leftover(
            message=f"{directive} of {paths[0]}{more} does not name {subject.plan.target.origin}",
            fix=f"add the prefix of the build to {directive} (with the build it is replaced), or say it in a header",
            paths=tuple(paths),
        )


def _policies(subject: Subject) -> Iterator[tuple[str, str]]:
    for path, policy in subject.policies:
        yield path, policy.text
    for path in _ROUTES:
        if path in subject.plan.tree.paths:
            yield from ((path, text) for text in _of_routes(subject.content(path)))


def _of_routes(content: bytes) -> Iterator[str]:
    try:
        for entry in json.loads(content)["headers"]:
            for header in entry["headers"]:
                if str(header["key"]).lower() == "content-security-policy":
                    yield str(header["value"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return  # not as Next writes it: nothing can be said of it


def _forbidding(policy: str, kind: Kind, target: Prefix) -> str:
    """The directive of ``policy`` that does not let ``kind`` come from ``target``; empty where none forbids it. The
    page is on no host that a source could name, under the scheme of ``target``."""
    said = forbidding(policy, kind, f"{target.text}/{_ANY}", f"{target.scheme}://{NOWHERE}/")
    return said.partition(" ")[0]


RULE = LeftoverRule(
    code="policy-without-cdn",
    severity="error",
    title="a Content-Security-Policy that forbids the CDN",
    find=_find,
    doc=__doc__,
)
