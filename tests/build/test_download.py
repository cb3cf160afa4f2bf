"""Downloads against an index that breaks, lies and stalls."""

import gzip
import logging
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest

from lightship.build.index.download import fetch
from lightship.build.index.request import Request
from lightship.build.index.settings import Credential, IndexSettings, Proxy
from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.errors import LockError, MismatchError, NetworkError, StorageError
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from tests.build.conftest import FaultyIndex, Handler, Pretend, Reply


PATH = "/files/pretend_lib-1.0-py3-none-any.whl"


class Counting:
    """A Progress that remembers."""

    def __init__(self) -> None:
        self.total: int | None = None
        self.done = 0
        self.guard = threading.Lock()

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:
        assert (task, unit) == ("download", "B")
        self.total = total

    def advance(self, task: str, amount: int = 1) -> None:
        assert task == "download"
        with self.guard:
            self.done += amount

    def finish(self, task: str) -> None: ...
    def note(self, message: str) -> None: ...


def never() -> NoReturn:
    raise AssertionError("no request may be made")


def leftovers(cache: Cache) -> list[str]:
    return sorted(path.name for path in cache.root.rglob("*") if path.is_file())


def test_a_file_is_fetched_once_and_then_never_asked_for(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    request = pretend.request(index.serve(PATH, pretend.body))
    progress = Counting()
    fetched = fetch([request, request], settings, cache, progress=progress)[request]
    assert fetched.path.read_bytes() == pretend.body
    assert fetched.path == cache.path("wheels", pretend.sha256)
    assert (progress.total, progress.done) == (len(pretend.body), len(pretend.body))
    assert fetch([request], never, cache)[request] == fetched
    assert index.paths() == [PATH]


def test_sdists_lie_apart_and_many_files_come_at_once(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    files = [replace(pretend, body=pretend.body + bytes([n]), filename=f"pretend_lib-{n}.tar.gz") for n in range(40)]
    requests = [file.request(index.serve(f"/files/{file.filename}", file.body)) for file in files]
    found = fetch(requests, settings, cache, jobs=12)
    assert list(found) == requests
    assert all(found[request].path.parent.parent.name == "sdists" for request in requests)
    assert [found[request].path.read_bytes() for request in requests] == [file.body for file in files]


def test_a_reset_in_the_body_is_resumed_by_range(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    def reset(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(pretend.body)))
        handler.send_header("ETag", '"one"')
        handler.end_headers()
        handler.wfile.write(pretend.body[:200_000])
        handler.connection.shutdown(1)
        handler.close_connection = True

    request = pretend.request(index.on(PATH, reset, index.resumable(pretend.body)))
    progress = Counting()
    assert fetch([request], settings, cache, progress=progress)[request].path.read_bytes() == pretend.body
    second = index.asked[1].headers
    assert 0 < int(second["range"].removeprefix("bytes=").rstrip("-")) <= 200_000
    assert second["if-range"] == '"one"'
    assert progress.done == len(pretend.body)


def test_a_changed_file_is_fetched_whole_when_the_tag_differs(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    other = b"x" * len(pretend.body)

    def reset(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(other)))
        handler.send_header("ETag", '"other"')
        handler.end_headers()
        handler.wfile.write(other[:100_000])
        handler.drop()

    request = pretend.request(index.on(PATH, reset, index.resumable(pretend.body)))
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body


def test_a_partial_file_of_a_killed_run_is_continued(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    partial = cache.path("partial", pretend.sha256)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(pretend.body[:300_000])
    request = pretend.request(index.on(PATH, index.resumable(pretend.body)))
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body
    assert index.asked[0].headers["range"] == "bytes=300000-"
    assert not partial.exists()


SCRIPT = """
import sys
from pathlib import Path
from lightship.build.index.download import fetch
from lightship.build.index.request import Request
from lightship.build.index.settings import IndexSettings
from lightship.ecosystem.python.locked import Artifact
from lightship.store.cache import Cache
url, name, sha256, root = sys.argv[1:]
request = Request(project="p", artifact=Artifact(filename=name, sha256=sha256, url=url), pinned=True)
fetch([request], IndexSettings(source="pip", index_url=None), Cache(Path(root)))
"""


def test_a_killed_process_leaves_what_the_next_one_needs(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    release = threading.Event()

    def stall(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(pretend.body)))
        handler.end_headers()
        handler.wfile.write(pretend.body[:300_000])
        handler.wfile.flush()
        release.wait(30)
        handler.close_connection = True

    request = pretend.request(index.on(PATH, stall, index.resumable(pretend.body)))
    argv = [sys.executable, "-c", SCRIPT, str(request.artifact.url), pretend.filename, pretend.sha256, str(cache.root)]
    process = subprocess.Popen(argv)
    partial = cache.path("partial", pretend.sha256)
    wait_for_bytes(partial, 65536)
    process.kill()
    process.wait()
    release.set()
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body
    assert int(index.asked[1].headers["range"].removeprefix("bytes=").rstrip("-")) >= 65536


def test_a_mixed_partial_file_is_thrown_away_and_fetched_whole(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    partial = cache.path("partial", pretend.sha256)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(b"y" * 300_000)
    request = pretend.request(index.on(PATH, index.resumable(pretend.body)))
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body
    assert "range" not in index.asked[1].headers


def test_a_file_that_was_complete_when_the_run_was_killed_needs_no_request(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    partial = cache.path("partial", pretend.sha256)
    partial.parent.mkdir(parents=True)
    partial.write_bytes(pretend.body)
    request = pretend.request(index.serve(PATH, b"", 500))
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body
    assert index.asked == []


def test_ranges_that_the_server_does_not_know_or_gets_wrong(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    partial = cache.path("partial", pretend.sha256)
    partial.parent.mkdir(parents=True)
    for reply in (
        lambda handler: handler.answer(pretend.body[7:], 206, Content_Range="bytes 7-399999/400000"),
        lambda handler: handler.answer(b"", 416),
    ):
        partial.write_bytes(pretend.body[:1000])
        request = pretend.request(index.on(PATH, reply, lambda handler: handler.answer(pretend.body)))
        assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body
        cache.path("wheels", pretend.sha256).unlink()


def test_truncated_without_a_length_is_seen_by_the_locked_size(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    def short(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(pretend.body[:-1])

    request = pretend.request(index.on(PATH, short, index.resumable(pretend.body)))
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body


def test_wrong_bytes_end_in_a_mismatch_and_leave_nothing(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    request = pretend.request(index.serve(PATH, b"z" * len(pretend.body)))
    with pytest.raises(MismatchError, match=f"want sha256:{pretend.sha256}, got sha256:"):
        fetch([request], settings, cache)
    assert leftovers(cache) == []
    assert len(index.asked) == 2


@pytest.mark.parametrize("told", [True, False], ids=["told", "untold"])
def test_more_bytes_than_locked_are_not_read(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", *, told: bool
) -> None:
    def long(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Length" if told else "Connection", "900000000" if told else "close")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(pretend.body)
        handler.close_connection = True

    request = pretend.request(index.on(PATH, long))
    with pytest.raises(MismatchError, match=r"size mismatch: want at most 400000 bytes"):
        fetch([request], settings, cache)


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", status: int
) -> None:
    bad: Reply = lambda handler: handler.answer(b"busy", status, Retry_After="0")  # noqa: E731
    request = pretend.request(index.on(PATH, bad, bad, index.resumable(pretend.body)))
    assert fetch([request], settings, cache)[request].path.exists()
    assert len(index.asked) == 3


def test_retry_after_is_waited_for(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", caplog: pytest.LogCaptureFixture
) -> None:
    bad: Reply = lambda handler: handler.answer(b"busy", 429, Retry_After="1")  # noqa: E731
    request = pretend.request(index.on(PATH, bad, index.resumable(pretend.body)))
    with caplog.at_level(logging.INFO, "lightship"):
        fetch([request], settings, cache)
    assert "again in 1.0 s" in caplog.text


@pytest.mark.parametrize("said", ["\u00b2", "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"])
def test_a_pause_that_is_none(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", said: str
) -> None:
    bad: Reply = lambda handler: handler.answer(b"busy", 429, Retry_After=said)  # noqa: E731
    request = pretend.request(index.on(PATH, bad, index.resumable(pretend.body)))
    assert fetch([request], settings, cache)[request].path.exists()


def test_retries_end(index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend") -> None:
    request = pretend.request(index.serve(PATH, b"", 503))
    with pytest.raises(NetworkError, match=r"answered 503 Service Unavailable \(4 attempts\)"):
        fetch([request], settings, cache)
    assert len(index.asked) == 4


def test_a_server_that_trickles_is_given_up(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", trickle: "Reply"
) -> None:
    request = pretend.request(index.on(PATH, trickle))
    with pytest.raises(NetworkError, match=r"sends too slowly to be alive"):
        fetch([request], replace(settings, timeout_s=1.0, retries=0), cache)


def test_a_server_that_says_nothing_times_out(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    release = threading.Event()

    def silent(handler: "Handler") -> None:
        release.wait(60)
        handler.close_connection = True

    request = pretend.request(index.on(PATH, silent))
    with pytest.raises(NetworkError, match=r"did not answer in time"):
        fetch([request], replace(settings, timeout_s=0.1, retries=0), cache)
    release.set()


def test_nobody_listens(settings: IndexSettings, cache: Cache, pretend: "Pretend") -> None:
    request = pretend.request("http://127.0.0.1:9/pretend_lib-1.0-py3-none-any.whl")
    with pytest.raises(NetworkError, match=r"connection to http://127.0.0.1:9/pretend_lib.* failed"):
        fetch([request], replace(settings, retries=0), cache)


def test_a_body_that_is_gzip_encoded_against_our_wish_is_decoded(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    packed = gzip.compress(pretend.body)
    request = pretend.request(index.serve(PATH, packed, Content_Encoding="gzip"))
    assert fetch([request], settings, cache)[request].path.read_bytes() == pretend.body
    assert index.asked[0].headers["accept-encoding"] == "identity"


def test_a_tar_gz_that_is_wrongly_labelled_as_encoded_stays_packed(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    packed = replace(pretend, body=gzip.compress(pretend.body), filename="pretend_lib-1.0.tar.gz")
    request = packed.request(index.serve(PATH, packed.body, Content_Encoding="gzip"))
    assert fetch([request], settings, cache)[request].path.read_bytes() == packed.body


def test_a_gzip_bomb_is_cut_off(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    bomb = gzip.compress(bytes(16 * 2**20))
    request = pretend.request(index.serve(PATH, bomb, Content_Encoding="gzip"))
    with pytest.raises(MismatchError):
        fetch([request], settings, cache)
    assert leftovers(cache) == []


def test_credentials_go_to_their_own_host_only(
    index: "FaultyIndex",
    start_index: "Callable[..., FaultyIndex]",
    settings: IndexSettings,
    cache: Cache,
    pretend: "Pretend",
    caplog: pytest.LogCaptureFixture,
) -> None:
    other = start_index()
    far = other.serve("/blob", pretend.body)
    index.on(
        "/login",
        lambda handler: handler.answer(b"", 302, Location="/next", Set_Cookie="session=hunter3"),
    )
    index.on("/next", lambda handler: handler.answer(b"", 307, Location=far, Set_Cookie="session=hunter3"))
    secret = Credential(url=f"{index.url}/simple", username="reader", password="hunter2")
    request = pretend.request(f"{index.url}/login")
    with caplog.at_level(logging.DEBUG):
        fetch([request], replace(settings, credentials=(secret,)), cache)
    assert [asked.headers.get("authorization") for asked in index.asked[:2]] == ["Basic cmVhZGVyOmh1bnRlcjI="] * 2
    assert "authorization" not in other.asked[0].headers
    next_one = replace(pretend, body=b"next")
    fetch([next_one.request(index.serve("/plain", b"next"))], settings, cache)
    assert not [asked for asked in (*index.asked, *other.asked) if "cookie" in asked.headers]
    assert "hunter2" not in caplog.text
    assert "cmVhZGVyOmh1bnRlcjI=" not in caplog.text


def test_credentials_are_in_no_error_and_no_cache(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    secret = Credential(url=index.url, username="reader", password="hunter2")
    owned = replace(settings, credentials=(secret,))
    request = pretend.request(index.serve(PATH + "?token=hunter2", b"", 401))
    with pytest.raises(NetworkError, match="answered 401") as caught:
        fetch([request], owned, cache)
    assert caught.value.hint
    assert "credentials" in caught.value.hint
    said = f"{caught.value}{caught.value.hint}{owned!r}{caught.value.__cause__}"
    assert "hunter2" not in said
    fetch([pretend.request(index.serve(PATH, pretend.body))], owned, cache)
    assert all(b"hunter2" not in path.read_bytes() for path in cache.root.rglob("*") if path.is_file())


def test_redirects_lead_to_http_only_and_end(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    aside = index.on("/aside", lambda handler: handler.answer(b"", 302, Location="file:///etc/passwd"))
    with pytest.raises(NetworkError, match="not http or https"):
        fetch([pretend.request(aside)], settings, cache)
    ring = index.on("/ring", lambda handler: handler.answer(b"", 302, Location="/ring"))
    with pytest.raises(NetworkError, match="more than 10 redirects"):
        fetch([pretend.request(ring)], settings, cache)


def test_through_a_forward_proxy_with_its_own_password(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    proxy = Proxy(url=index.url, credential=Credential(url=index.url, username="in", password="out"))
    index.serve(PATH, pretend.body)
    request = pretend.request(f"http://files.invalid{PATH}")
    fetch([request], replace(settings, http_proxy=proxy), cache)
    assert index.asked[0].path == f"http://files.invalid{PATH}"
    assert index.asked[0].headers["proxy-authorization"] == "Basic aW46b3V0"
    assert "authorization" not in index.asked[0].headers


def test_no_proxy_hosts_are_reached_directly(
    index: "FaultyIndex",
    start_index: "Callable[..., FaultyIndex]",
    settings: IndexSettings,
    cache: Cache,
    pretend: "Pretend",
) -> None:
    proxy = start_index()
    request = pretend.request(index.serve(PATH, pretend.body))
    fetch([request], replace(settings, http_proxy=Proxy(url=proxy.url), no_proxy=("127.0.0.1",)), cache)
    assert proxy.asked == []


@pytest.mark.parametrize(
    ("entry", "proxied"),
    [
        ("files.invalid", False),
        (".invalid", False),
        ("*.invalid", False),
        ("invalid", False),
        ("*", False),
        ("les.invalid", True),
        ("10.0.0.0/8", True),
        ("[::1]", True),
        ("files.invalid:81", True),
    ],
)
def test_what_no_proxy_means(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend", entry: str, *, proxied: bool
) -> None:
    index.serve(PATH, pretend.body)
    through = replace(settings, http_proxy=Proxy(url=index.url), no_proxy=(entry,), retries=0)
    request = pretend.request(f"http://files.invalid{PATH}")
    if proxied:
        fetch([request], through, cache)
    else:
        with pytest.raises(NetworkError, match=r"host name is not known|connection to"):
            fetch([request], through, cache)
    assert bool(index.asked) == proxied


def wait_for_bytes(path: Path, size_bytes: int) -> None:
    """Until ``path`` has grown, at most a minute: the caller's assertions speak when it has not."""
    deadline = time.monotonic() + 60
    while not (path.exists() and path.stat().st_size >= size_bytes) and time.monotonic() < deadline:
        time.sleep(0.01)


def test_the_first_failure_stops_the_others_and_keeps_what_they_won(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    partial = cache.path("partial", pretend.sha256)

    def slow(handler: "Handler") -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(pretend.body)))
        handler.end_headers()
        handler.wfile.write(pretend.body[:300_000])
        for byte in pretend.body[300_000:]:
            handler.wfile.write(bytes([byte]))
            time.sleep(0.002)

    def broken(handler: "Handler") -> None:
        wait_for_bytes(partial, 65536)
        handler.answer(b"", 403)

    other = replace(pretend, body=b"other", filename="other-1.0-py3-none-any.whl")
    requests = [pretend.request(index.on(PATH, slow)), other.request(index.on("/other", broken))]
    with pytest.raises(NetworkError, match="answered 403"):
        fetch(requests, settings, cache)
    assert partial.stat().st_size >= 65536
    assert cache.find("wheels", pretend.sha256) is None


def test_two_processes_share_one_download(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    request = pretend.request(index.on(PATH, index.resumable(pretend.body)))
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: fetch([request], settings, cache)[request], range(4)))
    assert {fetched.path for fetched in found} == {cache.path("wheels", pretend.sha256)}
    assert len(index.asked) == 1


def test_local_files_are_hashed_and_used_in_place(tmp_path: Path, cache: Cache, pretend: "Pretend") -> None:
    path = tmp_path / pretend.filename
    path.write_bytes(pretend.body)
    by_path = Request(project="pretend-lib", artifact=Artifact(filename=path.name, path=path))
    by_url = Request(
        project="pretend-lib", artifact=Artifact(filename=path.name, sha256=pretend.sha256, url=path.as_uri())
    )
    found = fetch([by_path, by_url], never, cache)
    assert {fetched.path for fetched in found.values()} == {path}
    assert found[by_path].sha256 == pretend.sha256
    wrong = Request(project="pretend-lib", artifact=Artifact(filename=path.name, sha256="0" * 64, path=path))
    with pytest.raises(MismatchError, match="want sha256:0000"):
        fetch([wrong], never, cache)
    path.unlink()
    with pytest.raises(StorageError, match="cannot read"):
        fetch([by_path], never, cache)


def test_what_cannot_be_fetched_says_what_to_do(cache: Cache) -> None:
    bare = Request(project="pretend-lib", artifact=Artifact(filename="pretend_lib-1.0-py3-none-any.whl"))
    with pytest.raises(LockError, match="has no SHA-256"):
        fetch([bare], never, cache)
    package = LockedPackage(name="pretend-lib", version="1.0", kind="git", url="https://git.example/p@abc")
    with pytest.raises(LockError, match="comes from git") as caught:
        Request.of(package, Artifact(filename="x.whl"))
    assert caught.value.hint


def test_a_full_disk_is_one_sentence(
    index: "FaultyIndex", settings: IndexSettings, cache: Cache, pretend: "Pretend"
) -> None:
    request = pretend.request(index.serve(PATH, pretend.body))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, before[1]))
    try:
        with pytest.raises(StorageError, match="cannot write to the cache: File too large"):
            fetch([request], settings, cache)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert cache.find("wheels", pretend.sha256) is None


STALLED = """
import socket, sys, threading
from pathlib import Path
from lightship.build.index.download import fetch
from lightship.build.index.request import Request
from lightship.build.index.settings import IndexSettings
from lightship.ecosystem.python.locked import Artifact
from lightship.store.cache import Cache

server = socket.create_server(("127.0.0.1", 0))
address = f"http://127.0.0.1:{server.getsockname()[1]}"
open_ones = []

def serve():
    while True:
        connection, _ = server.accept()
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: 100000\\r\\n\\r\\nabc")
        open_ones.append(connection)
        print("stalled", flush=True)

threading.Thread(target=serve, daemon=True).start()
artifact = Artifact(filename="x-1-py3-none-any.whl", sha256="0" * 64, url=f"{address}/x-1-py3-none-any.whl")
settings = IndexSettings(source="test", index_url=f"{address}/simple", timeout_s=3600.0)
try:
    fetch([Request(project="x", artifact=artifact, pinned=True)], settings, Cache(Path(sys.argv[1])))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


def test_an_interrupt_does_not_wait_for_a_stalled_server(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", STALLED, str(tmp_path / "cache")]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "stalled\n"
        process.send_signal(signal.SIGINT)
        said, _ = process.communicate(timeout=120)  # the read itself would wait for an hour
    assert said.endswith("interrupted\n")
