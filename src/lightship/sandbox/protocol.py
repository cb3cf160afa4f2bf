"""A sandbox: a root file system, a command, and what it may touch. Engines are implementations of one protocol."""

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import IO, Literal, Protocol

from lightship.errors import UsageError
from lightship.proc import Popen
from lightship.values import dataclass

__all__ = ["Bind", "Command", "Sandbox"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A host path seen inside at ``target`` (absolute).

    ``origin`` says whose it is, for engines that do not share our files: ``given`` by the user; a ``copy`` of what the
    image has there, made for this command; a file of the ``host`` that names are resolved with.
    """

    source: Path
    target: str
    writable: bool = False
    origin: Literal["given", "copy", "host"] = "given"

    def __post_init__(self) -> None:
        _check_absolute(self.target)


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What to start. ``env`` is the whole environment: nothing is inherited. ``writable`` are absolute paths that
    get a fresh tmpfs; everything else of ``rootfs`` is read-only. ``network`` False gives an own, empty network
    namespace. ``user`` is (uid, gid) as seen inside."""

    rootfs: Path
    argv: tuple[str, ...]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: str = "/"
    user: tuple[int, int] = (65532, 65532)
    binds: tuple[Bind, ...] = ()
    writable: tuple[str, ...] = ("/tmp",)  # noqa: S108 - a path inside the sandbox
    network: bool = False

    def __post_init__(self) -> None:
        if not self.argv:
            raise UsageError("nothing to start: the command is empty")
        for path in (self.cwd, *self.writable):
            _check_absolute(path)
        for word in (*self.argv, *self.env, *self.env.values()):
            if "\0" in word:
                raise UsageError(f"an argument or variable holds a NUL byte: {word!r}")
        for name in self.env:
            if not name or "=" in name:
                raise UsageError(f"environment variable not understood: want NAME=VALUE, got the name {name!r}")
        if not all(0 <= number < 2**32 - 1 for number in self.user):
            raise UsageError(f"user not understood: want two numbers from 0 to 4294967294, got {self.user}")


class Sandbox(Protocol):
    """Starts commands with own PID, IPC, UTS and user namespaces and no new privileges."""

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> "Popen[bytes]":
        """Start ``command``; return once it runs.

        The returned process's exit status is the command's own (128 + n for signal n). ``send_signal`` and
        ``terminate`` reach the command itself, ``kill`` ends everything inside. Everything inside ends also when
        the thread that called this ends. Raise ToolError where the sandbox itself cannot start or the command
        cannot be executed.
        """


def _check_absolute(path: str) -> None:
    if not path.startswith("/") or "\0" in path:
        raise UsageError(f"path inside the sandbox not understood: want an absolute path, got {path!r}")
