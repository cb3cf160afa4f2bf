"""Layers of a registry to the cache: several at once, each once, resumed where the last attempt ended.

What has come of a blob is kept under its digest in the cache's ``partial`` and goes on from there, also in another
process; one process at a time writes it (``flock``), another that wants the same blob waits and finds it finished.
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BufferedRandom
from pathlib import Path

from lightship.errors import MismatchError
from lightship.image.blobs import BlobLayer
from lightship.image.protocol import Layer, annotations_of
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest, Hash
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.retry import StoppedError
from lightship.store.registry.workers import gather
from lightship.store.seal import seal

__all__ = ["pull_layers", "pulled"]

_TASK = "pull"
_KIND = "blobs"
_PARTIAL = "partial"
_POLL_S = 0.1
_READ_BYTES = 2**20


def pulled(image: PlainImage, cache: Cache, *, progress: Progress = SILENT) -> PlainImage:
    """``image`` with every layer of a registry in the cache; others stay as they are."""
    return PlainImage(
        raw_manifest=image.raw_manifest,
        raw_config=image.raw_config,
        layers=pull_layers(image.layers, cache, progress=progress),
    )


def pull_layers(layers: Sequence[Layer], cache: Cache, *, progress: Progress = SILENT) -> tuple[Layer, ...]:
    """``layers``, with those of a registry in the cache, verified; others stay as they are.

    Raise MismatchError for bytes that are not as promised, NetworkError where the registry fails; what came until then
    stays for the next attempt.
    """
    wanted = {layer.digest: layer for layer in layers if isinstance(layer, RegistryLayer) and _is_cacheable(layer)}
    missing = [layer for layer in wanted.values() if cache.find_verified(_KIND, layer.digest.hex) is None]
    if missing:
        progress.start(_TASK, sum(layer.compressed_bytes for layer in missing), unit="B")
        session = missing[0].repository.session
        with ThreadPoolExecutor(session.access.jobs, thread_name_prefix="lightship-pull") as pool:
            futures = [pool.submit(_pull, layer, cache, progress) for layer in missing]
            gather(futures, abort=session.abort)
        progress.finish(_TASK)
    return tuple(_in_cache(layer, cache) if layer.digest in wanted else layer for layer in layers)


def _is_cacheable(layer: Layer) -> bool:
    return layer.digest.algorithm == "sha256"  # the cache's key


def _in_cache(layer: Layer, cache: Cache) -> BlobLayer:
    return BlobLayer(
        path=cache.path(_KIND, layer.digest.hex),
        digest=layer.digest,
        diff_id=layer.diff_id,
        media_type=layer.media_type,
        compressed_bytes=layer.compressed_bytes,
        annotations=annotations_of(layer),
    )


def _pull(layer: RegistryLayer, cache: Cache, progress: Progress) -> None:
    digest, size_bytes = layer.digest, layer.compressed_bytes
    with _partial(layer, cache) as stream:
        if stream is None:
            progress.advance(_TASK, size_bytes)
            return
        running = digest.new_hash()
        before = _hash_all(stream, running)
        progress.advance(_TASK, min(before, size_bytes))
        length = _go_on(layer, stream, running, before, progress)
        if before and running.hexdigest() != digest.hex:
            # what was there came from anywhere, and may have lost its end with the power: this registry is not to blame
            stream.seek(0)
            with storage_errors("write to the cache"):
                stream.truncate()
            running = digest.new_hash()
            length = _go_on(layer, stream, running, 0, SILENT)
        _keep(layer, cache, stream, Digest(digest.algorithm, running.hexdigest()), length)


def _go_on(layer: RegistryLayer, stream: BufferedRandom, running: Hash, length: int, progress: Progress) -> int:
    """Write what comes after the first ``length`` bytes of the blob; return how long it is then."""
    size_bytes = layer.compressed_bytes
    # read1: what has come is kept when the connection breaks for good
    with contextlib.closing(layer.open_from(length)) as blob, storage_errors("write to the cache"):
        while length < size_bytes and (chunk := blob.read1(size_bytes - length)):
            running.update(chunk)
            stream.write(chunk)
            length += len(chunk)
            progress.advance(_TASK, len(chunk))
    return length


def _keep(layer: RegistryLayer, cache: Cache, stream: BufferedRandom, found: Digest, length: int) -> None:
    partial = cache.path(_PARTIAL, layer.digest.hex)
    if found != layer.digest:
        partial.unlink(missing_ok=True)
        what = f"{layer.repository}: layer"
        if length != layer.compressed_bytes:
            raise MismatchError(f"{what}: want {layer.compressed_bytes} bytes of {layer.digest}, got {length}")
        raise MismatchError(f"{what}: digest mismatch: want {layer.digest}, got {found}")
    target = cache.path(_KIND, layer.digest.hex)
    with storage_errors("write to the cache"):
        stream.flush()
        os.fchmod(stream.fileno(), 0o644)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial.replace(target)
    seal(target, layer.digest)


def _hash_all(stream: BufferedRandom, running: Hash) -> int:
    length = 0
    with storage_errors("read from the cache"):
        while chunk := stream.read(_READ_BYTES):
            running.update(chunk)
            length += len(chunk)
    return length


@contextlib.contextmanager
def _partial(layer: RegistryLayer, cache: Cache) -> Iterator[BufferedRandom | None]:
    """What has come of the blob, locked; None when another process has finished it."""
    path = cache.path(_PARTIAL, layer.digest.hex)
    while True:
        with storage_errors("write to the cache"):
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "r+b") as stream:
            _lock(stream, layer)
            if cache.find_verified(_KIND, layer.digest.hex) is not None:
                path.unlink(missing_ok=True)
                yield None
                return
            if _is_still(path, descriptor):
                yield stream
                return
        # it was renamed or removed while this one waited for its lock: begin again with the present one


def _is_still(path: Path, descriptor: int) -> bool:
    with contextlib.suppress(FileNotFoundError):
        return path.stat().st_ino == os.fstat(descriptor).st_ino
    return False


def _lock(stream: BufferedRandom, layer: RegistryLayer) -> None:
    while True:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if layer.repository.session.stop.wait(_POLL_S):
                raise StoppedError("stopped") from None
        else:
            return
