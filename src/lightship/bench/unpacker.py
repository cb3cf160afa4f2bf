"""Unpacking in a process of its own, each layer as soon as it and those below it have arrived.

Engines unpack while they pull: containerd applies layer by layer, bottom first, waiting for each one's fetch and not
for all of them (pkg/unpack/unpacker.go of 1.7.0, core/unpack/unpacker.go of 2.0.0, ``doUnpackFn``; 2.2 can do several
at a time where ``max_concurrent_unpacks`` is raised from 1), and Docker registers a layer once it is downloaded and its
parent registered (distribution/xfer/download.go of moby 20.10 and 27.3, ``makeDownloadFunc``). So here: one at a time,
bottom first. A thread would not do: the lock of one interpreter would make the link wait for the unpacking.
"""

import contextlib
import json
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from lightship import errors, proc
from lightship.errors import LightshipError, ToolError
from lightship.image.blobs import BlobLayer
from lightship.oci.digest import Digest

__all__ = ["Unpacked", "Unpacker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unpacked:
    """The root of the files, and how long unpacking them took, without the waiting for layers."""

    rootfs: Path
    unpacking_s: float


class Unpacker:
    """The process; a context manager, which returns when it is there to unpack one image and ends it after.

    `begin`, then `arrived` for every blob in whatever order and from any thread, then `finish`.
    """

    def __enter__(self) -> Self:
        # a session of its own: Ctrl-C is for the measuring process, which ends this one
        self._process = proc.spawn(
            [sys.executable, "-P", "-m", "lightship.bench.unpack_worker"],
            stdin=proc.PIPE,
            stdout=proc.PIPE,
            new_session=True,
        )
        self._lock = threading.Lock()
        try:
            self._answer()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):  # what was not sent yet is not wanted any more
                    stream.close()

    def begin(self, layers: Sequence[BlobLayer], place: Path) -> None:
        """Unpack ``layers``, bottom first, each once its blob has arrived at its path, as `unpack_cached` does it."""
        described = [
            {
                "path": str(layer.path),
                "digest": str(layer.digest),
                "diff_id": str(layer.diff_id),
                "media_type": layer.media_type,
                "compressed_bytes": layer.compressed_bytes,
            }
            for layer in layers
        ]
        self._tell({"place": str(place), "layers": described})

    def arrived(self, digest: Digest) -> None:
        """The blob ``digest`` is on disk, whole and verified."""
        self._tell(str(digest))

    def finish(self) -> Unpacked:
        """Wait until everything is unpacked. Raise what `unpack_cached` raises, and ToolError when the process died."""
        answer = self._answer()
        if "error" in answer:
            raise _error(answer)
        return Unpacked(rootfs=Path(str(answer["rootfs"])), unpacking_s=float(str(answer["unpacking_s"])))

    def _tell(self, word: object) -> None:
        stream = self._process.stdin
        # a process that is gone cannot be told; `finish` says why it went
        with self._lock, contextlib.suppress(BrokenPipeError):
            if stream is not None:
                stream.write(json.dumps(word).encode() + b"\n")
                stream.flush()

    def _answer(self) -> dict[str, object]:
        stream = self._process.stdout
        line = stream.readline() if stream is not None else b""
        if not line.endswith(b"\n"):
            raise ToolError(f"the process that unpacks ended with status {self._process.wait()}")
        answer: dict[str, object] = json.loads(line)
        return answer


def _error(answer: dict[str, object]) -> LightshipError:
    kind = getattr(errors, str(answer["error"]), LightshipError)
    hint = answer["hint"]
    made: LightshipError = kind(str(answer["message"]), hint=str(hint) if hint else None)
    return made
