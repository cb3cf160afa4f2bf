"""A sandbox: a root file system, a command, and what it may touch. Engines are implementations of one protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Protocol

from lightship.proc import Popen

__all__ = ["Bind", "Command", "Sandbox"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bind:
    """A host path seen inside at ``target`` (absolute)."""

    source: Path
    target: str
    writable: bool = False


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
        """Start ``command``; the returned process's exit status is the command's own (128 + n for signal n).
        Killing the process kills everything inside. Raise ToolError where the sandbox itself cannot start."""
