"""How a registry is asked: who the user is, what is tried again, and where no secret ever goes."""

import base64
import contextlib
import datetime
import email.utils
import json
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.registry.faulty import Asked, Handler, Registry, answer, drip_head

from lightship import __version__
from lightship.errors import ImageError, InputError, LightshipError, NetworkError
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import Repository, open_repository
from lightship.store.registry.session import Session
from lightship.store.registry.upload import BytesBlob

MANIFEST = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json"}'
KIND = "application/vnd.oci.image.manifest.v1+json"


def known(access: RegistryAccess, folder: Path, host: str, entry: dict[str, str]) -> RegistryAccess:
    file = folder / "config.json"
    file.write_text(json.dumps({"auths": {host: entry}}))
    return replace(access, credential_files=(file,))


def password(user: str = "ada", secret: str = "s3cret") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{secret}".encode()).decode()}


@contextmanager
def opened(registry: Registry, access: RegistryAccess) -> Iterator[Repository]:
    with open_repository(ImageName(registry=registry.host, repository="agent/api"), access) as repository:
        yield repository


def test_what_is_said_with_every_request(registry: Registry, repository: Repository) -> None:
    repository.has_blob(Digest.of(b""))
    assert {each.headers["User-Agent"] for each in registry.asked} == {f"lightship/{__version__}"}
    assert {each.headers["Accept-Encoding"] for each in registry.asked} == {"identity"}


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_user_who_is_known(auth: str, registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = auth
    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    with opened(registry, known(access, tmp_path, registry.host, password())) as repository:
        assert repository.read_manifest("1").raw == MANIFEST
        assert repository.push_blob(BytesBlob(b"x")) == "sent"
    asked = [each for each in registry.asked if each.bare == "/token"]
    if auth == "bearer":
        assert len(asked) == 2, "one token to read with, one to write with"
        assert "scope=repository%3Aagent%2Fapi%3Apull%2Cpush" in asked[1].path
        assert all(each.headers["Authorization"].startswith("Bearer ") for each in registry.asked[-2:])


def test_tokens_are_kept_for_their_scope(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "bearer"
    with opened(registry, known(access, tmp_path, registry.host, password())) as repository:
        for number in range(5):
            repository.has_blob(Digest.of(bytes((number,))))
    assert [each.bare for each in registry.asked].count("/token") == 1


def test_a_token_that_runs_out_is_renewed(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "bearer"
    with opened(registry, known(access, tmp_path, registry.host, password())) as repository:
        repository.has_blob(Digest.of(b""))
        registry.tokens.clear()  # early: it was to live for 300 s
        repository.has_blob(Digest.of(b""))
    assert [each.bare for each in registry.asked].count("/token") == 2


def test_many_threads_share_a_token(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "bearer"
    with opened(registry, known(access, tmp_path, registry.host, password())) as repository:
        repository.has_blob(Digest.of(b""))
        registry.asked.clear()
        threads = [threading.Thread(target=repository.push_blob, args=(BytesBlob(bytes((n,))),)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert [each.bare for each in registry.asked].count("/token") == 1


def test_an_identity_token_buys_tokens(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "bearer"
    with opened(registry, known(access, tmp_path, registry.host, {"identitytoken": "refresh-me"})) as repository:
        assert not repository.has_blob(Digest.of(b""))
    (asked,) = [each for each in registry.asked if each.bare == "/token"]
    assert asked.method == "POST"
    assert "refresh-me" not in asked.path
    assert "Authorization" not in asked.headers


def test_a_registry_token_is_used_as_it_is(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "bearer"
    registry.tokens["ready"] = ("repository:agent/api:pull", time.monotonic() + 100)
    with opened(registry, known(access, tmp_path, registry.host, {"registrytoken": "ready"})) as repository:
        assert not repository.has_blob(Digest.of(b""))
    assert "/token" not in {each.bare for each in registry.asked}


@pytest.mark.parametrize("auth", ["basic", "bearer"])
@pytest.mark.parametrize("entry", [None, password(secret="wrong-s3cret"), {"identitytoken": "wrong-s3cret"}])
def test_a_user_who_is_refused(
    auth: str,
    entry: dict[str, str] | None,
    registry: Registry,
    access: RegistryAccess,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, logger="lightship")
    registry.auth = auth
    if entry is not None:
        access = known(access, tmp_path, registry.host, entry)
    with opened(registry, access) as repository, pytest.raises(NetworkError) as refused:
        repository.read_manifest("1")
    assert f"docker login {registry.host}" in (refused.value.hint or "")
    assert "credentials" in (refused.value.hint or "")
    told = f"{refused.value!r} {refused.value} {refused.value.hint} {caplog.text} {access!r}"
    assert "s3cret" not in told
    assert password(secret="wrong-s3cret")["auth"] not in told
    assert len(registry.asked) <= 7


def test_what_a_registry_says_is_shown_without_secrets(
    registry: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    registry.auth = "bearer"

    def echo(handler: Handler) -> bool:
        sent = handler.headers.get("Authorization", "")
        body = json.dumps({"errors": [{"code": "DENIED", "message": f"not with {sent}\n{'x' * 999}"}]}).encode()
        if not sent:
            return False
        handler.reply(403, {}, body)
        return True

    registry.on("GET", "/manifests/", echo, times=9)
    with (
        opened(registry, known(access, tmp_path, registry.host, password())) as repository,
        pytest.raises(NetworkError, match="403 Forbidden: DENIED not with Bearer … x") as refused,
    ):
        repository.read_manifest("1")
    assert not any(token in str(refused.value) for token in registry.tokens)
    assert len(str(refused.value)) < 500


def test_a_realm_over_plain_http_elsewhere_gets_nothing(
    registry: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    registry.auth = "bearer"
    registry.realm = "http://tokens.example/token"
    with (
        opened(registry, known(access, tmp_path, registry.host, password())) as repository,
        pytest.raises(NetworkError, match=r"over plain HTTP to http://tokens\.example/token: that is not done"),
    ):
        repository.has_blob(Digest.of(b""))


@pytest.mark.parametrize("realm", ["", "file:///etc/passwd", "https://", "https://user:pw@tokens.example/t", "x"])
def test_a_realm_that_is_none(realm: str, registry: Registry, access: RegistryAccess) -> None:
    asked = f'Bearer realm="{realm}",service="x"'
    registry.on("HEAD", "/blobs/", answer(401, {"WWW-Authenticate": asked}))
    with opened(registry, access) as repository, pytest.raises(NetworkError, match="names a token server"):
        repository.has_blob(Digest.of(b""))


def test_a_token_server_elsewhere_that_redirects_gets_no_further(
    registry: Registry, other: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    registry.auth = "bearer"
    registry.on("GET", "/token", answer(307, {"Location": f"http://{other.host}/token"}))
    with (
        opened(registry, known(access, tmp_path, registry.host, password())) as repository,
        pytest.raises(NetworkError, match=r"no token for .*/token redirects"),
    ):
        repository.has_blob(Digest.of(b""))
    assert other.asked == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"token": 5}',
        b'{"token": "a b"}',
        b'{"token": "a\\r\\nX: y"}',
        b'{"token": "%s"}' % (b"x" * 70_000),
    ],
)
def test_a_token_that_is_none(content: bytes, registry: Registry, access: RegistryAccess) -> None:
    registry.auth = "bearer"
    registry.on("GET", "/token", answer(200, {}, content), times=9)
    with opened(registry, access) as repository, pytest.raises(NetworkError, match="token"):
        repository.has_blob(Digest.of(b""))


@pytest.mark.parametrize("auth", ["basic", "bearer"])
def test_a_redirect_to_another_host_carries_no_secret(
    auth: str, registry: Registry, other: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    registry.auth = auth
    digest = registry.put_blob("agent/api", b"content")
    other.put_blob("agent/api", b"content")

    def moved(handler: Handler) -> bool:
        if not handler.headers.get("Authorization"):
            return False
        handler.reply(307, {"Location": f"http://{other.host}/v2/agent/api/blobs/{digest}?sig=1"})
        return True

    registry.on("GET", "/blobs/", moved, times=9)
    with (
        opened(registry, known(access, tmp_path, registry.host, password())) as repository,
        repository.open_blob(Digest.parse(digest), 7) as stream,
    ):
        assert stream.read() == b"content"
    assert [each.method for each in other.asked] == ["GET"]
    assert "Authorization" not in other.asked[0].headers
    assert "Authorization" in registry.asked[-1].headers


def test_redirects_end(registry: Registry, repository: Repository) -> None:
    registry.on("GET", "/manifests/", answer(302, {"Location": "/v2/agent/api/manifests/1"}), times=99)
    with pytest.raises(NetworkError, match="more than 10 redirects"):
        repository.read_manifest("1")
    registry.rules.clear()
    registry.on("GET", "/manifests/", answer(302, {"Location": "file:///etc/passwd"}))
    with pytest.raises(NetworkError, match=r"leads from .* to what is not http or https"):
        repository.read_manifest("1")


def test_what_is_sent_is_not_sent_again_as_something_else(registry: Registry, repository: Repository) -> None:
    registry.on("POST", "/uploads/", answer(302, {"Location": "/elsewhere"}))
    with pytest.raises(NetworkError, match="redirects what is sent to it with status 302"):
        repository.push_blob(BytesBlob(b"x"))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(status: int, registry: Registry, repository: Repository) -> None:
    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    registry.on("GET", "/manifests/", answer(status), times=2)
    assert repository.read_manifest("1").raw == MANIFEST
    assert registry.methods("/manifests/") == ["GET"] * 3


def test_it_ends_with_the_registrys_own_words(registry: Registry, repository: Repository) -> None:
    body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}).encode()
    registry.on("GET", "/manifests/", answer(429, {}, body), times=99)
    with pytest.raises(NetworkError, match=r"429 Too Many Requests: TOOMANYREQUESTS slow down \(3 attempts\)") as given:
        repository.read_manifest("1")
    assert "docker login" in (given.value.hint or "")


@pytest.mark.parametrize("as_date", [False, True])
def test_retry_after_is_waited_for(as_date: bool, registry: Registry, access: RegistryAccess) -> None:
    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    moment = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=2)
    text = email.utils.format_datetime(moment.replace(microsecond=0), usegmt=True) if as_date else "1"
    registry.on("GET", "/manifests/", answer(429, {"Retry-After": text}))
    began = time.monotonic()
    with opened(registry, access) as repository:
        repository.read_manifest("1")
    assert time.monotonic() - began >= 0.7, "what was asked for, whatever the own pause would be"


@pytest.mark.parametrize("status", [400, 418, 501])
def test_what_will_not_pass_is_not_tried_again(status: int, registry: Registry, repository: Repository) -> None:
    registry.on("GET", "/manifests/", answer(status), times=99)
    with pytest.raises(NetworkError, match=f"answered {status}"):
        repository.read_manifest("1")
    assert registry.methods("/manifests/") == ["GET"]


def test_a_manifest_that_is_too_large(registry: Registry, repository: Repository) -> None:
    registry.put_manifest("agent/api", "1", KIND, b" " * (4 * 2**20 + 1))
    with pytest.raises(ImageError, match="want at most 4194304 bytes, got 4194305"):
        repository.read_manifest("1")


def test_a_manifest_that_does_not_say_how_large_it_is(registry: Registry, repository: Repository) -> None:
    def endless(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        for _ in range(100):
            handler.wfile.write(b"10000\r\n" + b" " * 65536 + b"\r\n")
        return True

    registry.on("GET", "/manifests/", endless, times=9)
    with pytest.raises(ImageError, match="want at most 4194304 bytes, got more"):
        repository.read_manifest("1")


def test_a_head_that_does_not_end(registry: Registry, impatient: RegistryAccess) -> None:
    registry.on("GET", "/manifests/", drip_head(0.02))
    with opened(registry, impatient) as repository, pytest.raises(NetworkError, match="did not answer in time"):
        repository.read_manifest("1")


def test_headers_without_end(registry: Registry, impatient: RegistryAccess) -> None:
    registry.on("GET", "/manifests/", answer(200, {"X-Long": "x" * 200_000}))
    with opened(registry, impatient) as repository, pytest.raises(NetworkError, match=r"connection to .* failed"):
        repository.read_manifest("1")


def test_nobody_listens(access: RegistryAccess, port: int) -> None:
    with Session(f"127.0.0.1:{port}", access) as session, pytest.raises(NetworkError, match="nothing listens at"):
        session.small("GET", "/v2/", scopes=())


@pytest.mark.parametrize("spoken", [b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", b"220 mail ready\r\n", b""])
def test_something_else_listens(spoken: bytes, access: RegistryAccess) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def speak() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    connection.settimeout(0.2)
                    try:
                        connection.recv(4096)
                        connection.sendall(spoken)
                    except OSError:
                        pass

        threading.Thread(target=speak, daemon=True).start()
        host = f"127.0.0.1:{listening.getsockname()[1]}"
        with Session(host, replace(access, timeout_s=1.0)) as session, pytest.raises(NetworkError):
            session.small("GET", "/v2/", scopes=())
        listening.shutdown(socket.SHUT_RDWR)


def test_giving_up_wakes_who_waits(registry: Registry, access: RegistryAccess) -> None:
    asked = threading.Event()

    def silent(handler: Handler) -> bool:
        asked.set()
        time.sleep(3)
        return False

    registry.on("GET", "/manifests/", silent)
    errors: list[LightshipError] = []
    with opened(registry, replace(access, timeout_s=60)) as repository:

        def wait() -> None:
            try:
                repository.read_manifest("1")
            except LightshipError as error:
                errors.append(error)

        thread = threading.Thread(target=wait)
        thread.start()
        assert asked.wait(5)
        repository.session.abort()
        thread.join(2.5)
        assert not thread.is_alive()
    assert [str(error) for error in errors] == ["stopped"]


@pytest.mark.parametrize("location", ["file:///etc/passwd", "http://[", "ftp://x/", "http://:80/", "javascript:x"])
def test_addresses_that_are_none(location: str, registry: Registry, repository: Repository) -> None:
    registry.on("GET", "/manifests/", answer(302, {"Location": location}))
    with pytest.raises(LightshipError, match=r"leads from .* to what is not http or https"):
        repository.read_manifest("1")
    registry.on("GET", "/tags/", answer(200, {"Link": f'<{location}>; rel="next"'}, b"{}"))
    with pytest.raises(LightshipError):
        repository.list_tags()
    registry.on("POST", "/uploads/", answer(202, {"Location": location}))
    with pytest.raises(LightshipError):
        repository.push_blob(BytesBlob(b"x"))


@pytest.mark.parametrize("number", ["\xb2", "9" * 5000, "-1", "1e3"])
def test_numbers_that_are_none(number: str, registry: Registry, repository: Repository) -> None:
    registry.on("POST", "/uploads/", answer(202, {"Location": "/x", "OCI-Chunk-Min-Length": number}))
    registry.on("PUT", "^/x", answer(201))
    assert repository.push_blob(BytesBlob(b"x")) == "sent"
    registry.on("HEAD", "/blobs/", answer(200, {"Content-Length": number}), times=9)
    with contextlib.suppress(LightshipError):
        repository.has_blob(Digest.of(b""))


def test_through_a_proxy(registry: Registry, access: RegistryAccess) -> None:
    """The proxy of this test is the registry itself; it refuses to be a tunnel."""

    def refused(handler: Handler) -> None:
        handler.asked = Asked(method="CONNECT", path=handler.path, headers=dict(handler.headers.items()))
        registry.asked.append(handler.asked)
        handler.reply(501)

    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    registry.on("GET", "^http://", relative, times=99)
    Handler.do_CONNECT = refused  # type: ignore[attr-defined]
    proxy = f"http://user:s3cret@{registry.host}"
    through = replace(access, environ={"HTTP_PROXY": proxy, "HTTPS_PROXY": proxy}, plain_http=True, retries=0)
    name = ImageName(registry="registry.invalid:5000", repository="agent/api")
    try:
        with open_repository(name, through) as repository:
            assert repository.read_manifest("1").raw == MANIFEST
        with (
            open_repository(name, replace(through, plain_http=False)) as repository,
            pytest.raises(NetworkError, match=r"the proxy refused https://registry\.invalid:5000") as refusal,
        ):
            repository.read_manifest("1")
    finally:
        del Handler.do_CONNECT  # type: ignore[attr-defined]
    assert registry.methods() == ["CONNECT", "GET", "GET", "CONNECT"], "TLS first, where it is not known"
    assert {each.headers["Proxy-Authorization"] for each in registry.asked} == {
        "Basic " + base64.b64encode(b"user:s3cret").decode()
    }
    assert "s3cret" not in f"{refusal.value} {refusal.value.hint}"


def relative(handler: Handler) -> bool:
    handler.path = handler.path.partition("registry.invalid:5000")[2]
    return False


@pytest.mark.parametrize("proxy", ["socks5://proxy.example:1080", "http://", "nonsense://"])
def test_a_proxy_that_is_none(proxy: str, access: RegistryAccess) -> None:
    name = ImageName(registry="registry.invalid", repository="agent/api")
    with (
        open_repository(name, replace(access, environ={"ALL_PROXY": proxy})) as repository,
        pytest.raises(InputError, match="proxy not understood: want http://host:port"),
    ):
        repository.read_manifest("1")


@pytest.fixture
def remote(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is believed to be near."""
    for module in ("session", "authorizer", "proxies"):
        monkeypatch.setattr(f"lightship.store.registry.{module}.is_loopback", lambda _: False)


@pytest.mark.usefixtures("remote")
def test_plain_http_elsewhere_has_to_be_asked_for(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "bearer"
    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    quick = replace(known(access, tmp_path, registry.host, password()), retries=0, timeout_s=1.0)
    with opened(registry, quick) as repository, pytest.raises(NetworkError, match="https://"):
        repository.read_manifest("1")
    assert registry.methods("/v2/|/token") == [], "nothing was said in the open"
    with opened(registry, replace(quick, plain_http=True)) as repository:
        assert repository.read_manifest("1").raw == MANIFEST


@pytest.mark.usefixtures("remote")
def test_what_is_asked_for_first_holds_no_secret(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "basic"
    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    plain = replace(known(access, tmp_path, registry.host, password()), plain_http=True, timeout_s=1.0)
    with opened(registry, plain) as repository:
        repository.read_manifest("1")
    plainly = [each for each in registry.asked if each.path == "/v2/"]
    assert [each.headers.get("Authorization") for each in plainly] == [None]


def test_docker_hub_is_never_spoken_to_in_the_open(access: RegistryAccess) -> None:
    with Session("docker.io", replace(access, plain_http=True)) as session:
        assert session.base == "https://registry-1.docker.io"
    with Session("registry.invalid", access) as session:
        assert session.base == "https://registry.invalid"
