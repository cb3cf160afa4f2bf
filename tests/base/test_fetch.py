"""Downloads: what is tried again, what is refused, and that nothing half-read reaches the cache."""

import hashlib
import http.server
import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lightship.base.fetch import Fetcher, NotInArchiveError, without_password
from lightship.base.source import Proxies
from lightship.errors import InputError, MismatchError, NetworkError
from lightship.store.cache import Cache

_BODY = b"package " * 1000
_SHA256 = hashlib.sha256(_BODY).hexdigest()


class Server(http.server.ThreadingHTTPServer):
    """Answers each request with the next of ``answers``: a status, or bytes to send of a body that claims more."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[int | bytes] = []
        self.asked: list[str] = []


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        answer = self.server.answers.pop(0)
        if isinstance(answer, int):
            self.send_response(answer)
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(_BODY)))
        self.send_header("Content-Encoding", "gzip")  # as some servers label .gz files: the bytes are taken as they are
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("lightship.base.fetch._PAUSE_S", 0.01)
    made = Server()
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()
    thread.join()


def _save(server: Server, cache: Path, *, sha256: str = _SHA256, size_bytes: int = len(_BODY)) -> bytes:
    with Fetcher() as fetcher:
        uri = f"http://127.0.0.1:{server.server_port}/pool/x.deb"
        return fetcher.save(uri, Cache(cache), "debs", sha256=sha256, size_bytes=size_bytes).read_bytes()


def test_a_file_that_comes_after_faults(server: Server, tmp_path: Path) -> None:
    server.answers = [503, _BODY[:100], _BODY]
    assert _save(server, tmp_path) == _BODY
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answers", "error", "message", "requests"),
    [
        ([404], NotInArchiveError, r"not in the archive: .*/pool/x\.deb \(status 404\)", 1),
        ([403] * 4, NetworkError, "want status 200, got 403", 4),
        ([_BODY[:100]] * 4, NetworkError, r"cannot fetch|cut short", 4),
        ([_BODY.replace(b"p", b"q")], MismatchError, r"x\.deb: digest mismatch", 1),
    ],
)
def test_files_that_do_not_come(
    server: Server, tmp_path: Path, answers: list[int | bytes], error: type[Exception], message: str, requests: int
) -> None:
    server.answers = list(answers)
    with pytest.raises(error, match=message):
        _save(server, tmp_path)
    assert len(server.asked) == requests
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_file_that_is_too_large(server: Server, tmp_path: Path) -> None:
    server.answers = [_BODY]
    with pytest.raises(MismatchError, match="want 10 bytes, got more"):
        _save(server, tmp_path, size_bytes=10)
    server.answers = [_BODY]
    with Fetcher() as fetcher, pytest.raises(MismatchError, match="too large: want at most 10 bytes"):
        fetcher.read(f"http://127.0.0.1:{server.server_port}/InRelease", cap_bytes=10)


def test_nobody_listens(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="lightship")
    port = server.server_port
    server.server_close()
    with Fetcher() as fetcher, pytest.raises(NetworkError, match=r"cannot fetch http://127\.0\.0\.1.*4 att") as caught:
        fetcher.read(f"http://name:secret@127.0.0.1:{port}/x", cap_bytes=10)
    assert "is there a network" in (caught.value.hint or "")
    said = [record for record in caplog.records if "; again in " in record.getMessage()]
    assert [record.levelname for record in said] == ["INFO", "WARNING", "WARNING"], "the first may happen to anyone"
    assert "secret" not in caplog.text


def test_a_server_that_answers_is_no_missing_network(server: Server) -> None:
    server.answers = [503] * 4
    with Fetcher() as fetcher, pytest.raises(NetworkError) as caught:
        fetcher.read(f"http://127.0.0.1:{server.server_port}/InRelease", cap_bytes=10)
    assert caught.value.hint is None


def test_a_proxy_is_asked_for_hosts_it_is_for(server: Server) -> None:
    server.answers = [_BODY]
    proxies = Proxies(by_scheme={"http": f"http://127.0.0.1:{server.server_port}"})
    with Fetcher(proxies=proxies) as fetcher:
        assert fetcher.read("http://archive.invalid/x", cap_bytes=1 << 20) == _BODY
    assert server.asked == ["http://archive.invalid/x"]


def test_files_of_the_host(tmp_path: Path) -> None:
    (tmp_path / "a b").write_bytes(_BODY)
    with Fetcher() as fetcher:
        assert fetcher.read(f"file://{tmp_path}/a%20b", cap_bytes=1 << 20) == _BODY
        with pytest.raises(NotInArchiveError):
            fetcher.read(f"file://{tmp_path}/none", cap_bytes=10)
        with pytest.raises(InputError, match="want http, https or file"):
            fetcher.read("cdrom:[x]/y", cap_bytes=10)


def test_passwords_are_not_shown() -> None:
    assert without_password("https://me:secret@archive.invalid/x") == "https://archive.invalid/x"


@pytest.mark.parametrize("proxy", ["socks4://user:hunter2@h:1", "socks5://user:hunter2@h:1"])
def test_a_proxy_that_cannot_be_is_one_sentence(proxy: str) -> None:
    with (
        Fetcher(proxies=Proxies(by_scheme={"http": proxy})) as fetcher,
        pytest.raises(InputError, match="proxy is not supported") as caught,
    ):
        fetcher.read("http://archive.invalid/x", cap_bytes=1)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("uri", ["http://me:hunter2@[/x", "http://me:hunter2@h/x\n", "ftp://me:hunter2@h/x"])
def test_an_address_that_cannot_be_is_one_sentence(uri: str) -> None:
    with Fetcher() as fetcher, pytest.raises(InputError, match="archive not understood") as caught:
        fetcher.read(uri, cap_bytes=1)
    assert "hunter2" not in str(caught.value)


def test_a_proxy_without_a_scheme_is_one_of_http() -> None:
    with (
        Fetcher(proxies=Proxies(by_scheme={"http": "127.0.0.1:1"})) as fetcher,
        pytest.raises(NetworkError, match="Connection refused"),
    ):
        fetcher.read("http://archive.invalid/x", cap_bytes=1)
