"""One registry: where it listens, who the user is there, and requests that are tried again when that may help.

OCI distribution-spec 1.1 (https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md).

- Authorization goes to the registry's own scheme, host and port, never along with a redirect to another.
- From TLS no redirect leads back to plain HTTP, unless that was asked for.
- What a registry says in an error is shown, shortened and without the secrets that were sent.
"""

import contextlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import field
from types import TracebackType
from typing import Self

import httpcore2
import httpx2

from lightship import __version__
from lightship.errors import ImageError, LightshipError, NetworkError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.addresses import (
    DOCKER_HUB,
    display_url,
    has_port,
    host_of,
    is_loopback,
    joined,
    origin,
    whole_number,
)
from lightship.store.registry.authorizer import Authorizer
from lightship.store.registry.challenge import parse_challenges
from lightship.store.registry.connections import Connections
from lightship.store.registry.faults import may_speak_otherwise, translated
from lightship.store.registry.retry import PASSING, RetryableError, StoppedError, retry_after, retrying
from lightship.values import dataclass

__all__ = ["Answer", "Body", "Session"]

_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_HOPS = 10
_MAX_ERROR_BYTES = 65_536
_MAX_SMALL_BYTES = 4 * 2**20
_BODY_METHODS = frozenset({"POST", "PUT", "PATCH"})

Body = bytes | Callable[[], Iterator[bytes]]
"""What a request carries: bytes, or a maker of chunks that may be called again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole response; ``url`` is the address that it finally came from."""

    status: int
    url: str = field(repr=False)
    headers: httpx2.Headers = field(repr=False)
    content: bytes = field(repr=False)


class Session:
    """A context manager over the connections to ``registry``. Any number of threads may use it at once."""

    def __init__(self, registry: str, access: RegistryAccess) -> None:
        self.registry = registry
        self.access = access
        self.stop = threading.Event()
        self._host = host_of(registry)
        self._connections = Connections(access, self.stop)
        agent = {"User-Agent": f"lightship/{__version__}", "Accept-Encoding": "identity", "Accept": "*/*"}
        self._client = self._connections.client(agent)
        self._authorizer = Authorizer(registry, access, self._fetch_token)
        self._plain = registry != DOCKER_HUB and access.plain_http
        self._lock = threading.Lock()
        self._base = "" if self._plain or is_loopback(self._host) else f"https://{self._host}"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def abort(self) -> None:
        """Give up everything that is under way, in every thread."""
        self.stop.set()
        self._connections.cut()

    @property
    def base(self) -> str:
        """``https://host``; found out by asking where plain HTTP is allowed."""
        with self._lock:
            if not self._base:
                self._base = retrying(self._find_base, self.access, self.stop)
            return self._base

    def small(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str],
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        accept: frozenset[int] = frozenset(),
        cap_bytes: int = _MAX_SMALL_BYTES,
        what: str = "answer",
    ) -> Answer:
        """One request whose answer is small, tried again. ``path`` may be a whole address. Statuses from 400 on are
        errors, but for those in ``accept``. Raise ImageError for an answer above ``cap_bytes``."""

        def attempt() -> Answer:
            with self.stream(method, path, scopes=scopes, headers=headers, content=content, accept=accept) as response:
                body = b"" if method == "HEAD" else _read_capped(response, cap_bytes, what)
                return Answer(
                    status=response.status_code, url=str(response.url), headers=response.headers, content=body
                )

        return retrying(attempt, self.access, self.stop)

    @contextlib.contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        scopes: Sequence[str],
        headers: Mapping[str, str] | None = None,
        content: Body | None = None,
        accept: frozenset[int] = frozenset(),
        patience_s: float = 0.0,
    ) -> Iterator[httpx2.Response]:
        """One attempt; the body is not yet read; ``patience_s`` are waited beyond the usual timeout.

        Raise RetryableError for what may pass, NetworkError for the rest; the same for what happens to the connection
        while the body is read.
        """
        url = path if "://" in path else self.base + path
        with self._translating(url):
            response = self._authorized(method, url, scopes, dict(headers or {}), content, patience_s)
            try:
                if response.status_code >= 400 and response.status_code not in accept:
                    raise self._refusal(response, method)
                yield response
            finally:
                response.close()

    @contextlib.contextmanager
    def _translating(self, url: str) -> Iterator[None]:
        try:
            yield
        except (httpx2.HTTPError, httpx2.InvalidURL, httpx2.StreamError, *_HTTPCORE) as error:
            if self.stop.is_set():
                raise StoppedError("stopped") from error
            raise translated(error, display_url(url)) from error

    def _find_base(self) -> str:
        """Ask without any secret: first plainly on loopback, first with TLS elsewhere."""
        first: NetworkError | None = None
        for scheme in ("http", "https") if is_loopback(self._host) else ("https", "http"):
            base = f"{scheme}://{self._host}"
            try:
                with self._translating(base), contextlib.closing(self._hop("GET", f"{base}/v2/", {}, None)) as response:
                    if scheme == "https" or _is_registrys(response):
                        if _is_short(response):
                            _read_capped(response, _MAX_SMALL_BYTES, "answer")  # so that its connection serves on
                        return base
                    raise NetworkError(f"{base} answered {response.status_code}, as no registry does")  # noqa: TRY301
            except StoppedError:
                raise
            except NetworkError as error:
                first = first or error
                if error.__cause__ is not None and not may_speak_otherwise(error, has_port=has_port(self._host)):
                    raise
        raise first or NetworkError(f"no registry at {self._host}")

    def _authorized(
        self,
        method: str,
        url: str,
        scopes: Sequence[str],
        headers: dict[str, str],
        content: Body | None,
        patience_s: float,
    ) -> httpx2.Response:
        for attempt in range(3):
            secret = self._authorizer.header(scopes)
            response = self._follow(method, url, headers, content, secret, patience_s)
            if response.status_code != 401 or not self._is_own(str(response.url)) or attempt == 2:
                break
            challenges = parse_challenges(response.headers.get_list("WWW-Authenticate"))
            plain = response.url.scheme == "http"
            try:
                helps = self._authorizer.challenged(challenges, scopes, secret, plain=plain, again=attempt > 0)
            except BaseException:
                response.close()
                raise
            if not helps:
                break
            response.close()
        return response

    def _is_own(self, url: str) -> bool:
        return origin(url) == origin(self.base)

    def _follow(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        content: Body | None,
        secret: str | None,
        patience_s: float,
    ) -> httpx2.Response:
        for _ in range(_MAX_HOPS):
            sent = {**headers, "Authorization": secret} if secret and self._is_own(url) else headers
            response = self._hop(method, url, sent, content, patience_s)
            location = response.headers.get("Location")
            if response.status_code not in _REDIRECTS or not location:
                return response
            response.close()
            url = self._redirected(method, url, location, response.status_code)
        raise NetworkError(f"{display_url(url)}: more than {_MAX_HOPS} redirects")

    def _redirected(self, method: str, url: str, location: str, status: int) -> str:
        target = joined(url, location, registry=self.registry)
        if method in _BODY_METHODS and status not in (307, 308):
            raise NetworkError(f"{display_url(url)} redirects what is sent to it with status {status}")
        if target.startswith("http:") and url.startswith("https:") and not self._plain:
            raise NetworkError(
                f"{display_url(url)} redirects to plain HTTP: {display_url(target)}", hint="--plain-http allows that"
            )
        return target

    def _hop(
        self, method: str, url: str, headers: Mapping[str, str], content: Body | None, patience_s: float = 0.0
    ) -> httpx2.Response:
        if self.stop.is_set():
            raise StoppedError("stopped")
        body = content() if callable(content) else content
        request = self._client.build_request(method, url, headers=dict(headers), content=body)
        if patience_s:
            timeouts = request.extensions["timeout"]
            request.extensions = {**request.extensions, "timeout": {**timeouts, "read": timeouts["read"] + patience_s}}
        return self._client.send(request, stream=True)

    def _fetch_token(self, method: str, url: str, headers: Mapping[str, str], form: bytes | None) -> Answer:
        """A request to a token server: a redirect would carry the user's secret away, so none is followed."""

        def attempt() -> Answer:
            with self._translating(url):
                response = self._hop(method, url, headers, form)
                try:
                    if response.status_code in PASSING:
                        raise self._refusal(response, method)
                    body = _read_capped(response, _MAX_ERROR_BYTES * 4, "token")
                finally:
                    response.close()
                return Answer(status=response.status_code, url=url, headers=response.headers, content=body)

        return retrying(attempt, self.access, self.stop)

    def _refusal(self, response: httpx2.Response, method: str) -> NetworkError:
        """The error that a response with a status from 400 on is."""
        status, where = response.status_code, display_url(str(response.url))
        said = self._authorizer.redacted(_said(response))
        sentence = f"{where} answered {status} {response.reason_phrase}".rstrip() + (f": {said}" if said else "")
        if status in PASSING:
            hint = None
            if status == 429 and not self._authorizer.is_known:
                hint = f"registries allow more to those they know: docker login {self.registry}"
            return RetryableError(sentence, hint=hint, after_s=retry_after(response.headers.get("Retry-After")))
        if status in (401, 403):
            verb = "read" if method in ("GET", "HEAD") else "written to"
            refused = f"{self.registry} does not let this be {verb}: {sentence}"
            return NetworkError(refused, hint=self._authorizer.hint())
        if status == 407:
            return NetworkError(f"the proxy wants a password: {sentence}", hint="give it in the proxy's address")
        return NetworkError(sentence)


