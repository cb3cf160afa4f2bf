"""What the packages of an image stand on, whatever it was made of: distribution packages, or another image."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightship.archive.content import Stored
from lightship.archive.tar import TarReader
from lightship.archive.verify import CountingReader, copy_stream, drain
from lightship.base.detect import DetectedBase, DirectoryView, detect_base
from lightship.base.request import Base
from lightship.ecosystem.elf.closure import Closure
from lightship.errors import InputError
from lightship.flows.base_layers import base_recipes, stdlib_sources
from lightship.flows.outcome import LayerSummary
from lightship.image.blobs import BlobLayer
from lightship.image.protocol import Layer, annotations_of
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.config import ImageConfig
from lightship.oci.digest import Digest
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.plan.layering import LayerRecipe
from lightship.plan.model import Entry
from lightship.progress import Progress
from lightship.rootfs.links import resolve_on_disk
from lightship.rootfs.unpack import chain_id, unpack_cached
from lightship.store.cache import Cache, cache_key
from lightship.store.registry.pull import pull_layers

__all__ = ["Ground", "ImageBase", "ground_of_packages"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """``recipes`` are layers to make; ``layers``, with their ``summaries`` and ``history``, are an image's and lie
    below. ``missing`` maps what nobody provides to who asks. ``stdlib`` are sources to compile."""

    recipes: tuple[LayerRecipe, ...] = ()
    layers: tuple[BlobLayer, ...] = ()
    summaries: tuple[LayerSummary, ...] = ()
    history: tuple[Mapping[str, object], ...] = ()
    digest: Digest | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    libraries: Collection[str] = ()
    missing: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    stdlib: tuple[Entry, ...] = ()
    cache_key: str


def ground_of_packages(base: Base, cache: Cache, *, strip: bool) -> Ground:
    """The ground that a base of packages is."""
    return Ground(
        recipes=base_recipes(base, cache, strip=strip),
        env=base.env,
        libraries=tuple(base.libraries),
        missing=base.missing,
        notes=base.notes,
        stdlib=stdlib_sources(base),
        cache_key=base.cache_key,
    )


class ImageBase:
    """An image as a base: its layers are in the cache, its files unpacked there; nothing of it has run."""

    def __init__(self, image: PlainImage, platform: Platform, cache: Cache, progress: Progress) -> None:
        self._config = ImageConfig.parse(image.raw_config)
        self._digest = Digest.of(image.raw_manifest)
        self._raw_config = image.raw_config
        taken = [_take(layer, cache, progress) for layer in pull_layers(image.layers, cache, progress=progress)]
        self._layers = tuple(layer for layer, _ in taken)
        self._files = tuple(files for _, files in taken)
        self.rootfs = unpack_cached(self._layers, cache.root / "rootfs", progress=progress)
        environment = self._config.runtime.environment
        search = tuple(part for part in environment.get("PATH", "").split(":") if part)
        self.detected: DetectedBase = detect_base(DirectoryView(self.rootfs), platform, search=search, env=environment)

    def ground(self, closure: Closure) -> Ground:
        """The image as ground for packages with these needs."""
        known = set(self.detected.libraries)
        return Ground(
            layers=self._layers,
            summaries=tuple(
                LayerSummary(
                    name=f"base-{number}",
                    digest=str(layer.digest),
                    diff_id=str(layer.diff_id),
                    media_type=layer.media_type,
                    compressed_bytes=layer.compressed_bytes,
                    unpacked_bytes=layer.unpacked_bytes or 0,
                    files=files,
                    created_by="the base image",
                    cached=True,
                    annotations=dict(layer.annotations),
                )
                for number, (layer, files) in enumerate(zip(self._layers, self._files, strict=True))
            ),
            history=self._history(),
            digest=self._digest,
            env=self._config.runtime.environment,
            libraries=tuple(known),
            missing={
                need.soname: f"needed by {need.needed_by[0]}" for need in closure.needs if need.soname not in known
            },
            stdlib=self._stdlib(),
            cache_key=cache_key("image-base", str(chain_id([layer.diff_id for layer in self._layers]))),
        )

    def _history(self) -> tuple[Mapping[str, object], ...]:
        history = json.loads(self._raw_config).get("history") or []
        if len([step for step in history if not step.get("empty_layer")]) == len(self._layers):
            return tuple(history)
        return tuple({} for _ in self._layers)

    def _stdlib(self) -> tuple[Entry, ...]:
        """Modules of the standard library where the image has no bytecode for them."""
        (stdlib,) = self.detected.interpreter.stdlib
        # Links of the image are followed inside of it: on the host they would lead to the host's files.
        place = resolve_on_disk(self.rootfs, stdlib)
        root = self.rootfs / place
        if "__pycache__" in os.listdir(root):  # noqa: PTH208 - a name is enough, it may be a link
            return ()
        return tuple(
            Entry(
                path=f"{place}/{path.relative_to(root).as_posix()}",
                content=Stored(container=path, offset=0, unpacked_bytes=path.stat().st_size),
                owner="base image",
                why="standard library of the base image",
            )
            for path in _sources(root)
        )


def _sources(root: Path) -> list[Path]:
    found = []
    for here, directories, files in os.walk(root):
        directories[:] = sorted(set(directories) - {"site-packages", "dist-packages", "test", "__pycache__"})
        found += [Path(here, name) for name in files if name.endswith(".py") and not Path(here, name).is_symlink()]
    return sorted(found)


def _take(layer: Layer, cache: Cache, progress: Progress) -> tuple[BlobLayer, int]:
    """Copy a layer's blob into the cache; tell how many files it has."""
    compression = media_types.compression_of(layer.media_type)
    if compression is None:
        raise InputError(f"base image: layer {layer.digest} is no tar layer: {layer.media_type}")
    found = cache.find_verified("blobs", layer.digest.hex)
    if found is None:
        progress.start("take the base's layer", layer.compressed_bytes, unit="B")
        with storage_errors("write to the cache"), cache.incoming("blobs") as incoming, layer.open() as stream:
            copy_stream(stream, incoming.stream.write)
            incoming.keep(layer.digest.hex)
        progress.finish("take the base's layer")
    key = cache_key("taken-layer", 2, str(layer.digest), str(layer.diff_id))
    record = cache.find("records", key)
    if record is None:
        with layer.open_tar() as tar:
            counting = CountingReader(tar)
            sizes = [member.size_bytes for member in TarReader(counting) if member.type != "dir"]
            drain(counting)  # what follows the last member is the tar's, and only its end verifies it
        with cache.write("records", key) as stream:
            stream.write(json.dumps([sum(sizes), len(sizes)]).encode())
        record = cache.path("records", key)
    unpacked_bytes, files = json.loads(record.read_bytes())
    taken = BlobLayer(
        path=cache.path("blobs", layer.digest.hex),
        digest=layer.digest,
        diff_id=layer.diff_id,
        media_type=media_types.layer_media_type(compression),
        compressed_bytes=layer.compressed_bytes,
        annotations=annotations_of(layer),
        unpacked_bytes=unpacked_bytes,
    )
    return taken, files
