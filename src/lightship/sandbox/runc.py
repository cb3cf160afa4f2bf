"""The sandbox made with runc: an OCI runtime over the unpacked root, for root and for ordinary users alike.

OCI runtime-spec 1.0.2, config.md and config-linux.md (https://github.com/opencontainers/runtime-spec/blob/v1.0.2/);
runc 1.1 and later. As under bubblewrap the caller's uid and gid are those of the command inside, so files that the
caller owns belong to the command's user; without root, to the container's root (see `map_ids`). The command is PID 1 of
its namespace, which gets no signal that it has no handler for. Neither resource limits nor a cgroup of its own are
asked for: machines that are containers themselves refuse them.
"""

import contextlib
import json
import os
import secrets
import stat
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from lightship import proc
from lightship.errors import ToolError
from lightship.paths import storage_errors
from lightship.sandbox.contained import ContainedProcess
from lightship.sandbox.mounts import Mount, plan_mounts
from lightship.sandbox.protocol import Command
from lightship.sandbox.reaper import Reaper
from lightship.sandbox.subids import IdMap, map_ids
from lightship.values import dataclass

__all__ = ["Runc", "bundle_config"]

_HOSTNAME = "lightship"
_ELSEWHERE = ("/usr/sbin/runc",)  # Debian's, which is not on an ordinary user's PATH
_MASKED = ("/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/proc/sched_debug", "/proc/mtrr")
_READ_ONLY = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi")
_SYSFS = ("devices/system/cpu", "devices/system/node")
_TMPFS = ("nosuid", "nodev")

_TAKE_BACK = """
"$1" "$2" "$3" "$4" "$5" "$6" "$7" "$8"
shift 8
exec unshare --user --map-root-user --map-auto chown -R 0:0 -- "$@"
"""
"""What a user with a lent id wrote to a copy is nobody's outside, and could not be removed. util-linux 2.38."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Runc:
    """Implements `lightship.sandbox.protocol.Sandbox` with the program at ``program``."""

    program: str
    env: Mapping[str, str] | None = None

    @classmethod
    def find(cls, *, env: Mapping[str, str] | None = None) -> "Runc":
        """The runc on PATH, or in the system's own directories; raise ToolError with the command that installs it."""
        program = proc.which("runc") or next((path for path in _ELSEWHERE if os.access(path, os.X_OK)), None)
        if program is None:
            raise ToolError("runc is not installed: the program runc was not found", hint="sudo apt-get install runc")
        return cls(program=program, env=env)

    def start(
        self,
        command: Command,
        *,
        stdin: int | IO[bytes] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> ContainedProcess:
        """As `Sandbox.start`."""
        uids, gids = _ids(command)
        document = bundle_config(command, plan_mounts(command), uids, gids)
        copies = [bind.source for bind in command.binds if bind.origin == "copy"]
        is_lent = IdMap(command.user[0], os.geteuid()) not in uids
        for copy in copies if is_lent else ():
            _open_to_all(copy)
        name = f"lightship-run-{secrets.token_hex(6)}"
        with storage_errors("make a bundle for runc"):
            bundle = Path(tempfile.mkdtemp(prefix="lightship-runc-"))
            (bundle / "config.json").write_text(json.dumps(document), encoding="utf-8")
        options = [self.program, "--root", str(bundle / "state"), "--rootless", "true"]
        removal = [*options, "delete", "--force", name]
        if is_lent and copies:
            removal = ["/bin/sh", "-c", _TAKE_BACK, "sh", *removal, *map(str, copies)]
        reaper = Reaper(removal, env=self.env, directory=bundle)
        argv = [
            *options, "--log", str(bundle / "log"), "--log-format", "json",
            "run", "--bundle", str(bundle), "--pid-file", str(bundle / "pid"), name,
        ]  # fmt: skip
        container = _RuncContainer(bundle, reaper)
        return ContainedProcess(argv, container, env=self.env, stdin=stdin, stdout=stdout, stderr=stderr)


class _RuncContainer:
    def __init__(self, bundle: Path, reaper: Reaper) -> None:
        self._bundle = bundle
        self._pid: int | None = None
        self.reaper = reaper

    def has_started(self) -> bool:
        # runc writes it once the command was executed, under another name first
        with contextlib.suppress(OSError, ValueError):
            self._pid = int((self._bundle / "pid").read_text())
        return self._pid is not None

    def send(self, number: int) -> None:
        if self._pid is not None:
            # runc reaps its child at once, and ends: while it runs, which was asked before, the pid is not another's
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, number)

    def complaint(self) -> str:
        with contextlib.suppress(OSError, ValueError):
            for line in reversed((self._bundle / "log").read_text(errors="replace").splitlines()):
                said = json.loads(line)
                if said.get("level") in ("error", "fatal"):
                    return str(said.get("msg", ""))[:300].removeprefix("runc run failed: ")
        return ""


