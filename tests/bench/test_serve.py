"""The registry that only gives: what the distribution-spec says of pulling, asked over a socket."""

import http.client
import io
import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pytest

from lightship.archive.verify import ReadStream
from lightship.bench.serve import Blob, Registry, Served, served
from lightship.image.synthetic import synthetic_image
from lightship.oci.digest import Digest

CONTENT = bytes(range(256)) * 4000


@pytest.fixture(params=["memory", "file", "stream"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], BinaryIO]:
    path = tmp_path / "blob"
    path.write_bytes(CONTENT)
    openers: dict[str, Callable[[], BinaryIO]] = {
        "memory": lambda: io.BytesIO(CONTENT),
        "file": lambda: path.open("rb", buffering=0),
        "stream": lambda: _Stream(io.BytesIO(CONTENT)),
    }
    return openers[request.param]


class _Stream(ReadStream):
    """What can be read, and not be sought in."""

    def _fill(self, size_bytes: int) -> bytes:
        return self._source.read(min(size_bytes, 1000))


@pytest.fixture
def registry(opener: Callable[[], BinaryIO]) -> Iterator[Registry]:
    blob = Blob(digest=Digest.of(CONTENT), size_bytes=len(CONTENT), open=opener)
    image = synthetic_image({"file": b"x"})
    with served([Served(repository="a/b", tag="1", raw_manifest=image.raw_manifest, blobs=(blob,))]) as registry:
        yield registry


def ask(registry: Registry, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection(registry.host, registry.port, timeout=10)) as connection:
        connection.request(method, path, headers=headers)
        with connection.getresponse() as answer:
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


BLOB = f"/v2/a/b/blobs/{Digest.of(CONTENT)}"


def test_a_blob_is_given_whole(registry: Registry) -> None:
    status, headers, body = ask(registry, BLOB)
    assert (status, body) == (200, CONTENT)
    assert headers["docker-content-digest"] == str(Digest.of(CONTENT))
    assert headers["content-length"] == str(len(CONTENT))
    assert "content-range" not in headers


@pytest.mark.parametrize(
    ("asked", "part"),
    [
        ("bytes=0-", slice(0, None)),
        ("bytes=0-0", slice(0, 1)),
        ("bytes=1000-1999", slice(1000, 2000)),
        ("bytes=500000-", slice(500_000, None)),
        ("bytes=-7", slice(-7, None)),
        ("bytes=-99999999", slice(0, None)),
        (f"bytes=5-{10**17}", slice(5, None)),
    ],
)
def test_a_range_is_given(asked: str, part: slice, registry: Registry) -> None:
    status, headers, body = ask(registry, BLOB, Range=asked)
    first = part.indices(len(CONTENT))[0]
    assert (status, body) == (206, CONTENT[part])
    assert headers["content-range"] == f"bytes {first}-{first + len(body) - 1}/{len(CONTENT)}"


@pytest.mark.parametrize("asked", [f"bytes={len(CONTENT)}-", "bytes=-0", f"bytes={10**17}-"])
def test_a_range_past_the_end_is_refused(asked: str, registry: Registry) -> None:
    status, headers, body = ask(registry, BLOB, Range=asked)
    assert (status, body) == (416, b"")
    assert headers["content-range"] == f"bytes */{len(CONTENT)}"


@pytest.mark.parametrize(
    "asked", ["bytes=7-3", "bytes=-", "bytes=0-1,5-6", "lines=0-1", "bytes=x-", f"bytes={'9' * 5000}-"]
)
def test_what_is_no_range_is_passed_over(asked: str, registry: Registry) -> None:
    status, _, body = ask(registry, BLOB, Range=asked)
    assert (status, body) == (200, CONTENT)


def test_head_tells_and_gives_nothing(registry: Registry) -> None:
    status, headers, body = ask(registry, BLOB, "HEAD")
    assert (status, body, headers["content-length"]) == (200, b"", str(len(CONTENT)))


def test_a_manifest_is_given_by_tag_and_by_digest(registry: Registry) -> None:
    raw = synthetic_image({"file": b"x"}).raw_manifest
    for reference in ("1", str(Digest.of(raw))):
        status, headers, body = ask(registry, f"/v2/a/b/manifests/{reference}")
        assert (status, body) == (200, raw)
        assert headers["content-type"] == "application/vnd.oci.image.manifest.v1+json"
        assert headers["docker-content-digest"] == str(Digest.of(raw))


def test_it_says_what_it_is(registry: Registry) -> None:
    status, headers, _ = ask(registry, "/v2/")
    assert (status, headers["docker-distribution-api-version"]) == (200, "registry/2.0")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v2/a/b/manifests/2", "MANIFEST_UNKNOWN"),
        ("/v2/a/c/manifests/1", "MANIFEST_UNKNOWN"),
        (f"/v2/a/b/blobs/sha256:{'0' * 64}", "BLOB_UNKNOWN"),
        ("/v2/a/b/blobs/../../../etc/passwd", "NAME_UNKNOWN"),
        ("/v2/_catalog", "NAME_UNKNOWN"),
        ("/etc/passwd", "NAME_UNKNOWN"),
    ],
)
def test_what_is_not_there_is_an_error_of_the_specification(path: str, code: str, registry: Registry) -> None:
    status, _, body = ask(registry, path)
    assert status == 404
    assert json.loads(body)["errors"][0]["code"] == code


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_nothing_can_be_written(method: str, registry: Registry) -> None:
    assert ask(registry, BLOB, method)[0] == 501


def test_a_connection_serves_many_requests(registry: Registry) -> None:
    with closing(http.client.HTTPConnection(registry.host, registry.port, timeout=10)) as connection:
        for path in (BLOB, "/v2/", BLOB, "/v2/a/b/manifests/1", "/nowhere", BLOB):
            connection.request("GET", path)
            with connection.getresponse() as answer:
                got = answer.read()
            assert (got == CONTENT) == (path == BLOB)


def test_a_blob_that_cannot_be_read_ends_the_connection_and_not_the_registry() -> None:
    def fail() -> BinaryIO:
        raise OSError("gone")

    blob = Blob(digest=Digest.of(CONTENT), size_bytes=len(CONTENT), open=fail)
    short = Blob(digest=Digest.of(b"short"), size_bytes=10, open=lambda: io.BytesIO(b"short"))
    raw = synthetic_image({}).raw_manifest
    with served([Served(repository="a/b", tag="1", raw_manifest=raw, blobs=(blob, short))]) as registry:
        for path in (BLOB, f"/v2/a/b/blobs/{short.digest}"):
            with pytest.raises(http.client.IncompleteRead):
                ask(registry, path)
        assert ask(registry, "/v2/")[0] == 200


def test_it_ends_though_a_client_keeps_its_connection() -> None:
    with served([]) as registry:
        connection = http.client.HTTPConnection(registry.host, registry.port, timeout=10)
        connection.request("GET", "/v2/")
        connection.getresponse().read()
    with closing(connection), pytest.raises((OSError, http.client.HTTPException)):  # noqa: PT012 - either may fail
        connection.request("GET", "/v2/")
        connection.getresponse()
