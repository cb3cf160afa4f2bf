"""Older releases still answer.

What it does
============
With `--releases`: asks for every address that an older release had. A name with a hash must still be there, with the
content that it had. Where a report of `lightship assets verify` or a manifest tells the ETag, it is sent: what changed
must not be answered with 304.

Why
===
A tab that was opened yesterday asks for yesterday's parts when its user clicks, and during a rolling update pages of
both releases are served at once. Deleting what the new release does not have breaks them.

Bad
===
`/assets/index-DiwrgT4a.js` of yesterday's release is answered with 404 today.

Good
====
It is answered with what it held; `index.html`, which has no hash, with today's.

References
==========
RFC 9110, 13.1.2: If-None-Match.
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Former, Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_GONE = Kind(code="release-gone", severity="error", title="what an older release had is gone")
_OTHER = Kind(code="release-changed", severity="error", title="a name with a hash has another content")
_LIES = Kind(code="etag-stale", severity="error", title="304 for what has changed")


def _run(site: Site) -> Iterator[Finding]:
    for former in site.formers:
        finding = _of(former)
        if finding is not None:
            yield finding


def _of(former: Former) -> Finding | None:
    reply = former.reply
    if reply.skipped:
        return None
    if reply.fault or reply.status != 200:
        if not former.hashed and not former.listed:
            return None  # what has no hash may go: its page went as well
        said = reply.fault or f"answered with {reply.status}"
        return _GONE.finding(
            f"{said}, and {former.release} has it",
            location=former.url,
            fix="keep the last releases: lightship assets push --keep",
        )
    changed = bool(former.sha256 and reply.sha256 and former.sha256 != reply.sha256)
    if changed and former.hashed:
        return _OTHER.finding(f"another content than in {former.release}", location=former.url)
    if changed and former.again is not None and former.again.status == 304:
        return _LIES.finding(
            f"changed since {former.release}, and whoever has that is told 304",
            location=former.url,
            fix="lightship assets compress gives every file a time that is made from its content",
        )
    return None


CHECK = Check(name="releases", kinds=(_GONE, _OTHER, _LIES), run=_run, doc=__doc__)
