"""Any image as a registry would hold it, ready to be served: layers compressed, manifest, config.

An archive that ``docker save`` wrote holds plain tars, and an engine's push compresses them first: gzip at the level
that Go's compress/gzip means by default, 6 (https://github.com/moby/moby, pkg/archive, v27.3). Here that is done once,
with zlib at the same level, and kept in the cache; nobody's clock runs meanwhile.
"""

import json
import logging
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lightship.archive.gzip import MEMBER_HEADER, member_trailer
from lightship.archive.verify import CHUNK_BYTES, HashingWriter, ReadStream, copy_stream, drain
from lightship.bench.serve import Blob, Served
from lightship.errors import ImageError
from lightship.image.blobs import BlobLayer, StreamLayer
from lightship.image.protocol import Image, Layer
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.manifest import Manifest
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache, cache_key
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.retry import StoppedError
from lightship.store.registry.workers import gather

__all__ = ["PUSH_LEVEL", "Staged", "stage"]

PUSH_LEVEL = 6
_VERSION = 1
"""Raised when the same plain layer is compressed to other bytes."""
_TASK = "prepare the registry"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What is served, and what was done to it: ``compressed_here`` counts the layers that were plain."""

    served: Served
    layers: tuple[Descriptor, ...]
    diff_ids: tuple[Digest, ...]
    config_bytes: int
    compressed_here: int

    @property
    def digest(self) -> Digest:
        """Of the manifest as it is served."""
        return Digest.of(self.served.raw_manifest)

    @property
    def compressed_bytes(self) -> int:
        """What an empty node pulls: every layer once, and the config."""
        return sum({layer.digest: layer.size_bytes for layer in self.layers}.values()) + self.config_bytes


def stage(
    image: Image,
    cache: Cache,
    *,
    repository: str,
    tag: str,
    mirror: bool = False,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> Staged:
    """``image`` as ``repository:tag`` of a registry. Every byte of it is read, so what is wrong is told here.

    Layers stay where they are, to be read while they are served; ``mirror`` copies them to the cache first, for those
    of a registry. Plain layers are compressed, and the manifest made anew for them. The first layer that fails, or an
    interrupt, ends the work on the others.
    """
    manifest = Manifest.parse(image.raw_manifest)
    progress.start(_TASK, sum(layer.compressed_bytes for layer in image.layers), unit="B")
    work = _Work(cache, mirror, progress, threading.Event())

    def abort() -> None:
        work.stop.set()
        for layer in image.layers:
            if isinstance(layer, RegistryLayer):
                layer.repository.session.abort()

    with ThreadPoolExecutor(jobs, thread_name_prefix="lightship-stage") as pool:
        made = gather([pool.submit(work.make, layer) for layer in image.layers], abort=abort)
    progress.finish(_TASK)
    raw = image.raw_manifest
    plain = [new for old, new in zip(image.layers, made, strict=True) if new.digest != old.digest]
    if plain:
        raw = Manifest.make(config=manifest.config, layers=[_descriptor(layer) for layer in made]).raw
    blobs = (Blob.of(image.raw_config), *(_blob(layer) for layer in made))
    return Staged(
        served=Served(repository=repository, tag=tag, raw_manifest=raw, blobs=blobs),
        layers=tuple(_descriptor(layer) for layer in made),
        diff_ids=tuple(layer.diff_id for layer in made),
        config_bytes=len(image.raw_config),
        compressed_here=len(plain),
    )


@dataclass(frozen=True, slots=True)
class _Work:
    cache: Cache
    mirror: bool
    progress: Progress
    stop: threading.Event

    def make(self, layer: Layer) -> Layer:
        """``layer`` as it is served, every byte of it read."""
        compression = media_types.compression_of(layer.media_type)
        if compression is None:
            raise ImageError(f"layer {layer.digest}: want a tar layer, got {layer.media_type!r:.120}")
        if compression == "none":
            made: Layer = self._compressed(layer)
        elif self.mirror:
            made = self._mirrored(layer)
        else:
            with self._until_stopped(layer.open()) as stream:
                drain(stream)
            made = layer
        self.progress.advance(_TASK, layer.compressed_bytes)
        return made

    def _until_stopped(self, stream: BinaryIO) -> "_Stoppable":
        return _Stoppable(stream, self.stop)

    def _mirrored(self, layer: Layer) -> BlobLayer:
        cache = self.cache
        path = cache.find_verified("blobs", layer.digest.hex) if layer.digest.algorithm == "sha256" else None
        if path is None:
            with self._until_stopped(layer.open()) as stream, cache.incoming("blobs") as incoming:
                writer = HashingWriter(incoming.stream)
                copy_stream(stream, writer.write)
                path = incoming.keep(writer.digest.hex)
        return BlobLayer(
            path=path,
            digest=layer.digest,
            diff_id=layer.diff_id,
            media_type=layer.media_type,
            compressed_bytes=layer.compressed_bytes,
        )

    def _compressed(self, layer: Layer) -> BlobLayer:
        """The layer as a push sends it, from the cache where it was compressed before."""
        cache = self.cache
        key = cache_key("pushed", _VERSION, PUSH_LEVEL, zlib.ZLIB_RUNTIME_VERSION, str(layer.diff_id))
        known = _remembered(key, cache)
        if known is None:
            _log.debug("compress %s", layer.diff_id)
            with self._until_stopped(layer.open_tar()) as tar, cache.incoming("blobs") as incoming:
                writer = HashingWriter(incoming.stream)
                _gzip(tar.read, writer)
                digest, size_bytes = writer.digest, writer.count
                incoming.keep(digest.hex)
            with cache.write("pushed", key) as stream:
                stream.write(json.dumps({"digest": str(digest), "bytes": size_bytes}).encode())
            known = digest, size_bytes
        digest, size_bytes = known
        return BlobLayer(
            path=cache.path("blobs", digest.hex),
            digest=digest,
            diff_id=layer.diff_id,
            media_type=media_types.LAYER_TAR_GZIP,
            compressed_bytes=size_bytes,
        )


class _Stoppable(ReadStream):
    """``stream``, until ``stop`` is set: a layer of a gigabyte is not compressed to its end for nobody."""

    def __init__(self, stream: BinaryIO, stop: threading.Event) -> None:
        super().__init__(stream)
        self._stop = stop

    def _fill(self, size_bytes: int) -> bytes:
        if self._stop.is_set():
            raise StoppedError("stopped")
        return self._source.read(size_bytes)


def _remembered(key: str, cache: Cache) -> tuple[Digest, int] | None:
    path = cache.find("pushed", key)
    if path is None:
        return None
    try:
        with storage_errors("read the cache"):
            entry = json.loads(path.read_text())
        digest, size_bytes = Digest.parse(str(entry["digest"])), int(entry["bytes"])
    except (ValueError, KeyError, TypeError):  # damaged: as good as absent
        return None
    return (digest, size_bytes) if cache.find_verified("blobs", digest.hex) else None


def _gzip(read: Callable[[int], bytes], writer: HashingWriter) -> None:
    compressor = zlib.compressobj(PUSH_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
    crc32, count = 0, 0
    writer.write(MEMBER_HEADER)
    while chunk := read(CHUNK_BYTES):
        crc32, count = zlib.crc32(chunk, crc32), count + len(chunk)
        writer.write(compressor.compress(chunk))
    writer.write(compressor.flush() + member_trailer(crc32, count))


def _descriptor(layer: Layer) -> Descriptor:
    return Descriptor(media_type=layer.media_type, digest=layer.digest, size_bytes=layer.compressed_bytes)


def _blob(layer: Layer) -> Blob:
    """Opened without a check: it was read and found right, and whoever pulls it checks it again."""
    if isinstance(layer, BlobLayer):
        path = layer.path
        return Blob(digest=layer.digest, size_bytes=layer.compressed_bytes, open=lambda: _opened(path))
    opener = layer.opener if isinstance(layer, StreamLayer) else layer.open
    return Blob(digest=layer.digest, size_bytes=layer.compressed_bytes, open=opener)


def _opened(path: Path) -> BinaryIO:
    with storage_errors("open a layer"):
        return path.open("rb", buffering=0)
