"""Whether this machine can execute what an image holds.

binfmt_misc, https://docs.kernel.org/admin-guide/binfmt-misc.html (Linux 6.12): an emulator registered with the flag
F is found from inside a sandbox too.
"""

from pathlib import Path

from lightship.errors import UsageError
from lightship.oci.platform import MACHINES, Platform
from lightship.store.select import host_platform

__all__ = ["check_runs_here", "runs_here"]

_ALSO = {"amd64": ("386",), "arm64": ("arm",)}
_EMULATORS = Path("/proc/sys/fs/binfmt_misc")


def runs_here(platform: Platform, *, host: Platform | None = None, emulators: Path = _EMULATORS) -> bool:
    """True where the processor of ``host`` (None: this machine's) or a registered emulator executes ``platform``."""
    ours = host or host_platform()
    if platform.os != ours.os:
        return False
    if platform.architecture in (ours.architecture, *_ALSO.get(ours.architecture, ())):
        return True
    machine = MACHINES.get(platform.architecture, platform.architecture)
    try:
        said = (emulators / f"qemu-{machine}").read_text().splitlines()
    except (OSError, ValueError):
        return False
    flags = next((line.partition(":")[2] for line in said if line.startswith("flags:")), "")
    return "enabled" in said and "F" in flags


def check_runs_here(platform: Platform) -> None:
    """Raise UsageError for an image of ``platform`` that this machine cannot execute."""
    if not runs_here(platform):
        raise UsageError(f"the image is for {platform}, and this machine runs {host_platform()}")
