"""Files of a lock into the cache: in parallel, resumed where they broke off, and never believed before their hash.

A partial file stays in the cache under the hash that it should have, is continued by a Range request (RFC 9110, 14)
and checked whole; only then does it get its final name. When everything is there, nothing is asked.
"""

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from lightship.build.index.request import Fetched, Request
from lightship.build.index.settings import IndexSettings, display_url
from lightship.errors import LightshipError, LockError, MismatchError, NetworkError
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from lightship.build.index.http import IndexClient
    from lightship.build.index.locate import Catalogue

__all__ = ["fetch"]

_TASK = "download"


def fetch(
    requests: Iterable[Request],
    settings: IndexSettings | Callable[[], IndexSettings],
    cache: Cache,
    *,
    jobs: int = 32,
    progress: Progress = SILENT,
) -> dict[Request, Fetched]:
    """Every requested file, by request, in the order asked.

    Cached and local files are used at once; ``settings`` may be a function that is called only when a request must
    be made. Raise LockError for a file without a hash, MismatchError for wrong bytes, NetworkError for files that
    cannot be had, StorageError for a full disk. The first failure stops the others; what they won is kept.
    """
    wanted = list(dict.fromkeys(requests))
    found = {request: here for request in wanted if (here := _here(request, cache)) is not None}
    missing = [request for request in wanted if request not in found]
    if missing:
        found |= _fetch_missing(missing, settings() if callable(settings) else settings, cache, jobs, progress)
    return {request: found[request] for request in wanted}


def _here(request: Request, cache: Cache) -> Fetched | None:
    artifact = request.artifact
    local = _local_path(request)
    if local is not None:
        return _local(local, artifact.sha256, artifact.filename)
    if artifact.sha256 is None:
        raise LockError(
            f"{artifact.filename} has no SHA-256 in the lock, so its bytes cannot be checked",
            hint="lock again with hashes, for example `uv lock` or `pip-compile --generate-hashes`",
        )
    path = cache.find_verified(request.kind, artifact.sha256)
    return None if path is None else Fetched(path=path, sha256=artifact.sha256)


def _local_path(request: Request) -> Path | None:
    if request.artifact.path is not None:
        return request.artifact.path
    url = request.artifact.url or ""
    if not url.startswith("file:"):
        return None
    return Path(unquote(urlsplit(url).path))


def _local(path: Path, sha256: str | None, filename: str) -> Fetched:
    with storage_errors(f"read {path}"), path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if sha256 is not None and found != sha256:
        raise MismatchError(f"{filename}: digest mismatch: want sha256:{sha256}, got sha256:{found} ({path})")
    return Fetched(path=path, sha256=found)


def _fetch_missing(
    missing: list[Request], settings: IndexSettings, cache: Cache, jobs: int, progress: Progress
) -> dict[Request, Fetched]:
    from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait

    from lightship.build.index.http import IndexClient, StoppedError
    from lightship.build.index.locate import Catalogue

    sizes = [request.artifact.size_bytes for request in missing]
    total = None if None in sizes else sum(size or 0 for size in sizes)
    # The largest first: a long download that begins last is waited for alone.
    missing = sorted(missing, key=lambda request: (-(request.artifact.size_bytes or 0), request.artifact.filename))
    stop = threading.Event()
    workers = max(1, min(jobs, len(missing)))
    progress.start(_TASK, total, unit="B")
    try:
        with IndexClient(settings, connections=workers, stop=stop) as client:
            catalogue = Catalogue(client)
            with ThreadPoolExecutor(workers, thread_name_prefix="lightship-download") as pool:
                futures = {
                    pool.submit(_obtain, request, client, catalogue, cache, progress): request for request in missing
                }
                try:
                    wait(futures, return_when=FIRST_EXCEPTION)
                finally:
                    if not all(future.done() and future.exception() is None for future in futures):
                        client.abort()
                        pool.shutdown(wait=True, cancel_futures=True)
                failures = [error for f in futures if not f.cancelled() and (error := f.exception()) is not None]
    finally:
        progress.finish(_TASK)
    for error in failures:
        if not isinstance(error, StoppedError):
            raise error
    return {request: future.result() for future, request in futures.items()}


def _obtain(
    request: Request, client: "IndexClient", catalogue: "Catalogue", cache: Cache, progress: Progress
) -> Fetched:
    from lightship.build.index.http import StoppedError
    from lightship.build.index.transfer import transfer

    faults: list[Exception] = []
    counted = 0

    def reached(length: int) -> None:
        nonlocal counted
        if length > counted:  # bytes that are fetched a second time are not counted a second time
            progress.advance(_TASK, length - counted)
            counted = length

    for file in catalogue.places(request, faults):
        try:
            if file.path is not None:
                return _copy(file.path, request, cache, reached)
            # Wrong bytes are an answer: another place is asked, and not waited for, which may be long gone.
            retries = 0 if any(isinstance(fault, MismatchError) for fault in faults) else None
            return transfer(client, file.url, request, cache, reached, retries=retries)
        except StoppedError:
            raise
        except (MismatchError, NetworkError) as error:
            faults.append(error)
    raise _not_obtained(request, client.settings, faults)


def _copy(path: Path, request: Request, cache: Cache, reached: Callable[[int], None]) -> Fetched:
    """A file of a local listing, into the cache: so the next run need not look for it again."""
    sha256 = request.artifact.sha256 or ""
    with storage_errors(f"read {path}"), path.open("rb") as source:
        try:
            with cache.write(request.kind, sha256, sha256=sha256) as target:
                shutil.copyfileobj(source, target, 2**20)
        except MismatchError as error:
            raise MismatchError(f"{request.artifact.filename}: {error} ({path})") from error
        reached(source.tell())
    return Fetched(path=cache.path(request.kind, sha256), sha256=sha256)


def _not_obtained(request: Request, settings: IndexSettings, faults: list[Exception]) -> LightshipError:
    name = f"{request.artifact.filename} (sha256:{request.artifact.sha256})"
    for fault in faults:
        if isinstance(fault, MismatchError):
            return fault
    if faults:
        said = "; ".join(dict.fromkeys(str(fault) for fault in faults))
        hint = next((fault.hint for fault in faults if isinstance(fault, LightshipError) and fault.hint), None)
        return NetworkError(f"cannot get {name}: {said}", hint=hint)
    places = ", ".join(display_url(url) for url in (*settings.index_urls, *settings.find_links)) or "no index"
    return NetworkError(
        f"{name} is not offered by {places}",
        hint=f"configure the index that holds it for {settings.source}, or lock again with the present one",
    )
