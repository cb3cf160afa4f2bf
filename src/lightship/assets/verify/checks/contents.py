"""Every client gets the same bytes, and they are the right ones.

What it does
============
Undoes the content coding of each answer and compares: clients with each other, with the file where the directory is
known, with the `integrity` that a page demands. A coding that the client did not ask for, that is broken, cut short or
followed by something, is a finding.

Why
===
Sidecars are made once and outlive their file: a `.gz` of the last release goes out to nine browsers of ten, while
`curl` gets the right one. What is compressed twice, or says that it is compressed and is not, no browser can read.

Bad
===
::

    /assets/index-DiwrgT4a.js when gzip -> gzip: the last release's script

Good
====
::

    /assets/index-DiwrgT4a.js when br -> as: identity

References
==========
RFC 9110, 8.4 and 12.5.3. https://www.w3.org/TR/SRI/ (2016-06-23).
"""

from collections.abc import Iterator

from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.observe import integrity_holds
from lightship.assets.verify.site import CLIENTS, Asset, Site
from lightship.findings import Finding, Kind

__all__ = ["CHECK"]

_DIFFERS = Kind(code="content-differs", severity="error", title="clients get different contents")
_BROKEN = Kind(code="encoding-broken", severity="error", title="a body that its Content-Encoding does not fit")
_UNASKED = Kind(code="encoding-unasked", severity="error", title="a content coding that the client did not ask for")
_FILE = Kind(code="file-differs", severity="error", title="what is served is not the file")
_INTEGRITY = Kind(code="integrity-broken", severity="error", title="not what the page's integrity attribute demands")
_FIX = "lightship assets compress makes sidecars anew that do not decompress to their file"
_MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        if asset.good:
            yield from _codings(asset)
            yield from _contents(asset)


def _codings(asset: Asset) -> Iterator[Finding]:
    for client, reply in asset.good.items():
        asked = {word.strip() for word in CLIENTS[client].split(",")}
        unasked = [coding for coding in reply.lists("content-encoding") if coding not in asked]
        if unasked:
            # an object store negotiates nothing; there is no browser without gzip
            fixed = {one.encoding for one in asset.good.values()} == {"gzip"}
            yield _UNASKED.finding(
                f"{', '.join(unasked)} to a client with Accept-Encoding: {CLIENTS[client]}",
                location=asset.url,
                severity="note" if fixed else None,
                fix="send what Accept-Encoding asks for; gunzip on, where nginx has the .gz alone",
            )
        elif reply.broken and reply.body_bytes:
            yield _BROKEN.finding(f"{reply.broken} (Accept-Encoding: {CLIENTS[client]})", location=asset.url, fix=_FIX)


def _contents(asset: Asset) -> Iterator[Finding]:
    read = {client: reply for client, reply in asset.good.items() if reply.sha256 and reply.plain_bytes}
    if len({reply.sha256 for reply in read.values()}) > 1:
        sizes = ", ".join(f"{client} {reply.plain_bytes} bytes" for client, reply in read.items())
        yield _DIFFERS.finding(f"clients get different contents, uncompressed: {sizes}", location=asset.url, fix=_FIX)
    elif read and asset.file_sha256 not in (None, next(iter(read.values())).sha256):
        reply = next(iter(read.values()))
        what = next((f": {name}, and no Content-Encoding says so" for magic, name in _MAGIC.items()
                     if reply.begin.startswith(magic)), "")  # fmt: skip
        yield _FILE.finding(
            f"the file has {asset.file_bytes} bytes, and {reply.plain_bytes} other ones were sent{what}",
            location=asset.url,
            fix="is it deployed, and are caches purged of names without a hash?",
        )
    broken = sorted({use.by for use in asset.uses if use.integrity and not _holds(asset, use.integrity)})
    if broken and read:
        yield _INTEGRITY.finding(f"not what the integrity attribute in {broken[0]} demands", location=asset.url)


def _holds(asset: Asset, text: str) -> bool:
    return integrity_holds(asset.digests, text)


CHECK = Check(name="contents", kinds=(_DIFFERS, _BROKEN, _UNASKED, _FILE, _INTEGRITY), run=_run, doc=__doc__)
