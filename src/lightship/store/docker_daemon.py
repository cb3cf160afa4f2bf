"""The images of a Docker engine, over its HTTP API.

Docker Engine API v1.40 to v1.50, https://docs.docker.com/reference/api/engine/version/v1.47/: ``POST /images/load``,
``GET /images/{name}/get``, ``GET /images/{name}/json``. Podman's service answers the same requests.
"""

import contextlib
import http.client
import json
import tempfile
import urllib.parse
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from lightship.archive.verify import CHUNK_BYTES, read_capped
from lightship.errors import ImageError, ToolError, UsageError
from lightship.image.protocol import Image
from lightship.image.value import PlainImage
from lightship.image.views import manifest_of
from lightship.oci.digest import Digest
from lightship.oci.document import parse_object
from lightship.oci.media_types import compression_of
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.archive_write import docker_manifest, write_archive
from lightship.store.contents import contents_of_image
from lightship.store.docker_archive import open_docker_archive
from lightship.store.docker_daemon_http import connected
from lightship.store.docker_host import Endpoint
from lightship.store.tags import Tag

__all__ = ["load_image", "open_engine_image"]

_MOST_SAID_BYTES = 1 << 20


def load_image(image: Image, names: Sequence[ImageName], *, endpoint: Endpoint, progress: Progress = SILENT) -> Digest:
    """Stream ``image`` into the engine under ``names`` (at least one); return its manifest's digest.

    The engine is asked afterwards what it has under the first name. Raise ToolError when there is no engine, when it
    refuses, or has something else.
    """
    if not names:
        raise UsageError("docker-daemon: want a name for the image, got none")
    tags = [Tag(str(name.tagged()), name.tagged()) for name in names]
    with connected(endpoint) as connection:
        connection.putrequest("POST", "/images/load?quiet=1")
        connection.putheader("Content-Type", "application/x-tar")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # an engine that refuses hangs up: it says why
            contents, manifest = contents_of_image(image), docker_manifest(image, tags)
            write_archive(contents, _chunked(connection), tags, docker=manifest, progress=progress)
            connection.send(b"0\r\n\r\n")
        said = _answer(connection, "load the image")
    _raise_error_line(said, hint=_hint(image))
    _check_loaded(image, names[0], endpoint)
    return manifest_of(image).digest


@contextmanager
def open_engine_image(
    name: ImageName,
    *,
    platform: Platform | None = None,
    endpoint: Endpoint,
    temporary: Path | None = None,
) -> Iterator[PlainImage]:
    """The engine's image ``name``, saved to a temporary file that is gone when the block ends."""
    wanted = name if name.digest else name.tagged()
    where = f"docker-daemon:{wanted.familiar}"
    with storage_errors("save an engine's image"):
        opened = tempfile.NamedTemporaryFile(dir=temporary, prefix="lightship-", suffix=".tar")  # noqa: SIM115 - below
    with opened as file:
        with connected(endpoint) as connection:
            connection.request("GET", f"/images/{_quoted(wanted)}/get")
            response = connection.getresponse()
            if response.status != 200:
                raise ImageError(f"{where}: {_message(read_capped(response, _MOST_SAID_BYTES, 'answer'))}")
            _save(response, file)
        with open_docker_archive(Path(file.name), platform=platform, where=where) as image:
            yield image


def _save(response: http.client.HTTPResponse, file: IO[bytes]) -> None:
    while chunk := response.read(CHUNK_BYTES):
        with storage_errors("save an engine's image"):
            file.write(chunk)
    with storage_errors("save an engine's image"):
        file.flush()


def _check_loaded(image: Image, name: ImageName, endpoint: Endpoint) -> None:
    manifest = manifest_of(image)
    with connected(endpoint) as connection:
        connection.request("GET", f"/images/{_quoted(name.tagged())}/json")
        said = _answer(connection, "show the image")
    try:
        found = parse_object(said, "answer of the Docker engine").optional_text("Id")
    except ImageError as error:
        raise ToolError(str(error)) from error
    # Docker's own store calls an image by its config, containerd's by its manifest
    if found not in (str(manifest.config.digest), str(manifest.digest)):
        raise ToolError(f"docker-daemon:{name.familiar}: want image {manifest.config.digest}, got {found}")


def _answer(connection: http.client.HTTPConnection, what: str) -> bytes:
    response = connection.getresponse()
    said = read_capped(response, _MOST_SAID_BYTES, "answer of the Docker engine")
    if response.status != 200:
        raise ToolError(f"the Docker engine did not {what}: {_message(said)}")
    return said


def _hint(image: Image) -> str | None:
    if any(compression_of(layer.media_type) == "zstd" for layer in image.layers):
        return "Docker before 23.0 cannot load zstd layers: use gzip"
    return None


def _raise_error_line(said: bytes, *, hint: str | None) -> None:
    for line in said.splitlines():
        with contextlib.suppress(ValueError):
            message = json.loads(line)
            if isinstance(message, dict) and "error" in message:
                raise ToolError(f"the Docker engine did not load the image: {message['error']!s:.300}", hint=hint)


def _message(said: bytes) -> str:
    with contextlib.suppress(ValueError, AttributeError):
        return str(json.loads(said).get("message"))[:300]
    return said.decode(errors="replace").strip()[:300] or "it gave no reason"


def _quoted(name: ImageName) -> str:
    return urllib.parse.quote(name.familiar, safe="/:@")


def _chunked(connection: http.client.HTTPConnection) -> Callable[[bytes], None]:
    def write(chunk: bytes) -> None:
        if chunk:  # an empty chunk would end the body (RFC 9112, 7.1)
            connection.send(b"%x\r\n%b\r\n" % (len(chunk), chunk))

    return write
