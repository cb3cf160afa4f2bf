"""From an index to one image: by tag, through nested indexes, for one platform.

OCI image-spec 1.1, image-index.md and image-layout.md (https://github.com/opencontainers/image-spec/tree/v1.1.0).
"""

import platform as host
from collections.abc import Iterable, Iterator

from lightship.errors import ImageError
from lightship.image.blobs import StreamLayer
from lightship.image.protocol import Layer
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.config import MAX_CONFIG_BYTES, ImageConfig
from lightship.oci.descriptor import CONTAINERD_NAME, REF_NAME, Descriptor
from lightship.oci.digest import Digest
from lightship.oci.index import Index
from lightship.oci.manifest import MAX_MANIFEST_BYTES, Manifest
from lightship.oci.platform import Platform
from lightship.oci.reference import same_name
from lightship.store.blobs import BlobSource, read_small
from lightship.values import dataclass

__all__ = ["DEEPEST", "host_platform", "is_attestation", "read_image", "select_image", "tagged", "tags_of"]

DEEPEST = 4
"""Indexes within indexes; the specification sets no bound, real ones have two."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    tag: str
    descriptor: Descriptor
    platform: Platform


def host_platform() -> Platform:
    """Linux on this machine's architecture: what is meant when an index offers several and nothing was asked for."""
    return Platform("linux", host.machine()).normal()


def tags_of(index: Index) -> tuple[str, ...]:
    """The tags of a layout's index, in its order, each once; entries without one have none."""
    return tuple(dict.fromkeys(filter(None, (entry.annotations.get(REF_NAME, "") for entry in index.manifests))))


def select_image(source: BlobSource, index: Index, *, tag: str = "", platform: Platform | None = None) -> Descriptor:
    """The descriptor of the one manifest that ``tag`` and ``platform`` name.

    Without ``tag`` the index must hold one image; without ``platform`` one for this machine is taken where there are
    several. Raise ImageError, with what there is, when nothing or more than one fits. Attestations are passed over.
    """
    entries = tagged(index.manifests, tag) if tag else list(index.manifests)
    if not entries:
        known = ", ".join(tags_of(index)) or "none"
        raise ImageError(f"{source.where}: want an image tagged {tag or 'at all'}, got tags: {known}")
    seen: set[Digest] = set()
    found = [candidate for entry in entries for candidate in _leaves(source, entry, _tag(entry), 0, seen)]
    if not found:
        raise ImageError(f"{source.where}: want an image, got an index without one")
    fitting = _for_platform(found, platform)
    if not fitting:
        offered = ", ".join(sorted({str(candidate.platform) for candidate in found}))
        raise ImageError(f"{source.where}: want an image for {platform or host_platform()}, got {offered}")
    if len({candidate.descriptor.digest for candidate in fitting}) > 1:
        tags = ", ".join(dict.fromkeys(candidate.tag or "(no tag)" for candidate in fitting))
        raise ImageError(f"{source.where}: want one image, got several: {tags}", hint=f"name one: {source.where}:TAG")
    return fitting[0].descriptor


def read_image(source: BlobSource, descriptor: Descriptor) -> PlainImage:
    """The image whose manifest is ``descriptor``. Manifest and config are verified; layers when they are read.

    A layer that is absent, or has another size than the manifest says, is an ImageError here and not later.
    """
    raw_manifest = read_small(source, descriptor, MAX_MANIFEST_BYTES, "manifest")
    manifest = Manifest.parse(raw_manifest, media_type=descriptor.media_type)
    if not media_types.is_config(manifest.config.media_type):
        raise ImageError(
            f"{source.where}: want an image, got an artifact whose config is {manifest.config.media_type!r:.120}"
        )
    raw_config = read_small(source, manifest.config, MAX_CONFIG_BYTES, "config")
    config = ImageConfig.parse(raw_config)
    if len(config.diff_ids) != len(manifest.layers):
        raise ImageError(
            f"{source.where}: layers do not agree: manifest has {len(manifest.layers)}, "
            f"config has {len(config.diff_ids)} diff_ids"
        )
    layers = tuple(_layer(source, blob, config, position) for position, blob in enumerate(manifest.layers))
    return PlainImage(raw_manifest=raw_manifest, raw_config=raw_config, layers=layers)


def _layer(source: BlobSource, blob: Descriptor, config: ImageConfig, position: int) -> Layer:
    size_bytes = source.size_of(blob.digest)
    if size_bytes is None:
        raise ImageError(f"{source.where}: layer {position} is missing: {blob.digest}")
    if size_bytes != blob.size_bytes:
        raise ImageError(
            f"{source.where}: layer {position}: want {blob.size_bytes} bytes of {blob.digest}, got {size_bytes}"
        )
    return StreamLayer(
        opener=lambda: source.open(blob.digest),
        digest=blob.digest,
        diff_id=config.diff_ids[position],
        media_type=blob.media_type,
        compressed_bytes=blob.size_bytes,
        annotations=blob.annotations,
    )


def _leaves(source: BlobSource, entry: Descriptor, tag: str, depth: int, seen: set[Digest]) -> Iterator[_Candidate]:
    """The images at and below ``entry``. An inner index is read once: a hostile one names the next a thousand times,
    and that the next."""
    if media_types.is_index(entry.media_type):
        if entry.digest in seen:
            return
        seen.add(entry.digest)
        if depth == DEEPEST:
            raise ImageError(f"{source.where}: want at most {DEEPEST} indexes within each other, got more")
        raw = read_small(source, entry, MAX_MANIFEST_BYTES, "index")
        for child in Index.parse(raw, media_type=entry.media_type).manifests:
            yield from _leaves(source, child, tag, depth + 1, seen)
    elif media_types.is_manifest(entry.media_type) and not is_attestation(entry):
        yield _Candidate(tag, entry, entry.platform or _platform_in_config(source, entry))


def _platform_in_config(source: BlobSource, entry: Descriptor) -> Platform:
    raw = read_small(source, entry, MAX_MANIFEST_BYTES, "manifest")
    config = Manifest.parse(raw, media_type=entry.media_type).config
    if not media_types.is_config(config.media_type):
        return Platform("unknown", "unknown")
    return ImageConfig.parse(read_small(source, config, MAX_CONFIG_BYTES, "config")).platform


def _for_platform(found: list[_Candidate], platform: Platform | None) -> list[_Candidate]:
    if platform is None:
        if len({candidate.descriptor.digest for candidate in found}) == 1:
            return found
        ours = [candidate for candidate in found if candidate.platform == host_platform()]
        return ours or (found if len({candidate.platform for candidate in found}) == 1 else [])
    wanted = platform.normal()
    exact = [candidate for candidate in found if candidate.platform == wanted]
    if exact or wanted.variant:
        return exact
    return [c for c in found if (c.platform.os, c.platform.architecture) == (wanted.os, wanted.architecture)]


def tagged(entries: Iterable[Descriptor], tag: str) -> list[Descriptor]:
    """The entries whose ref name is ``tag``, else those whose whole name is: ``latest`` may be an image's name too."""
    exact = [entry for entry in entries if _tag(entry) == tag]
    return exact or [entry for entry in entries if same_name(entry.annotations.get(CONTAINERD_NAME, ""), tag)]


def _tag(entry: Descriptor) -> str:
    return entry.annotations.get(REF_NAME, "")


def is_attestation(entry: Descriptor) -> bool:
    """True for what buildx attaches to an image (buildkit v0.17, docs/attestations/attestation-storage.md)."""
    return "vnd.docker.reference.type" in entry.annotations or entry.platform == Platform("unknown", "unknown")
