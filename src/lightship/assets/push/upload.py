"""A `Bucket` over obstore (https://developmentseed.org/obstore, 0.12): S3 and what speaks like it, Google, Azure, a
directory. Nothing else in lightship imports it.

No checksum of an SDK's own choice is sent: OSS and COS refuse them. Objects are deleted one by one but on Amazon's own
S3, since the call that deletes many wants a digest that stores disagree about. Errors of obstore hold whole answers and
addresses, which may be signed: none is chained to what is raised here.
"""

import datetime
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from lightship.assets.push.bucket import Bucket, Found, Headers
from lightship.assets.push.credentials import StoreAccess, s3_settings
from lightship.assets.push.faults import store_fault
from lightship.assets.push.target import Target
from lightship.errors import InputError, LightshipError, ToolError, UsageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

__all__ = ["ObstoreBucket", "open_bucket"]

_T = TypeVar("_T")
_PART_BYTES = 8 << 20
"""Stores take 10,000 parts of an object, and at least 5 MiB in each."""
_PARTS_AT_ONCE = 4
_PAGE = 1000
_DELETES_AT_ONCE = 8


def open_bucket(target: Target, access: StoreAccess, *, create: bool = True) -> Bucket:
    """The store that ``target`` names; nothing is asked of it. A directory is made, unless ``create`` is False. Raise
    UsageError for options or credentials that are missing, ToolError without obstore."""
    try:
        import obstore  # noqa: F401 - is it there
    except ImportError as error:
        raise ToolError(
            "pushing needs obstore, which is not installed", hint="pip install '.[push]' in lightship's checkout"
        ) from error
    if target.directory is not None:
        return ObstoreBucket(_directory(target.directory, create=create), str(target), keeps_headers=False)
    store = _guarded(lambda: _store(target, access), str(target))
    return ObstoreBucket(
        store,
        str(target),
        bulk_delete=target.scheme == "s3" and not access.endpoint_for("s3"),
        pauses=[access.backoff_s * 2**attempt for attempt in range(access.retries)],
    )


def _directory(directory: Path, *, create: bool) -> "ObjectStore":
    from obstore.store import LocalStore, MemoryStore

    if not create and not directory.exists():
        return MemoryStore()
    return _guarded(lambda: LocalStore(directory, automatic_cleanup=True, mkdir=True), str(directory))


def _store(target: Target, access: StoreAccess) -> "ObjectStore":
    from obstore.store import AzureStore, GCSStore, S3Store

    client: Any = {"allow_http": access.plain_http(target.scheme), "timeout": f"{access.timeout_s:.0f}s"}
    client["connect_timeout"] = f"{access.connect_timeout_s:.0f}s"
    if access.ca_file is not None:
        client["root_certificate"] = access.ca_file.read_bytes()
    retries: Any = {
        "max_retries": access.retries,
        "retry_timeout": datetime.timedelta(seconds=access.retry_timeout_s),
        "backoff": {"init_backoff": datetime.timedelta(seconds=access.backoff_s)},
    }
    endpoint = access.endpoint_for(target.scheme)
    if target.scheme == "gs":
        if endpoint:
            raise UsageError(f"{target}: --endpoint is not for gs://", hint="leave it out, or s3:// with --endpoint")
        return GCSStore(target.bucket, client_options=client, retry_config=retries)
    if target.scheme == "az":
        azure: Any = {"endpoint": endpoint} if endpoint else {}
        return AzureStore(target.bucket, config=azure, client_options=client, retry_config=retries)
    settings: Any = s3_settings(target, access)
    keys = _taken_keys(settings)
    return S3Store(
        target.bucket, config=settings, client_options=client, retry_config=retries, credential_provider=keys
    )


def _taken_keys(settings: dict[str, Any]) -> Any:
    """The keys among ``settings``, as what obstore asks for keys. Left there, it would add the environment's
    AWS_SESSION_TOKEN to them, were it another's or empty. None where there are none."""
    if "access_key_id" not in settings:
        return None
    found = {
        "access_key_id": settings.pop("access_key_id"),
        "secret_access_key": settings.pop("secret_access_key"),
        "token": settings.pop("session_token", None),
        "expires_at": None,
    }
    return lambda: found