def bundle_config(
    command: Command, mounts: tuple[Mount, ...], uids: tuple[IdMap, ...], gids: tuple[IdMap, ...]
) -> dict[str, Any]:
    """The bundle's ``config.json``: read-only root, no capability, own namespaces."""
    uid, gid = command.user
    kinds = ["user", "pid", "ipc", "uts", "mount", *([] if command.network else ["network"])]
    return {
        "ociVersion": "1.0.2",
        "hostname": _HOSTNAME,
        "process": {
            "terminal": False,
            "user": {"uid": uid, "gid": gid, "umask": 0o022},
            "args": list(command.argv),
            "env": [f"{name}={command.env[name]}" for name in sorted(command.env)],
            "cwd": command.cwd,
            "capabilities": {name: [] for name in ("bounding", "effective", "permitted", "inheritable", "ambient")},
            "noNewPrivileges": True,
        },
        "root": {"path": str(command.rootfs.absolute()), "readonly": True},
        "mounts": [*_kernel_mounts(), *(_mount(mount, uid, gid) for mount in mounts)],
        "linux": {
            "namespaces": [{"type": kind} for kind in kinds],
            "uidMappings": [{"containerID": each.inside, "hostID": each.host, "size": 1} for each in uids],
            "gidMappings": [{"containerID": each.inside, "hostID": each.host, "size": 1} for each in gids],
            "maskedPaths": list(_MASKED),
            "readonlyPaths": list(_READ_ONLY),
        },
    }


def _ids(command: Command) -> tuple[tuple[IdMap, ...], tuple[IdMap, ...]]:
    import pwd

    names = [str(os.geteuid())]
    with contextlib.suppress(KeyError):
        names.append(pwd.getpwuid(os.geteuid()).pw_name)
    uid, gid = command.user
    return (
        map_ids(uid, caller=os.geteuid(), names=tuple(names), ranges=Path("/etc/subuid")),
        map_ids(gid, caller=os.getegid(), names=tuple(names), ranges=Path("/etc/subgid")),
    )


def _open_to_all(copy: Path) -> None:
    """What the owner may do with ``copy``, everybody may: it is private, and the command's user is another."""
    with storage_errors(f"open {copy}"):
        for path in (copy, *copy.rglob("*")):
            status = path.lstat()
            if status.st_uid == os.geteuid() and not stat.S_ISLNK(status.st_mode):
                mode = status.st_mode & 0o700
                path.chmod(mode | mode >> 3 | mode >> 6)


def _kernel_mounts() -> Iterator[dict[str, Any]]:
    yield {"destination": "/proc", "type": "proc", "source": "proc"}
    yield _tmpfs("/dev", "mode=755", "strictatime", "size=65536k")
    yield {
        "destination": "/dev/pts",
        "type": "devpts",
        "source": "devpts",
        "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
    }
    yield _tmpfs("/dev/shm", "noexec", "mode=1777")  # noqa: S108 - a path inside the sandbox
    yield _tmpfs("/sys", "noexec", "mode=755")
    for name in _SYSFS:
        if Path("/sys", name).exists():
            yield _bound(f"/sys/{name}", f"/sys/{name}", "ro")


def _mount(mount: Mount, uid: int, gid: int) -> dict[str, Any]:
    if mount.bind is None:
        return _tmpfs(f"/{mount.target}", f"mode={mount.mode:o}", f"uid={uid}", f"gid={gid}")
    return _bound(f"/{mount.target}", str(mount.bind.source.absolute()), "rw" if mount.bind.writable else "ro")


def _tmpfs(target: str, *options: str) -> dict[str, Any]:
    return {"destination": target, "type": "tmpfs", "source": "tmpfs", "options": [*_TMPFS, *options]}


def _bound(target: str, source: str, mode: str) -> dict[str, Any]:
    return {"destination": target, "type": "bind", "source": source, "options": ["rbind", "rprivate", *_TMPFS, mode]}
