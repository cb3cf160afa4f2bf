"""Requests to a site and its CDNs: bounded in bytes, time, number and redirects; bodies as they came.

- Only http and https. A redirect is followed within the host that was asked, to the site and to CDNs that were named.
- What the user gave for the site (a user and password, headers) goes to the site's own origin and to nobody else.
- Where the site is public, a page of it leads to no address inside this network.
- An answer is never an exception: what went wrong stands in it.

Import it where a request is really made: httpx2 costs ten times an interpreter's start.
"""

import contextlib
import ipaddress
import socket
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urljoin, urlsplit

import httpcore2
import httpx2

from lightship import __version__
from lightship.assets.verify.reach import Limits, Reach
from lightship.assets.verify.urls import origin_of
from lightship.errors import NetworkError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.addresses import display_url, whole_number
from lightship.store.registry.connections import Connections
from lightship.store.registry.faults import translated
from lightship.store.registry.retry import RetryableError, StoppedError, retry_after

__all__ = ["Answer", "Fetcher", "listens"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_BUSY = frozenset({429, 503})
_LONGEST_PAUSE_S = 10.0
_CHUNK_BYTES = 1 << 16
_CORE = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """``status`` is 0 where there was none; ``fault`` says what was wrong with it, and ``skipped`` that it was not, or
    not wholly, asked for. ``url`` is where it finally came from, ``hops`` are the addresses that led there."""

    url: str
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    fault: str = ""
    skipped: bool = False
    hops: tuple[str, ...] = ()


class Fetcher:
    """A pool of connections; a context manager. Any number of threads may use it at once."""

    def __init__(self, reach: Reach, access: RegistryAccess, limits: Limits | None = None) -> None:
        self.reach = reach
        self.limits = limits or Limits()
        self.requests = 0
        self.received_bytes = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        access = replace(access, timeout_s=self.limits.timeout_s, jobs=max(4, self.limits.workers))
        self._connections = Connections(access, self._stop)
        agent = {"User-Agent": f"lightship/{__version__}", "Accept": "*/*"}
        self._client = self._connections.client(agent)
        self._own = self._own_client(agent) if reach.socket is not None else self._client
        self._inside: dict[str, bool] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.abort()
        self._client.close()
        self._own.close()

    def abort(self) -> None:
        """Give up everything that is under way, in every thread: what is asked from here on is a fault at once."""
        self._stop.set()
        self._connections.cut()

    def ask(
        self, url: str, *, method: str = "GET", encoding: str = "identity", headers: Mapping[str, str] | None = None
    ) -> Answer:
        """One request, redirects followed where they may be. Never raises for what the other side does."""
        hops: list[str] = []
        target = url
        for _ in range(self.limits.redirects + 1):
            answer = self._once(target, method, {"Accept-Encoding": encoding, **(headers or {})})
            answer = replace(answer, hops=tuple(hops))
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not location:
                return answer
            with contextlib.suppress(ValueError):
                location = urljoin(target, location)
            if not self.reach.leads_to(target, location):
                return replace(answer, hops=(*hops, location))
            hops.append(location)
            target = location
        return replace(answer, fault=f"more than {self.limits.redirects} redirects", hops=tuple(hops))

    def _once(self, url: str, method: str, headers: dict[str, str]) -> Answer:
        refused = self._refused(url)
        if refused:
            return Answer(url=url, fault=refused, skipped=True)
        tries = 2
        while True:
            tries -= 1
            try:
                answer = self._send(url, method, headers)
            except NetworkError as error:
                if tries and isinstance(error, RetryableError):
                    continue
                return Answer(url=url, fault=str(error))
            pause_s = retry_after(answer.headers.get("retry-after")) if answer.status in _BUSY else None
            if not tries or pause_s is None or pause_s > _LONGEST_PAUSE_S:
                return answer
            self._stop.wait(pause_s)

    def _refused(self, url: str) -> str:
        """Why ``url`` is not asked; "" for what is."""
        if self._stop.is_set():
            return "not asked: stopped"
        origin = origin_of(url)
        if not origin:
            return "neither http nor https"
        with self._lock:
            spent = self.received_bytes >= self.limits.total_bytes
        if spent:
            return f"not asked: {self.limits.total_bytes >> 20} MiB were received"
        known = origin in (self.reach.site, *self.reach.cdns) or urlsplit(url).hostname == self._site_host
        if not known and not self._is_inside(self._site_host) and self._is_inside(urlsplit(url).hostname or ""):
            return "not asked: an address inside this network, which a public site should not lead to"
        return ""

    @property
    def _site_host(self) -> str:
        return urlsplit(self.reach.site).hostname or ""

    def _is_inside(self, host: str) -> bool:
        """Whether the host's addresses, or some of them, are not global. A name that cannot be looked up is outside: a
        proxy may know it."""
        with self._lock:
            if host in self._inside:
                return self._inside[host]
        found: set[str] = set()
        with contextlib.suppress(OSError, UnicodeError):
            found = {str(row[4][0]) for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
        inside = any(not ipaddress.ip_address(address.partition("%")[0]).is_global for address in found)
        with self._lock:
            self._inside[host] = inside
        return inside

    def _send(self, url: str, method: str, headers: dict[str, str]) -> Answer:
        own = origin_of(url) == self.reach.site
        if own:
            headers = {**headers, **self.reach.headers}
            if self.reach.authorization:
                headers["Authorization"] = self.reach.authorization
        client = self._own if own else self._client
        deadline = time.monotonic() + self.limits.answer_s
        where = display_url(url)
        with self._lock:
            self.requests += 1
        try:
            with client.stream(method, url, headers=headers) as response:
                found = {name.lower(): value for name, value in response.headers.items()}
                body, fault, skipped = b"", "", False
                if method != "HEAD":
                    body, fault, skipped = self._read(response, found, deadline)
                return Answer(
                    url=url, status=response.status_code, headers=found, body=body, fault=fault, skipped=skipped
                )
        except StoppedError:
            raise
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, OSError, *_CORE) as error:
            raise translated(error, where) from error
        except (UnicodeError, ValueError) as error:  # a host that no name system can hold
            raise NetworkError(f"address not understood: {where}") from error

    def _read(self, response: httpx2.Response, headers: Mapping[str, str], deadline: float) -> tuple[bytes, str, bool]:
        most = self.limits.body_bytes
        too_large = f"larger than {most >> 20} MiB: not looked at"
        if (whole_number(headers.get("content-length")) or 0) > most:
            return b"", too_large, True
        body = bytearray()
        try:
            for chunk in response.iter_raw(_CHUNK_BYTES):
                body += chunk
                if len(body) > most:
                    return b"", too_large, True
                if time.monotonic() > deadline:
                    return b"", f"not whole after {self.limits.answer_s:g} s", False
        finally:
            with self._lock:
                self.received_bytes += len(body)
        return bytes(body), "", False

    def _own_client(self, agent: dict[str, str]) -> httpx2.Client:
        limits = httpx2.Limits(max_connections=self.limits.workers * 2)
        return httpx2.Client(
            transport=httpx2.HTTPTransport(uds=str(self.reach.socket), limits=limits, trust_env=False),
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(self.limits.timeout_s, pool=None),
            headers=agent,
        )


def listens(path: Path) -> bool:
    """Whether somebody takes connections at a socket's file."""
    with socket.socket(socket.AF_UNIX) as asked:
        return asked.connect_ex(str(path)) == 0
