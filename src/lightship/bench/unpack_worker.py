"""The process of a node that unpacks an image while another one still pulls it.

``python -m lightship.bench.unpack_worker``, lines of JSON. It says ``{"ready": true}``, is told the job, ``{"place",
"layers"}``, then the digest of each blob once it is on disk whole, and says ``{"rootfs", "unpacking_s"}``, or
``{"error", "message", "hint"}``. It ends where its input ends too early.
"""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from lightship.archive.codec import open_decompressed
from lightship.archive.verify import VerifyingReader
from lightship.errors import LightshipError
from lightship.image.blobs import BlobLayer
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.paths import storage_errors
from lightship.rootfs.unpack import unpack_cached


class Arrivals:
    """Which blobs have arrived, as told line by line; ``waited_s`` is the time spent waiting for them."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self._here: set[str] = set()
        self.waited_s = 0.0

    def wait(self, digest: Digest) -> None:
        """Return when ``digest`` has arrived; raise SystemExit when it never will."""
        began = time.monotonic()
        while str(digest) not in self._here:
            line = next(self._lines, None)
            if line is None:
                raise SystemExit(1)
            self._here.add(str(json.loads(line)))
        self.waited_s += time.monotonic() - began


@dataclass(frozen=True, slots=True, kw_only=True)
class ArrivingLayer:
    """A layer whose blob may not be there yet: who opens it waits."""

    layer: BlobLayer
    arrivals: Arrivals

    @property
    def digest(self) -> Digest:
        return self.layer.digest

    @property
    def diff_id(self) -> Digest:
        return self.layer.diff_id

    @property
    def media_type(self) -> str:
        return self.layer.media_type

    @property
    def compressed_bytes(self) -> int:
        return self.layer.compressed_bytes

    def open(self) -> BinaryIO:
        """See `Layer.open`."""
        self.arrivals.wait(self.digest)
        return self.layer.open()

    def open_tar(self) -> BinaryIO:
        """See `Layer.open_tar`; the blob was verified when it was written, and no engine hashes it once more."""
        self.arrivals.wait(self.digest)
        compression = media_types.compression_of(self.media_type)
        if compression is None:
            return self.layer.open_tar()  # which says what was wanted
        what = f"layer {self.digest}"
        with storage_errors("open a layer"):
            blob = self.layer.path.open("rb", buffering=0)
        return VerifyingReader(open_decompressed(blob, compression, what=what), self.diff_id, None, what=what)


def main() -> None:
    lines = iter(sys.stdin.buffer)
    _say({"ready": True})
    line = next(lines, None)
    if line is None:
        return
    job = json.loads(line)
    arrivals = Arrivals(lines)
    layers = [ArrivingLayer(layer=_layer(each), arrivals=arrivals) for each in job["layers"]]
    began = time.monotonic()
    try:
        rootfs = unpack_cached(layers, Path(job["place"]))
    except LightshipError as error:
        _say({"error": type(error).__name__, "message": str(error), "hint": error.hint})
    else:
        _say({"rootfs": str(rootfs), "unpacking_s": time.monotonic() - began - arrivals.waited_s})


def _layer(given: dict[str, str | int]) -> BlobLayer:
    return BlobLayer(
        path=Path(str(given["path"])),
        digest=Digest.parse(str(given["digest"])),
        diff_id=Digest.parse(str(given["diff_id"])),
        media_type=str(given["media_type"]),
        compressed_bytes=int(given["compressed_bytes"]),
    )


def _say(answer: dict[str, object]) -> None:
    sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
