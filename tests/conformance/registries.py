"""Debian's registry on loopback, with every kind of authentication, and what stands around one: a token server that
signs with openssl, a certificate authority, a proxy that cuts connections."""

import base64
import contextlib
import hashlib
import json
import re
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.conftest import require_tool

__all__ = [
    "PASSWORD",
    "REFRESH",
    "USER",
    "Cutter",
    "DockerRegistry",
    "certificate",
    "cutting",
    "docker_registry",
    "htpasswd",
    "token_server",
]

USER, PASSWORD, REFRESH = "ada", "s3cret", "refresh-me"
_HASHED = "$2b$04$oy4TH.YeIyGLTSIqgVZBC.DOekjqfhG85/jf2mk4kwo7tAAeq/kwm"  # bcrypt of PASSWORD, by crypt(3)
_ACCESS = re.compile(r'"(GET|HEAD|POST|PATCH|PUT|DELETE) (\S+) HTTP/1\.1" (\d+)')


@dataclass(frozen=True, slots=True, kw_only=True)
class DockerRegistry:
    """A running registry; ``log`` is its access log."""

    host: str
    log: Path

    def asked(self, pattern: str = "") -> list[str]:
        """``METHOD status`` of every request so far whose address fits."""
        time.sleep(0.05)  # it logs after it has answered
        found = _ACCESS.findall(self.log.read_text(errors="replace"))
        return [f"{method} {status}" for method, path, status in found if re.search(pattern, path)]


@contextmanager
def docker_registry(folder: Path, *, auth: str = "", tls: tuple[Path, Path] | None = None) -> Iterator[DockerRegistry]:
    """A registry that keeps its blobs in ``folder``; ``auth`` is a part of its configuration, in YAML's flow style."""
    program = require_tool("docker-registry")
    host = f"127.0.0.1:{_free_port()}"
    secure = f", tls: {{certificate: {tls[0]}, key: {tls[1]}}}" if tls is not None else ""
    (folder / "registry.yml").write_text(
        f"version: 0.1\nlog: {{level: error}}\n"
        f"storage: {{filesystem: {{rootdirectory: {folder}/registry}}}}\n"
        f"http: {{addr: '{host}', secret: pretend{secure}}}\n" + (f"auth: {auth}\n" if auth else "")
    )
    log = folder / "registry.log"
    with log.open("wb") as stream:
        process = subprocess.Popen([program, "serve", folder / "registry.yml"], stdout=stream, stderr=stream)
    try:
        limit = time.monotonic() + 30
        while not _listens(host):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < limit, "the registry does not listen"
            time.sleep(0.05)
        yield DockerRegistry(host=host, log=log)
    finally:
        process.terminate()
        process.wait()


def htpasswd(folder: Path) -> str:
    """The configuration of a registry that knows `USER`."""
    (folder / "htpasswd").write_text(f"{USER}:{_HASHED}\n")
    return f"{{htpasswd: {{realm: pretend, path: {folder}/htpasswd}}}}"


def certificate(folder: Path) -> tuple[Path, Path, Path]:
    """An authority, and a certificate by it for loopback with its key: all PEM."""
    openssl = require_tool("openssl")

    def call(*words: str) -> None:
        subprocess.run([openssl, *words], cwd=folder, check=True, capture_output=True)

    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    call("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Pretend CA")
    call("req", *key, "-keyout", "own.key", "-out", "own.csr", "-subj", "/CN=localhost")
    (folder / "own.ext").write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
    call("x509", "-req", "-in", "own.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial",
         "-extfile", "own.ext", "-days", "2", "-out", "own.pem")  # fmt: skip
    return folder / "ca.pem", folder / "own.pem", folder / "own.key"


