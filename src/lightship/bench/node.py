"""What a node does with an image: pull it, unpack it, start it, wait until it is ready. Each of them timed.

The order is containerd's and Docker's (containerd 1.7, docs/content-flow.md): manifest, config, then layers, three at
a time (``max_concurrent_downloads``, both projects' default), verified and written to disk. Each layer is unpacked once
it and those below it are there, while others are pulled (`lightship.bench.unpacker`). Files are unpacked as
`lightship.rootfs.unpack` does it, without root: every layer once, then a tree of links, which an engine spares by an
overlay mount. Nothing is forced to disk, as in both.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from lightship.archive.verify import copy_stream
from lightship.bench.unpacker import Unpacker
from lightship.image.blobs import BlobLayer
from lightship.image.protocol import Layer
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.probe import Probe, ProbeOutcome, ensure_unused, probe, run_check
from lightship.launch.program import check_program
from lightship.launch.running import start
from lightship.oci.config import ImageConfig, Runtime
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName
from lightship.paths import storage_errors
from lightship.rootfs.unpack import unpack_cached
from lightship.sandbox.protocol import Sandbox
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.image import open_registry_image
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.workers import gather

__all__ = ["PARALLEL", "Brought", "Node", "Pulled", "shared_layers", "start_to_ready"]

PARALLEL = 3
"""Layers that are pulled at a time: Docker's dockerd(8) and containerd's CRI plugin have the same default."""

_UNPACKED = "unpacked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """An image on the node's disk: its ``layers``, how to start it, and what was pulled."""

    layers: tuple[BlobLayer, ...]
    runtime: Runtime
    pulled_bytes: int
    pulled_layers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """An image pulled, and unpacked at ``rootfs``. ``pull_s`` is from the first question until the last blob was on
    disk, ``unpack_s`` what was left to unpack then, ``unpacking_s`` all of the unpacking."""

    pulled: Pulled
    rootfs: Path
    pull_s: float
    unpack_s: float
    unpacking_s: float


class Node:
    """A machine that runs containers, in the empty directory ``place``: blobs by digest, and what was unpacked."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._blobs = place / "blobs"
        self._blobs.mkdir()

    def bring(
        self, name: ImageName, access: RegistryAccess, unpacker: Unpacker, *, parallel: int = PARALLEL
    ) -> Brought:
        """Pull ``name`` as `pull` does and unpack it as `unpack` does, both at the same time.

        What is wrong with a layer's files is raised after the pull.
        """
        began = time.monotonic()
        pulled = self._pull(name, access, parallel, unpacker)
        at_hand = time.monotonic()
        unpacked = unpacker.finish()
        return Brought(
            pulled=pulled,
            rootfs=unpacked.rootfs,
            pull_s=at_hand - began,
            unpack_s=time.monotonic() - at_hand,
            unpacking_s=unpacked.unpacking_s,
        )

    def pull(self, name: ImageName, access: RegistryAccess, *, parallel: int = PARALLEL) -> Pulled:
        """Pull ``name``: manifest, config, and the layers whose blob is not here, ``parallel`` at a time.

        Raise MismatchError or NetworkError where the registry does not give what it promised.
        """
        return self._pull(name, access, parallel, None)

    def _pull(self, name: ImageName, access: RegistryAccess, parallel: int, unpacker: Unpacker | None) -> Pulled:
        with open_registry_image(name, access=access) as image:
            layers = tuple(self._on_disk(layer) for layer in image.layers)
            wanted = {layer.digest: layer for layer in image.layers if not self._path(layer.digest).exists()}
            if unpacker is not None:
                unpacker.begin(layers, self._place / _UNPACKED)
                for layer in layers:
                    if layer.digest not in wanted:
                        unpacker.arrived(layer.digest)
            self._download(wanted, parallel, unpacker.arrived if unpacker is not None else _nobody)
            return Pulled(
                layers=layers,
                runtime=ImageConfig.parse(image.raw_config).runtime,
                pulled_bytes=sum(layer.compressed_bytes for layer in wanted.values())
                + len(image.raw_manifest)
                + len(image.raw_config),
                pulled_layers=len(wanted),
            )

    def _download(self, wanted: Mapping[Digest, Layer], parallel: int, arrived: Callable[[Digest], None]) -> None:
        def save(layer: Layer) -> None:
            self._save(layer)
            arrived(layer.digest)

        def abort() -> None:
            for layer in wanted.values():
                if isinstance(layer, RegistryLayer):
                    layer.repository.session.abort()

        with ThreadPoolExecutor(parallel, thread_name_prefix="lightship-pull") as pool:
            gather([pool.submit(save, layer) for layer in wanted.values()], abort=abort)

    def _save(self, layer: Layer) -> None:
        place = self._path(layer.digest)
        incoming = place.with_suffix(".incoming")
        with storage_errors("write a layer"), layer.open() as stream, incoming.open("wb") as file:
            copy_stream(stream, file.write)
        incoming.rename(place)

    def _path(self, digest: Digest) -> Path:
        return self._blobs / f"{digest.algorithm}-{digest.hex}"

    def _on_disk(self, layer: Layer) -> BlobLayer:
        return BlobLayer(
            path=self._path(layer.digest),
            digest=layer.digest,
            diff_id=layer.diff_id,
            media_type=layer.media_type,
            compressed_bytes=layer.compressed_bytes,
        )

    def unpack(self, layers: Sequence[Layer]) -> Path:
        """Unpack ``layers``, bottom first, and make the tree of them; return its root.

        A layer that was unpacked here before is not unpacked again: see `shared_layers` for which those may be.
        """
        return unpack_cached(layers, self._place / _UNPACKED)


def _nobody(_: Digest) -> None:
    """Nobody waits for a blob."""


def shared_layers(one: Sequence[Digest], other: Sequence[Digest]) -> int:
    """How many layers, from the bottom, a node that has unpacked the diff_ids ``one`` need not unpack for ``other``.

    Engines keep what they unpacked by ChainID (OCI image-spec 1.1, config.md): over a layer that changed all are
    unpacked again, though their blobs need not be pulled again.
    """
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count


def start_to_ready(
    sandbox: Sandbox, rootfs: Path, runtime: Runtime, options: LaunchOptions, wanted: Probe
) -> ProbeOutcome:
    """Start the image unpacked at ``rootfs``, wait until it is ready, make the checks of ``wanted``, and end it.

    A probe without a URL is its command, started in the image's place. Raise FindingError when the application does
    not become ready, UsageError when something else answers at its address.
    """
    if wanted.http is None:
        with launch_command(rootfs, runtime, replace(options, entrypoint=wanted.command)) as command:
            check = run_check(sandbox, command, wanted.timeout_s)
            return ProbeOutcome(start_s=0.0, ready_s=check.seconds, checks=(check,))
    ensure_unused(wanted.http)
    with launch_command(rootfs, runtime, options) as command:
        check_program(command)
        with start(sandbox, command) as running:
            return probe(running, wanted, sandbox)
