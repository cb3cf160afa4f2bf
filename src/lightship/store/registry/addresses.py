"""Where a registry listens, and how addresses are shown and compared.

Docker Hub's names: ``docker.io`` is served by ``registry-1.docker.io`` and its credentials are filed under
``https://index.docker.io/v1/`` (https://docs.docker.com/reference/cli/docker/login/, 2025).
"""

import ipaddress
import re
from urllib.parse import urljoin, urlsplit

from lightship.errors import NetworkError

__all__ = [
    "DOCKER_HUB",
    "display_url",
    "has_port",
    "host_and_port",
    "host_of",
    "is_loopback",
    "joined",
    "origin",
    "whole_number",
]

DOCKER_HUB = "docker.io"
_HOSTS = {DOCKER_HUB: "registry-1.docker.io"}
_PORTS = {"http": 80, "https": 443}
_WHOLE = re.compile(r"[0-9]{1,18}")


def host_of(registry: str) -> str:
    """``host[:port]`` that serves ``registry``."""
    return _HOSTS.get(registry, registry)


def host_and_port(netloc: str) -> tuple[str, int | None]:
    """Host in lower case, without brackets, and the port where one is given."""
    parts = urlsplit(f"//{netloc}")
    return parts.hostname or "", parts.port


def has_port(netloc: str) -> bool:
    """True when the port is written out."""
    return host_and_port(netloc)[1] is not None


def is_loopback(netloc: str) -> bool:
    """True for ``localhost`` and addresses that never leave this machine."""
    host = host_and_port(netloc)[0]
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; raise ValueError for what is not http or https."""
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("neither http nor https")
    return parts.scheme, parts.hostname, parts.port or _PORTS[parts.scheme]


def joined(url: str, location: str, *, registry: str) -> str:
    """The address that an answer of ``registry`` from ``url`` names, absolute or relative; raise NetworkError for what
    is not http or https."""
    try:
        target = urljoin(url, location)
        origin(target)
    except ValueError as error:
        raise NetworkError(f"{registry} leads from {display_url(url)} to what is not http or https") from error
    return target


def whole_number(text: str | None) -> int | None:
    """The number that a header holds; None for anything else, however long."""
    return int(text) if text is not None and _WHOLE.fullmatch(text) else None


def display_url(url: str) -> str:
    """``url`` as it may be shown: a query may be a signature, and a user a password."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that is none"
    return f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}"[:300]
