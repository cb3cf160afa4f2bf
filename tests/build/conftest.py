"""A package index on loopback that fails on purpose, with real sockets."""

import hashlib
import http.server
import json
import select
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

import pytest

from lightship.build.index.request import Request
from lightship.build.index.settings import IndexSettings
from lightship.ecosystem.python.locked import Artifact
from lightship.store.cache import Cache

__all__ = ["Asked", "FaultyIndex", "Pretend", "PretendWheel", "Reply"]

Reply = Callable[["Handler"], None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as the server saw it."""

    path: str
    headers: dict[str, str]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: "_Server"

    def do_GET(self) -> None:
        index = self.server.index
        path = urlsplit(self.path).path if "://" in self.path else self.path
        with index.guard:
            index.asked.append(Asked(self.path, {key.lower(): value for key, value in self.headers.items()}))
            replies = index.routes.get(path, [not_found])
            reply = replies.pop(0) if len(replies) > 1 else replies[0]
        try:
            reply(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def do_CONNECT(self) -> None:
        """A forward proxy's tunnel."""
        index = self.server.index
        with index.guard:
            index.asked.append(Asked(self.path, {key.lower(): value for key, value in self.headers.items()}))
        host, _, port = self.path.partition(":")
        with socket.create_connection((index.names.get(host, host), int(port)), timeout=5) as far:
            self.send_response(200)
            self.end_headers()
            ends = [self.connection, far]
            while readable := select.select(ends, [], [], 5)[0]:
                for one in readable:
                    chunk = one.recv(65536)
                    if not chunk:
                        self.close_connection = True
                        return
                    (far if one is self.connection else self.connection).sendall(chunk)

    def answer(self, body: bytes, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        named = {key.replace("_", "-"): value for key, value in headers.items()}
        named.setdefault("Content-Length", str(len(body)))
        for key, value in named.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def drop(self) -> None:
        """Break the connection with a reset, not an orderly end."""
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def log_request(self, code: object = "-", size: object = "-") -> None:
        """Silence."""


class _Server(http.server.ThreadingHTTPServer):
    index: "FaultyIndex"
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        pass  # connections are broken on purpose


def not_found(handler: Handler) -> None:
    handler.answer(b"no such file", 404)


@dataclass(slots=True)
class FaultyIndex:
    """Routes are lists of replies: each request takes the next one, and the last one stays."""

    routes: dict[str, list[Reply]] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)
    url: str = ""

    def on(self, path: str, *replies: Reply) -> str:
        self.routes[path] = list(replies)
        return self.url + path

    def serve(self, path: str, body: bytes, status: int = 200, **headers: str) -> str:
        return self.on(path, lambda handler: handler.answer(body, status, **headers))

    @staticmethod
    def resumable(body: bytes, etag: str = '"one"') -> Reply:
        """A reply that honours Range and If-Range."""

        def reply(handler: Handler) -> None:
            wanted = handler.headers.get("Range")
            if wanted and handler.headers.get("If-Range", etag) == etag:
                start = int(wanted.removeprefix("bytes=").rstrip("-"))
                told = f"bytes {start}-{len(body) - 1}/{len(body)}"
                handler.answer(body[start:], 206, Content_Range=told, ETag=etag)
            else:
                handler.answer(body, ETag=etag)

        return reply

    def paths(self) -> list[str]:
        return [asked.path for asked in self.asked]

    def project(self, name: str, *files: dict[str, Any]) -> None:
        """A PEP 691 page."""
        page = json.dumps({"meta": {"api-version": "1.1"}, "name": name, "files": list(files)}).encode()
        self.serve(f"/simple/{name}/", page, Content_Type="application/vnd.pypi.simple.v1+json")


def _start(index: FaultyIndex, wrap: Callable[[socket.socket], socket.socket] | None = None) -> _Server:
    server = _Server(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.index = index
    if wrap is not None:
        server.socket = wrap(server.socket)
    index.url = f"{'https' if wrap else 'http'}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    return server


@pytest.fixture
def start_index() -> Iterator[Callable[..., FaultyIndex]]:
    """Start any number of indexes; ``wrap`` puts TLS around one."""
    servers: list[_Server] = []

    def start(wrap: Callable[[socket.socket], socket.socket] | None = None) -> FaultyIndex:
        index = FaultyIndex()
        servers.append(_start(index, wrap))
        return index

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def index(start_index: Callable[..., FaultyIndex]) -> FaultyIndex:
    return start_index()


@dataclass(frozen=True, slots=True)
class Pretend:
    """A file of a pretend project, and how it is asked for."""

    body: bytes
    filename: str = "pretend_lib-1.0-py3-none-any.whl"

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def request(self, url: str | None = None, *, index: str | None = None, sized: bool = True) -> Request:
        artifact = Artifact(
            filename=self.filename, sha256=self.sha256, size_bytes=len(self.body) if sized else None, url=url
        )
        return Request(project="pretend-lib", artifact=artifact, index=index, pinned=url is not None and index is None)


@pytest.fixture
def pretend() -> Pretend:
    """400 kB that do not repeat: more than one network read, and more than an attempt's least progress."""
    return Pretend(b"".join(hashlib.sha256(str(number).encode()).digest() for number in range(12_500)))


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@pytest.fixture
def settings(index: FaultyIndex) -> IndexSettings:
    return IndexSettings(source="pip", index_url=f"{index.url}/simple", timeout_s=5.0, retries=3, backoff_s=0.01)


def trickle(handler: Handler) -> None:
    """A slow loris: a byte now and then, within every read timeout."""
    handler.send_response(200)
    handler.send_header("Content-Length", "400000")
    handler.end_headers()
    for _ in range(200):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


@pytest.fixture(name="trickle")
def _trickle() -> Reply:
    return trickle


class PretendWheel(Protocol):
    """Write a wheel into the directory of pretend wheels and return its path."""

    def __call__(
        self,
        name: str,
        version: str,
        files: Mapping[str, str],
        *,
        requires: tuple[str, ...] = (),
        tag: str = "py3-none-any",
    ) -> Path: ...


@pytest.fixture
def wheel_directory(tmp_path: Path) -> Path:
    directory = tmp_path / "links"
    directory.mkdir()
    return directory


@pytest.fixture
def pretend_wheel(wheel_directory: Path) -> PretendWheel:
    def write(
        name: str, version: str, files: Mapping[str, str], *, requires: tuple[str, ...] = (), tag: str = "py3-none-any"
    ) -> Path:
        path = wheel_directory / f"{name}-{version}-{tag}.whl"
        needs = "".join(f"Requires-Dist: {text}\n" for text in requires)
        with zipfile.ZipFile(path, "w") as archive:
            for member, text in files.items():
                archive.writestr(member, text)
            metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}"
            archive.writestr(f"{name}-{version}.dist-info/METADATA", metadata)
        return path

    return write
