"""A site that serves its files right, and any fault that is planted in it, over HTTP on loopback.

A fault is a line: ``PATH [when WHO] -> PART; PART``. PATH may be ``*``, and begin with ``cdn:`` for the second server.
WHO is a client (``identity``, ``gzip``, ``br``), a method, or a header that the request has. A PART is a status,
``Name: value`` (without a value the header is taken away), ``body: TEXT``, ``gzip: TEXT``, ``as: CLIENT``,
``file: PATH``, ``whole`` (no part and no 304), ``cut`` (the end is missing), or ``hang up``.
"""

import functools
import gzip
import hashlib
import http.server
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import brotli

from lightship.assets.kinds import MEDIA_TYPES, compressible, is_hashed

__all__ = ["CDN_FILES", "FILES", "Answered", "FaultySite", "site_files"]

_TYPES = {suffix: name for name, suffixes in MEDIA_TYPES.items() for suffix in suffixes}
_LINE = re.compile(r"(?P<path>\S+)(?: when (?P<who>[\w-]+))? -> (?P<parts>.+)")
_WORDS = " ".join(f"word{number}" for number in range(400)).encode()

SCRIPT = b"export const greeting = 'hello';\n// " + _WORDS + b"\n"
FONT = b"wOF2" + bytes(range(256)) * 5
CDN_FILES = {
    "/vendor-3f2a9c1b.js": b"window.vendor = 1;\n// " + _WORDS,
    "/letters-0a1b2c3d.woff2": FONT,
    "/banner-0a1b2c3d.png": b"\x89PNG\r\n" + bytes(range(256)) * 5,
}


def site_files(cdn: str) -> dict[str, bytes]:
    """What the site serves; ``cdn`` is the other server's origin."""
    page = f"""<!doctype html><html><head><meta charset=utf-8><title>page</title>
<link rel=stylesheet href=/assets/style-C3xYz9ab.css><link rel=icon href=/logo.svg>
<link rel=manifest href=/site.webmanifest>
<script type=module src=/assets/index-DiwrgT4a.js></script>
<script src={cdn}/vendor-3f2a9c1b.js crossorigin></script></head>
<body><img src={cdn}/banner-0a1b2c3d.png><a href=/about.html>about</a><p>""".encode()
    return {
        "/": page + _WORDS,
        "/about.html": b"<!doctype html><html><meta charset=utf-8><title>about</title><p>" + _WORDS,
        "/assets/style-C3xYz9ab.css": (
            f"@font-face {{ font-family: x; src: url({cdn}/letters-0a1b2c3d.woff2) }}\n/* ".encode() + _WORDS + b" */"
        ),
        "/assets/index-DiwrgT4a.js": SCRIPT,
        "/logo.svg": b"<svg xmlns='http://www.w3.org/2000/svg'><!-- " + _WORDS + b" --></svg>",
        "/site.webmanifest": b'{"name": "page", "icons": []}',
    }


FILES = tuple(site_files(""))


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: Mapping[str, str]
    body: bytes
    hang_up: bool = False
    cut: bool = False


@dataclass(frozen=True, slots=True)
class _Asked:
    method: str
    path: str
    headers: Mapping[str, str]

    @property
    def client(self) -> str:
        said = self.headers.get("accept-encoding", "identity")
        return "br" if "br" in said else "gzip" if "gzip" in said else "identity"

    def is_of(self, who: str | None) -> bool:
        return who is None or who in (self.client, self.method) or who.lower() in self.headers


@dataclass(slots=True)
class _Server:
    """One origin. ``asked`` has what was asked, in order."""

    name: str
    files: dict[str, bytes] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    asked: list[_Asked] = field(default_factory=list)
    origin: str = ""

    def answer(self, asked: _Asked) -> Answered:
        self.asked.append(asked)
        rules = [_LINE.fullmatch(line) for line in self.lines]
        matching = [rule for rule in rules if rule and self._is_for(rule, asked)]
        parts = [part.strip() for rule in matching for part in rule["parts"].split(";")]
        for part in parts:
            name, _, value = (word.strip() for word in part.partition(":"))
            if name == "as":
                asked = replace(asked, headers={**asked.headers, "accept-encoding": value})
            elif name == "file":
                asked = replace(asked, path=value)
            elif name == "whole":
                kept = {k: v for k, v in asked.headers.items() if k not in ("range", "if-none-match")}
                asked = replace(asked, headers=kept)
        answered = _honest(self.files, asked)
        for part in parts:
            answered = _changed(answered, part)
        etag = answered.headers.get("ETag")
        if answered.status == 200 and etag is not None and asked.headers.get("if-none-match") == etag:
            return replace(answered, status=304, body=b"")
        return answered

    def _is_for(self, rule: re.Match[str], asked: _Asked) -> bool:
        path = rule["path"]
        origin = "cdn" if path.startswith("cdn:") else "site"
        path = path.removeprefix("cdn:")
        if path.startswith("absent"):
            fits = "lightship-absent" in asked.path and asked.path.endswith(path.removeprefix("absent"))
        else:
            fits = path in ("*", asked.path)
        return origin == self.name and fits and asked.is_of(rule["who"])


