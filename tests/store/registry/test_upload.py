"""A blob is sent once, and what a registry has of it is not sent again."""

import os

import pytest
from tests.store.registry.faulty import Registry, answer, cut_upload

from lightship.errors import LightshipError, MismatchError, NetworkError
from lightship.image.blobs import StreamLayer
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.store.registry.repository import Repository
from lightship.store.registry.upload import BytesBlob

SMALL = BytesBlob(os.urandom(10_000))
LARGE = BytesBlob(os.urandom(5 * 2**20))
UPLOADS = "/blobs/uploads/"


def kept(registry: Registry, blob: BytesBlob) -> bool:
    return registry.blobs.get(("agent/api", str(blob.digest))) == blob.raw


def ways(registry: Registry) -> list[str]:
    return [f"{each.method} {each.headers.get('Content-Range', '')}".strip() for each in registry.asked]


@pytest.mark.parametrize("location", ["absolute", "relative", "query"])
@pytest.mark.parametrize("blob", [SMALL, LARGE, BytesBlob(b"")])
def test_sending(blob: BytesBlob, location: str, registry: Registry, repository: Repository) -> None:
    registry.location = location
    assert repository.push_blob(blob) == "sent"
    assert kept(registry, blob)
    assert registry.sent_bytes() == len(blob.raw)
    patch = ["PATCH"] if blob is LARGE else []
    assert registry.methods("/blobs/") == ["HEAD", "POST", *patch, "PUT"]


def test_what_is_there_is_not_sent(registry: Registry, repository: Repository) -> None:
    registry.put_blob("agent/api", LARGE.raw)
    assert repository.push_blob(LARGE) == "present"
    assert registry.methods("/blobs/") == ["HEAD"]


@pytest.mark.parametrize("status", [405, 501, 400])
def test_where_head_is_refused_one_byte_is_asked_for(status: int, registry: Registry, repository: Repository) -> None:
    registry.on("HEAD", "/blobs/", answer(status), times=99)
    assert repository.push_blob(SMALL) == "sent"
    assert repository.push_blob(SMALL) == "present"
    assert registry.methods("/blobs/")[-2:] == ["HEAD", "GET"]
    assert registry.asked[-1].headers["Range"] == "bytes=0-0"


def test_mounting(registry: Registry, repository: Repository) -> None:
    registry.put_blob("base/python", LARGE.raw)
    assert repository.push_blob(LARGE, sources=("absent/there", "base/python")) == "mounted"
    assert kept(registry, LARGE)
    assert registry.sent_bytes() == 0


def test_a_refused_mount_begins_the_upload(registry: Registry, repository: Repository) -> None:
    registry.mounts = False
    assert repository.push_blob(SMALL, sources=("base/python",)) == "sent"
    assert registry.methods("/blobs/") == ["HEAD", "POST", "PUT"], "the refusal's own upload is used"


@pytest.mark.parametrize("status", [403, 404, 405])
def test_a_forbidden_mount_is_sent_instead(status: int, registry: Registry, repository: Repository) -> None:
    registry.on("POST", "mount=", answer(status))
    assert repository.push_blob(SMALL, sources=("base/python",)) == "sent"
    assert kept(registry, SMALL)


def test_after_a_cut_the_rest_is_sent(registry: Registry, repository: Repository) -> None:
    registry.on("PATCH", UPLOADS, cut_upload(2_000_000))
    assert repository.push_blob(LARGE) == "sent"
    assert kept(registry, LARGE)
    size = len(LARGE.raw)
    assert ways(registry)[-5:] == ["POST", "PATCH", "GET", f"PATCH 2000000-{size - 1}", "PUT"]
    assert registry.asked[-2].body_bytes == size - 2_000_000


def test_after_many_cuts_that_each_win_something(registry: Registry, repository: Repository) -> None:
    registry.on("PATCH", UPLOADS, cut_upload(500_000), times=8)
    assert repository.push_blob(LARGE) == "sent", "more than the retries, and each of them got further"
    assert kept(registry, LARGE)


def test_an_upload_that_is_lost_begins_anew(registry: Registry, repository: Repository) -> None:
    registry.on("PATCH", UPLOADS, cut_upload(2_000_000, kept=False))
    assert repository.push_blob(LARGE) == "sent"
    assert kept(registry, LARGE)
    assert registry.methods(UPLOADS) == ["POST", "PATCH", "GET", "POST", "PATCH", "PUT"]


def test_a_registry_that_always_cuts_is_given_up(registry: Registry, repository: Repository) -> None:
    registry.on("PATCH", UPLOADS, cut_upload(0), times=999)
    with pytest.raises(NetworkError, match=r"\(\d attempts\)"):
        repository.push_blob(LARGE)


def test_a_lost_last_answer_costs_a_question(registry: Registry, repository: Repository) -> None:
    def lost(handler: object) -> bool:
        handler.usual()  # type: ignore[attr-defined]
        handler.cut()  # type: ignore[attr-defined]
        return True

    def silent(handler: object) -> bool:
        name = handler.path.partition("?")[0].rpartition("/")[2]  # type: ignore[attr-defined]
        registry.put_blob("agent/api", bytes(registry.uploads.pop(name)))
        handler.cut()  # type: ignore[attr-defined]
        return True

    registry.on("PUT", UPLOADS, silent)
    assert repository.push_blob(LARGE) == "sent"
    assert registry.methods("/blobs/") == ["HEAD", "POST", "PATCH", "PUT", "HEAD"]


