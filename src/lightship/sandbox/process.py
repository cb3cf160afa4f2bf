"""A running command inside bubblewrap, as a process whose signals reach the command.

Three processes stand behind one command: bubblewrap outside, whose exit status is the command's; bubblewrap again
as PID 1 of the new namespace, which reaps; the command, its first child. A signal sent to the outer one would
kill it and with it, at once and without a word, everything inside.
"""

import contextlib
import json
import os
import select
import signal
import time
import weakref
from collections.abc import Mapping, Sequence
from typing import IO

from lightship.errors import ToolError
from lightship.proc import Popen

__all__ = ["NotStartedError", "SandboxedProcess"]

_PATIENCE_S = 120.0
"""How long bubblewrap may take to set up. It takes about 10 ms on an idle machine, and seconds where disk and
processors are busy (measured 2026-11)."""

_FIRST_LOOK_S = 0.004
"""Before that nothing has been executed yet, and every look waits for a busy interpreter once a system call."""


class NotStartedError(ToolError):
    """Bubblewrap ended before it had executed the command."""


class SandboxedProcess(Popen[bytes]):
    """A `Popen` of bubblewrap, in a session of its own, that returns from its constructor once the command runs.

    ``argv`` must hold ``--json-status-fd`` with ``status_fd``, the write end of a pipe that is closed here.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        status: tuple[int, int],
        pass_fds: Sequence[int],
        env: Mapping[str, str],
        stdin: int | IO[bytes] | None,
        stdout: int | IO[bytes] | None,
        stderr: int | IO[bytes] | None,
    ) -> None:
        reading, writing = status
        self._command: int | None = None
        self._namespace: int | None = None
        try:
            super().__init__(
                list(argv),
                cwd="/",
                env=dict(env),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
                pass_fds=(*pass_fds, writing),
                # a terminal's Ctrl-C goes to the foreground group; it must not kill bubblewrap behind our back
                start_new_session=True,
                extra_groups=[] if os.geteuid() == 0 else None,
                umask=0o022,
            )
        except OSError as error:
            os.close(reading)
            raise ToolError(f"bubblewrap cannot be started: {error.strerror}") from error
        except BaseException:
            os.close(reading)
            raise
        finally:
            os.close(writing)
        # open until the end: bubblewrap dies of SIGPIPE when nobody can read its last report
        weakref.finalize(self, os.close, reading)
        try:
            self._wait_until_executed(reading)
        except BaseException:
            super().send_signal(signal.SIGKILL)
            with self:  # closes the pipes and waits
                pass
            raise

    def send_signal(self, sig: int) -> None:
        """Send ``sig`` to the command; SIGKILL ends everything inside. Nothing happens when it has ended."""
        if self.poll() is not None:
            return
        target = self._namespace if sig == signal.SIGKILL else self._command
        if target is None:
            super().send_signal(sig)
            return
        with contextlib.suppress(ProcessLookupError):  # it ended between the two lines
            signal.pidfd_send_signal(target, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def _wait_until_executed(self, reading: int) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        report = _Report(reading)
        namespace_pid = report.wait_for("child-pid", deadline)
        if namespace_pid is None:
            raise NotStartedError(f"bubblewrap did not start within {_PATIENCE_S:g} s or ended at once")
        self._namespace = _open_pid(self, namespace_pid)
        pause_s = _FIRST_LOOK_S
        while time.monotonic() < deadline:
            if self._namespace is None or _readable(self._namespace, pause_s):
                # over already: bubblewrap reports an exit status only when the command was executed
                if report.wait_for("exit-code", deadline) is None:
                    raise NotStartedError("bubblewrap ended before it executed the command")
                return
            command_pid = _executed_child(namespace_pid)
            if command_pid is not None:
                self._command = _open_pid(self, command_pid)
                return
            pause_s = 0.001 if pause_s == _FIRST_LOOK_S else min(pause_s * 1.5, 0.01)
        raise NotStartedError(f"bubblewrap did not execute the command within {_PATIENCE_S:g} s")


class _Report:
    """The JSON documents that bubblewrap writes, one a line."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._text = b""

    def wait_for(self, key: str, deadline: float) -> int | None:
        """The value of ``key`` in the next documents; None when the pipe ends or time is up."""
        while True:
            while b"\n" in self._text:
                line, _, self._text = self._text.partition(b"\n")
                value = json.loads(line).get(key)
                if value is not None:
                    return int(value)
            left = deadline - time.monotonic()
            if left <= 0 or not _readable(self._descriptor, left):
                return None
            chunk = os.read(self._descriptor, 4096)
            if not chunk:
                return None
            self._text += chunk


def _readable(descriptor: int, timeout_s: float) -> bool:
    """Whether ``descriptor`` can be read, or is a process that has ended, within ``timeout_s``."""
    waiting = select.poll()  # select() ends at descriptor 1023
    waiting.register(descriptor, select.POLLIN)
    return bool(waiting.poll(timeout_s * 1000))


def _open_pid(owner: object, pid: int) -> int | None:
    """A descriptor of the process, which no other process can take over, closed with ``owner``."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    weakref.finalize(owner, os.close, descriptor)
    return descriptor


def _executed_child(namespace_pid: int) -> int | None:
    """PID of the first child of ``namespace_pid`` once it is no longer bubblewrap itself."""
    try:
        children = _read(f"/proc/{namespace_pid}/task/{namespace_pid}/children").split()
        if children and _read(f"/proc/{int(children[0])}/comm").strip() != b"bwrap":
            return int(children[0])
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


def _read(name: str) -> bytes:
    """A small file of the kernel's, in few system calls."""
    descriptor = os.open(name, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
