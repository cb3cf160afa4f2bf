"""An image recomputed from its bytes: every digest, size, diff_id and claim, and every fault that this shows.

OCI image-spec 1.1, manifest.md, config.md and layer.md: https://github.com/opencontainers/image-spec/tree/v1.1.0.
A layer's own verification is not relied on: bytes are hashed again here, as they come.
"""

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import field
from typing import BinaryIO

from lightship.archive.codec import detect, open_decompressed
from lightship.archive.estargz.toc import TOC_DIGEST
from lightship.archive.estargz.verify import verify_estargz
from lightship.archive.verify import CountingReader, drain
from lightship.errors import LightshipError, MismatchError
from lightship.findings import Finding
from lightship.image.protocol import Image, Layer
from lightship.image.tar_check import check_tar
from lightship.oci import media_types
from lightship.oci.config import ImageConfig
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.manifest import Manifest
from lightship.values import dataclass

__all__ = ["validate"]

_HEAD_BYTES = 6


@dataclass(slots=True)
class _Faults:
    """Faults as they are found. ``inside`` turns an error of a block into one and goes on."""

    found: list[Finding] = field(default_factory=list)

    def add(self, code: str, title: str, location: str, message: str) -> None:
        self.found.append(Finding(code=code, severity="error", title=title, message=message, location=location))

    def differ(self, code: str, title: str, location: str, want: object, got: object) -> None:
        if want != got:
            self.add(code, title, location, f"want {want}, got {got}")

    @contextlib.contextmanager
    def inside(self, code: str, title: str, location: str) -> Iterator[None]:
        try:
            yield
        except MismatchError as error:
            self.add("IV003", "digest or size is wrong", location, str(error))
        except LightshipError as error:
            self.add(code, title, location, str(error))
        except OSError as error:
            self.add(code, title, location, f"cannot be read: {error.strerror or error}")


def validate(image: Image) -> list[Finding]:
    """Every fault of ``image``, none when it is valid. Reads each layer once, in bounded memory; raises nothing of its
    own for an image that is wrong.

    Codes: ``IV001`` manifest, ``IV002`` config, ``IV003`` digest or size, ``IV004`` diff_id, ``IV005`` media type,
    ``IV006`` layers and config do not agree, ``IV007`` history, ``IV008`` tar or compression is damaged, ``IV009`` an
    entry that unpackers treat differently or refuse, ``IV010`` an eStargz layer that is another to a lazy reader. Such
    a layer is read twice.
    """
    faults = _Faults()
    manifest: Manifest | None = None
    config: ImageConfig | None = None
    with faults.inside("IV001", "manifest is not as specified", "manifest"):
        manifest = Manifest.parse(image.raw_manifest)
    with faults.inside("IV002", "config is not as specified", "config"):
        config = ImageConfig.parse(image.raw_config)
    if manifest is not None:
        _check_config_descriptor(faults, manifest.config, image.raw_config)
    layers = _layers(faults, image)
    _check_counts(faults, manifest, config, len(layers))
    if config is not None:
        _check_history(faults, config)
    for position, layer in enumerate(layers):
        descriptor = manifest.layers[position] if manifest and position < len(manifest.layers) else None
        diff_id = config.diff_ids[position] if config and position < len(config.diff_ids) else None
        _check_layer(faults, f"layers[{position}]", layer, descriptor, diff_id)
    return faults.found


def _layers(faults: _Faults, image: Image) -> list[Layer]:
    found: list[Layer] = []
    with faults.inside("IV006", "layers cannot be listed", "layers"):
        found.extend(image.layers)
    return found


def _check_config_descriptor(faults: _Faults, descriptor: Descriptor, raw: bytes) -> None:
    faults.differ("IV003", "digest is wrong", "config", descriptor.digest, Digest.of(raw, descriptor.digest.algorithm))
    faults.differ("IV003", "size is wrong", "config", descriptor.size_bytes, len(raw))
    if not media_types.is_config(descriptor.media_type):
        faults.add(
            "IV005",
            "media type is wrong",
            "manifest.config",
            f"want {media_types.OCI_CONFIG}, got {descriptor.media_type!r:.120}",
        )


