"""Manifests, tags and referrers of a repository."""

import json

import pytest
from tests.store.registry.faulty import Handler, Registry, answer, without_header

from lightship.errors import BadReferenceError, ImageError, MismatchError, NetworkError
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.repository import Repository, resolve

CONFIG = {"mediaType": "application/vnd.example+json", "digest": str(Digest.of(b"{}")), "size": 2}


def manifest(**more: object) -> bytes:
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": CONFIG, "layers": [], **more}
    return json.dumps(document).encode()


RAW = manifest()


def test_there_and_back(registry: Registry, repository: Repository) -> None:
    digest = repository.push_manifest("1", media_types.OCI_MANIFEST, RAW)
    for reference in ("1", digest):
        found = repository.read_manifest(reference)
        assert (found.raw, found.digest, found.media_type) == (RAW, digest, media_types.OCI_MANIFEST)
        assert repository.manifest_digest(reference) == digest
    assert repository.push_manifest(digest, media_types.OCI_MANIFEST, RAW) == digest
    assert "index.v1+json" in [each for each in registry.asked if each.method == "GET"][-1].headers["Accept"]


def test_what_is_not_there(registry: Registry, access: RegistryAccess, repository: Repository) -> None:
    with pytest.raises(BadReferenceError, match=r"127\.0\.0\.1:\d+ has no image agent/api:1"):
        repository.read_manifest("1")
    with pytest.raises(BadReferenceError, match=r"has no image agent/api@sha256:"):
        repository.read_manifest(Digest.of(b""))
    assert repository.manifest_digest("1") is None
    with pytest.raises(BadReferenceError, match=r"has no image agent/api:1"):
        resolve(ImageName(registry=registry.host, repository="agent/api", tag="1"), access)


@pytest.mark.parametrize("action", [answer(405), answer(501), without_header("Docker-Content-Digest")])
def test_where_head_is_refused_or_tells_nothing(action: object, registry: Registry, repository: Repository) -> None:
    digest = registry.put_manifest("agent/api", "1", media_types.OCI_MANIFEST, RAW)
    registry.on("HEAD", "/manifests/", action)  # type: ignore[arg-type]
    assert str(repository.manifest_digest("1")) == digest
    assert registry.methods("/manifests/") == ["HEAD", "GET"]


def test_a_digest_that_is_not_the_bytes(registry: Registry, repository: Repository) -> None:
    wrong = {"Docker-Content-Digest": f"sha256:{'0' * 64}", "Content-Type": media_types.OCI_MANIFEST}
    registry.on("GET", "/manifests/1", answer(200, wrong, RAW))
    with pytest.raises(MismatchError, match=r"api:1: digest mismatch: want sha256:000.*, got sha256:"):
        repository.read_manifest("1")
    registry.on("GET", "/manifests/sha256:", answer(200, {"Content-Type": media_types.OCI_MANIFEST}, b"{}"))
    with pytest.raises(MismatchError, match=r"digest mismatch: want sha256:.*, got sha256:"):
        repository.read_manifest(Digest.of(RAW))
    registry.on("PUT", "/manifests/", answer(201, wrong))
    with pytest.raises(MismatchError, match=r"digest mismatch: want sha256:.*, got sha256:000"):
        repository.push_manifest("1", media_types.OCI_MANIFEST, RAW)


def test_a_digest_under_which_something_else_is_pushed(registry: Registry, repository: Repository) -> None:
    with pytest.raises(MismatchError, match=r"manifest: digest mismatch"):
        repository.push_manifest(Digest.of(b"other"), media_types.OCI_MANIFEST, RAW)
    with pytest.raises(ImageError, match="want at most 4194304 bytes, got 4194305"):
        repository.push_manifest("1", media_types.OCI_MANIFEST, b" " * (4 * 2**20 + 1))
    assert registry.asked == []


