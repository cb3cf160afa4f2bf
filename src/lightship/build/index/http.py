"""HTTP to an index, as `httpx2` does it, with what an index client needs around it.

- Credentials are chosen for every hop by its own scheme, host and port; a redirect to another host carries none of
  the first host's. Cookies are not kept.
- Failures that may pass (a broken connection, 408, 429, 5xx) are `RetryableError`; `retrying` tries again with
  doubling pauses, or as ``Retry-After`` says (RFC 9110, 10.2.3).
- Only http and https are followed.

Import it where a request is really made: httpx2 costs ten times an interpreter start.
"""

import base64
import contextlib
import http.cookiejar
import logging
import random
import socket
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import httpx2

from lightship.build.index.settings import Credential, IndexSettings, Proxy, display_url, origin
from lightship.errors import InputError, NetworkError
from lightship.store.registry.retry import UNREACHED, retry_after

__all__ = ["IndexClient", "MissingError", "Page", "RetryableError", "StoppedError", "retrying"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})
_MAX_HOPS = 10
_HOST_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.:")
_MAX_PAUSE_S = 60.0
_MAX_PAGE_BYTES = 128 * 2**20
"""The largest simple pages of real indexes (tens of thousands of files) stay below 40 MB."""


class RetryableError(NetworkError):
    """It may work the next time. ``progressed`` says that bytes were won, so the attempt does not count."""

    def __init__(
        self, message: str, *, hint: str | None = None, after_s: float | None = None, progressed: bool = False
    ) -> None:
        super().__init__(message, hint=hint)
        self.after_s = after_s
        self.progressed = progressed


class MissingError(NetworkError):
    """The server answers, and does not have it (404, 410)."""


class StoppedError(NetworkError):
    """Another part of the same work failed; this one was told to stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A small document and the address that it finally came from."""

    url: str
    content_type: str
    content: bytes


class IndexClient:
    """A pool of connections; a context manager. Any number of threads may use it at once."""

    def __init__(self, settings: IndexSettings, *, connections: int = 16, stop: threading.Event | None = None) -> None:
        self.settings = settings
        self.stop = stop or threading.Event()
        self._client = _client(settings, connections)
        self._reading: set[httpx2.Response] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    @contextlib.contextmanager
    def open(self, url: str, headers: Mapping[str, str]) -> Iterator[httpx2.Response]:
        """One GET, redirects followed, the body not yet read. The status is below 400, or 416.

        Raise RetryableError, MissingError or NetworkError; the same for what happens while the body is read.
        """
        try:
            response = self._send(url, headers)
            self._reading.add(response)
            try:
                yield response
            finally:
                self._reading.discard(response)
                response.close()
        except httpx2.HTTPError as error:
            raise _translated(error, url) from error
        except httpx2.InvalidURL as error:
            raise NetworkError(f"address not understood: {display_url(url)}") from error

    def abort(self) -> None:
        """Cut every body that is being read: a thread that waits for bytes wakes with an error at once."""
        self.stop.set()
        for response in tuple(self._reading):
            stream = response.extensions.get("network_stream")
            connection = stream.get_extra_info("socket") if stream is not None else None
            if connection is not None:
                with contextlib.suppress(OSError):  # it was closed meanwhile
                    connection.shutdown(socket.SHUT_RDWR)

    def page(self, url: str, *, accept: str) -> Page:
        """A whole document of at most 128 MiB, with retries."""

        def attempt() -> Page:
            with self.open(url, {"Accept": accept}) as response:
                content = bytearray()
                for chunk in response.iter_bytes(65536):
                    content += chunk
                    if len(content) > _MAX_PAGE_BYTES:
                        raise NetworkError(f"{display_url(url)} is larger than 128 MiB, which no index page is")
                kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                return Page(url=str(response.url), content_type=kind, content=bytes(content))

        return retrying(attempt, self.settings, self.stop)

    def _send(self, url: str, headers: Mapping[str, str]) -> httpx2.Response:
        for _ in range(_MAX_HOPS):
            response = self._client.send(self._request(url, headers), stream=True)
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location:
                try:
                    self._check(response, url)
                except BaseException:
                    response.close()
                    raise
                return response
            response.close()
            target = str(response.url.join(location))
            try:
                origin(target)
            except InputError as error:
                raise NetworkError(f"{display_url(url)} redirects to what is not http or https") from error
            url = target
        raise NetworkError(f"{display_url(url)}: more than {_MAX_HOPS} redirects")

    def _request(self, url: str, headers: Mapping[str, str]) -> httpx2.Request:
        request = self._client.build_request("GET", url, headers=dict(headers))
        credential = self.settings.credential_for(url)
        if credential is not None:
            request.headers["Authorization"] = _basic(credential)
        return request

    def _check(self, response: httpx2.Response, url: str) -> None:
        status = response.status_code
        if status < 400 or status == 416:
            return
        said = f"{display_url(url)} answered {status} {response.reason_phrase}".rstrip()
        if status in (404, 410):
            raise MissingError(said)
        if status in _PASSING:
            raise RetryableError(said, after_s=retry_after(response.headers.get("Retry-After")))
        hint = None
        if status in (401, 403):
            hint = "give pip or uv the credentials of this index: in its URL, in ~/.netrc, or UV_INDEX_<NAME>_PASSWORD"
        elif status == 407:
            hint = "give the proxy's user and password in its address"
        raise NetworkError(said, hint=hint)