def _check_counts(faults: _Faults, manifest: Manifest | None, config: ImageConfig | None, layers: int) -> None:
    if manifest is not None and len(manifest.layers) != layers:
        faults.differ("IV006", "layers do not agree", "manifest.layers", f"{layers} layers", len(manifest.layers))
    if config is not None and len(config.diff_ids) != layers:
        faults.differ(
            "IV006", "layers do not agree", "config.rootfs.diff_ids", f"{layers} layers", len(config.diff_ids)
        )


def _check_history(faults: _Faults, config: ImageConfig) -> None:
    steps = sum(1 for step in config.history if not step.empty_layer)
    if config.history and steps != len(config.diff_ids):
        want = f"{len(config.diff_ids)} steps that have a layer"
        faults.differ("IV007", "history does not agree", "config.history", want, steps)


def _check_layer(
    faults: _Faults, location: str, layer: Layer, descriptor: Descriptor | None, diff_id: Digest | None
) -> None:
    if descriptor is not None:
        faults.differ("IV006", "layer is another", location, descriptor.digest, layer.digest)
        faults.differ("IV006", "layer is another", location, descriptor.size_bytes, layer.compressed_bytes)
        faults.differ("IV005", "media type is wrong", location, descriptor.media_type, layer.media_type)
    if diff_id is not None:
        faults.differ("IV006", "layer is another", location, diff_id, layer.diff_id)
    compression = media_types.compression_of(layer.media_type)
    if compression is None:
        faults.add("IV005", "media type is wrong", location, f"want a tar layer, got {layer.media_type!r:.120}")
    _check_bytes(faults, location, layer)
    if descriptor is not None and TOC_DIGEST in descriptor.annotations:
        _check_toc(faults, location, layer, descriptor.annotations[TOC_DIGEST])


def _check_toc(faults: _Faults, location: str, layer: Layer, toc_digest: str) -> None:
    try:
        with layer.open() as blob:
            verify_estargz(blob, Digest.parse(toc_digest), location)
    except LightshipError as error:
        faults.add("IV010", "eStargz is not as specified", location, str(error))


def _check_bytes(faults: _Faults, location: str, layer: Layer) -> None:
    """One pass: the blob's hash below the decoder, the tar's above it, and the tar's structure on top."""
    running, head = hashlib.new(layer.digest.algorithm), bytearray()

    def seen(chunk: bytes) -> None:
        running.update(chunk)
        if len(head) < _HEAD_BYTES:
            head.extend(chunk[:_HEAD_BYTES])

    with faults.inside("IV008", "layer is damaged", location), layer.open() as blob:
        counted = CountingReader(blob, seen)
        unpacked = hashlib.new(layer.diff_id.algorithm)
        tar = CountingReader(open_decompressed(counted, what=location), unpacked.update)
        with faults.inside("IV008", "layer is damaged", location):
            _check_tar(faults, location, tar)
            faults.differ("IV004", "diff_id is wrong", location, layer.diff_id.hex, unpacked.hexdigest())
        drain(counted)  # a decoder stops at its first fault; the blob's own digest is of all bytes
        faults.differ("IV003", "digest is wrong", location, layer.digest.hex, running.hexdigest())
        faults.differ("IV003", "size is wrong", location, layer.compressed_bytes, counted.count)
    compression = media_types.compression_of(layer.media_type)
    if compression is not None and head:
        faults.differ("IV005", "media type is not the content's", location, compression, detect(bytes(head)))


def _check_tar(faults: _Faults, location: str, tar: BinaryIO) -> None:
    with faults.inside("IV008", "tar is damaged", location):
        for message in check_tar(tar):
            faults.add("IV009", "entry is not as it should be", location, message)
    drain(tar)
