"""A worker on another origin.

What it does
============
Finds web workers, shared workers and service workers whose script would come from the CDN: an address with the prefix,
one that is relative to a module there, and the workers of Turbopack and webpack, whose addresses are made at run time.

Why
===
Browsers load workers from the page's own origin alone, whatever CORS says: ``new Worker`` throws a SecurityError.
Turbopack's workers moreover refuse to load chunks from another origin.

Bad
===
::

    new Worker(new URL("./worker.js", import.meta.url));

Good
====
::

    // public/worker.js is served by the page's own origin
    new Worker("/worker.js");

References
==========
html.spec.whatwg.org, "Worker" constructor, step 6: same origin (2026-10); w3.org/TR/service-workers, register.
"""

import re
from collections.abc import Iterator

from lightship.assets.retarget.leftovers.rule import Leftover, LeftoverRule, Subject

__all__ = ["RULE"]

_TURBOPACK = re.compile(r"(?:^|/)turbopack-worker-[^/]*\.js$")
_WEBPACK = re.compile(rb"new (?:Shared)?Worker\(\w+\.tu\(|new (?:Shared)?Worker\(new URL\(\w+\.p\s*\+")
_FIX = (
    "keep the worker's script on the page's own origin (a file of public/, by an absolute path), or start it from a "
    'Blob: new Worker(URL.createObjectURL(new Blob(["importScripts(…)"])))'
)


def _find(subject: Subject) -> Iterator[Leftover]:
    if not subject.plan.target.host:
        return
    named = [each for each in subject.of_kind("worker") if subject.is_moved(each)]
    made = [path for path in subject.asked if _TURBOPACK.search(path)]
    made += [
        path
        for path in subject.asked
        if path.endswith((".js", ".mjs")) and subject.is_on_cdn(path) and _WEBPACK.search(subject.content(path))
    ]
    if named:
        yield Leftover(
            message=f"from {subject.plan.target.text}, which browsers refuse: {subject.sample(named)}",
            fix=_FIX,
            paths=tuple(each.path for each in named),
        )
    if made:
        yield Leftover(
            message=f"workers are started from the CDN, which browsers refuse: {', '.join(made[:3])}",
            fix=_FIX,
            paths=tuple(made),
        )


RULE = LeftoverRule(
    code="worker-elsewhere", severity="error", title="a worker on another origin", find=_find, doc=__doc__
)