_HTTPCORE = (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError, httpcore2.ProxyError)


_UNREADABLE = (LightshipError, ValueError, KeyError, IndexError, TypeError, AttributeError, RecursionError)


def _is_registrys(response: httpx2.Response) -> bool:
    """True for an answer to ``GET /v2/`` that a registry gives, or one that is too busy to."""
    status = response.status_code
    return status in (200, 401, *PASSING) or "Docker-Distribution-Api-Version" in response.headers


def _is_short(response: httpx2.Response) -> bool:
    length = whole_number(response.headers.get("Content-Length"))
    return length is not None and length <= _MAX_SMALL_BYTES


def _read_capped(response: httpx2.Response, cap_bytes: int, what: str) -> bytes:
    length = whole_number(response.headers.get("Content-Length"))
    found = bytearray()
    if length is not None and length > cap_bytes:
        raise ImageError(f"{what} is too large: want at most {cap_bytes} bytes, got {length}")
    for chunk in response.iter_raw():
        found += chunk
        if len(found) > cap_bytes:
            raise ImageError(f"{what} is too large: want at most {cap_bytes} bytes, got more")
    return bytes(found)


def _said(response: httpx2.Response) -> str:
    """Code and message of the registry's first error (distribution-spec 1.1, "Error Codes"), on one short line."""
    try:
        raw = _read_capped(response, _MAX_ERROR_BYTES, "error")
        first = json.loads(raw)["errors"][0]
        parts = [first.get("code"), first.get("message")]
    except (*_UNREADABLE, httpx2.HTTPError, *_HTTPCORE):
        return ""  # whatever it says is beside the point: the status tells
    return " ".join(" ".join(str(part) for part in parts if isinstance(part, str)).split())[:200]
