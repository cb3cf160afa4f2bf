"""What ``docker save`` writes and ``docker load`` reads.

Docker image spec v1.2 (https://github.com/moby/docker-image-spec/blob/v1.2.0/v1.2.md): ``manifest.json`` names the
config and the layers of each image. Read are all forms since Docker 1.10: ``<id>/layer.tar``, also as symlink to the
same layer of another image, and ``blobs/sha256/…`` of Docker 25. Layers may be compressed. The format has no
manifest in OCI's sense: where no layout with the same image lies in the archive too, one is made, and the image keeps
its id (its config's digest), not its manifest's digest.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from lightship.archive.codec import detect
from lightship.archive.verify import read_exact
from lightship.errors import HostileError, ImageError, MismatchError
from lightship.image.blobs import StreamLayer
from lightship.image.protocol import Image, Layer
from lightship.image.value import PlainImage
from lightship.oci import media_types
from lightship.oci.config import MAX_CONFIG_BYTES, ImageConfig
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.oci.document import Node, parse_array
from lightship.oci.index import Index
from lightship.oci.manifest import MAX_MANIFEST_BYTES, Manifest
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, same_name
from lightship.paths import normal_path, storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.archive_write import archive_file, docker_manifest, write_archive
from lightship.store.blobs import blob_name, read_small
from lightship.store.contents import contents_of_image
from lightship.store.tags import Tag
from lightship.store.tarball import ArchiveBlobs, Tarball, open_tarball

__all__ = ["open_docker_archive", "write_docker_archive"]

_DEEPEST_INDEX = 4
_CONFIG_NAME = re.compile(r"(?:^|[/:])([0-9a-f]{64})(?:\.json)?$")


@contextmanager
def open_docker_archive(
    path: Path,
    *,
    name: ImageName | None = None,
    platform: Platform | None = None,
    temporary: Path | None = None,
    where: str = "",
) -> Iterator[PlainImage]:
    """The image called ``name``, or the only one; it can be read until the block ends."""
    where = where or f"docker-archive:{path}"
    with open_tarball(path, where, temporary=temporary) as tarball:
        if "manifest.json" not in tarball:
            raise ImageError(f"{where}: want what docker save writes, got an archive without manifest.json")
        entries = list(parse_array(tarball.read("manifest.json", MAX_MANIFEST_BYTES), "manifest.json").items())
        image = _image(tarball, _choose(entries, name, where))
        found = ImageConfig.parse(image.raw_config).platform
        if platform is not None and platform.normal() != found:
            raise ImageError(f"{where}: want an image for {platform}, got {found}")
        yield image


def write_docker_archive(image: Image, path: Path, tags: Sequence[Tag], *, progress: Progress = SILENT) -> Digest:
    """Write ``image`` as the whole content of ``path``, which is replaced at the end or stays as it was.

    The config's bytes are the image's own, so its id is the same as in an OCI layout. Layers stay compressed.
    """
    with storage_errors(f"write docker-archive:{path}"), archive_file(path) as (write, splice):
        manifest = docker_manifest(image, tags)
        return write_archive(contents_of_image(image), write, tags, docker=manifest, splice=splice, progress=progress)


def _choose(entries: list[Node], name: ImageName | None, where: str) -> Node:
    if not entries:
        raise ImageError(f"{where}: want an image, got an archive without one")
    known = {tag: entry for entry in entries for tag in entry.optional_texts("RepoTags")}
    if name is None:
        if len(entries) > 1:
            raise ImageError(
                f"{where}: want one image, got several: {', '.join(sorted(known)) or 'all without a name'}",
                hint=f"name one: {where}:REF",
            )
        return entries[0]
    for tag, entry in known.items():
        if same_name(tag, str(name)):
            return entry
    raise ImageError(f"{where}: want {name.familiar}, got {', '.join(sorted(known)) or 'images without a name'}")


def _image(tarball: Tarball, entry: Node) -> PlainImage:
    config_name = _member(tarball, entry.require("Config"))
    raw_config = tarball.read(config_name, MAX_CONFIG_BYTES)
    _check_config_name(tarball, config_name, raw_config)
    config = ImageConfig.parse(raw_config)
    names = [_member(tarball, item) for item in entry.require("Layers").items()]
    if len(names) != len(config.diff_ids):
        raise ImageError(
            f"{tarball.where}: layers do not agree: manifest.json has {len(names)}, "
            f"config has {len(config.diff_ids)} diff_ids"
        )
    layers = tuple(_layer(tarball, name, diff_id) for name, diff_id in zip(names, config.diff_ids, strict=True))
    manifest = _own_manifest(tarball, raw_config, layers)
    if manifest is None:
        return PlainImage(raw_manifest=_made_manifest(raw_config, layers), raw_config=raw_config, layers=layers)
    typed = zip(layers, manifest.layers, strict=True)
    layers = tuple(replace(layer, media_type=descriptor.media_type) for layer, descriptor in typed)
    return PlainImage(raw_manifest=manifest.raw, raw_config=raw_config, layers=layers)


def _own_manifest(tarball: Tarball, raw_config: bytes, layers: Sequence[Layer]) -> Manifest | None:
    """The OCI manifest of the same config and layers, where a layout lies beside ``manifest.json``."""
    if "index.json" not in tarball:
        return None
    index = Index.parse(tarball.read("index.json", MAX_MANIFEST_BYTES))
    for entry in _manifests(tarball, index, depth=_DEEPEST_INDEX):
        raw = read_small(ArchiveBlobs(tarball), entry, MAX_MANIFEST_BYTES, "manifest")
        manifest = Manifest.parse(raw, media_type=entry.media_type)
        if manifest.config.digest == Digest.of(raw_config, manifest.config.digest.algorithm) and [
            (b.digest, b.size_bytes) for b in manifest.layers
        ] == [(layer.digest, layer.compressed_bytes) for layer in layers]:
            return manifest
    return None


def _manifests(tarball: Tarball, index: Index, *, depth: int) -> Iterator[Descriptor]:
    """The manifests of ``index`` that are there. With containerd's store Docker saves the whole index that an image
    was pulled by, and of what it names the platforms that it has."""
    for entry in index.manifests:
        if blob_name(entry.digest) not in tarball:
            continue
        if media_types.is_manifest(entry.media_type):
            yield entry
        elif media_types.is_index(entry.media_type) and depth > 0:
            raw = read_small(ArchiveBlobs(tarball), entry, MAX_MANIFEST_BYTES, "index")
            yield from _manifests(tarball, Index.parse(raw), depth=depth - 1)


def _made_manifest(raw_config: bytes, layers: Sequence[Layer]) -> bytes:
    return Manifest.make(
        config=Descriptor(media_type=media_types.OCI_CONFIG, digest=Digest.of(raw_config), size_bytes=len(raw_config)),
        layers=[
            Descriptor(media_type=layer.media_type, digest=layer.digest, size_bytes=layer.compressed_bytes)
            for layer in layers
        ],
    ).raw


def _check_config_name(tarball: Tarball, name: str, raw: bytes) -> None:
    """Every writer calls the config by its digest; it is the only thing in the archive that vouches for it."""
    claim, found = _CONFIG_NAME.search(name), Digest.of(raw)
    if claim is not None and claim[1] != found.hex:
        raise MismatchError(f"{tarball.where}: config: digest mismatch: want sha256:{claim[1]}, got {found}")


def _member(tarball: Tarball, node: Node) -> str:
    try:
        return normal_path(node.text())
    except HostileError as error:
        raise HostileError(f"{tarball.where}: {node.path}: {error}") from error


def _layer(tarball: Tarball, name: str, diff_id: Digest) -> StreamLayer:
    size_bytes = tarball.size_of(name)
    if size_bytes is None:
        raise ImageError(f"{tarball.where}: layer {name!r:.160} is missing")
    with tarball.open(name) as stream:
        compression = detect(read_exact(stream, 6))
    if compression not in ("none", "gzip", "zstd"):
        raise ImageError(f"{tarball.where}: layer {name!r:.160}: want tar, gzip or zstd, got {compression}")
    return StreamLayer(
        opener=lambda: tarball.open(name),
        digest=diff_id if compression == "none" else _digest(tarball, name),
        diff_id=diff_id,
        media_type=media_types.layer_media_type(compression),
        compressed_bytes=size_bytes,
    )


def _digest(tarball: Tarball, name: str) -> Digest:
    """Digest of a compressed layer: its name where that is one (and checked when read), else of its bytes."""
    algorithm, _, rest = name.removeprefix("blobs/").partition("/")
    if name.startswith("blobs/") and algorithm == "sha256" and len(rest) == 64:
        return Digest("sha256", rest)
    running = hashlib.sha256()
    with tarball.open(name) as stream:
        while chunk := stream.read(1 << 18):
            running.update(chunk)
    return Digest("sha256", running.hexdigest())
