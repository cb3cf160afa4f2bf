"""Media types are what browsers want them to be.

What it does
============
Compares `Content-Type` with what the address is asked for as, and with its name: scripts, styles, pages, fonts,
pictures, WebAssembly, manifests. All clients must be told the same.

Why
===
A module script whose type is not JavaScript is not run, a style that is not `text/css` is not used where `nosniff` is
sent, `.wasm` of another type cannot be compiled while it is streamed. `.mjs`, `.wasm` and `.webmanifest` are missing
from many servers' tables. A page in place of a script is what a fallback for single pages does when the script is gone.

Bad
===
::

    /assets/index-DiwrgT4a.js -> Content-Type: application/octet-stream

Good
====
::

    /assets/index-DiwrgT4a.js -> Content-Type: application/javascript

References
==========
RFC 9239: text/javascript.
https://mimesniff.spec.whatwg.org (2026-10), 4.6.
https://fetch.spec.whatwg.org (2026-10), 3.6.
"""

from collections.abc import Iterator

from lightship.assets.kinds import MEDIA_TYPES
from lightship.assets.verify.checks.check import Check
from lightship.assets.verify.site import Asset, Reply, Site
from lightship.findings import Finding, Kind, Severity

__all__ = ["CHECK", "JAVASCRIPT"]

_MISSING = Kind(code="type-missing", severity="error", title="an answer without Content-Type")
_WRONG = Kind(code="type-wrong", severity="error", title="the media type is not what it is used as")
_PAGE = Kind(code="page-instead", severity="error", title="a page was sent in place of an asset")
_CHARSET = Kind(code="charset-missing", severity="note", title="a page that does not say its character set")

JAVASCRIPT = frozenset(
    ("text/javascript", "application/javascript", "application/x-javascript", "application/ecmascript",
     "text/ecmascript", "text/jscript", "text/x-javascript")
)  # fmt: skip
_PAGES = frozenset(("text/html", "application/xhtml+xml"))
_KINDS: dict[str, frozenset[str]] = {"script": JAVASCRIPT, "worker": JAVASCRIPT, "style": frozenset(("text/css",))}
_ALSO: dict[str, frozenset[str]] = {
    "xml": frozenset(("text/xml",)), "map": frozenset(("text/plain", "application/octet-stream")),
    "ico": frozenset(("image/vnd.microsoft.icon",)), "svg": frozenset(),
    "webmanifest": frozenset(("application/json",)), "md": frozenset(("text/plain",)),
    "yaml": frozenset(("application/yaml", "text/plain", "text/x-yaml")), "yml": frozenset(("application/yaml",)),
    "wav": frozenset(("audio/x-wav", "audio/wave")), "gz": frozenset(("application/x-gzip",)),
    "geojson": frozenset(("application/json",)), "jsonld": frozenset(("application/json",)),
    "rss": frozenset(("application/xml", "text/xml")), "atom": frozenset(("application/xml", "text/xml")),
    "ttf": frozenset(("application/x-font-ttf", "application/font-sfnt", "font/sfnt")),
    "otf": frozenset(("application/x-font-opentype", "application/font-sfnt", "font/sfnt")),
    "woff": frozenset(("application/font-woff", "application/x-font-woff")),
    "woff2": frozenset(("application/font-woff2",)),
}  # fmt: skip
"""Older names that browsers take as well."""
_WANTED = {suffix: name.partition(";")[0] for name, suffixes in MEDIA_TYPES.items() for suffix in suffixes}
_BREAKS = frozenset(("js", "mjs", "cjs", "css", "wasm", "html", "htm", "xhtml", "svg", "webmanifest"))
_WEIGH_LESS = frozenset(("txt", "md", "csv", "yaml", "yml", "vtt", "pdf", "zip", "gz", "rss", "atom", "map"))


def _run(site: Site) -> Iterator[Finding]:
    for asset in site.assets:
        reply = asset.plain
        if reply is None or not reply.plain_bytes:
            continue
        told = {good.headers.get("content-type", "") for good in asset.good.values()}
        if len(told) > 1:
            said = " and ".join(sorted(repr(one) for one in told))
            yield _WRONG.finding(f"clients are told different types: {said}", location=asset.url)
        yield from _of(asset, reply)


def _of(asset: Asset, reply: Reply) -> Iterator[Finding]:
    found = reply.media_type
    if not found:
        yield _MISSING.finding("no Content-Type", location=asset.url, fix=_fix(asset))
        return
    wanted = _wanted(asset)
    if wanted and found not in wanted:
        if found in _PAGES and _looks_like_page(reply):
            yield _PAGE.finding(
                f"a page ({found}) where {_usual(asset)} belongs",
                location=asset.url,
                fix="answer assets that are not there with 404: lightship assets nginx does",
            )
            return
        yield _WRONG.finding(
            f"want {_usual(asset)}, got {found}", location=asset.url, fix=_fix(asset), severity=_weight(asset)
        )
    elif found == "text/html" and asset.own and not _says_charset(reply):
        yield _CHARSET.finding("no character set in Content-Type and none at the page's beginning", location=asset.url)


def _weight(asset: Asset) -> Severity:
    """Scripts, styles and pages are not used under another type; fonts and pictures are."""
    if asset.page or asset.kinds & set(_KINDS) or asset.suffix in _BREAKS:
        return "error"
    return "note" if asset.suffix in _WEIGH_LESS else "warning"


def _wanted(asset: Asset) -> frozenset[str]:
    if asset.page:
        return _PAGES
    for kind, types in _KINDS.items():
        if kind in asset.kinds:
            return types
    usual = _WANTED.get(asset.suffix)
    if usual in JAVASCRIPT:
        return JAVASCRIPT
    return frozenset((usual,)) | _ALSO.get(asset.suffix, frozenset()) if usual else frozenset()


def _usual(asset: Asset) -> str:
    wanted = _wanted(asset)
    usual = _WANTED.get(asset.suffix, "")
    return usual if usual in wanted else sorted(wanted)[-1]


def _looks_like_page(reply: Reply) -> bool:
    return b"<html" in reply.begin.lower() or b"<!doctype html" in reply.begin.lower()


def _says_charset(reply: Reply) -> bool:
    return "charset" in reply.headers["content-type"].lower() or b"charset" in reply.begin.lower()


def _fix(asset: Asset) -> str:
    usual = _usual(asset) if _wanted(asset) else _WANTED.get(asset.suffix, "the right type")
    return f"a type for .{asset.suffix} in the server's table: {usual}" if asset.suffix else f"send {usual}"


CHECK = Check(name="types", kinds=(_MISSING, _WRONG, _PAGE, _CHARSET), run=_run, doc=__doc__)
