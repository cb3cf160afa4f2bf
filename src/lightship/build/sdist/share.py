"""How many builds from source run at a time, and how many compilers each of them may start.

Build backends start a compiler a core, and know of no other build beside them: with a build a core that is the square
of the cores. One compiler of C++ with templates takes up to 1 GB (PyTorch's advice of ``MAX_JOBS``:
https://github.com/pytorch/pytorch#from-source, read November 2026); where memory ends, the kernel ends a build without
a word.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Share", "available_bytes", "share_out"]

_COMPILER_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """``builds`` at a time, each with ``compilers``."""

    builds: int
    compilers: int

    @property
    def variables(self) -> Mapping[str, str]:
        """What make, ninja under setuptools and CMake, Cargo and NumPy's distutils are told by."""
        return {
            "MAKEFLAGS": f"-j{self.compilers}",
            "MAX_JOBS": str(self.compilers),
            "CMAKE_BUILD_PARALLEL_LEVEL": str(self.compilers),
            "CARGO_BUILD_JOBS": str(self.compilers),
            "NPY_NUM_BUILD_JOBS": str(self.compilers),
        }


def share_out(builds: int, *, jobs: int, memory_bytes: int | None) -> Share:
    """Of ``jobs`` compilers at a time, fewer where the memory is too small for them, but one at least. Small packages
    go first: as many builds as there are compilers, before a build gets two."""
    fitting = jobs if memory_bytes is None else min(jobs, memory_bytes // _COMPILER_BYTES)
    compilers = max(1, fitting)
    at_a_time = max(1, min(builds, compilers))
    return Share(builds=at_a_time, compilers=compilers // at_a_time)


def available_bytes(root: Path = Path("/")) -> int | None:
    """Memory that may be taken without swapping: of the machine (``/proc/meminfo``, proc_meminfo(5)), or what is left
    of this process's control group's limit (cgroups 2, ``memory.max``), the smaller. None where nothing says so."""
    found = [each for each in (_of_machine(root), _of_group(root)) if each is not None]
    return min(found) if found else None


def _of_machine(root: Path) -> int | None:
    for line in _text(root / "proc/meminfo").splitlines():
        name, _, value = line.partition(":")
        if name == "MemAvailable" and value.split()[:1] and value.split()[0].isdecimal():
            return int(value.split()[0]) * 1024
    return None


def _of_group(root: Path) -> int | None:
    """Of the nearest group above that has a limit; the cache of files in it can be given back."""
    lines = _text(root / "proc/self/cgroup").splitlines()
    group = next((line.removeprefix("0::/") for line in lines if line.startswith("0::/")), None)
    if group is None or ".." in group.split("/"):
        return None
    folder, top = root / "sys/fs/cgroup" / group, root / "sys/fs/cgroup"
    left: list[int] = []
    for each in (folder, *folder.parents):
        limit, used = _text(each / "memory.max").strip(), _text(each / "memory.current").strip()
        if limit.isdecimal() and used.isdecimal():
            left.append(max(0, int(limit) - int(used) + _given_back(each)))
        if each == top:
            break
    return min(left) if left else None


def _given_back(group: Path) -> int:
    for line in _text(group / "memory.stat").splitlines():
        name, _, value = line.partition(" ")
        if name == "inactive_file" and value.isdecimal():
            return int(value)
    return 0


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError):  # another system, or none of its business: nothing is known then
        return ""
