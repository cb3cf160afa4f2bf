"""Debian's nginx over what `lightship assets` made: every kind of client gets the same bytes, and the right headers."""

import gzip
import http.client
import http.server
import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import brotli
import pytest
from tests.conformance.nginx import BROTLI_MODULE, running_nginx

from lightship.assets.kinds import is_hashed
from lightship.assets.model import CompressOptions, Mode
from lightship.assets.nginx import Proxy
from lightship.flows.assets.compress import NginxRequest, compress_assets, configure_nginx
from lightship.progress import SILENT
from lightship.store.cache import Cache

pytestmark = pytest.mark.conformance

SCRIPT = b"export function greet(name) { return `hello ${name}`; }\n" * 60
PAGE = b"<!doctype html><title>page</title>" + b"<p>some words of a page</p>\n" * 60
PICTURE = bytes(range(256)) * 8
FILES = {
    "index.html": PAGE,
    "docs/index.html": PAGE.replace(b"words", b"pages"),
    "assets/index-DiwrgT4a.js": SCRIPT,
    "assets/vendor-B1a2_c-d.js": SCRIPT * 2,
    "assets/page-C3xYz9ab.css": SCRIPT * 3,
    "assets/about-calendar.mjs": SCRIPT * 4,
    "main.3f2a9c1b.chunk.js": SCRIPT * 5,
    "date-calendar.js": SCRIPT * 6,
    "app.mjs": SCRIPT * 7,
    "engine.wasm": SCRIPT * 8,
    "logo.svg": SCRIPT * 9,
    "two words.json": SCRIPT * 10,
    "small.js": b"1",
    "picture.png": PICTURE,
}
TYPES = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
    ".mjs": "text/javascript; charset=utf-8", ".wasm": "application/wasm", ".svg": "image/svg+xml",
    ".json": "application/json", ".png": "image/png",
}  # fmt: skip
FOREVER = "public, max-age=31536000, immutable"
CI = CompressOptions(level="ci")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def plain(self) -> bytes:
        """The body as a browser sees it."""
        decode: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "br": brotli.decompress}
        encoding = self.headers.get("content-encoding")
        return decode[encoding](self.body) if encoding else self.body


@dataclass(frozen=True, slots=True)
class Site:
    web: Path
    socket: Path

    def ask(self, path: str, encoding: str = "identity", *, method: str = "GET", **headers: str) -> Answer:
        asked = {"Accept-Encoding": encoding, **{name.replace("_", "-"): value for name, value in headers.items()}}
        connection = _UnixConnection(self.socket)
        try:
            connection.request(method, path.replace(" ", "%20"), headers=asked)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, found, answer.read())
        finally:
            connection.close()


class _UnixConnection(http.client.HTTPConnection):
    """A socket's file is nobody else's: no port can be taken meanwhile."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=60)
        self._path = path

    def connect(self) -> None:
        import socket

        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(os.fspath(self._path))


@pytest.fixture
def web(tmp_path: Path) -> Path:
    for name, content in FILES.items():
        path = tmp_path / "web" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return tmp_path / "web"


def compress(web: Path, options: CompressOptions = CI) -> None:
    assert compress_assets(web, options, Cache(web.parent / "cache"), SILENT, jobs=2).good


@contextmanager
def serving(
    web: Path, *, mode: Mode = "sidecar", brotli: bool = False, proxies: tuple[Proxy, ...] = ()
) -> Iterator[Site]:
    """nginx with the written configuration, whose port is made a socket's file; until it answers, and no longer."""
    own = web.parent / "nginx"
    text, _ = configure_nginx(NginxRequest(directory=web, mode=mode, brotli=brotli, proxies=proxies))
    assert text.count("listen 8080;") == 1
    short = Path(tempfile.mkdtemp(prefix="ls-"))  # the path of a socket has 107 bytes, unix(7)
    site = Site(web, short / "s")
    http = text.replace("listen 8080;", f"listen unix:{site.socket};")
    with running_nginx(own, http, lambda: _answers(site), module=BROTLI_MODULE if brotli else None):
        yield site
    shutil.rmtree(own)
    shutil.rmtree(short)