@contextmanager
def token_server(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The configuration of a registry that believes this server's tokens, and what the server was asked for.

    https://distribution.github.io/distribution/spec/auth/jwt/: RS256, the certificate in ``x5c``.
    """
    openssl = require_tool("openssl")
    key, certified = folder / "token.key", folder / "token.pem"
    subprocess.run(
        [
            openssl,
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            str(key),
            "-out",
            str(certified),
            "-days",
            "2",
            "-subj",
            "/CN=pretend",
        ],
        check=True,
        capture_output=True,
    )
    der = "".join(line for line in certified.read_text().splitlines() if not line.startswith("-"))
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None: ...

        def do_GET(self) -> None:
            basic = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            known = self.headers.get("Authorization") == f"Basic {basic}"
            query = parse_qs(urlsplit(self.path).query)
            self.answer(known, query.get("scope", []))

        def do_POST(self) -> None:
            form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.answer(form.get("refresh_token") == [REFRESH], form.get("scope", [""])[0].split())

        def answer(self, known: bool, scopes: list[str]) -> None:
            asked.append(" ".join(scopes))
            content = json.dumps({"token": token(scopes), "expires_in": 60}).encode() if known else b"{}"
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    def token(scopes: list[str]) -> str:
        now = int(time.time())
        parts = [scope.split(":") for scope in scopes]
        claims: dict[str, object] = {
            "iss": "pretend", "sub": USER, "aud": "pretend-registry", "iat": now, "nbf": now - 5, "exp": now + 60,
            "jti": hashlib.sha256(" ".join(scopes).encode()).hexdigest(),
            "access": [{"type": kind, "name": name, "actions": actions.split(",")} for kind, name, actions in parts],
        }  # fmt: skip
        signed = f"{_base64({'typ': 'JWT', 'alg': 'RS256', 'x5c': [der]})}.{_base64(claims)}"
        signature = subprocess.run(
            [openssl, "dgst", "-sha256", "-sign", key], input=signed.encode(), check=True, capture_output=True
        ).stdout
        return f"{signed}.{_url_safe(signature)}"

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        realm = f"http://127.0.0.1:{server.server_port}/token"
        wanted = f"realm: '{realm}', service: pretend-registry, issuer: pretend, rootcertbundle: {certified}"
        try:
            yield f"{{token: {{{wanted}}}}}", asked
        finally:
            server.shutdown()
            thread.join()


@dataclass(slots=True)
class Cutter:
    """A proxy in front of ``target`` that breaks a connection once ``up`` or ``down`` bytes went through it, while
    there are ``cuts`` left. It counts what went through."""

    target: str
    host: str = ""
    up: int = 1 << 60
    down: int = 1 << 60
    cuts: int = 0
    cut: int = 0
    up_bytes: int = 0
    down_bytes: int = 0


@contextmanager
def cutting(target: str) -> Iterator[Cutter]:
    """A `Cutter` that listens until the block ends."""
    cutter = Cutter(target=target)
    name, _, port = target.partition(":")

    def pass_on(source: socket.socket, sink: socket.socket, upward: bool) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := source.recv(65536):
                sink.sendall(chunk)
                passed += len(chunk)
                if upward:
                    cutter.up_bytes += len(chunk)
                else:
                    cutter.down_bytes += len(chunk)
                if passed >= (cutter.up if upward else cutter.down) and cutter.cut < cutter.cuts:
                    cutter.cut += 1
                    break
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def connect(client: socket.socket) -> None:
        with client, socket.create_connection((name, int(port))) as server:
            upward = threading.Thread(target=pass_on, args=(client, server, True))
            upward.start()
            pass_on(server, client, False)
            upward.join()

    connections: list[threading.Thread] = []

    def accept(listening: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connections.append(threading.Thread(target=connect, args=(listening.accept()[0],)))
                connections[-1].start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        cutter.host = f"127.0.0.1:{listening.getsockname()[1]}"
        accepting = threading.Thread(target=accept, args=(listening,))
        accepting.start()
        try:
            yield cutter
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            for thread in (accepting, *connections):
                thread.join()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _listens(host: str) -> bool:
    name, _, port = host.partition(":")
    with contextlib.suppress(OSError), socket.create_connection((name, int(port)), timeout=1):
        return True
    return False


def _base64(document: dict[str, object]) -> str:
    return _url_safe(json.dumps(document).encode())


def _url_safe(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