@pytest.mark.parametrize(
    ("told", "own", "wanted"),
    [
        ("application/json; charset=utf-8", media_types.DOCKER_MANIFEST, media_types.DOCKER_MANIFEST),
        (f"{media_types.OCI_INDEX}; x=y", "", media_types.OCI_INDEX),
        ("", "", media_types.OCI_MANIFEST),
    ],
)
def test_what_a_manifest_is(told: str, own: str, wanted: str, registry: Registry, repository: Repository) -> None:
    raw = json.dumps({"schemaVersion": 2, **({"mediaType": own} if own else {})}).encode()
    registry.on("GET", "/manifests/", answer(200, {"Content-Type": told} if told else {}, raw))
    assert repository.read_manifest("1").media_type == wanted


def test_a_manifest_that_is_no_json(registry: Registry, repository: Repository) -> None:
    registry.on("GET", "/manifests/", answer(200, {}, b"<html>sign in</html>"))
    with pytest.raises(ImageError, match="manifest: want JSON, got 20 bytes that are none"):
        repository.read_manifest("1")


def test_tags_of_many_pages(registry: Registry, repository: Repository) -> None:
    registry.page = 2
    for tag in ("c", "a", "b", "e", "d"):
        registry.put_manifest("agent/api", tag, media_types.OCI_MANIFEST, RAW)
    assert repository.list_tags() == ("a", "b", "c", "d", "e")
    assert len(registry.asked) == 4, "the first asks for the registry itself"
    registry.on("GET", "/tags/", answer(404))
    with pytest.raises(BadReferenceError, match="has no repository agent/api"):
        repository.list_tags()


def test_pages_without_end(registry: Registry, repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightship.store.registry.repository._MAX_PAGES", 5)
    registry.on("GET", "/tags/", answer(200, {"Link": '<?last=a>; rel="next"'}, b'{"tags": ["a"]}'), times=99)
    with pytest.raises(NetworkError, match="lists without an end"):
        repository.list_tags()


def test_pages_elsewhere_get_no_secret(registry: Registry, other: Registry, repository: Repository) -> None:
    registry.on("GET", "/tags/", answer(200, {"Link": f'<http://{other.host}/v2/x/tags/list>; rel="next"'}, b"{}"))
    repository.list_tags()
    assert [each.headers.get("Authorization") for each in other.asked] == [None]


@pytest.mark.parametrize("speaks", [True, False])
def test_referrers(speaks: bool, registry: Registry, repository: Repository) -> None:
    registry.referrers = speaks
    subject = repository.push_manifest("1", media_types.OCI_MANIFEST, RAW)
    of = {"mediaType": media_types.OCI_MANIFEST, "digest": str(subject), "size": len(RAW)}
    kinds = ("application/sbom", "application/signature")
    pushed = [
        repository.push_manifest(
            Digest.of(raw := manifest(subject=of, artifactType=kind)), media_types.OCI_MANIFEST, raw
        )
        for kind in (*kinds, kinds[0])
    ]
    assert pushed[0] == pushed[2]
    found = repository.list_referrers(subject)
    assert sorted(str(each.digest) for each in found) == sorted(map(str, set(pushed)))
    assert sorted(each.artifact_type for each in found) == sorted(kinds)
    (only,) = repository.list_referrers(subject, artifact_type=kinds[1])
    assert only.digest == pushed[1]
    assert (("agent/api", f"sha256-{subject.hex}") in registry.manifests) != speaks


def test_no_referrers(registry: Registry, repository: Repository) -> None:
    registry.referrers = False
    assert repository.list_referrers(Digest.of(RAW)) == ()


def test_what_a_registry_lacks_is_said_in_its_words(registry: Registry, repository: Repository) -> None:
    def refuse(handler: Handler) -> bool:
        handler.body()
        handler.fail(404, "MANIFEST_BLOB_UNKNOWN")
        return True

    registry.on("PUT", "/manifests/", refuse)
    with pytest.raises(NetworkError, match="404 Not Found: MANIFEST_BLOB_UNKNOWN manifest blob unknown"):
        repository.push_manifest("1", media_types.OCI_MANIFEST, RAW)