def _answers(site: Site) -> bool:
    try:
        return site.ask("/healthz").body == b"ok\n"
    except OSError:
        return False


def check_clients(site: Site, encodings: tuple[str, ...]) -> None:
    for name, content in FILES.items():
        answers = {encoding: site.ask(f"/{name}", encoding) for encoding in encodings}
        small = len(content) < 1024 or name.endswith(".png")
        for encoding, answer in answers.items():
            told = f"{name} for {encoding}: {answer}"
            assert answer.status == 200, told
            assert answer.plain == content, told
            assert answer.headers["content-type"] == TYPES[Path(name).suffix], told
            assert answer.headers.get("content-encoding", "identity") == ("identity" if small else encoding), told
            assert ("vary" in answer.headers) == (not small), told
            assert answer.headers["x-content-type-options"] == "nosniff", told
            assert "frame-ancestors" in answer.headers["content-security-policy"], told
            wanted = FOREVER if is_hashed(name, ("assets",)) else "no-cache"
            assert answer.headers["cache-control"] == wanted, told
            again = site.ask(f"/{name}", encoding, If_None_Match=answer.headers["etag"])
            assert again.status == 304, told
        if not small:
            assert len({answer.headers["etag"] for answer in answers.values()}) == len(encodings), name


def check_paths(site: Site) -> None:
    assert site.ask("/").plain == PAGE
    assert site.ask("/docs/").plain == FILES["docs/index.html"]
    assert site.ask("/docs").headers["location"] == "/docs/"
    for route in ("/users/7", "/users/john.doe", "/empty/"):
        answer = site.ask(route, "gzip")
        assert (answer.status, answer.plain) == (200, PAGE), route
        assert answer.headers["cache-control"] == "no-cache"
    for gone in (
        "/gone.js",
        "/assets/index-Gone1234.js",
        "/gone.mjs",
        "/gone.css",
        "/gone.wasm",
        "/.env",
        "/a/.git/config",
    ):
        answer = site.ask(gone)
        assert answer.status == 404, gone
        assert answer.headers["cache-control"] == "no-store", "a release that comes later brings it"
        assert "nosniff" in answer.headers.values()
    for path in ("/index.html", "/app.mjs", "/users/7"):
        assert site.ask(path, method="POST").status == 405, "no page with status 200 for an API that is not there"
        assert site.ask(path, method="HEAD").status == 200
    # what other servers and caches ask with
    assert site.ask("/app.mjs", "gzip", Via="1.1 cdn").headers.get("content-encoding") == "gzip"
    assert "content-encoding" not in site.ask("/app.mjs", "gzip;q=0, identity").headers


def test_sidecars_for_clients_with_and_without_gzip(web: Path) -> None:
    compress(web)
    with serving(web) as site:
        check_clients(site, ("identity", "gzip"))
        check_paths(site)
        answer = site.ask("/app.mjs", "br")
        assert "content-encoding" not in answer.headers, "a module that is not there is not believed in"
        part = site.ask("/app.mjs", Range="bytes=10-19")
        assert (part.status, part.body) == (206, FILES["app.mjs"][10:20])


def test_sidecars_with_the_module_for_brotli(web: Path) -> None:
    if not BROTLI_MODULE.exists():
        if os.environ.get("CI"):
            pytest.fail("libnginx-mod-http-brotli-static is missing")
        pytest.skip("libnginx-mod-http-brotli-static is not installed")
    compress(web)
    with serving(web, brotli=True) as site:
        check_clients(site, ("identity", "gzip", "br"))
        assert site.ask("/app.mjs", "gzip, deflate, br").headers["content-encoding"] == "br"


