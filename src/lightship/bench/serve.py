"""A registry that only gives: the pull part of the OCI distribution-spec 1.1, on loopback, from this process.

https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md, sections "Pulling manifests" and "Pulling
blobs", with ranges of RFC 9110, 14. Blobs are streamed from where they are; every connection has a thread. No
authentication, no TLS, no listing: it stands in for a registry that is measured, and nothing else can reach it.
"""

import contextlib
import io
import json
import os
import re
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import BinaryIO

from lightship.archive.verify import CHUNK_BYTES
from lightship.errors import LightshipError, NetworkError
from lightship.oci.digest import Digest
from lightship.oci.manifest import Manifest

__all__ = ["Blob", "Registry", "Served", "served"]

_REPOSITORY = r"[a-z0-9]+(?:[._/-]+[a-z0-9]+)*"
_ROUTE = re.compile(rf"/v2/(?P<name>{_REPOSITORY})/(?P<kind>manifests|blobs)/(?P<reference>[\w.:+-]{{1,200}})")
_RANGE = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Blob:
    """Bytes by digest; ``open`` gives them from their first byte, as often as it is called and from any thread."""

    digest: Digest
    size_bytes: int
    open: Callable[[], BinaryIO] = field(repr=False, compare=False)

    @classmethod
    def of(cls, content: bytes) -> "Blob":
        """A small blob held in memory."""
        return cls(digest=Digest.of(content), size_bytes=len(content), open=lambda: io.BytesIO(content))


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An image as a registry has it, called ``repository:tag``."""

    repository: str
    tag: str
    raw_manifest: bytes = field(repr=False)
    blobs: tuple[Blob, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Registry:
    """Where it listens: ``host:port`` of loopback."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@contextmanager
def served(images: Sequence[Served]) -> Iterator[Registry]:
    """A registry with ``images`` on a free port of loopback until the block ends."""
    manifests: dict[tuple[str, str], bytes] = {}
    blobs: dict[str, Blob] = {}
    for image in images:
        for reference in (image.tag, str(Digest.of(image.raw_manifest))):
            manifests[image.repository, reference] = image.raw_manifest
        blobs |= {str(blob.digest): blob for blob in image.blobs}
    try:
        server = _Server(("127.0.0.1", 0), _Handler)
    except OSError as error:
        raise NetworkError(f"cannot listen on loopback: {error.strerror}") from error
    server.manifests, server.blobs = manifests, blobs
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="lightship-registry")
    thread.start()
    try:
        yield Registry("127.0.0.1", server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        server.end_connections()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        self.manifests: dict[tuple[str, str], bytes] = {}
        self.blobs: dict[str, Blob] = {}
        self._connections: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, handler)

    def process_request(self, request: socket.socket | tuple[bytes, socket.socket], client_address: object) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: socket.socket | tuple[bytes, socket.socket]) -> None:
        if isinstance(request, socket.socket):
            with self._lock:
                self._connections.discard(request)
        super().shutdown_request(request)

    def end_connections(self) -> None:
        """Wake the threads of connections that were kept alive."""
        with self._lock:
            open_yet = list(self._connections)
        for connection in open_yet:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing: a client that goes away in the middle is no fault of ours, and it sees what is missing."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    wbufsize = 1 << 16  # one packet for a small answer, not one a header
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Nothing: who asks says what it got."""

    def version_string(self) -> str:
        return "lightship-bench"

    def _answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        if path in ("/v2", "/v2/"):
            self._small(200, b"{}", {"Docker-Distribution-API-Version": "registry/2.0"}, with_body=with_body)
            return
        route = _ROUTE.fullmatch(path)
        if route is None:
            self._error(404, "NAME_UNKNOWN", with_body=with_body)
        elif route["kind"] == "manifests":
            raw = self.server.manifests.get((route["name"], route["reference"]))
            if raw is None:
                self._error(404, "MANIFEST_UNKNOWN", with_body=with_body)
                return
            headers = {"Docker-Content-Digest": str(Digest.of(raw)), "Content-Type": Manifest.parse(raw).media_type}
            self._small(200, raw, headers, with_body=with_body)
        else:
            blob = self.server.blobs.get(route["reference"])
            if blob is None:
                self._error(404, "BLOB_UNKNOWN", with_body=with_body)
            else:
                self._blob(blob, with_body=with_body)

    def _error(self, status: int, code: str, *, with_body: bool) -> None:
        body = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
        self._small(status, body, {"Content-Type": "application/json"}, with_body=with_body)

    def _small(self, status: int, body: bytes, headers: dict[str, str], *, with_body: bool) -> None:
        self._head(status, {**headers, "Content-Length": str(len(body))})
        if with_body:
            self.wfile.write(body)
        self.wfile.flush()

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _blob(self, blob: Blob, *, with_body: bool) -> None:
        asked = _asked(self.headers.get("Range"))
        first, end = (0, blob.size_bytes) if asked is None else _bounds(*asked, blob.size_bytes)
        if asked is not None and first >= end:
            self._head(416, {"Content-Range": f"bytes */{blob.size_bytes}", "Content-Length": "0"})
            return
        headers = {
            "Docker-Content-Digest": str(blob.digest),
            "Content-Type": "application/octet-stream",
            "Accept-Ranges": "bytes",
            "Content-Length": str(end - first),
        }
        if asked is not None:
            headers["Content-Range"] = f"bytes {first}-{end - 1}/{blob.size_bytes}"
        self._head(200 if asked is None else 206, headers)
        self.wfile.flush()
        if with_body:
            self._stream(blob, first, end)

    def _stream(self, blob: Blob, first: int, end: int) -> None:
        """Send the bytes from ``first`` to ``end``. Where that fails the connection ends: a status was sent."""
        self.close_connection = True
        with contextlib.suppress(OSError, LightshipError), blob.open() as stream:
            left = end - first - self._sent_by_kernel(stream, first, end)
            if left == end - first:
                _skip(stream, first)
            while left and (chunk := stream.read(min(left, CHUNK_BYTES))):
                self.connection.sendall(chunk)
                left -= len(chunk)
            self.close_connection = bool(left)

    def _sent_by_kernel(self, stream: BinaryIO, first: int, end: int) -> int:
        """How much was sent by sendfile(2), which spares the measured machine a copy: all of a plain file, or 0."""
        if not isinstance(stream, io.FileIO | io.BufferedReader):
            return 0
        at = first
        while at < end and (count := os.sendfile(self.connection.fileno(), stream.fileno(), at, end - at)):
            at += count
        return at - first


def _skip(stream: BinaryIO, size_bytes: int) -> None:
    while size_bytes and (chunk := stream.read(min(size_bytes, CHUNK_BYTES))):
        size_bytes -= len(chunk)


def _asked(header: str | None) -> tuple[int | None, int | None] | None:
    """First and last byte of a Range; None where there is none, or one that is passed over (RFC 9110, 14.2): several
    ranges, another unit, an end before its beginning."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    first, last = (int(text) if text else None for text in match.groups())
    return None if first is not None and last is not None and last < first else (first, last)


def _bounds(first: int | None, last: int | None, size_bytes: int) -> tuple[int, int]:
    """First byte and end of a range within ``size_bytes``; empty where nothing of it exists. Without ``first``, the
    last ``last`` bytes are meant."""
    if first is None:
        return max(0, size_bytes - (last or 0)), size_bytes
    return first, size_bytes if last is None else min(last + 1, size_bytes)
