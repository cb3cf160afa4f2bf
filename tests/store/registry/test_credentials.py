"""Credentials are found wherever engines file them, in every spelling, and never shown."""

import base64
import json
import stat
from pathlib import Path

import pytest

from lightship.errors import InputError
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.credentials import Credential, find_credential

REGISTRY = "registry.example:5000"


def auth(user: str, password: str = "pw") -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def access(folder: Path, *documents: object, path: str = "") -> RegistryAccess:
    files = []
    for number, document in enumerate(documents):
        file = folder / f"{number}.json"
        file.write_text(document if isinstance(document, str) else json.dumps(document))
        files.append(file)
    return RegistryAccess(credential_files=tuple(files), environ={"PATH": path or "/nonexistent"})


def user(found: RegistryAccess, registry: str = REGISTRY, repository: str = "agent/api") -> str | None:
    credential = find_credential(found, registry, repository).credential
    return credential.username if credential is not None else None


@pytest.mark.parametrize(
    "key",
    [
        REGISTRY,
        f"https://{REGISTRY}",
        f"http://{REGISTRY}",
        f"https://{REGISTRY}/",
        f"https://{REGISTRY}/v1/",
        f"https://{REGISTRY}/v2/",
        f"{REGISTRY}/v2",
        REGISTRY.upper(),
    ],
)
def test_a_registrys_key_in_every_spelling(key: str, tmp_path: Path) -> None:
    assert user(access(tmp_path, {"auths": {key: auth("ada")}})) == "ada"


@pytest.mark.parametrize(
    "key",
    [
        "https://index.docker.io/v1/",
        "index.docker.io",
        "docker.io",
        "https://registry-1.docker.io",
        "https://docker.io/v2/",
    ],
)
def test_docker_hubs_key_in_every_spelling(key: str, tmp_path: Path) -> None:
    assert user(access(tmp_path, {"auths": {key: auth("ada")}}), "docker.io", "library/python") == "ada"


@pytest.mark.parametrize("key", ["registry.example", "example:5000", "other.example", f"x{REGISTRY}", f"{REGISTRY}1"])
def test_another_registrys_credential_is_never_taken(key: str, tmp_path: Path) -> None:
    assert user(access(tmp_path, {"auths": {key: auth("ada")}})) is None


def test_the_longest_key_of_a_repository_counts(tmp_path: Path) -> None:
    keys = {REGISTRY: auth("all"), f"{REGISTRY}/agent": auth("some"), f"{REGISTRY}/agent/api": auth("one")}
    found = access(tmp_path, {"auths": keys})
    assert [user(found, repository=name) for name in ("agent/api", "agent/web", "agent2/api")] == ["one", "some", "all"]


def test_the_first_file_that_knows_one_counts(tmp_path: Path) -> None:
    found = access(
        tmp_path, {"auths": {"other": auth("x")}}, {"auths": {REGISTRY: auth("b")}}, {"auths": {REGISTRY: auth("c")}}
    )
    assert user(found) == "b"
    absent = RegistryAccess(credential_files=(tmp_path / "absent", tmp_path / "1.json" / "below"))
    assert find_credential(absent, REGISTRY, "x").credential is None


@pytest.mark.parametrize(
    ("entry", "wanted"),
    [
        (auth("ada", "a:b:c"), Credential(username="ada", password="a:b:c")),
        ({"username": "ada", "password": "pw"}, Credential(username="ada", password="pw")),
        ({**auth("ada", "\0"), "identitytoken": "id"}, Credential(username="ada", identity_token="id")),
        ({"registrytoken": "rt"}, Credential(registry_token="rt")),
        ({}, None),
        ({"auth": ""}, None),
        ("text", None),
    ],
)
def test_what_an_entry_holds(entry: object, wanted: Credential | None, tmp_path: Path) -> None:
    found = find_credential(access(tmp_path, {"auths": {REGISTRY: entry}}), REGISTRY, "x").credential
    values = [
        (each.username, each.password, each.identity_token, each.registry_token) for each in (found, wanted) if each
    ]
    assert len(values) in (0, 2)
    assert len(set(values)) <= 1
    assert (found is None) == (wanted is None)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("[]", "want a JSON object"),
        ("{", "want a JSON object"),
        ("[" * 99_999, "want a JSON object"),
        (" " * 2**20 + "{}", "want a JSON object"),
        ({"auths": []}, "want a table at auths"),
        ({"credHelpers": "x"}, "want a table at credHelpers"),
        ({"auths": {REGISTRY: {"auth": "!s3cret!"}}}, "want user:password in base64"),
        ({"auths": {REGISTRY: {"auth": base64.b64encode(b"s3cret").decode()}}}, "want user:password in base64"),
    ],
)
def test_a_file_that_is_not_understood(document: object, said: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=said) as refused:
        find_credential(access(tmp_path, document), REGISTRY, "x")
    assert "s3cret" not in f"{refused.value!r} {refused.value.hint}"


