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

import fnmatch
import json
from collections import defaultdict
from collections.abc import Iterator

from lightship.assets.reading.reference import Kind
from lightship.assets.retarget.leftovers.rule import Found, Leftover, LeftoverRule, Subject
from lightship.assets.retarget.prefix import Prefix

__all__ = ["RULE"]

_DIRECTIVES: dict[Kind, tuple[str, ...]] = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "style": ("style-src-elem", "style-src", "default-src"),
    "font": ("font-src", "default-src"),
    "image": ("img-src", "default-src"),
    "media": ("media-src", "default-src"),
    "manifest": ("manifest-src", "default-src"),
    "fetch": ("connect-src", "default-src"),
}
_ROUTES = ("routes-manifest.json", ".next/routes-manifest.json")
_PORTS = {"https": "443", "http": "80"}


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host:
        return
    moved: dict[Kind, list[Found]] = defaultdict(list)
    for each in subject.found:
        if each.reference.kind in _DIRECTIVES and subject.is_moved(each):
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
    """The directive of ``policy`` that does not let ``kind`` come from ``target``; empty where none forbids it."""
    directives: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            directives.setdefault(words[0].lower(), words[1:])
    for name in _DIRECTIVES[kind]:
        if name in directives:
            allowed = any(_allows(source, kind, target) for source in directives[name])
            return "" if allowed else name
    return ""


def _allows(source: str, kind: Kind, target: Prefix) -> bool:
    lowered = source.lower()
    if kind in ("script", "style") and lowered.startswith(("'nonce-", "'sha")):
        return True  # whatever has the nonce may come from anywhere
    if lowered == "'strict-dynamic'":
        return kind == "script"
    if lowered == "*" or lowered == f"{target.scheme}:" or (lowered == "http:" and target.scheme == "https"):
        return True
    scheme, mark, rest = lowered.rpartition("://")
    if mark and scheme not in (target.scheme, "http"):
        return False
    authority, slash, path = rest.partition("/")
    host, _, port = authority.partition(":")
    own = target.port or _PORTS[target.scheme]
    if port not in ("", "*", own) or (not port and own != _PORTS[target.scheme]):
        return False
    named = fnmatch.fnmatchcase(target.host.lower(), host) if host.startswith("*.") else host == target.host.lower()
    return named and (not path or (path.endswith("/") and f"{target.path}/".lower().startswith(slash + path)))


RULE = LeftoverRule(
    code="policy-without-cdn",
    severity="error",
    title="a Content-Security-Policy that forbids the CDN",
    find=_find,
    doc=__doc__,
)
