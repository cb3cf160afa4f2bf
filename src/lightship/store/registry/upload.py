"""One blob to a registry: mounted where another repository has it, sent in one piece or in chunks, resumed after a cut.

distribution-spec 1.1, "Pushing blobs" (https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md).

A large blob goes in one streamed ``PATCH``, as engines do; a registry (or the proxy before it) that refuses so much at
once gets it in chunks. After a cut the registry is asked how far it came, and what it has is not sent again.
"""

import contextlib
import re
from collections.abc import Callable, Iterator, Sequence
from io import BytesIO
from typing import BinaryIO, Literal, Protocol
from urllib.parse import quote, urlsplit

from lightship.archive.verify import CHUNK_BYTES
from lightship.errors import MismatchError, NetworkError
from lightship.oci.digest import Digest
from lightship.store.registry.addresses import joined, whole_number
from lightship.store.registry.retry import Retries, RetryableError, retrying
from lightship.store.registry.session import Answer, Session
from lightship.values import dataclass

__all__ = ["Blob", "BytesBlob", "Sent", "Upload", "find_blob"]

_IN_ONE_BYTES = 4 * 2**20
"""Up to here a blob goes with the request that closes its upload: one request less."""

_CHUNK_BYTES = 64 * 2**20  # below what proxies before registries let through at once, 100 MB at the strictest of them
_LEAST_CHUNK_BYTES = 2**20
_HASHED_BYTES_S = 20e6
"""A registry that reads a blob again from its store before it says yes is waited for at this rate."""

_MOST_SOURCES = 3  # each refusal begins an upload at the registry, and only the last is used
_OCTETS = "application/octet-stream"
_RANGE = re.compile(r"(?:bytes=)?0-(\d{1,19})")
_NO_HEAD = frozenset({400, 405, 501})
_REFUSED_MOUNT = frozenset({400, 401, 403, 404, 405, 501})

Sent = Literal["present", "mounted", "sent"]


class Blob(Protocol):
    """What can be sent; an `image.protocol.Layer` is one."""

    @property
    def digest(self) -> Digest: ...
    @property
    def compressed_bytes(self) -> int: ...
    def open(self) -> BinaryIO: ...


@dataclass(frozen=True, slots=True)
class BytesBlob:
    """A small blob in memory."""

    raw: bytes

    @property
    def digest(self) -> Digest:
        return Digest.of(self.raw)

    @property
    def compressed_bytes(self) -> int:
        return len(self.raw)

    def open(self) -> BinaryIO:
        return BytesIO(self.raw)


class _AgainError(RetryableError):
    """The upload is lost: another one must be begun."""


