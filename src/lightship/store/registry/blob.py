"""A blob as a stream: resumed where a connection broke, in parallel ranges where it is large, always in order.

distribution-spec 1.1, "Pulling blobs"; ranges: RFC 9110, 14. Nothing here is verified: `VerifyingReader` goes over it.

Memory is bounded: at most ``jobs`` ranges of `RANGE_BYTES` are held. Bytes that were handed out are not asked for
again, unless a registry that sends no ranges has to begin anew.
"""

import re
import threading
from collections import deque
from collections.abc import Generator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, BinaryIO, cast

from lightship.archive.verify import ReadStream
from lightship.errors import MismatchError, NetworkError
from lightship.oci.digest import Digest
from lightship.store.registry.addresses import whole_number
from lightship.store.registry.retry import Retries, RetryableError, StoppedError

if TYPE_CHECKING:
    import httpx2

    from lightship.store.registry.session import Session

__all__ = ["PARALLEL_BYTES", "RANGE_BYTES", "BlobStream"]

RANGE_BYTES = 8 * 2**20
PARALLEL_BYTES = 4 * RANGE_BYTES
"""Smaller blobs come over one connection: a second one has hardly opened its window when they are done."""

_PROGRESS_BYTES = 65_536
"""An attempt that won fewer counts as a failure: a peer that sends a byte for each connection has to stop."""

_CONTENT_RANGE = re.compile(r"bytes (\d{1,19})-(\d{1,19})/(\d{1,19}|\*)")
_GONE = frozenset({400, 401, 403, 404, 410})


class BlobStream(ReadStream):
    """The ``size_bytes`` of blob ``digest`` from ``offset`` on; ``jobs`` connections at most."""

    def __init__(
        self,
        session: "Session",
        repository: str,
        digest: Digest,
        size_bytes: int,
        *,
        offset: int = 0,
        jobs: int = 1,
        range_bytes: int = RANGE_BYTES,
    ) -> None:
        super().__init__(cast(BinaryIO, None))
        self._session = session
        self._path = f"/v2/{repository}/blobs/{digest}"
        self._scopes = (f"repository:{repository}:pull",)
        self._digest = digest
        self._size_bytes = size_bytes
        self._located = ""
        self._takes_ranges = True
        self._given_up = threading.Event()
        parallel = jobs > 1 and size_bytes - offset >= 4 * range_bytes
        self._chunks = (
            self._parallel(offset, jobs, range_bytes) if parallel else self._pieces(offset, size_bytes)
        )  # generators: nothing is asked before the first read
        self._rest = memoryview(b"")

    def _fill(self, size_bytes: int) -> bytes:
        if not self._rest:
            chunk = next(self._chunks, b"")
            if len(chunk) <= size_bytes and isinstance(chunk, bytes):
                return chunk
            self._rest = memoryview(chunk)
        part, self._rest = self._rest[:size_bytes], self._rest[size_bytes:]
        return bytes(part)

    def close(self) -> None:
        """Stop what is under way."""
        if not self.closed:
            self._given_up.set()
            self._chunks.close()
            super(ReadStream, self).close()  # not ReadStream's: there is no source below

    def _pieces(self, start: int, end: int) -> Generator[bytes | bytearray, None, None]:
        """The bytes from ``start`` to ``end``, over one connection after the other until they are there.

        A registry that answers with the whole blob instead of a range is read to the blob's end.
        """
        retries = Retries(self._session.access, self._session.stop)
        position = start
        while position < end:
            before, located = position, self._located
            try:
                with self._session.stream(
                    "GET",
                    located or self._path,
                    scopes=self._scopes,
                    headers=_range(position, end, self._size_bytes),
                    accept=_GONE | {416} if located else frozenset({404, 416}),
                ) as response:
                    skip = self._checked(response, position, located)
                    if response.status_code == 200:
                        end = self._size_bytes
                    told, received = response.headers.get("Content-Length"), 0
                    for chunk in response.iter_raw():
                        if self._given_up.is_set():
                            raise StoppedError("stopped")
                        received += len(chunk)
                        if skip:
                            chunk, skip = chunk[skip:], max(0, skip - len(chunk))
                        chunk = chunk[: end - position]
                        position += len(chunk)
                        if chunk:
                            yield chunk
                        if position == end and told != str(received):
                            return  # nobody announced what may follow: the connection is dropped
                    if position == end:
                        return  # read to its announced end: the connection serves the next blob
                    raise RetryableError(f"blob {self._digest} ended after {position} of {end} bytes")  # noqa: TRY301
            except RetryableError as error:
                error.progressed = position - before >= _PROGRESS_BYTES
                retries.failed(error)

    def _checked(self, response: "httpx2.Response", position: int, located: str) -> int:
        """How many bytes of the response come before ``position``. Raise MismatchError when it is another blob's."""
        status = response.status_code
        if located and status in _GONE:
            self._located = ""  # a signed address runs out; the registry gives another
            raise RetryableError(f"blob {self._digest}: the storage answered {status}", after_s=0.0)
        if status == 404:
            raise NetworkError(f"{self._session.registry} has no blob {self._digest}")
        if status == 416:
            raise MismatchError(f"size mismatch: want {self._size_bytes} bytes of {self._digest}, got fewer")
        self._remember(str(response.url))
        if status == 206:
            match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
            if match is None or int(match[1]) > position:
                raise NetworkError(f"blob {self._digest}: want bytes from {position} on, got another range")
            self._check_size(match[3])
            return position - int(match[1])
        self._check_size(response.headers.get("Content-Length"))
        self._takes_ranges = False
        return position

    def _check_size(self, text: str | None) -> None:
        told = whole_number(text)
        if told is not None and told != self._size_bytes:
            raise MismatchError(f"size mismatch: want {self._size_bytes} bytes of {self._digest}, got {told}")

    def _remember(self, url: str) -> None:
        """Blobs are often elsewhere, at an address that is signed for some minutes: further ranges go there at once."""
        self._located = "" if url.startswith(f"{self._session.base}/") else url

    def _parallel(self, start: int, jobs: int, range_bytes: int) -> Generator[bytes | bytearray, None, None]:
        position = start + range_bytes
        first = self._pieces(start, position)
        chunk = next(first)  # it tells whether the registry sends ranges; one that does not sends everything
        is_whole = not self._takes_ranges
        waiting: deque[Future[bytearray]] = deque()
        pool = ThreadPoolExecutor(jobs - 1, thread_name_prefix="lightship-range")

        def ask_ahead(position: int) -> int:
            while len(waiting) < jobs - 1 and position < self._size_bytes and self._takes_ranges:
                end = min(position + range_bytes, self._size_bytes)
                waiting.append(pool.submit(self._whole, position, end))
                position = end
            return position

        try:
            position = ask_ahead(position)
            yield chunk
            yield from first
            while waiting:
                part = waiting.popleft().result()
                position = ask_ahead(position)
                yield part
            if not is_whole:
                yield from self._pieces(position, self._size_bytes)
        finally:
            self._given_up.set()
            pool.shutdown(wait=False, cancel_futures=True)

    def _whole(self, start: int, end: int) -> bytearray:
        found = bytearray()
        for chunk in self._pieces(start, end):
            found += chunk[: end - start - len(found)]
            if len(found) == end - start:
                break
        return found


def _range(start: int, end: int, size_bytes: int) -> dict[str, str]:
    if (start, end) == (0, size_bytes):
        return {}
    return {"Range": f"bytes={start}-{end - 1}"}
