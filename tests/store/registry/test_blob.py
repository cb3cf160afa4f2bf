"""A blob comes whole, in order and once, whatever the connection does."""

import hashlib
from dataclasses import replace

import pytest
from tests.store.registry.faulty import Handler, Registry, answer, cut_download, drip_body, forget_range

from lightship.archive.verify import VerifyingReader
from lightship.errors import MismatchError, NetworkError
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.blob import BlobStream
from lightship.store.registry.repository import Repository, open_repository

RAW = hashlib.shake_128(b"a blob").digest(300_000)
RANGE = 40_000


def ranges(registry: Registry) -> list[str]:
    return [each.headers.get("Range", "whole") for each in registry.asked if "/blobs/" in each.path]


def read(repository: Repository, digest: str, *, jobs: int = 1, offset: int = 0, size: int = len(RAW)) -> bytes:
    made = Digest.parse(digest)
    with BlobStream(
        repository.session, repository.name, made, size, offset=offset, jobs=jobs, range_bytes=RANGE
    ) as stream:
        return stream.read()


def test_one_request_for_a_small_blob(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    assert read(repository, digest) == RAW
    assert ranges(registry) == ["whole"]


def test_nothing_is_asked_before_the_first_read(registry: Registry, repository: Repository) -> None:
    with repository.open_blob(Digest.parse(registry.put_blob("agent/api", RAW)), len(RAW)):
        pass
    assert registry.asked == []


def test_a_large_blob_comes_in_ranges_each_asked_once(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    assert read(repository, digest, jobs=3) == RAW
    wanted = [f"bytes={start}-{min(start + RANGE, len(RAW)) - 1}" for start in range(0, len(RAW), RANGE)]
    assert sorted(ranges(registry)) == sorted(wanted)


def test_after_a_cut_it_goes_on_where_it_broke(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    for after in (100_000, 70_000, 66_000):
        registry.on("GET", "/blobs/", cut_download(after))
    assert read(repository, digest) == RAW
    end = len(RAW) - 1
    assert ranges(registry) == ["whole", f"bytes=100000-{end}", f"bytes=170000-{end}", f"bytes=236000-{end}"]


def test_a_cut_range_is_completed_alone(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    registry.on("GET", "/blobs/", cut_download(30_000), times=2)
    assert read(repository, digest, jobs=3) == RAW
    received = sum(
        int(last) - int(first) + 1
        for first, last in (text.removeprefix("bytes=").split("-") for text in ranges(registry))
    )
    assert received == len(RAW) + 2 * 10_000, "only what had not come of the two is asked for again"


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_registry_that_forgets_ranges_is_read_once_from_the_beginning(
    jobs: int, registry: Registry, repository: Repository
) -> None:
    digest = registry.put_blob("agent/api", RAW)
    registry.on("GET", "/blobs/", forget_range, times=9)
    assert read(repository, digest, jobs=jobs) == RAW
    assert len(ranges(registry)) == 1


def test_a_registry_that_forgets_ranges_after_a_cut(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    registry.on("GET", "/blobs/", cut_download(100_000))
    registry.on("GET", "/blobs/", forget_range)
    assert read(repository, digest) == RAW
    assert len(ranges(registry)) == 2


def test_a_registry_that_forgets_ranges_half_way(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    registry.on("GET", "/blobs/", lambda _: False)
    registry.on("GET", "/blobs/", forget_range, times=99)
    assert read(repository, digest, jobs=3) == RAW


def test_reading_from_an_offset(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    assert read(repository, digest, offset=123_456) == RAW[123_456:]
    assert read(repository, digest, offset=1000, jobs=4) == RAW[1000:]
    assert read(repository, digest, offset=len(RAW)) == b""
    assert "whole" not in ranges(registry)


def test_a_peer_that_wins_nothing_is_given_up(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    registry.on("GET", "/blobs/", cut_download(10), times=99)
    with pytest.raises(NetworkError, match=r"failed: .*\(3 attempts\)"):
        read(repository, digest)
    assert len(ranges(registry)) == 3


def test_a_slow_peer_is_dropped(registry: Registry, impatient: RegistryAccess) -> None:
    registry.on("GET", "/blobs/", drip_body(0.02, RAW[:300]))
    with (
        open_repository(ImageName(registry=registry.host, repository="agent/api"), impatient) as repository,
        pytest.raises(NetworkError, match="did not answer in time"),
    ):
        read(repository, str(Digest.of(RAW[:300])), size=300)


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (RAW[:-1], "size mismatch: want 300000 bytes"),
        (RAW + b"x", "size mismatch: want 300000 bytes"),
        (RAW[:-1] + bytes((RAW[-1] ^ 1,)), "digest mismatch: want sha256:"),
    ],
    ids=["short", "long", "changed"],
)
@pytest.mark.parametrize("jobs", [1, 4])
def test_other_bytes_than_promised(
    sent: bytes, said: str, jobs: int, registry: Registry, repository: Repository
) -> None:
    digest = Digest.of(RAW)
    registry.blobs["agent/api", str(digest)] = sent
    stream = BlobStream(repository.session, "agent/api", digest, len(RAW), jobs=jobs, range_bytes=RANGE)
    with VerifyingReader(stream, digest, len(RAW)) as verified, pytest.raises(MismatchError, match=said):
        verified.read()


def test_a_body_that_ends_early_without_saying_so_is_continued(registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)

    def unmeasured(handler: Handler) -> bool:
        handler.close_connection = True
        handler.send_response(200)
        handler.end_headers()
        handler.wfile.write(RAW[:100_000])
        return True

    registry.on("GET", "/blobs/", unmeasured)
    assert read(repository, digest) == RAW
    assert ranges(registry) == ["whole", f"bytes=100000-{len(RAW) - 1}"]


@pytest.mark.parametrize("told", ["bytes 5-9/300000", "bytes */300000", "", "bytes x"])
def test_another_range_than_asked(told: str, registry: Registry, repository: Repository) -> None:
    digest = registry.put_blob("agent/api", RAW)
    registry.on("GET", "/blobs/", answer(206, {"Content-Range": told}, RAW[:5]))
    with pytest.raises(NetworkError, match="want bytes from 0 on, got another range"):
        read(repository, digest, jobs=2)


def test_a_range_of_a_blob_of_another_size(registry: Registry, repository: Repository) -> None:
    registry.on("GET", "/blobs/", answer(206, {"Content-Range": "bytes 0-4/17"}, RAW[:5]))
    with pytest.raises(MismatchError, match=r"want 300000 bytes of .*, got 17"):
        read(repository, registry.put_blob("agent/api", RAW), jobs=2)


def test_a_missing_blob(registry: Registry, repository: Repository) -> None:
    with pytest.raises(NetworkError, match="has no blob sha256:"):
        read(repository, str(Digest.of(RAW)))


def test_ranges_go_to_the_storage_at_once_and_back_when_its_address_has_run_out(
    registry: Registry, other: Registry, repository: Repository
) -> None:
    digest = registry.put_blob("agent/api", RAW)
    other.put_blob("agent/api", RAW)
    other.on("GET", "/blobs/", lambda _: False, times=3)
    other.on("GET", "/blobs/", answer(403))
    moved = answer(307, {"Location": f"http://{other.host}/v2/agent/api/blobs/{digest}?signed=s3cret"})
    registry.on("GET", "/blobs/", moved, times=99)
    assert read(repository, digest, jobs=2) == RAW
    asked = [each for each in registry.asked if "/blobs/" in each.path]
    assert 2 <= len(asked) <= 4, "the first, and those after the storage refused"


def test_stopping_half_way_leaves_no_worker_behind(registry: Registry, access: RegistryAccess) -> None:
    import threading
    import time

    digest = Digest.parse(registry.put_blob("agent/api", RAW))
    before = set(threading.enumerate())
    with open_repository(ImageName(registry=registry.host, repository="agent/api"), replace(access, jobs=3)) as opened:
        stream = BlobStream(opened.session, opened.name, digest, len(RAW), jobs=3, range_bytes=RANGE)
        assert stream.read(10) == RAW[:10]
        stream.close()
    limit = time.monotonic() + 60
    while any("lightship" in each.name for each in set(threading.enumerate()) - before):
        assert time.monotonic() < limit
        time.sleep(0.01)
