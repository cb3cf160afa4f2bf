"""Runs one of this package's workers with the image's own Python, in the sandbox, and reads its answer.

A worker is shown inside from the host, with a directory for what it is asked and what it answers; nothing of the image
is touched. What comes back was written by the image's code: it is read with a limit and believed as data only.
"""

import contextlib
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from lightship.errors import ImageError, ToolError
from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.running import start
from lightship.oci.config import Runtime
from lightship.paths import storage_errors
from lightship.rootfs.links import read_file
from lightship.rootfs.removal import remove
from lightship.sandbox.protocol import Bind, Sandbox

__all__ = ["INSIDE", "START_SWITCH", "WORK", "Inside", "InsideError", "scratch_directory"]

INSIDE = "/run/lightship/inside"
"""Where a worker lies inside; ``/run`` is a fresh directory in every sandbox."""
WORK = "/run/lightship/work"

START_SWITCH = "LIGHTSHIP_START"
"""Set to 0 it turns off what a build adds for a quick start: a lazy import is none that was tried."""

_Answer = TypeVar("_Answer")
_WORKERS = Path(__file__).parent / "inside"
_MOST_ANSWER_BYTES = 32 << 20
"""The longest that are meant list 100,000 paths. A hostile one takes 26 times as much memory when it is parsed."""

_PAUSE_S = 0.01


class InsideError(ImageError):
    """The image's Python did not answer: it does not start, died, or took too long."""


@contextlib.contextmanager
def scratch_directory() -> Iterator[Path]:
    """A temporary directory of the host that ends with the block, whatever was made in it."""
    with storage_errors("make a temporary directory"):
        directory = Path(tempfile.mkdtemp(prefix="lightship-verify-"))
    try:
        yield directory
    finally:
        remove(directory)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inside:
    """The unpacked image at ``rootfs`` and a sandbox to run it in; ``options`` are those of the application."""

    sandbox: Sandbox
    rootfs: Path
    runtime: Runtime
    options: LaunchOptions = field(default_factory=LaunchOptions)

    def run(
        self,
        worker: str,
        python: str,
        request: object,
        *,
        timeout_s: float,
        parse: Callable[[Any], _Answer],
        binds: Sequence[Bind] = (),
        network: bool = False,
    ) -> _Answer:
        """What ``worker`` answers to ``request``, as ``parse`` makes it of the JSON; whatever that raises over values
        of another shape is the image's fault. ``binds`` are further host paths to see.

        Raise InsideError with the last lines that were said.
        """
        with scratch_directory() as work:
            (work / "request.json").write_text(json.dumps(request), encoding="utf-8")
            options = replace(
                self.options,
                command=(),
                entrypoint=(python, f"{INSIDE}/{worker}", f"{WORK}/request.json", f"{WORK}/result.json"),
                env={**self.options.env, "PYTHONDONTWRITEBYTECODE": "1", START_SWITCH: "0"},
                binds=(
                    *self.options.binds,
                    Bind(source=_WORKERS, target=INSIDE),
                    Bind(source=work, target=WORK, writable=True),
                    *binds,
                ),
                network=network,
            )
            status, said = self._to_end(options, timeout_s)
            answer = self._answer(work)
        if answer is None:
            how = f"ended with status {status}" if status is not None else f"was not done after {timeout_s:g} s"
            raise InsideError(f"{python} of the image {how}: {said or 'it said nothing'}")
        try:
            return parse(answer)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise InsideError(f"the image's Python answered {worker} in another shape: {error!r:.200}") from error

    def _to_end(self, options: LaunchOptions, timeout_s: float) -> tuple[int | None, str]:
        try:
            with (
                launch_command(self.rootfs, self.runtime, options) as command,
                start(self.sandbox, command, grace_s=1) as running,
            ):
                deadline = time.monotonic() + timeout_s
                while running.status is None and time.monotonic() < deadline:
                    time.sleep(_PAUSE_S)
                return running.status, "; ".join(line for line in running.tail[-4:] if line.strip())
        except ToolError as error:
            if "cannot be executed" not in str(error):
                raise  # the sandbox itself does not work: the world's fault, not the image's
            raise InsideError(f"the image's Python cannot be started: {error}", hint=error.hint) from error

    def _answer(self, work: Path) -> Any:
        raw = read_file(work, "result.json", limit_bytes=_MOST_ANSWER_BYTES)
        if not raw:
            return None
        try:
            return json.loads(raw)
        except (ValueError, RecursionError) as error:
            raise InsideError(f"the image's Python answered something else than JSON: {error}") from error
