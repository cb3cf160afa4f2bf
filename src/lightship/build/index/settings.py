"""Where packages come from and how they are reached: values only, read by `pip_settings` and `uv_settings`.

Secrets are held apart from addresses: no URL in here carries a user name or a password, and ``repr`` shows neither.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import unquote, urlsplit, urlunsplit

from lightship.errors import InputError

__all__ = ["Credential", "IndexSettings", "Proxy", "canonical_url", "display_url", "origin", "split_credential"]

_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """A user name and password for the addresses at and below ``url``; a ``url`` of ``//host`` (from netrc) is for
    that host under any scheme and port."""

    url: str
    username: str = field(repr=False)
    password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A forward proxy; ``url`` carries no secret."""

    url: str
    credential: Credential | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """Everything that is needed to ask for a file. ``index_url`` is None where the user forbids indexes.

    ``explicit_index_urls`` are asked only for packages whose lock names them (uv's ``explicit = true``).
    ``find_links`` are directories, HTML files or HTML pages, as absolute paths or URLs. ``trusted_hosts``
    (``host`` or ``host:port``) are reached without checking their certificate, because the user said so.
    ``retries`` counts further attempts; the first of them waits ``backoff_s``, each next one twice as long.
    """

    source: str
    index_url: str | None
    extra_index_urls: tuple[str, ...] = ()
    explicit_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    credentials: tuple[Credential, ...] = ()
    http_proxy: Proxy | None = None
    https_proxy: Proxy | None = None
    no_proxy: tuple[str, ...] = ()
    ca_file: Path | None = None
    ca_directory: Path | None = None
    client_certificate: Path | None = None
    trusted_hosts: tuple[str, ...] = ()
    timeout_s: float = 30.0
    retries: int = 5
    backoff_s: float = 0.5

    @property
    def index_urls(self) -> tuple[str, ...]:
        """The indexes that are asked for every package, first one first."""
        first = () if self.index_url is None else (self.index_url,)
        return tuple(dict.fromkeys((*first, *self.extra_index_urls)))

    def knows_index(self, url: str) -> bool:
        """True when the user configured the index ``url``; a trailing slash or default port makes no difference."""
        wanted = canonical_url(url)
        return any(canonical_url(known) == wanted for known in (*self.index_urls, *self.explicit_index_urls))

    def with_indexes(self, urls: Iterable[str]) -> "IndexSettings":
        """Also the indexes ``urls``, for packages whose lock names them; credentials in them are taken out."""
        split = [split_credential(url) for url in urls if not self.knows_index(split_credential(url)[0])]
        return replace(
            self,
            explicit_index_urls=tuple(dict.fromkeys((*self.explicit_index_urls, *(bare for bare, _ in split)))),
            credentials=(*self.credentials, *(credential for _, credential in split if credential is not None)),
        )

    def credential_for(self, url: str) -> Credential | None:
        """The credential whose address shares the longest path with ``url``, of the same scheme, host and port only."""
        here = origin(url)
        own = [known for known in self.credentials if not known.url.startswith("//") and origin(known.url) == here]
        if own:
            path = urlsplit(url).path.split("/")
            return max(own, key=lambda known: _shared(urlsplit(known.url).path.split("/"), path))
        host = urlsplit(url).hostname or ""
        return next((known for known in self.credentials if known.url == f"//{host}"), None)


def _shared(left: list[str], right: list[str]) -> int:
    count = 0
    for one, other in zip(left, right, strict=False):
        if one != other:
            break
        count += 1
    return count


def origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port of ``url``; raise InputError for what is no http(s) address."""
    try:
        parts = urlsplit(url)
        scheme, host, port = parts.scheme.lower(), parts.hostname, parts.port
    except ValueError as error:
        raise InputError(f"address not understood: {display_url(url)!r}: {error}") from error
    if scheme not in _PORTS or not host:
        raise InputError(f"address not understood: want http:// or https:// and a host, got {display_url(url)!r}")
    return scheme, host, port or _PORTS[scheme]


def canonical_url(url: str) -> str:
    """``url`` in the one form that two spellings of an index share: no secret, no default port, no trailing slash."""
    parts = urlsplit(url)
    if parts.scheme.lower() not in _PORTS:
        return url.rstrip("/")
    scheme, host, port = origin(url)
    where = host if port == _PORTS[scheme] else f"{host}:{port}"
    return f"{scheme}://{where}{parts.path.rstrip('/')}"


def display_url(url: str) -> str:
    """``url`` as a message may show it: without user, password, query and fragment, any of which may be secret."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "(unreadable address)"
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def split_credential(url: str) -> tuple[str, Credential | None]:
    """``https://user:word@host/path`` into the address alone and its credential."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise InputError(f"address not understood: {display_url(url)!r}") from error
    user_info, at, where = parts.netloc.rpartition("@")
    bare = urlunsplit((parts.scheme, where, parts.path, parts.query, parts.fragment))
    if not at:
        return bare, None
    username, _, password = user_info.partition(":")
    return bare, Credential(url=bare, username=unquote(username), password=unquote(password))
