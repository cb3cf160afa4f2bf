"""The engine's API, spoken to a real socket behind which a small engine loads, saves, refuses and hangs up."""

import io
import json
import socketserver
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from urllib.parse import unquote

import pytest
from tests.validated import assert_valid

from lightship.errors import ImageError, MismatchError, StorageError, ToolError
from lightship.image.blobs import from_blobs
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.views import digest_of
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess

IMAGE = synthetic_image({"a": b"1" * 3000}, {"b": b"2"}, runtime={"Env": ["A=1"]})
REFERENCE = Reference.parse("docker-daemon:registry.example/api:1.2")


class PretendEngine(socketserver.ThreadingUnixStreamServer):
    """Keeps what it is given by RepoTags. ``mood`` makes it misbehave."""

    daemon_threads = True

    def __init__(self, path: Path) -> None:
        self.archives: dict[str, bytes] = {}
        self.requests: list[str] = []
        self.mood = ""
        super().__init__(str(path), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: PretendEngine
    protocol_version = "HTTP/1.1"

    def address_string(self) -> str:
        return "unix"

    def log_message(self, *_: object) -> None: ...

    def answer(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say(self, status: int, message: str) -> None:
        self.answer(status, json.dumps({"message": message}).encode())

    def body(self) -> bytes:
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_POST(self) -> None:
        self.server.requests.append(f"POST {self.path}")
        self.close_connection = True
        if self.server.mood == "hangs up":
            return
        if self.server.mood == "refuses early":
            self.say(500, "no space left on device")
            return
        archive = self.body()
        if self.server.mood == "fails late":
            self.answer(200, b'{"stream":"Loading"}\r\n{"errorDetail":{"message":"bad"},"error":"layer is bad"}\r\n')
            return
        with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
            (entry,) = json.load(opened.extractfile("manifest.json") or io.BytesIO())
        for tag in entry["RepoTags"]:
            self.server.archives[tag] = archive
        self.answer(200, b'{"stream":"Loaded image"}\r\n')

    def do_GET(self) -> None:
        self.server.requests.append(f"GET {self.path}")
        self.close_connection = True
        name, _, what = unquote(self.path).removeprefix("/images/").rpartition("/")
        archive = self.server.archives.get(name)
        if archive is None:
            self.say(404, f"no such image: {name}")
        elif what == "get":
            self.answer(200, archive[: len(archive) // 2] if self.server.mood == "saves half" else archive)
        elif self.server.mood == "babbles":
            self.answer(200, b"<html>")
        elif self.server.mood == "has another":
            self.answer(200, json.dumps({"Id": str(Digest.of(b"another"))}).encode())
        else:
            self.answer(200, json.dumps({"Id": str(Digest.of(IMAGE.raw_config))}).encode())


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[PretendEngine]:
    with PretendEngine(tmp_path / "s") as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def host(engine: PretendEngine, tmp_path: Path) -> str:
    return f"unix://{tmp_path}/s"


def test_an_image_goes_in_and_comes_out(engine: PretendEngine, host: str, tmp_path: Path) -> None:
    names = [ImageName.parse("other")]
    assert copy(IMAGE, REFERENCE, names=names, docker_host=host) == digest_of(IMAGE)
    assert sorted(engine.archives) == ["other:latest", "registry.example/api:1.2"]
    (tmp_path / "temporary").mkdir()
    with open_image(REFERENCE, docker_host=host, temporary=tmp_path / "temporary") as back:
        assert_valid(back)
        assert back.raw_config == IMAGE.raw_config
        assert len(list((tmp_path / "temporary").iterdir())) == 1
    assert list((tmp_path / "temporary").iterdir()) == []
    assert engine.requests == [
        "POST /images/load?quiet=1",
        "GET /images/registry.example/api:1.2/json",
        "GET /images/registry.example/api:1.2/get",
    ]


def test_no_place_for_a_temporary_file_is_a_storage_error(engine: PretendEngine, host: str, tmp_path: Path) -> None:
    copy(IMAGE, REFERENCE, docker_host=host)
    with (
        pytest.raises(StorageError, match="cannot save an engine's image: No such file"),
        open_image(REFERENCE, docker_host=host, temporary=tmp_path / "gone"),
    ):
        pass


def test_the_platform_is_checked(engine: PretendEngine, host: str) -> None:
    copy(IMAGE, REFERENCE, docker_host=host)
    with (
        pytest.raises(ImageError, match="docker-daemon:registry.example/api:1.2: want an image for linux/arm64"),  # noqa: RUF043
        open_image(REFERENCE, Platform("linux", "arm64"), docker_host=host),
    ):
        pass


@pytest.mark.parametrize(
    ("mood", "said"),
    [
        ("hangs up", "hung up"),
        ("refuses early", "did not load the image: no space left on device|hung up"),
        ("fails late", "did not load the image: layer is bad"),
        ("babbles", "answer of the Docker engine: want JSON"),
        ("has another", "want image sha256:.*, got sha256:"),
    ],
)
def test_an_engine_that_fails_is_a_tool_error(engine: PretendEngine, host: str, mood: str, said: str) -> None:
    engine.mood = mood
    with pytest.raises(ToolError, match=said) as caught:
        copy(IMAGE, REFERENCE, docker_host=host)
    assert "\n" not in str(caught.value)


def test_an_absent_image_and_half_an_image(engine: PretendEngine, host: str) -> None:
    with (
        pytest.raises(ImageError, match=r"docker-daemon:registry\.example/api:1\.2: no such image"),
        open_image(REFERENCE, docker_host=host),
    ):
        pass
    copy(IMAGE, REFERENCE, docker_host=host)
    engine.mood = "saves half"
    with (
        pytest.raises(Exception, match="docker-daemon:registry.example/api:1.2") as caught,  # noqa: RUF043
        open_image(REFERENCE, docker_host=host) as image,
    ):
        assert_valid(image)
    assert not isinstance(caught.value, OSError)


def test_a_wrong_layer_is_never_the_engine_s(engine: PretendEngine, host: str) -> None:
    lying = replace(synthetic_layer({"x": b"1"}), digest=Digest.of(b"another"))
    with pytest.raises(MismatchError):
        copy(from_blobs([lying], {"os": "linux", "architecture": "amd64"}), REFERENCE, docker_host=host)
    assert engine.archives == {}


@pytest.mark.parametrize("where", ["unix://{tmp}/absent", "tcp://127.0.0.1:1"])
def test_no_engine_is_a_tool_error_with_a_way_out(tmp_path: Path, where: str) -> None:
    with pytest.raises(ToolError, match="no Docker engine at") as caught:
        copy(IMAGE, REFERENCE, docker_host=where.format(tmp=tmp_path))
    assert caught.value.hint is not None
    assert "docker-archive" in caught.value.hint


def test_the_engine_is_the_one_of_the_surroundings(engine: PretendEngine, host: str) -> None:
    access = RegistryAccess(environ={"DOCKER_HOST": host})
    copy(IMAGE, REFERENCE, access=access)
    with open_image(REFERENCE, access=access) as back:
        assert back.raw_config == IMAGE.raw_config
    assert len(engine.requests) == 3
