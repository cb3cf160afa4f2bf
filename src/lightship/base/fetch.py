"""Files of an archive over HTTP (or ``file:``), bounded, checked, into the cache.

httpx2 is imported when the first byte is asked for: a build whose packages are all cached never loads it.
"""

import functools
import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self, TypeVar
from urllib.parse import unquote, urlsplit, urlunsplit

from lightship.archive.verify import CHUNK_BYTES
from lightship.base.source import Proxies
from lightship.errors import InputError, MismatchError, NetworkError
from lightship.paths import storage_errors
from lightship.store.cache import Cache
from lightship.store.registry.retry import UNREACHED

if TYPE_CHECKING:
    import ssl

    import httpx2

__all__ = ["Fetcher", "NotInArchiveError", "without_password"]

_T = TypeVar("_T")
_log = logging.getLogger(__name__)
_TRIES = 4
_PAUSE_S = 0.5
_TIMEOUT_S = 30.0


class NotInArchiveError(NetworkError):
    """The archive answered that it has no such file (404 or 410)."""


def without_password(uri: str) -> str:
    """``uri`` as it may be shown."""
    parts = urlsplit(uri)
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2])) if "@" in parts.netloc else uri


class Fetcher:
    """Reads URIs; a context manager. Safe from several threads."""

    def __init__(self, *, proxies: Proxies = Proxies(), ca_file: Path | None = None) -> None:  # noqa: B008 - a value
        self._proxies = proxies
        self._ca_file = ca_file
        self._clients: dict[str | None, httpx2.Client] = {}
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients.values():
            client.close()

    def read(self, uri: str, *, cap_bytes: int) -> bytes:
        """The whole body; raise NotInArchiveError, NetworkError, or MismatchError past ``cap_bytes``."""

        def once() -> bytes:
            with self._open(uri) as chunks:
                body = bytearray()
                for chunk in chunks:
                    body += chunk
                    if len(body) > cap_bytes:
                        raise MismatchError(f"{without_password(uri)} is too large: want at most {cap_bytes} bytes")
                return bytes(body)

        return self._patiently(once, uri)

    def save(self, uri: str, cache: Cache, kind: str, *, sha256: str, size_bytes: int | None) -> Path:
        """The cache entry ``kind``/``sha256`` with the body of ``uri``; raise MismatchError when it is not that."""

        def once() -> Path:
            running = hashlib.sha256()
            count = 0
            with self._open(uri) as chunks, cache.write(kind, sha256) as stream:
                for chunk in chunks:
                    count += len(chunk)
                    if size_bytes is not None and count > size_bytes:
                        raise MismatchError(f"{_name(uri)}: size mismatch: want {size_bytes} bytes, got more")
                    running.update(chunk)
                    stream.write(chunk)
                if size_bytes is not None and count < size_bytes:
                    raise NetworkError(f"{_name(uri)} is cut short: want {size_bytes} bytes, got {count}")
                if running.hexdigest() != sha256:
                    raise MismatchError(
                        f"{_name(uri)}: digest mismatch: want sha256:{sha256}, got sha256:{running.hexdigest()}"
                    )
            return cache.path(kind, sha256)

        return self._patiently(once, uri)

    def _patiently(self, once: Callable[[], _T], uri: str) -> _T:
        # Only NetworkError is tried again: a wrong hash from a mirror in mid-update is not healed by haste.
        for attempt in range(_TRIES):
            try:
                return once()
            except NotInArchiveError:
                raise
            except NetworkError as error:
                if attempt + 1 == _TRIES:
                    raise NetworkError(f"{error} ({_TRIES} attempts)", hint=error.hint) from error
                pause_s = _PAUSE_S * 2**attempt
                # once may happen to anyone; from then on a person is told what is waited for
                _log.log(logging.WARNING if attempt else logging.INFO, "%s; again in %.1f s", error, pause_s)
                time.sleep(pause_s)
        raise NetworkError(f"cannot fetch {without_password(uri)}")

    @contextmanager
    def _open(self, uri: str) -> Iterator[Iterator[bytes]]:
        try:
            parts = urlsplit(uri)
        except ValueError as error:
            raise InputError("archive not understood: its address has brackets without an IP address") from error
        if parts.scheme in ("file", "copy"):
            path = Path(unquote(parts.path))
            if not path.is_file():
                raise NotInArchiveError(f"not in the archive: {uri}")
            with storage_errors(f"read {path.name}"), path.open("rb") as stream:
                yield iter(lambda: stream.read(CHUNK_BYTES), b"")
        elif parts.scheme in ("http", "https"):
            with self._open_http(uri, parts.scheme, parts.hostname or "") as chunks:
                yield chunks
        else:
            raise InputError(f"archive not understood: want http, https or file, got {without_password(uri)}")

    @contextmanager
    def _open_http(self, uri: str, scheme: str, host: str) -> Iterator[Iterator[bytes]]:
        import httpx2

        shown = without_password(uri)
        try:
            with self._client(self._proxies.choose(scheme, host)).stream("GET", uri) as response:
                if response.status_code in (404, 410):
                    raise NotInArchiveError(f"not in the archive: {shown} (status {response.status_code})")
                if response.status_code != 200:
                    raise NetworkError(f"{shown}: want status 200, got {response.status_code}")
                # Raw bytes: a server that labels .gz files with Content-Encoding must not have them inflated.
                yield response.iter_raw(CHUNK_BYTES)
        except httpx2.InvalidURL as error:
            raise InputError(f"archive not understood: {shown!r}") from error
        except httpx2.HTTPError as error:
            raise NetworkError(f"cannot fetch {shown}: {error or type(error).__name__}", hint=UNREACHED) from error

    def _client(self, proxy: str | None) -> "httpx2.Client":
        import httpx2

        with self._lock:
            if proxy not in self._clients:
                # httpx2 wants a scheme, and users leave it out
                whole = proxy if proxy is None or "://" in proxy else f"http://{proxy}"
                try:
                    self._clients[proxy] = httpx2.Client(
                        proxy=whole,
                        verify=_tls_context(self._ca_file),
                        timeout=_TIMEOUT_S,
                        follow_redirects=True,
                        trust_env=False,
                        headers={"accept-encoding": "identity", "user-agent": "lightship"},
                    )
                except (ValueError, httpx2.InvalidURL, ImportError) as error:  # ImportError: socks needs a package
                    raise InputError("the archive's proxy is not supported: want http://HOST:PORT") from error
            return self._clients[proxy]


@functools.cache
def _tls_context(ca_file: Path | None) -> "ssl.SSLContext":
    import ssl

    return ssl.create_default_context(cafile=str(ca_file) if ca_file else None)  # reads some 140 certificates


def _name(uri: str) -> str:
    return urlsplit(uri).path.rpartition("/")[2]
