"""A running command inside a foreign engine, as a process: the engine's client in the foreground stands for it.

Its streams and its exit status are the command's; signals go to the command by the engine's own way, for one that the
client got would end the client and leave the container.
"""

import contextlib
import os
import signal
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Protocol

from lightship.errors import ToolError
from lightship.proc import Popen
from lightship.sandbox.reaper import Reaper

__all__ = ["ContainedProcess", "Container"]

_PATIENCE_S = 120.0


class Container(Protocol):
    """What an engine made for one command."""

    @property
    def reaper(self) -> Reaper:
        """Ends and removes it."""

    def has_started(self) -> bool:
        """Whether the command was executed; it may have ended since."""

    def send(self, number: int) -> None:
        """Send a signal to the command; SIGKILL ends everything inside. Nothing happens when it has ended."""

    def complaint(self) -> str:
        """Why the engine did not start it; empty when it did not say."""


class ContainedProcess(Popen[bytes]):
    """A `Popen` of an engine's client, ``argv``, that returns from its constructor once the command runs.

    The container is removed when the ``with`` block of this value ends, or this process dies. Raise ToolError when the
    engine cannot start it.
    """

    def __init__(
        self,
        argv: Sequence[str],
        container: Container,
        *,
        env: Mapping[str, str] | None,
        stdin: int | IO[bytes] | None,
        stdout: int | IO[bytes] | None,
        stderr: int | IO[bytes] | None,
    ) -> None:
        self._container = container
        try:
            super().__init__(
                list(argv),
                cwd="/",
                env=dict(env) if env is not None else None,
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                # a terminal's Ctrl-C goes to the foreground group; we pass it on to the command, once
                start_new_session=True,
            )
        except OSError as error:
            container.reaper.release()
            raise ToolError(f"{argv[0]} cannot be started: {error.strerror}") from error
        except BaseException:
            container.reaper.release()
            raise
        try:
            self._wait_until_started(argv[0])
        except BaseException:
            super().send_signal(signal.SIGKILL)
            with self:  # closes the pipes, waits, and removes the container
                pass
            raise

    def send_signal(self, sig: int) -> None:
        """Send ``sig`` to the command; SIGKILL ends everything inside. Nothing happens when it has ended."""
        if self.poll() is None:
            self._container.send(sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            super().__exit__(kind, value, traceback)
        finally:
            self._container.reaper.release()

    def _wait_until_started(self, program: str) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        pause_s = 0.002
        name = os.path.basename(program)  # noqa: PTH119 - a word, not a file
        while time.monotonic() < deadline:
            ended = self.poll() is not None  # asked first: it may start and end between the two
            if self._container.has_started():
                return
            if ended:
                said = self._container.complaint()
                raise ToolError(f"{name} could not start the image" + (f": {said}" if said else ""), hint=_hint(said))
            with contextlib.suppress(InterruptedError):
                time.sleep(pause_s)
            pause_s = min(pause_s * 1.5, 0.05)
        raise ToolError(f"{name} did not start the image within {_PATIENCE_S:g} s")


def _hint(said: str) -> str | None:
    if "rlimit" in said or "cgroup" in said:
        return "this machine, perhaps a container itself, refuses limits; --engine runc and the sandbox set none"
    return None