class ObstoreBucket:
    """A `Bucket` over any store of obstore's. ``pauses`` are the seconds before an order to delete is given again whose
    connection broke: all else obstore tries again by itself."""

    def __init__(
        self,
        store: "ObjectStore",
        name: str,
        *,
        keeps_headers: bool = True,
        bulk_delete: bool = False,
        pauses: Sequence[float] = (),
    ) -> None:
        self._store = store
        self._name = name
        self._keeps_headers = keeps_headers
        self._bulk_delete = bulk_delete
        self._pauses = pauses

    @property
    def name(self) -> str:
        return self._name

    @property
    def keeps_headers(self) -> bool:
        return self._keeps_headers

    def listing(self, prefix: str, wanted: Iterable[str]) -> dict[str, Found]:
        """obstore ends a listing at a key that it cannot name (``a//b``, ``a/../b``, a control character). Where
        somebody has put one below ``prefix``, each of ``wanted`` is asked for by itself."""
        from obstore.exceptions import InvalidPathError

        try:
            return _guarded(lambda: dict(self._pages(prefix)), self._name, (InvalidPathError,))
        except InvalidPathError:
            keys = sorted(set(wanted))
        with ThreadPoolExecutor(_DELETES_AT_ONCE) as pool:
            found = dict(zip(keys, pool.map(self._head, keys), strict=True))
        return {key: there for key, there in found.items() if there is not None}

    def read(self, key: str, *, most_bytes: int) -> bytes | None:
        try:
            got = _guarded(lambda: self._store.get(key), self._name, (FileNotFoundError,))
        except FileNotFoundError as error:
            if "NoSuchBucket" in str(error):
                raise store_fault(str(error), self._name) from None
            return None
        if got.meta["size"] > most_bytes:
            raise InputError(f"{key}: want at most {most_bytes} bytes, got {got.meta['size']}")
        return _guarded(lambda: bytes(got.bytes()), self._name)

    def write(self, key: str, content: bytes | Iterator[bytes], headers: Headers) -> str | None:
        attributes: Any = None
        if self._keeps_headers:
            attributes = {"Content-Type": headers.content_type, "Cache-Control": headers.cache_control}
            if headers.encoding is not None:
                attributes["Content-Encoding"] = headers.encoding
        faults: list[LightshipError] = []
        source = content if isinstance(content, bytes) else _remembering(content, faults)
        try:
            put = _guarded(
                lambda: self._store.put(
                    key, source, attributes=attributes, chunk_size=_PART_BYTES, max_concurrency=_PARTS_AT_ONCE
                ),
                self._name,
            )
        except LightshipError as error:
            raise (faults or [error])[0] from None
        return _plain_etag(put["e_tag"])

    def remove(self, keys: Sequence[str]) -> None:
        if self._bulk_delete:
            _guarded(lambda: self._store.delete(list(keys)), self._name)
            return
        stop = threading.Event()
        with ThreadPoolExecutor(_DELETES_AT_ONCE) as pool:
            for _ in pool.map(lambda key: self._remove(key, stop), keys):
                pass

    def _remove(self, key: str, stop: threading.Event) -> None:
        from obstore.exceptions import GenericError

        for pause in (*self._pauses, None):
            if stop.is_set():
                return
            try:
                _guarded(lambda: self._store.delete(key), self._name, (FileNotFoundError, GenericError))
            except FileNotFoundError:
                return
            except GenericError as error:
                if pause is None or "status code" in str(error):
                    stop.set()
                    raise store_fault(str(error), self._name) from None
                time.sleep(pause)
            except LightshipError:
                stop.set()
                raise
            else:
                return

    def _head(self, key: str) -> Found | None:
        try:
            return _found(_guarded(lambda: self._store.head(key), self._name, (FileNotFoundError,)))
        except FileNotFoundError:
            return None

    def _pages(self, prefix: str) -> Iterator[tuple[str, Found]]:
        for page in self._store.list(prefix or None, chunk_size=_PAGE):
            for meta in page:
                yield meta["path"], _found(meta)


def _found(meta: Any) -> Found:
    return Found(size_bytes=meta["size"], etag=_plain_etag(meta["e_tag"]), modified=meta["last_modified"])


def _plain_etag(etag: str | None) -> str | None:
    """Stores quote it in one answer and not in another."""
    return etag.removeprefix("W/").strip('"') or None if etag is not None else None


def _remembering(content: Iterator[bytes], faults: list[LightshipError]) -> Iterator[bytes]:
    """obstore may wrap what an iterator raises; what was ours is raised again."""
    try:
        yield from content
    except LightshipError as error:
        faults.append(error)
        raise
    except OSError as error:
        faults.append(InputError(f"cannot read what is pushed: {error.strerror or error}"))
        raise


def _guarded(call: Callable[[], _T], name: str, passing: tuple[type[Exception], ...] = ()) -> _T:
    """``call()``, whose errors but those of ``passing`` become one sentence. None is chained: see the module."""
    from obstore.exceptions import BaseError

    try:
        return call()
    except LightshipError:
        raise
    except passing:
        raise
    except (BaseError, OSError, ValueError, NotImplementedError) as error:
        fault = store_fault(str(error), name)
    raise fault from None
