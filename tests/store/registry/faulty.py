"""A small registry on loopback that keeps what it is given, tells what it was asked, and fails when it is told to.

OCI distribution-spec 1.1 as far as a client can see it. It serves one test; every answer is made anew.
"""

import base64
import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

__all__ = [
    "Asked",
    "Handler",
    "Registry",
    "answer",
    "cut_download",
    "cut_upload",
    "drip_body",
    "drip_head",
    "forget_range",
    "served",
    "without_header",
]

_PATH = re.compile(r"/v2/(?P<repository>.+?)/(?P<kind>manifests|blobs|tags|referrers)/(?P<rest>.*)")


@dataclass(slots=True, kw_only=True)
class Asked:
    """One request, as it came; ``body_bytes`` are those that were read of its body so far."""

    method: str
    path: str
    headers: Mapping[str, str]
    body_bytes: int = 0

    @property
    def bare(self) -> str:
        return urlsplit(self.path).path


Action = Callable[["Handler"], bool]
"""Handles a request, or returns False: then it goes the usual way."""


@dataclass(slots=True)
class _Rule:
    method: str
    pattern: str
    action: Action
    times: int


@dataclass(slots=True)
class Registry:
    """Its content, and its ways. ``rules`` are asked first; the first that fits and has times left acts."""

    host: str = ""
    blobs: dict[tuple[str, str], bytes] = field(default_factory=dict)
    manifests: dict[tuple[str, str], tuple[str, bytes]] = field(default_factory=dict)
    uploads: dict[str, bytearray] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)
    rules: list[_Rule] = field(default_factory=list)
    auth: str = ""
    user: tuple[str, str] = ("ada", "s3cret")
    refresh: str = "refresh-me"
    realm: str = ""
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    token_life_s: float = 300.0
    location: str = "absolute"
    least_chunk: int = 0
    most_bytes: int = 0
    mounts: bool = True
    referrers: bool = True
    page: int = 1000

    def on(self, method: str, pattern: str, action: Action, *, times: int = 1) -> None:
        """``times`` requests with this method and path (a pattern to search) go to ``action``."""
        self.rules.append(_Rule(method, pattern, action, times))

    def put_blob(self, repository: str, raw: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        self.blobs[repository, digest] = raw
        return digest

    def put_manifest(self, repository: str, reference: str, media_type: str, raw: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        for name in (reference, digest):
            self.manifests[repository, name] = (media_type, raw)
        return digest

    def methods(self, pattern: str = "") -> list[str]:
        """``METHOD`` of every request whose path fits, in order."""
        return [each.method for each in self.asked if re.search(pattern, each.path)]

    def sent_bytes(self) -> int:
        """Bytes of blobs that came, whether or not they were kept."""
        return sum(each.body_bytes for each in self.asked if "/blobs/uploads/" in each.path)


class Handler(BaseHTTPRequestHandler):
    registry: ClassVar[Registry]
    protocol_version = "HTTP/1.1"
    timeout = 20

    def handle_one_request(self) -> None:
        try:
            super().handle_one_request()
        except (ConnectionError, TimeoutError):
            self.close_connection = True

    def log_message(self, *_: Any) -> None: ...

    def act(self) -> None:
        registry = self.registry
        self.asked = Asked(method=self.command, path=self.path, headers=dict(self.headers.items()))
        registry.asked.append(self.asked)
        for rule in registry.rules:
            if rule.times and rule.method in ("*", self.command) and re.search(rule.pattern, self.path):
                rule.times -= 1
                if not rule.action(self):
                    self.usual()
                return
        self.usual()

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = act  # noqa: N815 - http.server's names

    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding"):
            raise AssertionError("a body whose length is known is sent with it")
        return self.take(int(self.headers.get("Content-Length") or 0) - self.asked.body_bytes)

    def take(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size and (chunk := self.rfile.read1(min(size - len(found), 65536))):
            found += chunk
        self.asked.body_bytes += len(found)
        return bytes(found)

    def reply(self, status: int, headers: Mapping[str, str] | None = None, content: bytes = b"") -> None:
        if self.asked.body_bytes < int(self.headers.get("Content-Length") or 0):
            self.body()
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if "Content-Length" not in (headers or {}):
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def fail(self, status: int, code: str, headers: Mapping[str, str] | None = None) -> None:
        content = json.dumps({"errors": [{"code": code, "message": code.lower().replace("_", " ")}]}).encode()
        self.reply(status, headers, content)

    def usual(self) -> None:
        parts = urlsplit(self.path)
        if parts.path == "/token":
            self.token(parse_qs(parts.query))
            return
        match = _PATH.fullmatch(parts.path)
        if not self.allowed(match["repository"] if match else ""):
            return
        if parts.path == "/v2/":
            self.reply(200, {"Docker-Distribution-Api-Version": "registry/2.0"})
        elif match is None:
            self.fail(404, "NAME_UNKNOWN")
        elif match["kind"] == "manifests":
            self.manifest(match["repository"], match["rest"])
        elif match["kind"] == "tags":
            self.tags(match["repository"], parse_qs(parts.query))
        elif match["kind"] == "referrers":
            self.referrers(match["repository"], match["rest"])
        elif match["rest"].startswith("uploads/"):
            self.upload(match["repository"], match["rest"].removeprefix("uploads/"), parse_qs(parts.query))
        else:
            self.blob(match["repository"], match["rest"])

    def allowed(self, repository: str) -> bool:
        registry, given = self.registry, self.headers.get("Authorization", "")
        if not registry.auth:
            return True
        if registry.auth == "basic":
            if given == _basic(registry.user):
                return True
            self.fail(401, "UNAUTHORIZED", {"WWW-Authenticate": 'Basic realm="a registry"'})
            return False
        writes = self.command not in ("GET", "HEAD")
        needed = f"repository:{repository}:{'push' if writes else 'pull'}"
        scopes, end = registry.tokens.get(given.removeprefix("Bearer "), ("", 0.0))
        if time.monotonic() < end and (not repository or _grants(scopes, needed)):
            return True
        scope = f"repository:{repository}:{'pull,push' if writes else 'pull'}"
        realm = registry.realm or f"http://{registry.host}/token"
        asked = f'Bearer realm="{realm}",service="pretend",scope="{scope}"'
        self.fail(401, "UNAUTHORIZED", {"WWW-Authenticate": asked})
        return False

    def token(self, query: Mapping[str, list[str]]) -> None:
        registry = self.registry
        if self.command == "POST":
            form = parse_qs(self.body().decode())
            if form.get("refresh_token") != [registry.refresh] or form.get("grant_type") != ["refresh_token"]:
                self.fail(401, "UNAUTHORIZED")
                return
            scopes = form["scope"][0]
        else:
            if self.headers.get("Authorization") != _basic(registry.user):
                self.fail(401, "UNAUTHORIZED")
                return
            scopes = " ".join(query.get("scope", ()))
        token = f"token-{len(registry.tokens)}-{hashlib.sha256(scopes.encode()).hexdigest()[:8]}"
        registry.tokens[token] = (scopes, time.monotonic() + registry.token_life_s)
        self.reply(200, {}, json.dumps({"token": token, "expires_in": 300}).encode())

    def manifest(self, repository: str, reference: str) -> None:
        registry = self.registry
        if self.command == "PUT":
            raw = self.body()
            digest = registry.put_manifest(repository, reference, self.headers["Content-Type"], raw)
            headers = {"Docker-Content-Digest": digest, "Location": f"/v2/{repository}/manifests/{digest}"}
            subject = json.loads(raw).get("subject")
            if subject and registry.referrers:
                headers["OCI-Subject"] = subject["digest"]
            self.reply(201, headers)
            return
        found = registry.manifests.get((repository, reference))
        if found is None:
            self.fail(404, "MANIFEST_UNKNOWN")
            return
        media_type, raw = found
        digest = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        headers = {"Content-Type": media_type, "Docker-Content-Digest": digest, "Content-Length": str(len(raw))}
        self.reply(200, headers, raw)

    def tags(self, repository: str, query: Mapping[str, list[str]]) -> None:
        tags = sorted(name for where, name in self.registry.manifests if where == repository and ":" not in name)
        last = query.get("last", [""])[0]
        rest = [tag for tag in tags if tag > last]
        page = rest[: self.registry.page]
        link = {"Link": f'</v2/{repository}/tags/list?last={page[-1]}>; rel="next"'} if len(rest) > len(page) else {}
        self.reply(200, link, json.dumps({"name": repository, "tags": page}).encode())

    def referrers(self, repository: str, subject: str) -> None:
        if not self.registry.referrers:
            self.fail(404, "NOT_FOUND")
            return
        found = []
        for (where, name), (media_type, raw) in self.registry.manifests.items():
            document = json.loads(raw)
            if where == repository and ":" in name and (document.get("subject") or {}).get("digest") == subject:
                descriptor = {"mediaType": media_type, "digest": name, "size": len(raw)}
                found.append({**descriptor, "artifactType": document.get("artifactType", "")})
        index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": found}
        self.reply(200, {"Content-Type": index["mediaType"]}, json.dumps(index).encode())  # type: ignore[dict-item]

    def blob(self, repository: str, digest: str) -> None:
        raw = self.registry.blobs.get((repository, digest))
        if raw is None:
            self.fail(404, "BLOB_UNKNOWN")
            return
        self.reply_blob(raw)

    def reply_blob(self, raw: bytes, *, length: int | None = None) -> None:
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        headers = {"Content-Type": "application/octet-stream"}
        if match is None:
            self.reply(200, {**headers, "Content-Length": str(len(raw) if length is None else length)}, raw)
            return
        start, end = int(match[1]), min(int(match[2] or len(raw)), len(raw) - 1)
        if start >= len(raw):
            self.fail(416, "RANGE")
            return
        self.reply(206, {**headers, "Content-Range": f"bytes {start}-{end}/{len(raw)}"}, raw[start : end + 1])

    def upload(self, repository: str, name: str, query: Mapping[str, list[str]]) -> None:
        registry = self.registry
        if self.command == "POST":
            source = (query.get("from", [""])[0], query.get("mount", [""])[0])
            if registry.mounts and source in registry.blobs:
                registry.blobs[repository, source[1]] = registry.blobs[source]
                self.reply(201, {"Location": f"/v2/{repository}/blobs/{source[1]}"})
                return
            name = f"u{len(registry.asked)}-{threading.get_ident()}"  # several begin at once
            registry.uploads[name] = bytearray()
            self.progress(202, repository, name)
            return
        kept = registry.uploads.get(name)
        if kept is None:
            self.fail(404, "BLOB_UPLOAD_UNKNOWN")
        elif self.command == "GET":
            self.progress(204, repository, name)
        elif self.command == "PATCH":
            self.patch(kept, repository, name)
        else:
            kept += self.body()
            digest = query["digest"][0]
            if f"sha256:{hashlib.sha256(kept).hexdigest()}" != digest:
                self.fail(400, "DIGEST_INVALID")
                return
            registry.blobs[repository, digest] = bytes(registry.uploads.pop(name))
            self.reply(201, {"Location": f"/v2/{repository}/blobs/{digest}", "Docker-Content-Digest": digest})

    def patch(self, kept: bytearray, repository: str, name: str) -> None:
        length = int(self.headers["Content-Length"])
        if self.registry.most_bytes and length > self.registry.most_bytes:
            self.fail(413, "SIZE_INVALID")
            return
        given = self.headers.get("Content-Range")
        if given is not None and given != f"{len(kept)}-{len(kept) + length - 1}":
            self.fail(416, "BLOB_UPLOAD_INVALID")
            return
        kept += self.body()
        self.progress(202, repository, name)

    def progress(self, status: int, repository: str, name: str) -> None:
        registry = self.registry
        path = f"/v2/{repository}/blobs/uploads/{name}"
        styles = {"relative": path, "query": f"{path}?_state=a%2Fb%3D", "absolute": f"http://{registry.host}{path}"}
        length = len(registry.uploads[name])
        headers = {"Location": styles[registry.location], "Range": f"0-{max(0, length - 1)}"}
        if registry.least_chunk:
            headers["OCI-Chunk-Min-Length"] = str(registry.least_chunk)
        self.reply(status, headers)

    def cut(self) -> None:
        """Break the connection, without a word."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def answer(status: int, headers: Mapping[str, str] | None = None, content: bytes = b"") -> Action:
    """This answer, whatever was asked."""

    def act(handler: Handler) -> bool:
        handler.reply(status, headers, content)
        return True

    return act


def cut_download(after: int) -> Action:
    """The usual answer, but the connection breaks after ``after`` bytes of its body."""

    def act(handler: Handler) -> bool:
        stream = handler.wfile

        def short(chunk: bytes) -> int:
            stream.write(chunk[:after])
            stream.flush()
            raise ConnectionResetError

        handler.wfile = _Writer(stream.write, short)  # type: ignore[assignment]
        try:
            handler.usual()
        except ConnectionResetError:
            handler.cut()
        finally:
            handler.wfile = stream
        return True

    return act


class _Writer:
    """Passes a head on, and the body through another function."""

    def __init__(self, head: Callable[[bytes], int], body: Callable[[bytes], int]) -> None:
        self._head, self._body, self._is_head = head, body, True

    def write(self, chunk: bytes) -> int:
        if self._is_head:
            self._is_head = False
            return self._head(chunk)
        return self._body(chunk)

    def flush(self) -> None: ...


def cut_upload(after: int, *, kept: bool = True) -> Action:
    """The connection breaks after ``after`` bytes of what is sent; the registry has them, or has forgotten them."""

    def act(handler: Handler) -> bool:
        name = urlsplit(handler.path).path.rpartition("/")[2]
        taken = handler.take(after)
        if kept:
            handler.registry.uploads[name] += taken
        else:
            del handler.registry.uploads[name]
        handler.cut()
        return True

    return act


def drip_head(pause_s: float) -> Action:
    """An answer whose head comes byte by byte, and never ends."""

    def act(handler: Handler) -> bool:
        handler.body()
        for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 400:
            handler.wfile.write(bytes((byte,)))
            time.sleep(pause_s)
        handler.cut()
        return True

    return act


def drip_body(pause_s: float, raw: bytes) -> Action:
    """An answer whose body comes byte by byte."""

    def act(handler: Handler) -> bool:
        handler.reply(200, {"Content-Length": str(len(raw))})
        for byte in raw:
            handler.wfile.write(bytes((byte,)))
            time.sleep(pause_s)
        handler.cut()
        return True

    return act


def forget_range(handler: Handler) -> bool:
    """Every range is the whole blob."""
    del handler.headers["Range"]
    return False


def without_header(name: str) -> Action:
    """The usual answer without one of its headers."""

    def act(handler: Handler) -> bool:
        send = handler.send_header

        def pruned(keyword: str, value: str) -> None:
            if keyword != name:
                send(keyword, value)

        handler.send_header = pruned  # type: ignore[method-assign]
        try:
            handler.usual()
        finally:
            handler.send_header = send  # type: ignore[method-assign]
        return True

    return act


@contextmanager
def served() -> Iterator[Registry]:
    """A registry that listens on loopback until the block ends."""
    registry = Registry()
    handler = type("_Handler", (Handler,), {"registry": registry})

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None: ...

    with Server(("127.0.0.1", 0), handler) as server:
        registry.host = f"127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield registry
        finally:
            server.shutdown()
            thread.join()


def _basic(user: tuple[str, str]) -> str:
    return "Basic " + base64.b64encode(":".join(user).encode()).decode()


def _grants(scopes: str, needed: str) -> bool:
    kind, name, action = needed.split(":")
    return any(
        (parts := scope.split(":"))[:2] == [kind, name] and action in parts[2].split(",") for scope in scopes.split()
    )
