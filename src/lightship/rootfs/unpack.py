"""An image's files in a directory of the host, without root, whatever its layers try.

Two steps, so that nothing an image says becomes a path while its bytes are written: every layer is first unpacked
into numbered files, once for all images that share it, then the merged tree is made of hard links to them. Every
directory on the way was made here; links of the image are written last and never followed.

Files belong to the caller, without setuid and setgid; devices are left out. What the image says about both is in
the file `OWNERSHIP` beside the tree. https://github.com/opencontainers/image-spec/blob/v1.1.0/layer.md
"""

import contextlib
import errno
import json
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.errors import UsageError
from lightship.image.protocol import Layer
from lightship.oci.digest import Digest
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.rootfs.removal import remove, remove_stale

if TYPE_CHECKING:  # most calls find what was unpacked before
    from lightship.rootfs.layer_files import UnpackedLayer
    from lightship.rootfs.tree import Node, Tree

__all__ = ["OWNERSHIP", "chain_id", "missing_layers", "sweep_unpacked", "unpack", "unpack_cached"]

OWNERSHIP = "ownership.json"
"""Beside ``rootfs``: what the host's file system does not hold."""

_ROOT = "rootfs"
_VERSION = 1
"""Raised when the same layers give another tree on disk."""


def chain_id(diff_ids: Sequence[Digest]) -> Digest:
    """The ChainID of layers, bottom first. OCI image-spec 1.1, config.md, "Layer ChainID"."""
    if not diff_ids:
        raise UsageError("no layers: an empty sequence has no ChainID")
    chain = diff_ids[0]
    for diff_id in diff_ids[1:]:
        chain = Digest.of(f"{chain} {diff_id}".encode())
    return chain


def unpack(layers: Sequence[Layer], destination: Path, *, progress: Progress = SILENT) -> Path:
    """Unpack ``layers``, bottom first, into ``destination``, which must not exist or be empty; return its ``rootfs``.

    ``destination`` appears whole or not at all. Raise HostileError or ImageError for layers that no engine should
    apply, MismatchError for bytes that are not as promised, StorageError where the host refuses.
    """
    from lightship.rootfs.layer_files import unpack_layer

    with storage_errors("unpack the image"):
        if destination.exists():
            destination.rmdir()  # refuses one that is not empty
        destination.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_beside(destination) as temporary:
        unpacked = _each_layer(
            layers, lambda number, layer: unpack_layer(layer, temporary / str(number), progress=progress), progress
        )
        bundle = temporary / "bundle"
        _assemble(unpacked, bundle, progress)
        with storage_errors("unpack the image"):
            bundle.rename(destination)
    return destination / _ROOT


def unpack_cached(layers: Sequence[Layer], cache: Path, *, progress: Progress = SILENT) -> Path:
    """The ``rootfs`` of ``layers`` below the directory ``cache``, unpacked when it is not there yet.

    A layer is unpacked once for all images that have it; trees share its files. Nothing may write to the tree but
    what makes places to mount on.
    """
    bundle = _place(cache, "bundle", chain_id([layer.diff_id for layer in layers]))
    if not bundle.exists():
        sweep_unpacked(cache)
        unpacked = _each_layer(layers, lambda _, layer: _cached_layer(layer, cache, progress), progress)
        with storage_errors("unpack the image"):
            bundle.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(bundle) as temporary:
            _assemble(unpacked, temporary / "bundle", progress)
            _move_unless_there(temporary / "bundle", bundle)
    return bundle / _ROOT


def missing_layers(layers: Sequence[Layer], cache: Path) -> tuple[Layer, ...]:
    """Those of ``layers`` that `unpack_cached` would read: none when it has their tree, and no layer that it knows."""
    if not layers or _place(cache, "bundle", chain_id([layer.diff_id for layer in layers])).exists():
        return ()
    return tuple(layer for layer in layers if not _place(cache, "layer", layer.diff_id).exists())


def sweep_unpacked(cache: Path) -> None:
    """Remove what killed processes left half unpacked below the directory ``cache``, a day ago or more."""
    with storage_errors("sweep the cache of unpacked images"):
        remove_stale(cache.glob("*/*/.*.tmp"))


