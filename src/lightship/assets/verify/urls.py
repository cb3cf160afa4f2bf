"""Addresses in one spelling."""

import os
from urllib.parse import quote, urljoin, urlsplit

from lightship.assets.reading.reference import Reference

__all__ = ["candidates", "file_url", "normal_url", "origin_of", "path_of"]

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


def file_url(root: str, path: str) -> str:
    """Of a file, whatever its name, in a directory that is served at ``root``."""
    return normal_url(root, quote(os.fsencode(path)))


def path_of(url: str) -> str:
    """The path without its first slash and without a query."""
    return urlsplit(url).path.removeprefix("/")


def candidates(reference: Reference, here: str, root: str) -> tuple[str, ...]:
    """Where a reference in ``here`` may lead, the likeliest first; ``root`` is where the site begins.

    One for what is certain. What Vite preloads is said below a base that another script may hold: where the name of its
    folder is one of the script's own, the base is what stands before that.
    """
    if reference.base:
        places = [normal_url(here, reference.base) or here]
    elif reference.via == "__vite__mapDeps" and "/" in reference.target.strip("./"):
        path = urlsplit(here).path
        at = path.rfind(f"/{reference.target.partition('/')[0]}/")
        places = [normal_url(here, path[: at + 1])] if at >= 0 else [here]
    else:
        places = [here] if reference.certain else [here, root]
    return tuple(url for url in dict.fromkeys(normal_url(place, reference.target) for place in places) if url)
