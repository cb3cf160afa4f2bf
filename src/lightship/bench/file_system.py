"""The file system that a node is put on: its kind, and whether that is memory.

What lies in memory cannot be dropped from it: the page cache of tmpfs is the file system.
https://www.kernel.org/doc/html/v6.1/filesystems/tmpfs.html
"""

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["FileSystem", "file_system_of"]

_MEMORY = frozenset({"tmpfs", "ramfs"})
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """``kind`` is the kernel's word for it, such as ext4; empty where that is not known."""

    kind: str

    @property
    def is_memory(self) -> bool:
        """True where its files are in memory and nowhere else."""
        return self.kind in _MEMORY


def file_system_of(path: Path, mounts: Path = Path("/proc/self/mountinfo")) -> FileSystem:
    """That which the directory ``path`` is on, by the table ``mounts`` (proc_pid_mountinfo(5))."""
    wanted = path.resolve()
    found, depth = "", -1
    try:
        lines = mounts.read_text(errors="surrogateescape").splitlines()
    except OSError:
        return FileSystem(kind="")
    for line in lines:
        before, _, after = line.partition(" - ")
        words = before.split(" ")
        if len(words) < 5 or not after:
            continue
        point = Path(_OCTAL.sub(lambda match: chr(int(match[1], 8)), words[4]))
        # of two at one point the later one hides the earlier
        if len(point.parts) >= depth and wanted.is_relative_to(point):
            found, depth = after.split(" ")[0], len(point.parts)
    return FileSystem(kind=found)
