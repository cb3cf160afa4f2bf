"""How a registry is asked: what is tried again, and what is believed of its answers."""

import contextlib
import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.registry.faulty import Handler, Registry, answer
from tests.store.registry.ways import KIND, MANIFEST, known, opened, password

from lightship import __version__
from lightship.errors import ImageError, LightshipError, NetworkError
from lightship.oci.digest import Digest
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import Repository
from lightship.store.registry.session import Session
from lightship.store.registry.upload import BytesBlob


def test_what_is_said_with_every_request(registry: Registry, repository: Repository) -> None:
    repository.has_blob(Digest.of(b""))
    assert {each.headers["User-Agent"] for each in registry.asked} == {f"lightship/{__version__}"}
    assert {each.headers["Accept-Encoding"] for each in registry.asked} == {"identity"}


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


def test_retry_after_is_waited_for(registry: Registry, access: RegistryAccess) -> None:
    registry.put_manifest("agent/api", "1", KIND, MANIFEST)
    registry.on("GET", "/manifests/", answer(429, {"Retry-After": "1"}))
    began = time.monotonic()
    with opened(registry, access) as repository:
        repository.read_manifest("1")
    assert time.monotonic() - began >= 1, "what was asked for, whatever the own pause would be"


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
    with opened(registry, replace(quick, plain_http=True, timeout_s=60.0)) as repository:
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