class Upload:
    """The sending of one blob to ``repository``; ``reached`` is told how many of its bytes are there, growing."""

    def __init__(
        self, session: Session, repository: str, blob: Blob, *, reached: Callable[[int], object] = lambda _: None
    ) -> None:
        self._session = session
        self._repository = repository
        self._blob = blob
        self._size_bytes = blob.compressed_bytes
        self._scopes = (f"repository:{repository}:pull,push",)
        self._source = _Source(blob)
        self._reached = reached
        self._chunk_bytes = self._size_bytes
        self._least_bytes = 1
        self._location = ""
        self._retries = Retries(session.access, session.stop)
        self._is_again = False

    def send(self, sources: Sequence[str] = ()) -> Sent:
        """Make the repository have the blob, which it has not; ``sources`` are others of this registry that may."""
        for source in sources[:_MOST_SOURCES]:
            if self._mount(source):
                self._reached(self._size_bytes)
                return "mounted"
        with contextlib.closing(self._source):
            retrying(self._attempt, self._session.access, self._session.stop)
        self._reached(self._size_bytes)
        return "sent"

    def _mount(self, source: str) -> bool:
        path = f"/v2/{self._repository}/blobs/uploads/?mount={self._blob.digest}&from={quote(source, safe='/')}"
        scopes = (*self._scopes, f"repository:{source}:pull")
        try:
            answer = self._session.small("POST", path, scopes=scopes, content=b"", accept=_REFUSED_MOUNT)
        except NetworkError:
            return False  # a token server may refuse the source: the blob is sent instead
        if answer.status == 202:
            self._take(answer)  # no mount, but an upload was begun
        return answer.status == 201

    def _attempt(self) -> None:
        if self._is_again and find_blob(self._session, self._repository, self._blob.digest) == self._size_bytes:
            return  # it came, and only the answer was lost
        self._is_again = True
        if not self._location:
            answer = self._session.small(
                "POST", f"/v2/{self._repository}/blobs/uploads/", scopes=self._scopes, content=b""
            )
            self._take(answer)
        location, self._location = self._location, ""  # an upload that failed is not used again
        if self._size_bytes <= _IN_ONE_BYTES:
            self._close(location, 0, self._size_bytes)
            return
        offset = 0
        while offset < self._size_bytes:
            location, offset = self._advance(location, offset)
        self._close(location, offset, offset)

    def _take(self, answer: Answer) -> None:
        self._location = self._located(answer)
        least = whole_number(answer.headers.get("OCI-Chunk-Min-Length"))
        if least is not None:
            self._least_bytes = min(least, self._size_bytes)

    def _located(self, answer: Answer) -> str:
        location = answer.headers.get("Location")
        if not location:
            raise NetworkError(f"{self._session.registry} began an upload without saying where it goes")
        target = joined(answer.url, location, registry=self._session.registry)
        base = urlsplit(self._session.base)
        if base.scheme == "https" and urlsplit(target).scheme == "http":
            if urlsplit(target).hostname != base.hostname:
                raise NetworkError(f"{self._session.registry} sends an upload to another host over plain HTTP")
            # a registry behind a proxy that ends TLS does not know how it was reached
            target = urlsplit(target)._replace(scheme="https", netloc=base.netloc).geturl()
        return target

    def _advance(self, location: str, offset: int) -> tuple[str, int]:
        """Send what comes next; return where the upload goes on, and from which byte."""
        end = min(offset + max(self._chunk_bytes, self._least_bytes), self._size_bytes)
        headers = {"Content-Type": _OCTETS, "Content-Length": str(end - offset)}
        if (offset, end) != (0, self._size_bytes):
            headers["Content-Range"] = f"{offset}-{end - 1}"
        try:
            answer = self._exchange("PATCH", location, headers, offset, end, frozenset({404, 413, 416}))
        except RetryableError as error:
            return self._resume(location, offset, error)
        if answer.status == 413:
            self._shrink(end - offset)
            return self._resume(location, offset, RetryableError("the chunk was refused", after_s=0.0))
        if answer.status in (404, 416):
            return self._resume(location, offset, RetryableError(f"the upload was refused with {answer.status}"))
        reached = _end_of(answer)
        is_sound = reached is not None and offset < reached <= end
        return self._located(answer), reached if is_sound and reached is not None else end

    def _exchange(
        self,
        method: str,
        location: str,
        headers: dict[str, str],
        start: int,
        end: int,
        accept: frozenset[int],
        patience_s: float = 0.0,
    ) -> Answer:
        def body() -> Iterator[bytes]:
            return self._source.chunks(start, end, self._reached)

        with self._session.stream(
            method,
            location,
            scopes=self._scopes,
            headers=headers,
            content=body if end > start else b"",
            accept=accept,
            patience_s=patience_s,
        ) as response:
            return Answer(status=response.status_code, url=location, headers=response.headers, content=b"")

    def _shrink(self, refused_bytes: int) -> None:
        smaller = min(_CHUNK_BYTES, refused_bytes // 2)
        if smaller < max(_LEAST_CHUNK_BYTES, self._least_bytes):
            raise NetworkError(f"{self._session.registry} refuses {refused_bytes} bytes at once as too many")
        self._chunk_bytes = smaller

    def _resume(self, location: str, offset: int, error: RetryableError) -> tuple[str, int]:
        """Ask how far the upload came. Raise `_AgainError` where it is lost."""
        self._retries.failed(error)
        lost = _AgainError(str(error), hint=error.hint, after_s=0.0)
        try:
            answer = self._session.small(
                "GET", location, scopes=self._scopes, accept=frozenset({400, 404, 405, 416, 501}), what="upload"
            )
        except NetworkError as fault:
            raise lost from fault
        reached = _end_of(answer)
        if not 200 <= answer.status < 300 or reached is None or reached > self._size_bytes:
            raise lost
        if reached > offset:
            self._retries = Retries(self._session.access, self._session.stop)
        return self._located(answer) if "Location" in answer.headers else location, reached

    def _close(self, location: str, start: int, end: int) -> None:
        joint = "&" if "?" in location else "?"
        url = f"{location}{joint}digest={quote(str(self._blob.digest), safe=':')}"
        headers = {"Content-Type": _OCTETS, "Content-Length": str(end - start)}
        patience_s = self._size_bytes / _HASHED_BYTES_S
        answer = self._exchange("PUT", url, headers, start, end, frozenset({400, 404, 416}), patience_s)
        if answer.status == 400:
            raise MismatchError(f"{self._session.registry} refuses the bytes of {self._blob.digest}: not what was sent")
        if answer.status >= 400:
            raise _AgainError(f"{self._session.registry} lost an upload")
        told = answer.headers.get("Docker-Content-Digest")
        if told and told != str(self._blob.digest):
            raise MismatchError(f"digest mismatch: want {self._blob.digest}, {self._session.registry} says {told:.100}")


def find_blob(session: Session, repository: str, digest: Digest) -> int | None:
    """The size of a blob of ``repository``, None when it has none; one HEAD, and a GET of a byte where HEAD is refused.

    A registry that does not tell the size is believed to have the whole blob: -1.
    """
    path, scopes = f"/v2/{repository}/blobs/{digest}", (f"repository:{repository}:pull",)
    answer = session.small("HEAD", path, scopes=scopes, accept=frozenset({404, *_NO_HEAD}))
    length = answer.headers.get("Content-Length")
    if answer.status in _NO_HEAD:
        with session.stream(
            "GET", path, scopes=scopes, headers={"Range": "bytes=0-0"}, accept=frozenset({404})
        ) as response:
            answer = Answer(status=response.status_code, url=path, headers=response.headers, content=b"")
            whole = response.headers.get("Content-Range", "").rpartition("/")[2]
            length = whole if response.status_code == 206 else response.headers.get("Content-Length")
    if answer.status == 404:
        return None
    size_bytes = whole_number(length)
    return -1 if size_bytes is None else size_bytes


class _Source:
    """The blob's bytes from any place on; going on where the last ones ended costs nothing."""

    def __init__(self, blob: Blob) -> None:
        self._blob = blob
        self._stream: BinaryIO | None = None
        self._position = 0

    def chunks(self, start: int, end: int, reached: Callable[[int], object]) -> Iterator[bytes]:
        stream = self._at(start)
        while self._position < end:
            chunk = stream.read(min(CHUNK_BYTES, end - self._position))
            if not chunk:
                raise MismatchError(f"size mismatch: want {end} bytes of {self._blob.digest}, got {self._position}")
            self._position += len(chunk)
            yield chunk
            reached(self._position)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _at(self, start: int) -> BinaryIO:
        if self._stream is None or self._position != start:
            self.close()
            self._stream, self._position = self._blob.open(), 0
            while self._position < start and (chunk := self._stream.read(min(CHUNK_BYTES, start - self._position))):
                self._position += len(chunk)
        return self._stream


def _end_of(answer: Answer) -> int | None:
    """How many bytes the registry says it has; ``0-0`` means none to some and one to others, so it is nothing."""
    match = _RANGE.fullmatch(answer.headers.get("Range", ""))
    if match is None:
        return None
    return int(match[1]) + 1 if int(match[1]) > 0 else 0