@functools.cache
def _packed(content: bytes, client: str) -> bytes:
    if client == "gzip":
        return gzip.compress(content, mtime=0)
    return bytes(brotli.compress(content)) if client == "br" else content


def _honest(files: Mapping[str, bytes], asked: _Asked) -> Answered:
    path = asked.path.partition("?")[0]
    content = files.get(path)
    if content is None:
        headers = {"Content-Type": "text/plain", "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"}
        return Answered(404, headers, b"not here\n")
    suffix = "html" if path.endswith("/") else path.rpartition(".")[2]
    small = len(content) < 1024 or not compressible(f"x.{suffix}")
    client = "identity" if small else asked.client
    body = _packed(content, client)
    headers = {
        "Content-Type": _TYPES[suffix],
        "Cache-Control": "public, max-age=31536000, immutable" if is_hashed(path[1:]) else "no-cache",
        "ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"',
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        **({} if small else {"Vary": "Accept-Encoding"}),
        **({"Content-Encoding": client} if client != "identity" else {}),
    }
    part = re.fullmatch(r"bytes=(\d+)-(\d+)", asked.headers.get("range", ""))
    if part:
        first, last = int(part[1]), int(part[2])
        headers["Content-Range"] = f"bytes {first}-{last}/{len(body)}"
        return Answered(206, headers, body[first : last + 1])
    return Answered(200, headers, body)


def _changed(answered: Answered, part: str) -> Answered:
    name, colon, value = part.partition(":")
    value = value.strip()
    if part.isdigit():
        return replace(answered, status=int(part), body=b"" if part == "304" else b"fault\n")
    if part == "hang up":
        return replace(answered, hang_up=True)
    if part == "cut":
        return replace(answered, cut=True)
    if name == "body":
        return replace(answered, body=value.encode())
    if name == "gzip":
        return replace(answered, body=gzip.compress(value.encode()))
    if not colon or name in ("as", "file"):
        return answered
    headers = {key: old for key, old in answered.headers.items() if key.lower() != name.lower()}
    return replace(answered, headers={**headers, **({name: value} if value else {})})


@dataclass(slots=True)
class FaultySite:
    """Two origins, the site's and its CDN's. ``plant`` takes the lines of the module's docstring."""

    site: _Server
    cdn: _Server

    @property
    def root(self) -> str:
        return f"{self.site.origin}/"

    def plant(self, *lines: str) -> None:
        for line in lines:
            assert _LINE.fullmatch(line), line
        self.site.lines[:] = self.cdn.lines[:] = list(lines)
        self.site.asked.clear()
        self.cdn.asked.clear()
        self.site.files = site_files(self.cdn.origin)
        self.cdn.files = dict(CDN_FILES)

    @classmethod
    @contextmanager
    def running(cls) -> "Iterator[FaultySite]":
        with _listening("site") as site, _listening("cdn") as cdn:
            found = cls(site, cdn)
            found.plant()
            yield found


@contextmanager
def _listening(name: str) -> Iterator[_Server]:
    server = _Server(name)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def do_GET(self) -> None:
            headers = {key.lower(): value for key, value in self.headers.items()}
            answered = server.answer(_Asked(self.command, self.path, headers))
            if answered.hang_up:
                self.close_connection = True
                return
            self.send_response_only(answered.status)
            for key, value in answered.headers.items():
                self.send_header(key, value)
            if answered.status != 304:
                self.send_header("Content-Length", str(len(answered.body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(answered.body[: len(answered.body) // 2] if answered.cut else answered.body)
                self.close_connection = self.close_connection or answered.cut

        do_HEAD = do_GET  # noqa: N815 - as the standard library calls it

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    class Listening(http.server.ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64  # more than ever ask at once: who is not let in waits for a second

    with Listening(("127.0.0.1", 0), Handler) as listening:
        server.origin = f"http://127.0.0.1:{listening.server_port}"
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            listening.shutdown()
            thread.join()
