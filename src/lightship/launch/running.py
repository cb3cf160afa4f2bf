"""Start an unpacked image in a sandbox: to its end, with signals passed on, or beside us, to be probed."""

import collections
import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from lightship.launch.command import LaunchOptions, launch_command
from lightship.launch.program import check_program
from lightship.oci.config import Runtime
from lightship.proc import DEVNULL, Popen
from lightship.sandbox.protocol import Command, Sandbox

__all__ = ["Running", "exit_status", "run", "start"]

_PASSED_ON = (
    signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH,
)  # fmt: skip
_TAIL_LINES = 50
_LINE_BYTES = 4096


def run(sandbox: Sandbox, rootfs: Path, runtime: Runtime, options: LaunchOptions) -> int:
    """Start the image unpacked at ``rootfs``, wait, and return its exit status, 128 + n when signal n ended it.

    Its streams are ours. Signals that reach this process go to the application, when this is the main thread.
    Raise NoCommandError where the image has not the program that it is to start.
    """
    with launch_command(rootfs, runtime, options) as command:
        check_program(command)
        with _relayed_signals() as relay, sandbox.start(command) as process:
            relay.connect(process)
            try:
                return exit_status(process.wait())
            except BaseException:
                process.kill()
                raise


def exit_status(returncode: int) -> int:
    """A `Popen`'s return code as a shell sees it: 128 + n for signal n."""
    return returncode if returncode >= 0 else 128 - returncode


class _Relay:
    """Passes signals on to a process, those that came before it was there as well."""

    def __init__(self) -> None:
        self._process: Popen[bytes] | None = None
        self._early: list[int] = []

    def handle(self, number: int, _frame: FrameType | None) -> None:
        if self._process is None:
            self._early.append(number)
        else:
            self._process.send_signal(number)

    def connect(self, process: "Popen[bytes]") -> None:
        self._process = process
        while self._early:
            process.send_signal(self._early.pop(0))


@contextlib.contextmanager
def _relayed_signals() -> Iterator[_Relay]:
    relay = _Relay()
    if threading.current_thread() is not threading.main_thread():
        yield relay
        return
    # set before the start: what this process ignores its children would ignore; nohup is meant that way
    numbers = [n for n in _PASSED_ON if n != signal.SIGHUP or signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, relay.handle) for number in numbers}
    try:
        yield relay
    finally:
        for number, handler in before.items():
            # None: a handler that was not set from Python, which signal() cannot set again
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


@dataclass(slots=True, kw_only=True, eq=False)
class Running:
    """A started application. ``started_at`` is `time.monotonic` before its start, ``start_s`` how long the sandbox
    took to execute it. Its output is drained all the time; `tail` holds the end."""

    process: "Popen[bytes]"
    command: Command
    started_at: float
    start_s: float
    _lines: "collections.deque[str]" = field(default_factory=lambda: collections.deque(maxlen=_TAIL_LINES))
    _drain: threading.Thread | None = None

    @property
    def status(self) -> int | None:
        """Its exit status once it has ended, else None."""
        code = self.process.poll()
        return None if code is None else exit_status(code)

    @property
    def tail(self) -> tuple[str, ...]:
        """The last lines of its stdout and stderr; all of them up to the end when it has ended."""
        if self.process.poll() is not None and self._drain is not None:
            self._drain.join(5)
        return tuple(self._lines)

    def terminate(self, timeout_s: float = 10.0) -> int:
        """Ask it to end with SIGTERM, end it after ``timeout_s``; return its exit status."""
        self.process.terminate()
        deadline = time.monotonic() + timeout_s
        pause_s = 0.001
        while self.process.poll() is None:
            if time.monotonic() > deadline:
                self.process.kill()
                break
            time.sleep(pause_s)
            pause_s = min(pause_s * 2, 0.05)
        return exit_status(self.process.wait())


@contextlib.contextmanager
def start(
    sandbox: Sandbox, command: Command, *, on_line: Callable[[str], None] | None = None, grace_s: float = 10.0
) -> Iterator[Running]:
    """``command`` running beside us until the block ends, which terminates it.

    ``on_line`` gets each line of its output, from another thread. Call it from a thread that outlives the block.
    """
    reading, writing = os.pipe()
    began = time.monotonic()
    try:
        process = sandbox.start(command, stdin=DEVNULL, stdout=writing, stderr=writing)
    except BaseException:
        os.close(reading)
        raise
    finally:
        os.close(writing)
    running = Running(process=process, command=command, started_at=began, start_s=time.monotonic() - began)
    drain = threading.Thread(target=_drained, args=(reading, running, on_line), name="lightship-output", daemon=True)
    drain.start()
    running._drain = drain  # noqa: SLF001 - the thread needs the value that will hold it
    try:
        yield running
    finally:
        with process:
            running.terminate(grace_s)
        drain.join(5)


def _drained(descriptor: int, running: Running, on_line: Callable[[str], None] | None) -> None:
    with os.fdopen(descriptor, "rb") as stream:
        while line := stream.readline(_LINE_BYTES):
            text = line.decode(errors="replace").rstrip("\r\n")
            running._lines.append(text)  # noqa: SLF001 - the writing half of `Running.tail`
            if on_line is not None:
                on_line(text)
