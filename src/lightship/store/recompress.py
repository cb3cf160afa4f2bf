"""An image's layers under another compression, as a view: what has it already passes untouched, the rest is made once
and kept in the cache.

gzip and zstd keep a layer's diff_id, and eStargz has its own (`lightship.archive.recode`). Every layer is verified
while it passes, against its digest below and its diff_id above the decoder.
"""

import json
import threading
from collections.abc import Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Literal

from lightship.archive.estargz.toc import TOC_DIGEST
from lightship.archive.layer import LayerCompression, WrittenLayer, check_level, codec_version
from lightship.archive.recode import recode
from lightship.archive.verify import CountingReader, drain
from lightship.errors import InputError, MismatchError, WorldError
from lightship.image.blobs import BlobLayer
from lightship.image.mutate import with_layers
from lightship.image.protocol import Image, Layer, annotations_of
from lightship.oci.digest import Digest
from lightship.oci.media_types import compression_of
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache, cache_key
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.retry import StoppedError
from lightship.store.toc import holds_toc
from lightship.values import dataclass

__all__ = ["How", "Recompressed", "compression_in", "recompress"]

_VERSION = 2
"""Raised when the same layer and options give other bytes."""

How = Literal["kept", "cached", "made"]
"""How a layer came to be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recompressed:
    """``image`` as it is after; for each of its layers how it came to be: ``kept`` as it was, ``cached`` from an
    earlier call, or ``made``."""

    image: Image
    how: tuple[How, ...]


def compression_in(layer: Layer) -> str | None:
    """How ``layer`` is compressed: ``none``, ``gzip``, ``zstd`` or ``estargz``; None when it is no tar layer."""
    compression = compression_of(layer.media_type)
    if compression == "gzip" and TOC_DIGEST in annotations_of(layer):
        return "estargz"
    return compression


def recompress(
    image: Image,
    compression: LayerCompression,
    cache: Cache,
    *,
    level: int | None = None,
    anew: bool = False,
    prioritized: Sequence[str] = (),
    temporary: Path | None = None,
    jobs: int = 1,
    progress: Progress = SILENT,
) -> Recompressed:
    """``image`` with all layers in ``compression``; itself when they are.

    A layer that has it is kept whatever its level, for that cannot be told, unless ``anew``; eStargz counts as gzip
    where gzip is wanted, and as eStargz where its table of contents is what its annotation says. What is no tar layer,
    and layers that may not be handed on (``nondistributable``, ``foreign``), are kept too. ``prioritized`` are paths
    that eStargz puts first, for which ``temporary`` has room for unpacked layers: StorageError where it has not.
    ``jobs`` layers at a time, one after the other in memory that does not grow with them. The first error, in the
    order of layers, is raised once every thread has stopped; the cache has whole layers or none.
    """
    level = check_level(compression, level)
    work = _Work(compression, level, anew, tuple(prioritized), temporary, cache, jobs, progress, threading.Event())
    distinct = {layer.digest: layer for layer in image.layers}
    known = {digest: work.known(layer) for digest, layer in distinct.items()}
    missing = sorted((layer for layer in distinct.values() if not known[layer.digest]), key=_largest_first)
    progress.start("compress", sum(layer.compressed_bytes for layer in missing), unit="B")
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="compress") as pool:
        try:
            futures = {layer.digest: pool.submit(work.make, layer) for layer in missing}
            _, running = wait(futures.values(), return_when=FIRST_EXCEPTION)
            if running:
                _cut(missing)
                wait(running)
        except BaseException:
            work.stop.set()
            _cut(missing)
            raise
    progress.finish("compress")
    errors = [error for digest in distinct if digest in futures and (error := futures[digest].exception())]
    for error in sorted(errors, key=lambda error: isinstance(error, _StoppedError | StoppedError)):
        raise error
    results = [known[layer.digest] or (futures[layer.digest].result(), "made") for layer in image.layers]
    layers: list[Layer] = [layer for layer, _ in results]
    how: tuple[How, ...] = tuple(kind for _, kind in results)
    same = all(kind == "kept" for kind in how)
    return Recompressed(image=image if same else with_layers(image, layers), how=how)


def _cut(layers: Sequence[Layer]) -> None:
    """Wake whoever waits for a registry, which may say nothing for minutes."""
    for layer in layers:
        if isinstance(layer, RegistryLayer):
            layer.repository.session.abort()


def _largest_first(layer: Layer) -> int:
    return -layer.compressed_bytes


class _StoppedError(WorldError):
    """Work on a layer was given up, because another one failed or the user interrupted."""


@dataclass(frozen=True, slots=True)
class _Work:
    compression: LayerCompression
    level: int
    anew: bool
    prioritized: tuple[str, ...]
    temporary: Path | None
    cache: Cache
    jobs: int
    progress: Progress
    stop: threading.Event

    def known(self, layer: Layer) -> tuple[Layer, How] | None:
        """The layer to take for ``layer`` where nothing has to be made."""
        if self._stays(layer):
            return layer, "kept"
        found = self._find(layer)
        return (found, "cached") if found is not None else None

    def make(self, layer: Layer) -> BlobLayer:
        """Compress ``layer`` into the cache, and remember it."""
        spool = self.temporary / f"{layer.digest.hex}.tar" if self.temporary is not None else None
        try:
            with storage_errors("write a layer to the cache"), self.cache.incoming("blobs") as incoming:
                with layer.open_tar() as plain:
                    tar = CountingReader(plain, self._seen)
                    written = recode(
                        tar,
                        incoming.stream,
                        compression=self.compression,
                        level=self.level,
                        threads=max(1, self.jobs),
                        prioritized=self.prioritized,
                        spool=spool,
                        what=f"layer {layer.digest}",
                    )
                    drain(tar)
                self._check(layer, written)
                incoming.keep(written.digest.hex)
            self._remember(layer, written)
        except BaseException:
            self.stop.set()
            raise
        finally:
            if spool is not None:
                spool.unlink(missing_ok=True)
        self.progress.advance("compress", layer.compressed_bytes)
        return self._layer(written)

    def _check(self, layer: Layer, written: WrittenLayer) -> None:
        if self.compression != "estargz" and written.diff_id != layer.diff_id:
            raise MismatchError(f"layer {layer.digest}: diff_id: want {layer.diff_id}, got {written.diff_id}")

    def _seen(self, _chunk: bytes) -> None:
        if self.stop.is_set():
            raise _StoppedError("the compression of a layer was given up")

    def _stays(self, layer: Layer) -> bool:
        has = compression_in(layer)
        if has is None or "nondistributable" in layer.media_type or "foreign" in layer.media_type:
            return True
        if self.anew or (has == "estargz" and self.compression == "gzip"):
            return not self.anew
        return has == self.compression and (has != "estargz" or holds_toc(layer))

    def _key(self, layer: Layer) -> str:
        first = self.prioritized if self.compression == "estargz" else ()
        what = (str(layer.digest), str(layer.diff_id), codec_version(self.compression))
        return cache_key("recompressed", _VERSION, *what, self.compression, self.level, *first)

    def _find(self, layer: Layer) -> BlobLayer | None:
        found = self.cache.find("records", self._key(layer))
        if found is None:
            return None
        try:
            record = json.loads(found.read_bytes())
            made = BlobLayer(
                path=self.cache.path("blobs", Digest.parse(str(record["digest"])).hex),
                digest=Digest.parse(str(record["digest"])),
                diff_id=Digest.parse(str(record["diff_id"])),
                media_type=str(record["media_type"]),
                compressed_bytes=int(record["compressed_bytes"]),
                annotations={str(name): str(text) for name, text in record["annotations"].items()},
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
            return None  # a damaged record is no record
        return made if self.cache.find_verified("blobs", made.digest.hex) is not None else None

    def _remember(self, layer: Layer, written: WrittenLayer) -> None:
        record = {
            "digest": str(written.digest),
            "diff_id": str(written.diff_id),
            "media_type": written.media_type,
            "compressed_bytes": written.compressed_bytes,
            "annotations": dict(written.annotations),
        }
        with self.cache.write("records", self._key(layer)) as stream:
            stream.write(json.dumps(record, indent=1).encode())

    def _layer(self, written: WrittenLayer) -> BlobLayer:
        return BlobLayer(
            path=self.cache.path("blobs", written.digest.hex),
            digest=written.digest,
            diff_id=written.diff_id,
            media_type=written.media_type,
            compressed_bytes=written.compressed_bytes,
            annotations=written.annotations,
        )
