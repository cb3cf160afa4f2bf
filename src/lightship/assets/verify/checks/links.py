"""Every reference in the directory leads to a file.

What it does
============
With a directory: reads pages, styles, scripts and manifests, and looks for what they name in the directory, as it is
served at `--base`. What lies below an address given with `--cdn` is taken to be there, and no host is asked. What only
looks like an address in a script is named when it has a hash and no file.

Why
===
A part that a bundler names and a copy left out is missed by the first user who clicks there.

Bad
===
::

    index.html | <script src=/assets/app-3f2a9c1b.js></script>

Good
====
::

    index.html | <script src=/assets/app-3f2a9c1b.js></script><a href=/users/7>
    assets/app-3f2a9c1b.js | console.log(1)

References
==========
https://url.spec.whatwg.org (2026-10), 4.4: URL parsing. https://html.spec.whatwg.org (2026-10), 4.2.3: base.
"""

from collections.abc import Iterator

from lightship.assets.kinds import MEDIA_TYPES, is_hashed
from lightship.assets.retarget.prefix import PLACEHOLDER
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.tree import Lead, Tree
from lightship.assets.verify.urls import origin_of
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_MISSING = Kind(code="reference-missing", severity="error", title="a reference that leads to no file")
_BROKEN = Kind(code="link-broken", severity="warning", title="a link that leads to no page")
_UNSURE = Kind(code="reference-unsure", severity="note", title="a name with a hash in a script, and no such file")
_INSECURE = Kind(code="reference-by-http", severity="warning", title="a reference by http, which secure pages refuse")
_ELSEWHERE = Kind(code="reference-elsewhere", severity="note", title="a reference to a host that was not looked at")
_SUFFIXES = {suffix for suffixes in MEDIA_TYPES.values() for suffix in suffixes}


def _run(tree: Tree) -> Iterator[Finding]:
    hosts: dict[str, int] = {}
    for lead in tree.leads:
        if lead.url:
            if lead.kind != "page" and origin_of(lead.url) != PLACEHOLDER:  # told by `placeholder`
                hosts[origin_of(lead.url)] = hosts.get(origin_of(lead.url), 0) + 1
                if lead.url.startswith("http:") and not lead.target.startswith("//"):
                    yield _INSECURE.finding(f"{lead.by} asks for {lead.target} by http", location=lead.by)
            continue
        finding = _of(lead, tree)
        if finding is not None:
            yield finding
    for host, count in sorted(hosts.items()):
        yield _ELSEWHERE.finding(
            f"{count} references lead to {host}", location=host, fix=f"--cdn {host}, if that is where assets are"
        )


def _of(lead: Lead, tree: Tree) -> Finding | None:
    path = lead.target.partition("?")[0].partition("#")[0]
    suffix = path.rpartition("/")[2].rpartition(".")[2].lower() if "." in path.rpartition("/")[2] else ""
    if not lead.certain:
        if not is_hashed(path.lstrip("./")) or lead.by.endswith(".json"):  # bundlers' lists name sources too
            return None
        return _UNSURE.finding(f"{lead.target} stands in it, and there is no such file", location=lead.by)
    if lead.kind == "page":
        if tree.single and suffix not in _SUFFIXES:
            return None  # a route of a single page
        return _BROKEN.finding(f"leads to {lead.target}, and there is no such page", location=lead.by)
    if lead.kind in ("fetch", "other") and suffix not in _SUFFIXES:
        return None  # an interface of the application
    return _MISSING.finding(
        f"asks for {lead.target} ({lead.kind}), and there is no such file",
        location=lead.by,
        fix="--base says at which path the directory is served, --cdn where else assets are",
    )


CHECK = Check(
    name="links", kinds=(_MISSING, _BROKEN, _INSECURE, _UNSURE, _ELSEWHERE), run=_run, doc=__doc__
)  # fmt: skip
