"""Who the user is: tokens, passwords, and where no secret ever goes."""

import base64
import json
import logging
import threading
import time
from pathlib import Path

import pytest
from tests.store.registry.faulty import Handler, Registry, answer
from tests.store.registry.ways import KIND, MANIFEST, known, opened, password

from lightship.errors import NetworkError
from lightship.oci.digest import Digest
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.upload import BytesBlob


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


def test_a_registry_that_says_what_it_was_sent(registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    registry.auth = "basic"

    def tell(handler: Handler) -> bool:
        sent = handler.headers.get("Authorization", "")
        if not sent:
            return False
        user = base64.b64decode(sent.removeprefix("Basic ")).decode()
        message = {"errors": [{"code": "DENIED", "message": f"{user} ({sent}) may not"}]}
        handler.reply(403, content=json.dumps(message).encode())
        return True

    registry.on("GET", "/manifests/", tell, times=9)
    with (
        opened(registry, known(access, tmp_path, registry.host, password())) as repository,
        pytest.raises(NetworkError, match=r"DENIED ada:\u2026 \(\u2026\) may not") as refused,
    ):
        repository.read_manifest("1")
    assert "s3cret" not in str(refused.value)
