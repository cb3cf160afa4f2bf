"""Peers that are slow, silent or something else, and proxies."""

import base64
import socket
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from tests.store.registry.faulty import Asked, Handler, Registry, answer, drip_head
from tests.store.registry.ways import KIND, MANIFEST, opened

from lightship.errors import InputError, LightshipError, NetworkError
from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import open_repository
from lightship.store.registry.retry import StoppedError
from lightship.store.registry.session import Session


def test_a_head_that_does_not_end(registry: Registry, impatient: RegistryAccess) -> None:
    registry.on("GET", "/manifests/", drip_head(0.02))
    with opened(registry, impatient) as repository, pytest.raises(NetworkError, match="did not answer in time"):
        repository.read_manifest("1")


def test_headers_without_end(registry: Registry, access: RegistryAccess) -> None:
    registry.on("GET", "/manifests/", answer(200, {"X-Long": "x" * 200_000}), times=99)
    with opened(registry, access) as repository, pytest.raises(NetworkError, match=r"connection to .* failed"):
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
    asked, over = threading.Event(), threading.Event()

    def silent(handler: Handler) -> bool:
        asked.set()
        over.wait(120)
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
        assert asked.wait(60)
        repository.session.abort()
        thread.join(60)
        has_woken = not thread.is_alive()
        over.set()
        assert has_woken
    assert [str(error) for error in errors] == ["stopped"]


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


@pytest.mark.parametrize(
    "proxy",
    ["socks5://proxy.example:1080", "http://", "nonsense://", "http://[", "http://proxy.example:99999", "http://p:x"],
)
def test_a_proxy_that_is_none(proxy: str, access: RegistryAccess) -> None:
    name = ImageName(registry="registry.invalid", repository="agent/api")
    with (
        open_repository(name, replace(access, environ={"ALL_PROXY": proxy})) as repository,
        pytest.raises(InputError, match="proxy not understood: want http://host:port"),
    ):
        repository.read_manifest("1")


def test_a_connection_that_is_made_while_all_is_given_up(
    registry: Registry, access: RegistryAccess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was not there when the others were cut, and would wait for its answer."""
    connect = httpcore2.SyncBackend.connect_tcp
    with Session(registry.host, access) as session:

        def late(self: httpcore2.SyncBackend, *arguments: Any, **named: Any) -> httpcore2.NetworkStream:
            stream = connect(self, *arguments, **named)
            session.abort()
            return stream

        monkeypatch.setattr(httpcore2.SyncBackend, "connect_tcp", late)
        with pytest.raises(StoppedError):
            session.small("GET", "/v2/", scopes=())
    assert registry.asked == []


@pytest.mark.parametrize(("registry", "error"), [("docker.io", InputError), ("registry-1.other.invalid", NetworkError)])
def test_certificates_are_for_the_registry_that_is_named(
    registry: str, error: type[Exception], access: RegistryAccess, tmp_path: Path
) -> None:
    """Docker Hub's folder is read for Docker Hub, and for no host that is called alike."""
    (tmp_path / "docker.io").mkdir()
    (tmp_path / "docker.io/ca.crt").write_text("no certificate\n")
    access = replace(access, certificate_folders=(tmp_path,), retries=0)
    with Session(registry, access) as session, pytest.raises(error):
        session.small("GET", "/v2/", scopes=())
