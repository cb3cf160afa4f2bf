"""One file from one address into the cache: resumed, retried, capped, and named only once its hash is right."""

import time
import zlib
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path

import httpx2

from lightship.build.index.http import IndexClient, RetryableError, StoppedError, retrying
from lightship.build.index.partial import Partial, open_partial
from lightship.build.index.request import Fetched, Request
from lightship.build.index.settings import display_url
from lightship.errors import MismatchError
from lightship.store.cache import Cache

__all__ = ["MAX_FILE_BYTES", "transfer", "transfer_unhashed"]

MAX_FILE_BYTES = 8 * 2**30
"""Where the lock tells no size. The largest wheels in use (CUDA) are below 4 GiB."""
_LEAST_BYTES = 1024
"""A server that sends less than this within a whole timeout is treated as one that sends nothing."""
_PROGRESS_BYTES = 65536
"""An attempt that won less counts as failed, or a hostile server could keep a build for ever, byte by byte."""
_PLAIN = frozenset({"", "identity"})


def transfer(
    client: IndexClient,
    url: str,
    request: Request,
    cache: Cache,
    reached: Callable[[int], None],
    *,
    retries: int | None = None,
) -> Fetched:
    """Get ``request`` from ``url``; ``reached`` hears how many bytes are here. ``retries`` None: as the settings say.

    Wrong bytes are fetched once more from the beginning, as a resumed file may have been mixed from two. Raise
    MismatchError, MissingError or NetworkError; what came so far stays for the next attempt.
    """
    sha256 = request.artifact.sha256 or ""
    settings = client.settings if retries is None else replace(client.settings, retries=retries)

    def attempt(partial: Partial) -> str:
        return retrying(lambda: _receive(client, url, request, partial, reached), settings, client.stop)

    with open_partial(cache, request.kind, sha256, client.stop) as partial:
        if isinstance(partial, Path):
            return Fetched(path=partial, sha256=sha256)
        if not _complete(attempt, request, cache, partial):
            partial.restart()
            if not _complete(attempt, request, cache, partial):
                got = partial.sha256
                partial.discard()
                raise MismatchError(
                    f"{request.artifact.filename}: digest mismatch: want sha256:{sha256}, got sha256:{got} "
                    f"from {display_url(url)}",
                    hint="the file was changed after it was locked, or is changed on the way; find out which",
                )
    path = cache.find_verified(request.kind, sha256)  # also seals the entry, so that the next run need not hash it
    if path is None:
        raise MismatchError(f"{request.artifact.filename}: the cache's file changed while it was written")
    return Fetched(path=path, sha256=sha256)


def transfer_unhashed(
    client: IndexClient, url: str, request: Request, cache: Cache, *, allowed: Collection[str], cap_bytes: int
) -> tuple[str, int]:
    """Get a file of which nobody told the hash, at most ``cap_bytes``; return its SHA-256 and how long it is.

    It is kept in the cache, under its hash, only where that is ``allowed``. Raise as `transfer` does.
    """
    with cache.incoming(request.kind) as incoming:
        partial = Partial(incoming.stream, incoming.temporary)
        try:
            retrying(
                lambda: _receive(client, url, request, partial, lambda _: None, cap_bytes), client.settings, client.stop
            )
            sha256, length = partial.sha256, partial.length
            if sha256 in allowed:
                partial.move_to(cache.path(request.kind, sha256))
                cache.find_verified(request.kind, sha256)  # seals the entry
        finally:
            partial.discard()
    return sha256, length


def _complete(attempt: Callable[[Partial], str], request: Request, cache: Cache, partial: Partial) -> bool:
    """True when the entry has its final name; False when all bytes are here and are the wrong ones."""
    wanted = request.artifact.sha256
    encoding = ""
    if partial.sha256 != wanted:  # equal: a process was killed between the last byte and the renaming
        encoding = attempt(partial)
    if partial.sha256 == wanted:
        partial.move_to(cache.path(request.kind, wanted))
        return True
    if encoding == "gzip" and _decoded(partial, request, cache):
        partial.discard()
        return True
    return False