def test_an_empty_file_is_none(tmp_path: Path) -> None:
    assert user(access(tmp_path, "")) is None


def helper(folder: Path, name: str, script: str) -> str:
    folder.mkdir(exist_ok=True)
    file = folder / f"docker-credential-{name}"
    file.write_text(f'#!/bin/sh\nread address\necho "$1 $address" >> {folder}/asked\n{script}\n')
    file.chmod(file.stat().st_mode | stat.S_IXUSR)
    return f"{folder}:/usr/bin:/bin"


ANSWER = """echo '{"ServerURL": "x", "Username": "ada", "Secret": "pw"}'"""


def test_a_helper_for_the_registry(tmp_path: Path) -> None:
    path = helper(tmp_path / "bin", "vault", ANSWER)
    document = {
        "credHelpers": {REGISTRY: "vault", "other": "none"},
        "credsStore": "none",
        "auths": {REGISTRY: auth("x")},
    }
    assert user(access(tmp_path, document, path=path)) == "ada"
    assert (tmp_path / "bin/asked").read_text() == f"get {REGISTRY}\n"


def test_a_store_for_all(tmp_path: Path) -> None:
    path = helper(tmp_path / "bin", "desktop", ANSWER)
    found = access(tmp_path, {"credsStore": "desktop", "auths": {REGISTRY: {}}}, path=path)
    assert user(found) == "ada"
    assert user(found, "docker.io", "library/python") == "ada"
    assert (tmp_path / "bin/asked").read_text() == f"get {REGISTRY}\nget https://index.docker.io/v1/\n"


def test_a_helper_that_gives_an_identity_token(tmp_path: Path) -> None:
    path = helper(tmp_path / "bin", "vault", ANSWER.replace("ada", "<token>"))
    found = find_credential(access(tmp_path, {"credsStore": "vault"}, path=path), REGISTRY, "x").credential
    assert found is not None
    assert (found.identity_token, found.password) == ("pw", "")


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'credentials not found in native keychain'; exit 1", None),
        ("echo s3cret >&2; exit 3", "failed with status 3"),
        ("echo s3cret", "did not answer with a JSON object"),
        ("""echo '{"Username": "s3cret"}'""", "without Username and Secret"),
        ("""echo '{"Username": "ada", "Secret": ""}'""", None),
    ],
)
def test_a_helper_that_knows_nothing_or_fails_is_passed_over(script: str, reason: str | None, tmp_path: Path) -> None:
    path = helper(tmp_path / "bin", "vault", script)
    found = find_credential(access(tmp_path, {"credsStore": "vault"}, path=path), REGISTRY, "x")
    assert found.credential is None
    assert [reason is not None and reason in each for each in found.reasons] == ([True] if reason else [])
    assert "s3cret" not in repr(found)
    filed = access(tmp_path, {"credsStore": "vault", "auths": {REGISTRY: auth("filed")}}, path=path)
    assert user(filed) == "filed"


@pytest.mark.parametrize("name", ["absent", "../../bin/sh", "a b", ""])
def test_a_helper_that_is_none(name: str, tmp_path: Path) -> None:
    assert user(access(tmp_path, {"credsStore": name, "auths": {REGISTRY: auth("filed")}})) == "filed"


def test_nothing_of_a_credential_is_shown() -> None:
    secret = Credential(
        username="s3cret", password="s3cret", identity_token="s3cret", registry_token="s3cret", source="f"
    )
    assert "s3cret" not in repr(secret)
