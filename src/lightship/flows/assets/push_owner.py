"""Which process a push is, so that the next one on the same machine can tell that it is over.

A process is named by its number and the tick at which it began (proc_pid_stat(5), field 22), within a space of numbers:
a boot of a kernel (random(4), boot_id) and a namespace (pid_namespaces(7)). The space is hashed, since the name is
published with the manifest that it stands in.
"""

import hashlib
import os
import re
from pathlib import Path

__all__ = ["is_over", "owner_of"]

_OWNER = re.compile(r"(?P<space>[0-9a-f]{16}):(?P<pid>[1-9][0-9]{0,9}):(?P<began>[0-9]{1,20})")


def owner_of(pid: int) -> str:
    """The name of a process of this machine; ``""`` where it cannot be told, as outside Linux."""
    space, stat = _space(), _stat(pid)
    return f"{space}:{pid}:{stat[1]}" if space and stat is not None else ""


def is_over(owner: str) -> bool:
    """Whether ``owner`` was a process of this machine and is none any more. False where it cannot be told: of another
    machine's, another container's, or one whose begin may not be read."""
    found = _OWNER.fullmatch(owner)
    if found is None or found["space"] != _space():
        return False
    try:
        os.kill(int(found["pid"]), 0)
    except (ProcessLookupError, OverflowError):
        return True
    except OSError:
        return False  # there, and another user's: its begin may be hidden
    stat = _stat(int(found["pid"]))
    return stat is not None and (stat[0] in "ZX" or stat[1] != found["began"])


def _space() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/pid").readlink()
    except (OSError, UnicodeDecodeError):
        return ""
    return hashlib.sha256(f"{boot} {namespace}".encode()).hexdigest()[:16]


def _stat(pid: int) -> tuple[str, str] | None:
    """State and begin of a process; its name, which stands before them, may have blanks and brackets in it."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        return fields[0].decode("ascii"), str(int(fields[19]))
    except (OSError, ValueError, IndexError):
        return None
