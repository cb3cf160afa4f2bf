"""Changed images: every function gives a new value and leaves its image as it was.

Fields that are not known here survive, for the JSON is edited and not rebuilt. The result's manifest is OCI's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import BinaryIO

from lightship.errors import ImageError
from lightship.image.protocol import Image, Layer, annotations_of, layer_descriptor
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import canonical, parse_object
from lightship.oci.manifest import Manifest
from lightship.values import dataclass

__all__ = ["append", "with_annotations", "with_config", "with_layers", "with_runtime", "without_last"]

_OF_THE_BYTES = ("containerd.io/snapshot/", "io.containers.estargz.", "io.github.containers.zstd-chunked.")
"""Annotations of a layer's descriptor that tell of its very bytes: tables of contents of eStargz and zstd:chunked."""


def append(image: Image, layers: Sequence[Layer], *, history: Sequence[Mapping[str, object]] = ()) -> PlainImage:
    """``image`` with ``layers`` on top; ``history`` has one step for each of them, or is empty.

    An image that has a history gets a bare step for each layer when none is given, so that both stay in step.
    """
    if history and len(history) != len(layers):
        raise ImageError(f"history: want {len(layers)} steps for as many layers, got {len(history)}")
    config = dict(parse_object(image.raw_config, "config").mapping())
    everything = (*image.layers, *layers)
    config["rootfs"] = {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in everything]}
    former = config.get("history")
    if history or former:
        steps = [dict(step) for step in history] or [{} for _ in layers]
        config["history"] = [*(former if isinstance(former, list) else [{} for _ in image.layers]), *steps]
    return _remade(image, config=config, layers=everything)


def without_last(image: Image) -> PlainImage:
    """``image`` without its topmost layer, and without the step of its history that made it. Raise ImageError where
    there is no layer."""
    if not image.layers:
        raise ImageError("no layer to take away: the image has none")
    config = dict(parse_object(image.raw_config, "config").mapping())
    layers = image.layers[:-1]
    config["rootfs"] = {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in layers]}
    history = config.get("history")
    if isinstance(history, list) and history:
        made = [
            number for number, step in enumerate(history) if not (isinstance(step, dict) and step.get("empty_layer"))
        ]
        config["history"] = [step for number, step in enumerate(history) if number != made[-1]]
    return _remade(image, config=config, layers=layers)


def with_layers(image: Image, layers: Sequence[Layer]) -> PlainImage:
    """``image`` with ``layers`` in place of its own, one for one: the same files in other bytes, such as another
    compression. Annotations of a replaced layer's descriptor stay, but for those that tell of its bytes."""
    if len(layers) != len(image.layers):
        raise ImageError(f"layers: want {len(image.layers)} to replace as many, got {len(layers)}")
    config = dict(parse_object(image.raw_config, "config").mapping())
    diff_ids = [str(layer.diff_id) for layer in layers]
    rootfs = config.get("rootfs")
    config["rootfs"] = {**(rootfs if isinstance(rootfs, dict) else {}), "diff_ids": diff_ids}
    return _remade(image, config=config, layers=layers)


def with_config(image: Image, changes: Mapping[str, object]) -> PlainImage:
    """``image`` with the members of its config replaced (``created``, ``author`` …); None removes one.

    The platform may change; ``rootfs`` and ``history`` belong to the layers: raise ImageError.
    """
    if fixed := {"rootfs", "history"} & set(changes):
        raise ImageError(f"config.{min(fixed)}: want it to follow from the layers, got a value")
    config = parse_object(image.raw_config, "config").mapping()
    return _remade(image, config=_merged(config, changes), layers=image.layers)


def with_runtime(image: Image, changes: Mapping[str, object]) -> PlainImage:
    """``image`` started otherwise: members of ``config.config`` (``Env``, ``Entrypoint`` …) replaced; None removes."""
    node = parse_object(image.raw_config, "config")
    runtime = node.get("config")
    return with_config(image, {"config": _merged(runtime.mapping() if runtime else {}, changes)})


def with_annotations(image: Image, annotations: Mapping[str, str]) -> PlainImage:
    """``image`` with ``annotations`` of its manifest added or replaced."""
    config = parse_object(image.raw_config, "config").mapping()
    return _remade(image, config=config, layers=image.layers, annotations=annotations)


def _merged(document: Mapping[str, object], changes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in {**document, **changes}.items() if value is not None}


def _remade(
    image: Image,
    *,
    config: Mapping[str, object],
    layers: Sequence[Layer],
    annotations: Mapping[str, str] | None = None,
) -> PlainImage:
    raw_config = canonical(config)
    if parse_object(image.raw_config, "config").mapping() == config:
        raw_config = image.raw_config  # nothing changed: the id stays
    manifest = dict(parse_object(image.raw_manifest, "manifest").mapping())
    kept = manifest.get("layers")
    descriptors = [
        _as_oci(entry) if entry.get("digest") == str(layer.digest) else _replaced(entry, layer)
        for entry, layer in zip(kept if isinstance(kept, list) else [], layers, strict=False)
    ]
    descriptors += [layer_descriptor(layer).document() for layer in layers[len(descriptors) :]]
    manifest["mediaType"] = media_types.OCI_MANIFEST
    manifest["layers"] = descriptors
    kind = Manifest.parse(image.raw_manifest).config.media_type
    manifest["config"] = Descriptor(
        media_type=media_types.OCI_CONFIG if kind == media_types.DOCKER_CONFIG else kind,
        digest=Digest.of(raw_config),
        size_bytes=len(raw_config),
    ).document()
    if annotations:
        former = manifest.get("annotations")
        manifest["annotations"] = {**(former if isinstance(former, dict) else {}), **annotations}
    return PlainImage(
        raw_manifest=canonical(manifest), raw_config=raw_config, layers=tuple(_retyped(layer) for layer in layers)
    )


@dataclass(frozen=True, slots=True)
class _Retyped:
    """A layer under OCI's media type instead of Docker's."""

    layer: Layer
    media_type: str

    @property
    def digest(self) -> Digest:
        return self.layer.digest

    @property
    def diff_id(self) -> Digest:
        return self.layer.diff_id

    @property
    def compressed_bytes(self) -> int:
        return self.layer.compressed_bytes

    @property
    def annotations(self) -> Mapping[str, str]:
        return annotations_of(self.layer)

    def open(self) -> BinaryIO:
        return self.layer.open()

    def open_tar(self) -> BinaryIO:
        return self.layer.open_tar()


def _retyped(layer: Layer) -> Layer:
    media_type = _oci_media_type(layer.media_type)
    return layer if media_type == layer.media_type else _Retyped(layer, media_type)


def _replaced(entry: dict[str, object], layer: Layer) -> dict[str, object]:
    former = entry.get("annotations")
    pairs = former.items() if isinstance(former, dict) else ()
    kept = {name: text for name, text in pairs if not name.startswith(_OF_THE_BYTES)}
    descriptor = layer_descriptor(_retyped(layer))
    return replace(descriptor, annotations={**kept, **descriptor.annotations}).document()


def _as_oci(entry: dict[str, object]) -> dict[str, object]:
    return {**entry, "mediaType": _oci_media_type(str(entry.get("mediaType")))}


def _oci_media_type(media_type: str) -> str:
    compression = media_types.compression_of(media_type)
    if compression is None or not media_type.startswith("application/vnd.docker."):
        return media_type
    kind = media_types.layer_media_type(compression)
    return kind.replace("layer.v1", "layer.nondistributable.v1") if ".foreign." in media_type else kind
