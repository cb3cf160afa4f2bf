"""Nothing is served empty.

What it does
============
Looks for answers with status 200 and no byte in them, compressed or not, for every kind of client.

Why
===
A shell loop that compresses with a program that is not installed leaves an empty `.br` beside every file. nginx serves
it with status 200: monitoring is green, and browsers run an empty script.

Bad
===
::

    /assets/index-DiwrgT4a.js when br -> body:

Good
====
::

    /assets/index-DiwrgT4a.js -> Server: another

References
==========
RFC 9110, 15.3.1: 200 OK. https://nginx.org/en/docs/http/ngx_http_gzip_static_module.html
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_EMPTY = Kind(code="answer-empty", severity="error", title="an empty answer with status 200")


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        empty = [client for client, reply in asset.good.items() if not reply.body_bytes]
        empty += [client for client, reply in asset.good.items() if reply.body_bytes and reply.sha256 == _NOTHING]
        if not empty or asset.file_bytes == 0:
            continue
        whom = "every client" if len(empty) == len(asset.replies) else "clients with " + ", ".join(sorted(empty))
        yield _EMPTY.finding(
            f"an empty body with status 200 to {whom}",
            location=asset.url,
            fix="lightship assets compress replaces sidecars that do not decompress to their file",
        )


_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
"""SHA-256 of no bytes: what an empty file is after it was compressed well."""

CHECK = Check(name="empty", kinds=(_EMPTY,), run=_run, doc=__doc__)
