"""Where a sandbox mounts: paths without symbolic links, which exist in the root file system.

An engine follows links in a mount's target before it has left the host's root, so a hostile image could lead it
out. Here every target is resolved inside the root first, and directories and files to mount on are made, as
container engines make them. Nobody else may write to the root meanwhile.
"""

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from lightship.errors import HostileError, StorageError, UsageError
from lightship.paths import is_inside, parents
from lightship.rootfs.links import resolve_on_disk
from lightship.sandbox.protocol import Bind, Command
from lightship.values import dataclass

__all__ = ["KERNEL_DIRECTORIES", "Mount", "plan_mounts"]

KERNEL_DIRECTORIES = ("dev", "proc", "sys")
"""Directories whose content comes from the kernel; nothing of the image or the user is mounted there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mount:
    """One mount at ``target``, a link-free path relative to the root; ``bind`` None is a fresh tmpfs of ``mode``."""

    target: str
    bind: Bind | None = None
    mode: int = 0o755


def plan_mounts(command: Command) -> tuple[Mount, ...]:
    """The mounts of ``command``, outermost first, with every place to mount on made in its root.

    Raise HostileError where the image leads a target to a place that is never mounted on, UsageError where the
    user asks for one, StorageError where the root cannot be written and a place is missing.
    """
    root = command.rootfs
    for name in KERNEL_DIRECTORIES:
        if resolve_on_disk(root, name) != name:
            raise HostileError(f"/{name} of the image is a symbolic link")
        _ensure(root, name, directory=True)
    mounts: dict[str, Mount] = {}
    for path in command.writable:
        target = _resolve_target(root, path)
        if not is_inside(target, "dev/shm"):
            mounts[target] = Mount(target=target, mode=_mode_of(root, target))
    for bind in command.binds:
        target = _resolve_target(root, bind.target)
        mounts[target] = Mount(target=target, bind=bind)
    ordered = tuple(mounts[target] for target in sorted(mounts))
    for mount in ordered:
        above = [mounts[path] for path in parents(mount.target) if path in mounts]
        if not above:
            _ensure(root, mount.target, directory=mount.bind is None or mount.bind.source.is_dir())
        elif above[-1].bind is not None:
            _check_below(above[-1].bind, above[-1].target, mount.target)
    cwd = resolve_on_disk(root, command.cwd)
    if cwd.split("/")[0] not in KERNEL_DIRECTORIES and not any(above in mounts for above in (*parents(cwd), cwd)):
        _ensure(root, cwd, directory=True)
    return ordered


def _resolve_target(root: Path, path: str) -> str:
    target = resolve_on_disk(root, path)
    first, _, _ = target.partition("/")
    if target and (first not in KERNEL_DIRECTORIES or is_inside(target, "dev/shm")):
        return target
    said = f"nothing can be mounted at {path}"
    if "/".join(part for part in path.split("/") if part) == target:
        raise UsageError(said)
    raise HostileError(f"{said}: the image leads it to /{target}")


def _check_below(bind: Bind, place: str, target: str) -> None:
    """Raise HostileError where ``bind``, seen at ``place``, leads ``target`` away by a link an application made."""
    rest = target.removeprefix(f"{place}/")
    if resolve_on_disk(bind.source, rest) != rest:
        raise HostileError(f"nothing can be mounted at /{target}: a symbolic link below {bind.source} leads it away")


def _mode_of(root: Path, target: str) -> int:
    """Permissions of the directory that a tmpfs will cover; a shared one for what is called tmp."""
    with contextlib.suppress(OSError):
        status = os.lstat(f"{root}/{target}")
        if stat.S_ISDIR(status.st_mode):
            return stat.S_IMODE(status.st_mode) | 0o700
    return 0o1777 if target.rpartition("/")[2] == "tmp" else 0o755


def _ensure(root: Path, target: str, *, directory: bool) -> None:
    """Make ``target`` below ``root`` when it is missing; raise UsageError when it is of the other kind."""
    place = f"{root}/{target}"
    try:
        kind = os.lstat(place).st_mode
    except (FileNotFoundError, NotADirectoryError):
        pass
    else:
        if stat.S_ISDIR(kind) != directory:
            want, got = ("a directory", "a file") if directory else ("a file", "a directory")
            raise UsageError(f"/{target} of the image is {got}, and {want} is to be mounted on it")
        return
    try:
        for above in (*parents(target), *([target] if directory else [])):
            if not os.path.lexists(f"{root}/{above}"):
                with _opened(Path(f"{root}/{above}").parent):
                    Path(f"{root}/{above}").mkdir(mode=0o755, exist_ok=True)
        if not directory:
            with _opened(Path(place).parent):
                os.close(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o644))
    except FileExistsError:  # another start of the same root made it meanwhile
        pass
    except OSError as error:
        raise StorageError(
            f"cannot make /{target} in {root}: {error.strerror}",
            hint="the sandbox mounts there; make it in the image, or unpack the image where it can be written",
        ) from error


@contextlib.contextmanager
def _opened(directory: Path) -> Iterator[None]:
    """``directory`` writable by its owner for the length of the block."""
    mode = stat.S_IMODE(directory.stat().st_mode)
    if mode & 0o300 == 0o300:
        yield
        return
    directory.chmod(mode | 0o300)
    try:
        yield
    finally:
        directory.chmod(mode)