def test_a_registry_that_takes_little_at_once_gets_chunks(registry: Registry, repository: Repository) -> None:
    registry.most_bytes = 3 * 2**20
    assert repository.push_blob(LARGE) == "sent"
    assert kept(registry, LARGE)
    half = len(LARGE.raw) // 2
    chunks = [way for way in ways(registry) if way.startswith("PATCH")]
    assert chunks == ["PATCH", f"PATCH 0-{half - 1}", f"PATCH {half}-{2 * half - 1}"]


def test_chunks_are_no_smaller_than_the_registry_wants(registry: Registry, repository: Repository) -> None:
    registry.most_bytes, registry.least_chunk = 3 * 2**20, 4 * 2**20
    with pytest.raises(NetworkError, match="refuses 5242880 bytes at once as too many"):
        repository.push_blob(LARGE)
    registry.most_bytes = 4 * 2**20
    registry.least_chunk = 2 * 2**20
    assert repository.push_blob(LARGE) == "sent"


def test_a_chunk_at_a_wrong_place_is_asked_about(registry: Registry, repository: Repository) -> None:
    registry.on("PATCH", UPLOADS, answer(416))
    assert repository.push_blob(LARGE) == "sent"
    assert kept(registry, LARGE)


def test_a_registry_that_kept_less_than_it_took(registry: Registry, repository: Repository) -> None:
    def forgetful(handler: object) -> bool:
        name = handler.path.rpartition("/")[2]  # type: ignore[attr-defined]
        taken = handler.body()  # type: ignore[attr-defined]
        registry.uploads[name] += taken[:1_000_000]
        handler.progress(202, "agent/api", name)  # type: ignore[attr-defined]
        return True

    registry.on("PATCH", UPLOADS, forgetful)
    assert repository.push_blob(LARGE) == "sent"
    assert kept(registry, LARGE)
    assert f"PATCH 1000000-{len(LARGE.raw) - 1}" in ways(registry)


def test_two_failures_and_then_it_works(registry: Registry, repository: Repository) -> None:
    registry.on("POST", UPLOADS, answer(500), times=2)
    registry.on("PUT", UPLOADS, answer(503), times=1)
    assert repository.push_blob(SMALL) == "sent"
    assert kept(registry, SMALL)


def test_a_location_elsewhere_gets_no_secret(registry: Registry, other: Registry, repository: Repository) -> None:
    registry.auth = "bearer"
    registry.tokens["t"] = ("repository:agent/api:pull,push", 1e12)
    repository.session._authorizer._scheme = "bearer"
    repository.session._authorizer._tokens = {
        (f"repository:agent/api:{actions}",): ("t", 1e12) for actions in ("pull", "pull,push")
    }
    other.uploads["x"] = bytearray()
    registry.on("POST", UPLOADS, answer(202, {"Location": f"http://{other.host}/v2/agent/api/blobs/uploads/x"}))
    assert repository.push_blob(LARGE) == "sent"
    assert kept(other, LARGE)
    assert all("Authorization" not in each.headers for each in other.asked)
    assert any("Authorization" in each.headers for each in registry.asked)


@pytest.mark.parametrize(
    ("headers", "said"),
    [({}, "without saying where it goes"), ({"Location": "ftp://elsewhere/x"}, "not http or https")],
)
def test_a_location_that_is_none(
    headers: dict[str, str], said: str, registry: Registry, repository: Repository
) -> None:
    registry.on("POST", UPLOADS, answer(202, headers))
    with pytest.raises(NetworkError, match=said):
        repository.push_blob(SMALL)


def test_bytes_that_are_refused(registry: Registry, repository: Repository) -> None:
    registry.on("PUT", UPLOADS, answer(400))
    with pytest.raises(MismatchError, match="refuses the bytes of sha256:"):
        repository.push_blob(SMALL)


def test_a_registry_that_took_something_else(registry: Registry, repository: Repository) -> None:
    registry.on("PUT", UPLOADS, answer(201, {"Docker-Content-Digest": f"sha256:{'0' * 64}"}))
    with pytest.raises(MismatchError, match=r"digest mismatch: want sha256:.*, 127.0.0.1:.* says sha256:000"):
        repository.push_blob(SMALL)


@pytest.mark.parametrize("blob", [SMALL, LARGE])
def test_a_layer_that_is_not_what_it_says_is_never_completed(
    blob: BytesBlob, registry: Registry, repository: Repository
) -> None:
    wrong = StreamLayer(
        opener=blob.open,
        digest=Digest.of(b"other"),
        diff_id=Digest.of(b"other"),
        media_type=media_types.LAYER_TAR,
        compressed_bytes=len(blob.raw),
    )
    with pytest.raises(LightshipError, match="digest mismatch"):
        repository.push_blob(wrong)
    assert registry.blobs == {}
    assert registry.sent_bytes() < len(blob.raw)


def test_what_is_reached_grows_to_the_whole(registry: Registry, repository: Repository) -> None:
    registry.on("PATCH", UPLOADS, cut_upload(2_000_000))
    told: list[int] = []
    repository.push_blob(LARGE, reached=told.append)
    assert told[-1] == len(LARGE.raw)
