"""Connections to registries: a pool for each host, with its proxy and its trust, and a watch over all of them.

A peer that sends single bytes keeps every read timeout from running out; the watch counts the time that is spent
waiting instead. It also cuts every connection at once when the work is given up.

Import it where a request is really made: httpx2 costs ten times an interpreter's start.
"""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore2
import httpx2

from lightship.errors import InputError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.addresses import DOCKER_HUB, display_url, host_of
from lightship.store.registry.proxies import proxy_for
from lightship.store.registry.retry import StoppedError

__all__ = ["Connections"]

_LEAST_BYTES = 1024
"""A peer must send as many before the timeout's time was spent waiting for them."""

_CONNECT_TIMEOUT_S = 20.0
_PORTS = {"http": 80, "https": 443}


class _Stream(httpcore2.NetworkStream):
    """A connection whose reads wait, together, no longer than their timeout for every `_LEAST_BYTES`."""

    def __init__(self, stream: httpcore2.NetworkStream, watch: "_Watch") -> None:
        self._stream = stream
        self._watch = watch
        self._waited_s = 0.0
        self._received = 0
        watch.streams.add(self)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        began = time.monotonic()
        left = None if timeout is None else timeout - self._waited_s
        if left is not None and left <= 0:
            raise httpcore2.ReadTimeout("too slow to be alive")
        chunk = self._stream.read(max_bytes, left)
        self._waited_s += time.monotonic() - began
        self._received += len(chunk)
        if self._received >= _LEAST_BYTES:
            self._waited_s, self._received = 0.0, 0
        return chunk

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._waited_s, self._received = 0.0, 0
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._watch.streams.discard(self)
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        self._watch.streams.discard(self)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._watch)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def cut(self) -> None:
        """Wake whoever waits for it, with an error."""
        connection = self._stream.get_extra_info("socket")
        if connection is not None:
            with contextlib.suppress(OSError):  # it was closed meanwhile
                connection.shutdown(socket.SHUT_RDWR)


class _Watch(httpcore2.NetworkBackend):
    """Opens connections, and knows those that are open."""

    def __init__(self, stop: threading.Event) -> None:
        self.streams: set[_Stream] = set()
        self._stop = stop
        self._inner = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        if self._stop.is_set():
            raise StoppedError("stopped")
        stream = _Stream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options), self)
        if self._stop.is_set():  # while it was connecting, when nobody could cut it
            stream.close()
            raise StoppedError("stopped")
        return stream


class Connections(httpx2.BaseTransport):
    """The transport of a client: routes a request to the pool of its host. Any number of threads may use it."""

    def __init__(self, access: RegistryAccess, stop: threading.Event) -> None:
        self._access = access
        self._watch = _Watch(stop)
        self._pools: dict[tuple[str, str, int], httpcore2.ConnectionPool] = {}
        self._contexts: dict[tuple[Path, ...], ssl.SSLContext] = {}
        self._lock = threading.Lock()

    def client(self, headers: dict[str, str]) -> httpx2.Client:
        """A client over these connections that follows no redirect, keeps no cookie and reads no environment."""
        import http.cookiejar

        timeout_s = self._access.timeout_s
        client = httpx2.Client(
            transport=self,
            trust_env=False,
            follow_redirects=False,
            timeout=httpx2.Timeout(timeout_s, connect=min(timeout_s, _CONNECT_TIMEOUT_S), pool=None),
            headers=headers,
        )
        client.cookies.jar.set_policy(http.cookiejar.DefaultCookiePolicy(allowed_domains=[]))
        return client

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """See `httpx2.BaseTransport`; httpcore2's errors are not translated."""
        made = httpcore2.Request(
            method=request.method,
            url=httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            ),
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        answer = self._pool(request.url).handle_request(made)
        return httpx2.Response(
            status_code=answer.status,
            headers=answer.headers,
            stream=_Body(answer.stream),
            extensions=answer.extensions,
        )

    def cut(self) -> None:
        """Cut every connection: a thread that waits for bytes wakes with an error at once."""
        for stream in tuple(self._watch.streams):
            stream.cut()

    def close(self) -> None:
        """Close every pool."""
        for pool in self._pools.values():
            pool.close()

    def _pool(self, url: httpx2.URL) -> httpcore2.ConnectionPool:
        port = url.port or _PORTS[url.scheme]
        key = (url.scheme, url.host, port)
        with self._lock:
            if key not in self._pools:
                self._pools[key] = self._make_pool(*key)
            return self._pools[key]

    def _make_pool(self, scheme: str, host: str, port: int) -> httpcore2.ConnectionPool:
        context = self._context(host, port) if scheme == "https" else None
        most = max(self._access.jobs * 2, 8)
        proxy = proxy_for(scheme, host, port, self._access.environ)
        if proxy is None:
            return httpcore2.ConnectionPool(
                ssl_context=context,
                max_connections=most,
                max_keepalive_connections=most,
                keepalive_expiry=30.0,
                network_backend=self._watch,
            )
        address, auth = _proxy(proxy)
        return httpcore2.HTTPProxy(
            proxy_url=address,
            proxy_auth=auth,
            ssl_context=context,
            proxy_ssl_context=self._context("", 0) if address.startswith("https:") else None,
            max_connections=most,
            max_keepalive_connections=most,
            keepalive_expiry=30.0,
            network_backend=self._watch,
        )

    def _context(self, host: str, port: int) -> ssl.SSLContext:
        folders = _certificate_folders(self._access.certificate_folders, host, port)
        if folders not in self._contexts:
            self._contexts[folders] = _trust(self._access, folders)
        return self._contexts[folders]


class _Body(httpx2.SyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream

    def __iter__(self) -> Any:
        return iter(self._stream)

    def close(self) -> None:
        self._stream.close()


def _proxy(text: str) -> tuple[str, tuple[str, str] | None]:
    wrong = InputError(f"proxy not understood: want http://host:port, got {display_url(text)}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:  # brackets without an address, a port that is none
        raise wrong from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise wrong
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    auth = (unquote(parts.username), unquote(parts.password or "")) if parts.username is not None else None
    return f"{parts.scheme}://{host}:{port or _PORTS[parts.scheme]}", auth


def _certificate_folders(roots: Iterable[Path], host: str, port: int) -> tuple[Path, ...]:
    """The folders that an engine reads for a registry: ``HOST:PORT``, and ``HOST`` where the port is the usual one."""
    names = [f"{host}:{port}", *([host] if port == _PORTS["https"] else [])]
    if host == host_of(DOCKER_HUB):
        names.append(DOCKER_HUB)
    found = []
    for folder in (root / name for root in roots for name in names if host):
        with contextlib.suppress(OSError):
            if folder.is_dir():
                found.append(folder)
    return tuple(found)


def _trust(access: RegistryAccess, folders: Iterable[Path]) -> ssl.SSLContext:
    """The system's trust (or SSL_CERT_FILE and SSL_CERT_DIR, as they stand in for it), and what was added to it."""
    file, directory = access.environ.get("SSL_CERT_FILE"), access.environ.get("SSL_CERT_DIR")
    named: object = file or directory
    try:
        context = ssl.create_default_context(cafile=file or None, capath=directory or None)
        if access.ca_file is not None:
            named = access.ca_file
            context.load_verify_locations(cafile=access.ca_file)
        for folder in folders:
            named = folder
            for certificate in sorted(folder.glob("*.crt")):
                context.load_verify_locations(cafile=certificate)
            for certificate in sorted(folder.glob("*.cert")):
                context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    except (OSError, ssl.SSLError) as error:
        raise InputError(f"cannot use the certificates of {named}: {error}") from error
    return context
