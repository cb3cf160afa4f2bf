"""Addresses in one spelling."""

from urllib.parse import quote, urljoin, urlsplit

__all__ = ["normal_url", "origin_of", "path_of"]

_PORTS = {"http": 80, "https": 443}
_SAFE = "/:?#[]@!$&'()*+,;=%~-._"


def origin_of(url: str) -> str:
    """``https://host`` or ``https://host:port``, in one spelling; "" for what is not http or https."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:  # brackets without an address, a port that is none
        return ""
    if parts.scheme not in _PORTS or not parts.hostname:
        return ""
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{port}" if port and port != _PORTS[parts.scheme] else "")


def normal_url(base: str, target: str) -> str:
    """``target`` resolved against ``base``, quoted, without a fragment; "" for what is no http address."""
    try:
        parts = urlsplit(urljoin(base, target))
    except ValueError:
        return ""
    origin = origin_of(parts.geturl())
    if not origin:
        return ""
    query = f"?{quote(parts.query, safe=_SAFE)}" if parts.query else ""
    return f"{origin}{quote(parts.path, safe=_SAFE) or '/'}{query}"


def path_of(url: str) -> str:
    """The path without its first slash and without a query."""
    return urlsplit(url).path.removeprefix("/")
