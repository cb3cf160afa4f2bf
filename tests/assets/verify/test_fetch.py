"""Requests to a site: bounded, to nobody else, and never an exception for what the other side does."""

import http.server
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from tests.assets.faulty import FaultySite

from lightship.assets.verify.fetch import Fetcher
from lightship.assets.verify.reach import Limits, Reach, split_credentials
from lightship.errors import InputError
from lightship.store.registry.access import RegistryAccess

Handle = Callable[[http.server.BaseHTTPRequestHandler], None]


@contextmanager
def answering(handle: Handle) -> Iterator[str]:
    """A server on loopback; its origin."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            handle(self)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def fetcher(site: str, limits: Limits | None = None, **reach: object) -> Fetcher:
    wanted = Reach(site=site, **reach)  # type: ignore[arg-type]
    return Fetcher(wanted, RegistryAccess(), limits or Limits(timeout_s=60))


def test_a_body_is_as_it_came(faulty: FaultySite) -> None:
    with fetcher(faulty.site.origin) as client:
        answer = client.ask(f"{faulty.root}logo.svg", encoding="gzip")
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.body[:2] == b"\x1f\x8b"
    assert client.requests == 1
    assert client.received_bytes == len(answer.body)


def test_what_is_too_large_is_not_read() -> None:
    def endless(request: http.server.BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        if request.path == "/said":
            request.send_header("Content-Length", str(1 << 40))
        request.end_headers()
        try:
            while True:
                request.wfile.write(b"\0" * 65536)
        except OSError:
            pass

    with answering(endless) as site, fetcher(site, Limits(body_bytes=1 << 20)) as client:
        for path in ("/said", "/unsaid"):
            answer = client.ask(site + path)
            assert answer.skipped
            assert answer.fault == "larger than 1 MiB: not looked at"
        assert client.received_bytes < 3 << 20


def test_a_peer_that_drips_and_one_that_is_silent_end() -> None:
    stop = threading.Event()

    def drip(request: http.server.BaseHTTPRequestHandler) -> None:
        if request.path == "/silent":
            stop.wait(60)
            return
        request.send_response(200)
        request.end_headers()
        try:
            while not stop.wait(0.02):
                request.wfile.write(b"x")
                request.wfile.flush()
        except OSError:
            pass

    with answering(drip) as site:
        with fetcher(site, Limits(timeout_s=0.2, answer_s=0.5)) as client:
            assert "did not answer in time" in client.ask(f"{site}/silent").fault
            assert client.ask(f"{site}/drip").fault
        stop.set()


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"])
def test_what_is_no_answer_is_a_fault(said: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            for _ in range(2):
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(said)

        thread = threading.Thread(target=serve)
        thread.start()
        site = f"http://127.0.0.1:{port}"
        with fetcher(site) as client:
            answer = client.ask(f"{site}/")
        thread.join()
    assert answer.status == 0
    assert answer.fault
    with fetcher(site) as client:
        assert "connection refused" in client.ask(f"{site}/").fault


def test_a_secret_goes_to_the_site_alone(faulty: FaultySite) -> None:
    root, authorization = split_credentials(faulty.root.replace("//", "//user:p%40ss@"))
    assert root == faulty.root
    assert authorization == "Basic dXNlcjpwQHNz"
    faulty.plant(f"/logo.svg -> 302; Location: {faulty.cdn.origin}/banner-0a1b2c3d.png")
    with fetcher(
        faulty.site.origin, cdns=(faulty.cdn.origin,), authorization=authorization, headers={"X-Token": "secret"}
    ) as client:
        answer = client.ask(f"{faulty.root}logo.svg")
    assert answer.status == 200
    assert answer.hops == (f"{faulty.cdn.origin}/banner-0a1b2c3d.png",)
    assert faulty.site.asked[0].headers["authorization"] == authorization
    assert faulty.site.asked[0].headers["x-token"] == "secret"
    assert not {"authorization", "x-token"} & set(faulty.cdn.asked[0].headers)
    assert "secret" not in repr(client.reach)
    assert authorization not in repr(client.reach)


def test_redirects_lead_to_nobody_else(faulty: FaultySite) -> None:
    other = faulty.cdn.origin.replace("127.0.0.1", "localhost")
    faulty.plant(
        f"/ -> 302; Location: {other}/vendor-3f2a9c1b.js",
        "/logo.svg -> 302; Location: file:///etc/passwd",
        "/about.html -> 302; Location: about.html",
        "/site.webmanifest -> 302; Location: http://[::1",
    )
    with fetcher(faulty.site.origin) as client:
        assert client.ask(faulty.root).status == 302
        assert client.ask(f"{faulty.root}logo.svg").status == 302
        assert client.ask(f"{faulty.root}site.webmanifest").status == 302
        assert "more than 5 redirects" in client.ask(f"{faulty.root}about.html").fault
    assert faulty.cdn.asked == []


def test_a_public_site_leads_to_no_address_inside(faulty: FaultySite, monkeypatch: pytest.MonkeyPatch) -> None:
    addresses = {"public.example": "93.184.216.34", "inside.example": "10.0.0.7"}
    real = socket.getaddrinfo

    def look_up(host: str, *rest: Any, **more: Any) -> Any:
        return real(addresses.get(host, host), *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    with fetcher("https://public.example") as client:
        for url in (f"{faulty.cdn.origin}/vendor-3f2a9c1b.js", "http://inside.example/x.js"):
            answer = client.ask(url)
            assert answer.skipped
            assert "inside this network" in answer.fault
    with fetcher("https://public.example", cdns=(faulty.cdn.origin,)) as client:
        assert client.ask(f"{faulty.cdn.origin}/vendor-3f2a9c1b.js").status == 200, "it was named"
    assert len(faulty.cdn.asked) == 1


def test_bytes_in_all_are_bounded(faulty: FaultySite) -> None:
    with fetcher(faulty.site.origin, Limits(total_bytes=1)) as client:
        assert client.ask(faulty.root).status == 200
        assert client.ask(faulty.root).skipped


@pytest.mark.parametrize(
    "url", ["app.example", "ftp://app.example", "http://", "http://[::1", "http://a b/\n", "https://x:99999"]
)
def test_what_is_no_address_is_said(url: str) -> None:
    with pytest.raises(InputError, match="want an http or https address"):
        split_credentials(url)