def retrying(attempt: Callable[[], _T], settings: IndexSettings, stop: threading.Event) -> _T:
    """``attempt()``, repeated on RetryableError; attempts that made progress are not counted against the retries."""
    failures = 0
    while True:
        if stop.is_set():
            raise StoppedError("stopped")
        try:
            return attempt()
        except RetryableError as error:
            failures = 0 if error.progressed else failures + 1
            if failures > settings.retries:
                raise NetworkError(f"{error} ({failures} attempts)", hint=error.hint) from error
            pause = _pause(settings, max(failures, 1), error.after_s)
            # once may happen to anyone; from then on a person is told what is waited for
            _log.log(logging.WARNING if failures > 1 else logging.INFO, "%s; again in %.1f s", error, pause)
            stop.wait(pause)


def _pause(settings: IndexSettings, failures: int, after_s: float | None) -> float:
    if after_s is not None:
        return min(after_s, _MAX_PAUSE_S)
    # Jitter: many workers that failed together should not come back together.
    return min(settings.backoff_s * 2.0 ** (failures - 1), _MAX_PAUSE_S) * random.uniform(0.75, 1.25)  # noqa: S311


def _basic(credential: Credential) -> str:
    text = f"{credential.username}:{credential.password}"
    return "Basic " + base64.b64encode(text.encode()).decode()


def _translated(error: httpx2.HTTPError, url: str) -> NetworkError:
    causes = list(_causes(error))
    where = display_url(url)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return NetworkError(
                f"the certificate of {where} is not trusted: {cause.verify_message}",
                hint="name the CA bundle of your network: `pip config set global.cert FILE` or SSL_CERT_FILE",
            )
        if isinstance(cause, socket.gaierror) and cause.errno == socket.EAI_NONAME:
            return NetworkError(f"{where}: the host name is not known")
    if isinstance(error, httpx2.TimeoutException):
        return RetryableError(f"{where} did not answer in time", hint=UNREACHED)
    if isinstance(error, httpx2.ProxyError):
        return NetworkError(f"the proxy refused {where}: {error}")
    if isinstance(error, httpx2.UnsupportedProtocol):
        return NetworkError(f"{where} is neither http nor https")
    if isinstance(error, httpx2.DecodingError):
        return NetworkError(f"{where} sent a body that its own Content-Encoding does not fit")
    text = str(error) or type(error).__name__
    return RetryableError(f"connection to {where} failed: {text}", hint=UNREACHED)