def test_gzip_only_is_the_same_bytes_for_every_client(web: Path) -> None:
    compress(web, replace(CI, mode="gzip-only"))
    assert not (web / "index.html").exists()
    with serving(web, mode="gzip-only") as site:
        for name, content in FILES.items():
            for encoding in ("identity", "gzip"):
                answer = site.ask(f"/{name}", encoding)
                assert (answer.status, answer.plain) == (200, content), (name, encoding)
                assert answer.headers["content-type"] == TYPES[Path(name).suffix]
        packed, plain = site.ask("/app.mjs", "gzip"), site.ask("/app.mjs", "identity")
        assert packed.headers["vary"] == plain.headers["vary"] == "Accept-Encoding"
        assert "content-encoding" not in plain.headers
        assert plain.headers["etag"] == "W/" + packed.headers["etag"], "gunzip's bytes are not the file's"
        assert site.ask("/app.mjs", If_None_Match=plain.headers["etag"]).status == 304
        check_paths(site)


class _Application(http.server.BaseHTTPRequestHandler):
    def _answer(self) -> None:
        body = f"{self.command} {self.path} {self.headers['Host']}"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "private")
        self.end_headers()
        self.wfile.write(body.encode() * 100)

    do_GET = do_POST = do_DELETE = _answer  # noqa: N815 - http.server asks for these names

    def log_message(self, *_: object) -> None:
        """Tests are quiet."""


def test_an_application_beside_the_files(web: Path) -> None:
    compress(web)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Application) as application:
        threading.Thread(target=application.serve_forever, daemon=True).start()
        proxies = (Proxy.parse(f"/api=http://127.0.0.1:{application.server_port}"),)
        with serving(web, proxies=proxies) as site:
            for method, path in (("GET", "/api"), ("POST", "/api/items/"), ("DELETE", "/api/a.js"), ("GET", "/api/.x")):
                answer = site.ask(path, method=method)
                assert answer.status == 200
                assert answer.body.startswith(f"{method} {path} localhost".encode()), answer
                assert answer.headers["cache-control"] == "private"
            packed = site.ask("/api", "gzip")
            assert packed.headers["content-encoding"] == "gzip"
            assert packed.plain.startswith(b"GET /api ")
            assert site.ask("/apis").plain == PAGE, "another path with the same beginning"
            check_clients(site, ("identity", "gzip"))
            check_paths(site)
        application.shutdown()


def _next_release(web: Path, name: str, content: bytes) -> None:
    """As a reproducible build does: other bytes of one size, and the one time that everything has."""
    assert len(content) == len(FILES[name])
    (web / name).write_bytes(content)
    for path in web.rglob("*"):
        os.utime(path, (1_700_000_000, 1_700_000_000))


def test_a_changed_file_of_the_same_size_is_never_answered_with_304(web: Path) -> None:
    changed = PAGE.replace(b"words", b"lines")
    _next_release(web, "index.html", PAGE)
    compress(web)
    with serving(web) as site:
        before = {encoding: site.ask("/", encoding) for encoding in ("identity", "gzip")}
        _next_release(web, "index.html", changed)
        compress(web)
        for encoding, answer in before.items():
            again = site.ask("/", encoding, If_None_Match=answer.headers["etag"])
            assert (again.status, again.plain) == (200, changed), encoding
            again = site.ask("/", encoding, If_Modified_Since=answer.headers["last-modified"])
            assert again.status == 200, encoding


def test_with_one_time_for_everything_it_would_be(web: Path) -> None:
    """What the times are for: nginx by itself tells a changed file of the same size from its time alone."""
    options = replace(CI, times="keep")
    _next_release(web, "index.html", PAGE)
    compress(web, options)
    with serving(web) as site:
        etag = site.ask("/").headers["etag"]
        _next_release(web, "index.html", PAGE.replace(b"words", b"lines"))
        compress(web, options)
        assert site.ask("/", If_None_Match=etag).status == 304
