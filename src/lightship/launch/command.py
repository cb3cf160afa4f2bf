"""From an image's config and the user's wishes to a command for the sandbox.

OCI image-spec 1.1, config.md; where it is silent, what Docker does: a replaced entrypoint drops the image's ``Cmd``,
``HOME`` comes from the image's passwd, a declared volume starts with the image's content.
"""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lightship.errors import ImageError, UsageError
from lightship.launch.home import writable_home
from lightship.launch.writable_label import WRITABLE_LABEL
from lightship.oci.config import Runtime
from lightship.paths import storage_errors
from lightship.rootfs.links import resolve_on_disk
from lightship.rootfs.removal import remove
from lightship.rootfs.users import Identity, resolve_user
from lightship.sandbox.mounts import KERNEL_DIRECTORIES
from lightship.sandbox.protocol import Bind, Command

__all__ = ["LaunchOptions", "launch_command", "parse_bind"]

"""Absolute paths, separated by commas, that an application writes to."""

_ALWAYS_WRITABLE = ("/tmp", "/run", "/var/tmp")  # noqa: S108 - paths inside the sandbox
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_FROM_HOST = ("/etc/resolv.conf", "/etc/hosts")


@dataclass(frozen=True, slots=True, kw_only=True)
class LaunchOptions:
    """What the user wishes beyond the image's config. ``command`` replaces its Cmd, ``entrypoint`` its Entrypoint
    and its Cmd; ``env`` is set over its Env; ``writable`` and ``binds`` are added. With ``network`` the host's
    network is shared, and its resolver and host names with it; without there is a loopback interface only."""

    command: tuple[str, ...] = ()
    entrypoint: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    user: str | None = None
    workdir: str | None = None
    writable: tuple[str, ...] = ()
    binds: tuple[Bind, ...] = ()
    network: bool = True


def parse_bind(text: str) -> Bind:
    """Read ``HOST:CONTAINER[:ro|:rw]``; raise UsageError for anything else, and where the host has no such path."""
    parts = text.split(":")
    mode = parts.pop() if len(parts) == 3 else "rw"
    if len(parts) != 2 or not all(parts) or mode not in ("ro", "rw"):
        raise UsageError(f"volume not understood: want HOST:CONTAINER[:ro], got {text!r}")
    source = Path(parts[0]).absolute()
    if not source.exists():
        raise UsageError(f"volume {text!r}: there is no {source} on this machine")
    return Bind(source=source, target=parts[1], writable=mode == "rw")


@contextlib.contextmanager
def launch_command(rootfs: Path, runtime: Runtime, options: LaunchOptions) -> Iterator[Command]:
    """The command that starts the image unpacked at ``rootfs``; what it wrote to its volumes ends with the block.

    Writable are ``/tmp``, ``/run``, ``/var/tmp``, the user's home (see `writable_home`), the config's volumes, the
    paths of the label `WRITABLE_LABEL` and those of ``options``. One that holds files in the image starts with a copy
    of them.
    """
    identity = resolve_user(rootfs, runtime.user if options.user is None else options.user)
    home = writable_home(rootfs, identity)
    paths = dict.fromkeys((*_ALWAYS_WRITABLE, *home, *runtime.volumes, *_labelled(runtime), *options.writable))
    bound = {bind.target for bind in options.binds}
    with _scratch() as scratch:
        binds = [*_host_binds(options)]
        empty = []
        for number, path in enumerate(path for path in paths if path not in bound):
            copied = _copied(rootfs, path, scratch / str(number))
            if copied is None:
                empty.append(path)
            else:
                binds.append(Bind(source=copied, target=path, writable=True, origin="copy"))
        yield Command(
            rootfs=rootfs,
            argv=_argv(runtime, options),
            env=_environment(runtime, options, identity),
            cwd=_workdir(options.workdir or runtime.working_dir or "/"),
            user=(identity.uid, identity.gid),
            binds=(*binds, *options.binds),
            writable=tuple(empty),
            network=options.network,
        )


def _argv(runtime: Runtime, options: LaunchOptions) -> tuple[str, ...]:
    if options.entrypoint is not None:
        argv = (*options.entrypoint, *options.command)
    else:
        argv = (*runtime.entrypoint, *(options.command or runtime.cmd))
    if not argv:
        raise UsageError("nothing to start: the image has neither Entrypoint nor Cmd", hint="give a command")
    return argv


def _environment(runtime: Runtime, options: LaunchOptions, identity: Identity) -> dict[str, str]:
    return {"PATH": _DEFAULT_PATH, "HOME": identity.home, **runtime.environment, **options.env}


def _workdir(path: str) -> str:
    return path if path.startswith("/") else f"/{path}"


def _labelled(runtime: Runtime) -> tuple[str, ...]:
    paths = tuple(path.strip() for path in runtime.labels.get(WRITABLE_LABEL, "").split(",") if path.strip())
    for path in paths:
        if not path.startswith("/"):
            raise ImageError(f"label {WRITABLE_LABEL}: want absolute paths, got {path!r}")
    return paths


def _host_binds(options: LaunchOptions) -> Iterator[Bind]:
    """What a name needs to be resolved as on the host."""
    if options.network:
        taken = {bind.target for bind in options.binds}
        for path in _FROM_HOST:
            source = Path(path).resolve()
            if path not in taken and source.is_file():
                yield Bind(source=source, target=path, origin="host")


def _copied(rootfs: Path, path: str, destination: Path) -> Path | None:
    """A copy of what the image has at ``path``; None when it has nothing there or an empty directory."""
    inside = resolve_on_disk(rootfs, path)
    if not inside or inside.split("/")[0] in KERNEL_DIRECTORIES:
        return None  # for the sandbox to judge
    source = f"{rootfs}/{inside}"
    try:
        if os.path.isdir(source) and not os.path.islink(source):  # noqa: PTH112, PTH114 - no Path of the image's text
            with os.scandir(source) as found:
                if not any(found):
                    return None
            with storage_errors(f"copy {path} of the image"):
                shutil.copytree(source, destination, symlinks=True)
            destination.chmod(destination.stat().st_mode | 0o700)
        elif os.path.lexists(source):
            with storage_errors(f"copy {path} of the image"):
                shutil.copy(source, destination, follow_symlinks=False)
        else:
            return None
    except shutil.Error as error:
        raise ImageError(f"cannot copy {path} of the image: {error.args[0][0][2]}") from error
    return destination


@contextlib.contextmanager
def _scratch() -> Iterator[Path]:
    with storage_errors("make a temporary directory"):
        directory = Path(tempfile.mkdtemp(prefix="lightship-run-"))
    try:
        yield directory
    finally:
        remove(directory)