def _causes(error: BaseException) -> Iterator[BaseException]:
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__


def _client(settings: IndexSettings, connections: int) -> httpx2.Client:
    trusted = _context(settings)
    limits = httpx2.Limits(max_connections=connections, max_keepalive_connections=connections)
    untrusted = {host for host in settings.trusted_hosts if host}

    def transport(proxy: Proxy | None, context: ssl.SSLContext) -> httpx2.HTTPTransport:
        return httpx2.HTTPTransport(verify=context, limits=limits, proxy=_proxy(proxy, context), trust_env=False)

    mounts: dict[str, httpx2.BaseTransport | None] = {}
    for scheme, proxy in (("http", settings.http_proxy), ("https", settings.https_proxy)):
        if proxy is not None and "*" not in settings.no_proxy:
            mounts[f"{scheme}://"] = transport(proxy, trusted)
    direct = transport(None, trusted)
    mounts |= dict.fromkeys((pattern for host in settings.no_proxy for pattern in _patterns(host)), direct)
    for host in untrusted:
        proxy = None if {host, "*"} & set(settings.no_proxy) else settings.https_proxy
        mounts[f"https://{host}"] = transport(proxy, _unchecked(trusted))
    client = httpx2.Client(
        transport=direct,
        mounts=mounts,
        trust_env=False,
        follow_redirects=False,
        timeout=httpx2.Timeout(settings.timeout_s, pool=None),
        headers={"User-Agent": "lightship", "Accept-Encoding": "gzip"},
    )
    client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
    return client


def _patterns(entry: str) -> list[str]:
    """httpx2's mount patterns for an entry of NO_PROXY: a host and what is below it; none for what is no host."""
    host = entry.removeprefix("*").removeprefix(".")
    if not host or not set(host.lower()) <= _HOST_CHARACTERS:
        return []  # a network such as 10.0.0.0/8, or an IPv6 address: such hosts go through the proxy
    if host != entry:
        return [f"all://*.{host}"]
    return [f"all://{host}"] if set(host) <= set("0123456789.:") else [f"all://{host}", f"all://*.{host}"]


def _proxy(proxy: Proxy | None, context: ssl.SSLContext) -> httpx2.Proxy | None:
    if proxy is None:
        return None
    auth = None if proxy.credential is None else (proxy.credential.username, proxy.credential.password)
    try:
        return httpx2.Proxy(proxy.url, auth=auth, ssl_context=context if proxy.url.startswith("https:") else None)
    except (ValueError, httpx2.InvalidURL) as error:
        raise InputError(f"proxy address not understood: {display_url(proxy.url)}") from error


def _context(settings: IndexSettings) -> ssl.SSLContext:
    """The user's CA bundle, else the system's store, else (where the system has none) the bundle that pip carries."""
    try:
        if settings.ca_file or settings.ca_directory:
            context = ssl.create_default_context(cafile=settings.ca_file, capath=settings.ca_directory)
        else:
            context = ssl.create_default_context()
            if not context.cert_store_stats()["x509_ca"] and not _has_ca_directory():
                from pip._vendor import certifi

                context.load_verify_locations(certifi.where())
        if settings.client_certificate is not None:
            context.load_cert_chain(settings.client_certificate)
    except (OSError, ssl.SSLError) as error:
        named = settings.client_certificate or settings.ca_file or settings.ca_directory
        raise InputError(f"cannot use the certificates of {named}: {error}") from error
    return context


def _has_ca_directory() -> bool:
    """A directory of hashed certificates counts as a store, though nothing of it is loaded ahead."""
    from pathlib import Path

    directory = ssl.get_default_verify_paths().capath
    return directory is not None and any(Path(directory).glob("*.0"))


def _unchecked(model: ssl.SSLContext) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = model.minimum_version
    return context