def _receive(
    client: IndexClient,
    url: str,
    request: Request,
    partial: Partial,
    reached: Callable[[int], None],
    most_bytes: int = MAX_FILE_BYTES,
) -> str:
    """One attempt to get the rest; return the Content-Encoding of what the partial file holds."""
    limit = request.artifact.size_bytes
    if limit is not None and partial.length >= limit:
        partial.restart()
    headers = {"Accept-Encoding": "identity"}
    if partial.length:
        headers["Range"] = f"bytes={partial.length}-"
        if partial.tag:
            headers["If-Range"] = partial.tag
    before = partial.length
    try:
        with client.open(url, headers) as response:
            _position(response, partial, url)
            encoding = response.headers.get("Content-Encoding", "").strip().lower()
            cap = most_bytes if limit is None else limit if encoding in _PLAIN else limit + 2**20
            _check_length(response, request, partial.length, cap)
            _pour(client, response, request, partial, cap, reached)
            if limit is not None and encoding in _PLAIN:
                _check_end(partial, limit, url)
    except RetryableError as error:
        error.progressed = partial.length >= before + _PROGRESS_BYTES
        raise
    return encoding


def _position(response: httpx2.Response, partial: Partial, url: str) -> None:
    """Make ``partial`` end where the body begins."""
    if response.status_code == 416:
        partial.restart()
        raise RetryableError(f"{display_url(url)} does not have the rest of the file")
    if response.status_code == 206:
        said = response.headers.get("Content-Range", "")
        if said.startswith(f"bytes {partial.length}-"):
            return
        partial.restart()
        raise RetryableError(f"{display_url(url)} sent another range than asked: {said[:60]!r}")
    partial.restart(response.headers.get("ETag"))


def _check_length(response: httpx2.Response, request: Request, offset: int, cap: int) -> None:
    length = response.headers.get("Content-Length", "")
    if length.isdigit() and offset + int(length) > cap:
        raise _too_long(request, cap, f"{offset + int(length)}")


def _check_end(partial: Partial, wanted: int, url: str) -> None:
    """A body without Content-Length ends silently when the connection breaks; the lock's size tells."""
    if partial.length < wanted:
        raise RetryableError(f"{display_url(url)} ended after {partial.length} of {wanted} bytes")


def _pour(
    client: IndexClient,
    response: httpx2.Response,
    request: Request,
    partial: Partial,
    cap: int,
    reached: Callable[[int], None],
) -> None:
    window_s = client.settings.timeout_s
    window_end, window_bytes = time.monotonic() + window_s, 0
    for chunk in response.iter_raw():
        if client.stop.is_set():
            raise StoppedError("stopped")
        partial.write(chunk)
        if partial.length > cap:
            partial.restart()
            raise _too_long(request, cap, "more")
        reached(partial.length)
        window_bytes += len(chunk)
        if time.monotonic() > window_end:
            if window_bytes < _LEAST_BYTES:
                raise RetryableError(f"{display_url(str(response.url))} sends too slowly to be alive")
            window_end, window_bytes = time.monotonic() + window_s, 0


def _too_long(request: Request, cap: int, got: str) -> MismatchError:
    return MismatchError(f"{request.artifact.filename}: size mismatch: want at most {cap} bytes, got {got}")


def _decoded(partial: Partial, request: Request, cache: Cache) -> bool:
    """Some servers send a file gzip-encoded though asked not to: take it when what is inside has the locked hash.

    The other way round is more common (a ``.tar.gz`` wrongly labelled as encoded), so this comes second.
    """
    limit = request.artifact.size_bytes or MAX_FILE_BYTES
    sha256 = request.artifact.sha256 or ""
    inflater = zlib.decompressobj(wbits=31)
    written = 0
    try:
        with cache.write(request.kind, sha256, sha256=sha256) as target:
            for chunk in partial.chunks():
                while chunk and not inflater.eof and written <= limit:
                    plain = inflater.decompress(chunk, 2**20)
                    written += len(plain)
                    target.write(plain)
                    chunk = inflater.unconsumed_tail
            target.write(inflater.flush())
    except (zlib.error, MismatchError):
        return False
    return True
