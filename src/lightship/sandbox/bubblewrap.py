"""The sandbox made with bubblewrap, for root and for ordinary users alike.

bubblewrap 0.6 and later, https://github.com/containers/bubblewrap. One uid and one gid are mapped, the caller's,
so files that the caller owns belong to the command's user inside, whoever owned them in the image. Not done here:
seccomp filters, limits of memory and CPU.
"""

import contextlib
import functools
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from lightship import proc
from lightship.errors import ToolError
from lightship.sandbox.mounts import Mount, plan_mounts
from lightship.sandbox.process import NotStartedError, SandboxedProcess
from lightship.sandbox.protocol import Command
from lightship.values import dataclass

__all__ = ["Bubblewrap"]

_INSTALL = "sudo apt-get install bubblewrap"
_HOSTNAME = "lightship"
_NAMED = re.compile(rb"\0bubblewrap ([0-9]+)\.([0-9]+)\.([0-9]+)\0")

_READ_ONLY_PROC = ("sys", "sysrq-trigger", "irq", "bus", "fs", "acpi", "scsi")
"""bubblewrap covers some of these when access(2) says that they can be written; for ``sys`` it says no, and still
a command started by root can write files below it (seen with 0.8.0 on Linux 6.18): their mode counts, not a
capability. The list is runc's, https://github.com/opencontainers/runc/blob/v1.2.0/libcontainer/specconv/example.go."""

_MASKED_PROC = ("kcore", "keys", "latency_stats", "timer_list", "sched_debug", "mtrr")

_SYSFS = ("devices/system/cpu", "devices/system/node")
"""What numeric libraries read to count processors; the rest of sysfs describes the host and stays outside."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bubblewrap:
    """Implements `lightship.sandbox.protocol.Sandbox` with the program at ``program``."""

    program: str
    version: tuple[int, ...]

    @classmethod
    def find(cls) -> "Bubblewrap":
        """The bubblewrap on PATH; raise ToolError with the command that installs it."""
        program = proc.which("bwrap")
        if program is None:
            raise ToolError("bubblewrap is not installed: the program bwrap was not found", hint=_INSTALL)
        return cls(program=program, version=_version(program))

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> SandboxedProcess:
        """As `Sandbox.start`."""
        mounts = plan_mounts(command)
        try:
            return self._spawn(command, mounts, stdin=stdin, stdout=stdout, stderr=stderr)
        except NotStartedError as failure:
            raise _explained(failure, self._last_words(command, mounts)) from failure

    def _spawn(
        self,
        command: Command,
        mounts: tuple[Mount, ...],
        *,
        stdin: int | IO[bytes] | None,
        stdout: int | IO[bytes] | None,
        stderr: int | IO[bytes] | None,
    ) -> SandboxedProcess:
        status = os.pipe()
        options = _sealed([*self._options(command, mounts), "--json-status-fd", str(status[1])])
        try:
            return SandboxedProcess(
                [self.program, "--args", str(options), "--", *command.argv],
                status=status,
                pass_fds=[options],
                # bubblewrap must not see the image's LD_PRELOAD: it runs on the host until it has set up
                env={},
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )
        finally:
            os.close(options)

    def _options(self, command: Command, mounts: tuple[Mount, ...]) -> Iterator[str]:
        yield from ("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try")
        if not command.network:
            yield "--unshare-net"
        if self.version >= (0, 8):
            yield "--disable-userns"
        yield from ("--uid", str(command.user[0]), "--gid", str(command.user[1]), "--hostname", _HOSTNAME)
        yield from ("--die-with-parent", "--new-session", "--cap-drop", "ALL", "--clearenv")
        for name in sorted(command.env):
            yield from ("--setenv", name, command.env[name])
        yield from ("--ro-bind", str(command.rootfs.absolute()), "/")
        yield from _kernel_mounts()
        for mount in mounts:
            yield from _mount_options(mount)
        yield from ("--chdir", command.cwd)

    def _last_words(self, command: Command, mounts: tuple[Mount, ...]) -> str:
        """What bubblewrap says when the start that failed is tried again: its stderr may have been the user's."""
        options = _joined(list(self._options(command, mounts)))
        argv = [self.program, "--args", "0", "--", *command.argv]
        try:
            said = proc.run(argv, env={}, stdin=options, timeout_s=10, check=False).stderr
        except ToolError:  # it starts this time and goes on: then there is nothing to say
            return ""
        lines = said.decode(errors="replace").strip().splitlines()
        return lines[-1].removeprefix("bwrap: ") if lines else ""


@functools.cache
def _version(program: str) -> tuple[int, ...]:
    with contextlib.suppress(OSError):  # its own text has what it says of itself, and is read in less than it starts
        found = _NAMED.search(Path(program).read_bytes())
        if found is not None:
            return tuple(map(int, found.groups()))
    said = proc.run([program, "--version"], env={}, timeout_s=30).stdout.decode(errors="replace")
    return tuple(int(number) for number in re.findall(r"[0-9]+", said)[:3])


def _kernel_mounts() -> Iterator[str]:
    yield from ("--proc", "/proc")
    for name in _READ_ONLY_PROC:
        yield from ("--ro-bind-try", f"/proc/{name}", f"/proc/{name}")
    for name in _MASKED_PROC:
        if Path("/proc", name).exists():
            yield from ("--ro-bind", "/dev/null", f"/proc/{name}")
    yield from ("--dev", "/dev", "--perms", "1777", "--tmpfs", "/dev/shm", "--remount-ro", "/dev")  # noqa: S108
    yield from ("--tmpfs", "/sys")
    for name in _SYSFS:
        yield from ("--ro-bind-try", f"/sys/{name}", f"/sys/{name}")
    yield from ("--remount-ro", "/sys")


def _mount_options(mount: Mount) -> tuple[str, ...]:
    if mount.bind is None:
        return ("--perms", f"{mount.mode:o}", "--tmpfs", f"/{mount.target}")
    how = "--bind" if mount.bind.writable else "--ro-bind"
    return (how, str(mount.bind.source.absolute()), f"/{mount.target}")


def _sealed(words: list[str]) -> int:
    """A descriptor to read NUL-separated ``words`` from: the environment must not show in a list of processes."""
    descriptor = os.memfd_create("lightship-sandbox", os.MFD_CLOEXEC)
    with open(descriptor, "wb", closefd=False) as stream:
        stream.write(_joined(words))
    os.lseek(descriptor, 0, os.SEEK_SET)
    return descriptor


def _joined(words: list[str]) -> bytes:
    return b"".join(os.fsencode(word) + b"\0" for word in words)


_NO_NAMESPACE = ("uid map", "new namespace", "namespace", "RTM_NEWADDR", "Operation not permitted")


def _explained(failure: NotStartedError, said: str) -> ToolError:
    """The error for a person; ``said`` is bubblewrap's last line."""
    if "execvp" in said:
        return ToolError(f"the command cannot be executed in the sandbox: {said.replace('execvp ', '')}")
    if any(phrase in said for phrase in _NO_NAMESPACE):
        restricted = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
        if restricted.exists() and restricted.read_text().strip() == "1":
            hint = "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0, or an AppArmor profile for bwrap"
        else:
            hint = "inside a container, allow user namespaces and mounts (Docker: --privileged, or own seccomp rules)"
        return ToolError(f"the system does not let this user make a sandbox: bubblewrap says {said!r}", hint=hint)
    return ToolError(f"bubblewrap could not start: {said or failure}")