def _each_layer(
    layers: Sequence[Layer], unpack_one: "Callable[[int, Layer], UnpackedLayer]", progress: Progress
) -> "list[UnpackedLayer]":
    from lightship.rootfs.layer_files import UNPACK_TASK

    # one after the other on purpose: two threads took more CPU and no less time (87,000 files, measured 2026-11)
    progress.start(UNPACK_TASK, unit="B")
    unpacked = [unpack_one(number, layer) for number, layer in enumerate(layers)]
    progress.finish(UNPACK_TASK)
    return unpacked


def _place(cache: Path, kind: str, key: Digest) -> Path:
    return cache / f"{kind}-{_VERSION}" / key.hex[:2] / key.hex


def _cached_layer(layer: Layer, cache: Path, progress: Progress) -> "UnpackedLayer":
    from lightship.rootfs.layer_files import UnpackedLayer, unpack_layer

    place = _place(cache, "layer", layer.diff_id)
    if not place.exists():
        with storage_errors("unpack the image"):
            place.parent.mkdir(parents=True, exist_ok=True)
        with _temporary_beside(place) as temporary:
            unpack_layer(layer, temporary / "layer", progress=progress)
            _move_unless_there(temporary / "layer", place)
    return UnpackedLayer.read(place)


@contextlib.contextmanager
def _temporary_beside(place: Path) -> Iterator[Path]:
    temporary = place.parent / f".{place.name[:64]}.{os.urandom(6).hex()}.tmp"
    with storage_errors("unpack the image"):
        temporary.mkdir(mode=0o700)
    try:
        yield temporary
    finally:
        remove(temporary)


def _move_unless_there(made: Path, place: Path) -> None:
    with storage_errors("unpack the image"):
        try:
            made.rename(place)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST):  # another process was first, with the same bytes
                raise


def _assemble(layers: "Sequence[UnpackedLayer]", bundle: Path, progress: Progress) -> None:
    from lightship.rootfs.merge import merge

    tree = merge(layer.members for layer in layers)
    root = bundle / _ROOT
    progress.start("make the root file system", len(tree.nodes), unit="files")
    with storage_errors("make the root file system"):
        root.mkdir(parents=True, mode=0o700)
        directories = _place_nodes(tree, layers, str(root), progress)
        for node in reversed(directories):  # innermost first: a directory may forbid what is done in it
            _finish_directory(f"{root}/{node.path}", node)
        root.chmod(tree.nodes[""].mode & 0o777 | 0o700)
        (bundle / OWNERSHIP).write_text(_ownership(tree))
    progress.finish("make the root file system")


def _place_nodes(tree: "Tree", layers: "Sequence[UnpackedLayer]", root: str, progress: Progress) -> "list[Node]":
    directories = []
    for count, node in enumerate(tree.walk(), 1):
        path = f"{root}/{node.path}"
        if node.type == "file":
            _link(layers[node.source[0]].file(node.source[1]), path)
        elif node.type == "dir":
            os.mkdir(path, 0o700)  # noqa: PTH102 - tens of thousands of paths, no Path for each
            directories.append(node)
        elif node.type == "symlink":
            os.symlink(node.link_target, path)  # noqa: PTH211
        if count % 1024 == 0:
            progress.advance("make the root file system", 1024)
    return directories


def _link(source: str, path: str) -> None:
    try:
        os.link(source, path)
    except OSError as error:
        if error.errno not in (errno.EMLINK, errno.EXDEV, errno.EPERM):
            raise
        import shutil

        shutil.copy2(source, path)  # the file has as many names as it may have, or has to be somewhere else


def _finish_directory(path: str, node: "Node") -> None:
    os.utime(path, (node.mtime, node.mtime))
    os.chmod(path, node.mode & 0o1777)  # noqa: PTH101


def _ownership(tree: "Tree") -> str:
    """JSON: for every path that is not plainly root's, its type, whole mode, uid and gid."""
    entries = {
        node.path: [node.type, node.mode, node.uid, node.gid]
        for node in tree.walk()
        if node.uid or node.gid or node.mode & 0o6000 or node.type == "device"
    }
    return json.dumps({"version": _VERSION, "paths": entries}, ensure_ascii=True)
