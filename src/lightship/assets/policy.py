"""Whether a Content-Security-Policy lets a page have something: https://www.w3.org/TR/CSP3/ (2025-10), 6.7.2.

A nonce, a hash and 'strict-dynamic' are believed to be there for what the page has: they cannot be told from outside.
Paths of sources are compared before redirects only, as there.
"""

import re
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from lightship.assets.verify.urls import origin_of

__all__ = ["forbidding"]

_DIRECTIVES: dict[str, tuple[str, ...]] = {
    "script": ("script-src-elem", "script-src", "default-src"),
    "style": ("style-src-elem", "style-src", "default-src"),
    "font": ("font-src", "default-src"),
    "image": ("img-src", "default-src"),
    "media": ("media-src", "default-src"),
    "manifest": ("manifest-src", "default-src"),
    "worker": ("worker-src", "child-src", "script-src", "default-src"),
    "fetch": ("connect-src", "default-src"),
}
_PORTS = {"http": 80, "https": 443}
_PORT = re.compile(r"[0-9]{1,5}")


def forbidding(header: str, kind: str, url: str, page: str) -> str:
    """The directive, with its sources, that does not let ``page`` have ``url`` as ``kind``; "" where none forbids it.
    ``header`` may hold several policies, and all of them must allow it."""
    for policy in header.split(","):
        directives = _parsed(policy)
        name = next((name for name in _DIRECTIVES.get(kind, ()) if name in directives), None)
        if name is not None and not any(_allows(source, kind, url, page) for source in directives[name]):
            return " ".join((name, *directives[name]))
    return ""


def _parsed(policy: str) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for part in policy.split(";"):
        words = part.split()
        if words:
            found.setdefault(words[0].lower(), words[1:])  # the first of a name counts
    return found


def _allows(source: str, kind: str, url: str, page: str) -> bool:
    lowered = source.lower()
    if lowered.startswith(("'nonce-", "'sha256-", "'sha384-", "'sha512-")):
        return kind in ("script", "style", "worker")
    if lowered == "'strict-dynamic'":
        return kind in ("script", "worker")
    if lowered == "'self'":
        return _is_self(url, page)
    if lowered.startswith("'"):
        return False
    parts = urlsplit(url)
    if lowered == "*":
        return parts.scheme in ("http", "https")
    if lowered.endswith(":") and "/" not in lowered:
        return _schemes_fit(lowered[:-1], parts.scheme)
    return _host_fits(source, url, urlsplit(page).scheme)


def _is_self(url: str, page: str) -> bool:
    """The same origin, or its secure form."""
    return origin_of(url) in (origin_of(page), _secure(origin_of(page)))


def _secure(origin: str) -> str:
    return f"https:{origin.partition(':')[2]}" if origin.startswith("http:") else origin


def _schemes_fit(wanted: str, scheme: str) -> bool:
    return wanted == scheme or (wanted, scheme) == ("http", "https")


def _host_fits(source: str, url: str, page_scheme: str) -> bool:
    scheme, mark, rest = source.rpartition("://")
    authority, _, path = rest.partition("/")
    host, colon, port = authority.lower().partition(":")
    parts = urlsplit(url)
    if not _schemes_fit(scheme.lower() if mark else page_scheme, parts.scheme):
        return False
    named = parts.hostname or ""
    if not (named.endswith(host[1:]) if host.startswith("*.") else host in (named, "*")):
        return False
    usual = _PORTS.get(parts.scheme)
    named_port = int(port) if _PORT.fullmatch(port) else -1 if port else usual
    if port != "*" and (parts.port or usual) != named_port:
        # an http source with its port allows https with its own
        return (port, parts.port or usual) == ("80", 443) and bool(colon)
    if not path:
        return True
    wanted, asked = unquote(f"/{path}"), unquote(parts.path)
    return asked.startswith(wanted) if wanted.endswith("/") else asked == wanted
