"""What a verification may ask, and how much: values only. Importing it costs nothing."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lightship.assets.verify.urls import origin_of
from lightship.errors import InputError
from lightship.store.registry.addresses import display_url

__all__ = ["Limits", "Reach", "split_credentials"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one verification. ``timeout_s`` is for a silence, ``answer_s`` for a whole answer."""

    urls: int = 10_000
    pages: int = 100
    depth: int = 2
    body_bytes: int = 64 << 20
    total_bytes: int = 4 << 30
    redirects: int = 5
    timeout_s: float = 30.0
    answer_s: float = 120.0
    workers: int = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What may be asked: ``site`` and ``cdns`` are origins. ``authorization`` and ``headers`` are for the site alone.
    ``socket`` is where the site listens instead of at its address."""

    site: str
    cdns: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    authorization: str = field(default="", repr=False)
    socket: Path | None = None

    def leads_to(self, begin: str, target: str) -> bool:
        """Whether a redirect from ``begin`` to ``target`` is followed."""
        if not origin_of(target):  # what is no address at all
            return False
        host = urlsplit(target).hostname
        known = {urlsplit(origin).hostname for origin in (self.site, *self.cdns)}
        return host == urlsplit(begin).hostname or host in known


def split_credentials(url: str) -> tuple[str, str]:
    """``url`` without its user and password, and the ``Authorization`` header that says them. Raise InputError for what
    is no http address."""
    origin = origin_of(url.strip())
    if not origin or not url.isprintable():
        raise InputError(f"site not understood: want an http or https address, got {display_url(url)!r}")
    parts = urlsplit(url.strip())
    plain = parts._replace(netloc=urlsplit(origin).netloc, scheme=parts.scheme.lower(), fragment="")
    if not plain.path:
        plain = plain._replace(path="/")
    if parts.username is None:
        return plain.geturl(), ""
    said = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return plain.geturl(), "Basic " + base64.b64encode(said.encode()).decode()
