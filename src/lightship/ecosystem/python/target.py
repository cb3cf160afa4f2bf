"""The Python that an image will run: what markers and wheel tags are evaluated for, never the host's.

PEP 508 (environment markers), PEP 425 and 600 (manylinux), PEP 656 (musllinux).
"""

import functools
from typing import TYPE_CHECKING, Literal

from lightship.oci.platform import Platform
from lightship.values import dataclass

if TYPE_CHECKING:
    from packaging.tags import Tag

__all__ = ["Target"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One interpreter on one platform. ``python`` is the full version: ``3.11.2`` and ``3.11.7`` differ in markers."""

    python: str
    platform: Platform
    libc: Literal["glibc", "musl"]
    libc_version: tuple[int, int]

    @property
    def minor(self) -> str:
        """``3.11``."""
        return ".".join(self.python.split(".")[:2])

    @property
    def cache_key(self) -> str:
        """A short, stable name: ``cp311-linux-x86_64-glibc-2.36-3.11.2``."""
        major, minor = self.minor.split(".")
        libc = f"{self.libc}-{self.libc_version[0]}.{self.libc_version[1]}"
        return f"cp{major}{minor}-{self.platform.os}-{self.platform.machine}-{libc}-{self.python}"

    def marker_environment(self) -> dict[str, str]:
        """Values for `packaging.markers.Marker.evaluate`; ``extra`` is empty."""
        return {
            "implementation_name": "cpython",
            "implementation_version": self.python,
            "os_name": "posix",
            "platform_machine": self.platform.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": self.python,
            "python_version": self.minor,
            "sys_platform": "linux",
            "extra": "",
        }

    def platform_tags(self) -> tuple[str, ...]:
        """Platform tags, best first: ``manylinux_2_36_x86_64`` … ``manylinux1_x86_64``, ``linux_x86_64``.

        ``linux_x86_64`` stands last, as in uv; `packaging` from 26 puts it first. Such a wheel was built for some
        machine's own libraries, and an image is another machine.
        """
        return _platform_tags(self.libc, self.libc_version, self.platform.machine)

    def wheel_tags(self) -> "tuple[Tag, ...]":
        """Every wheel tag this target accepts, best first."""
        return _wheel_tags(self.minor, self.platform_tags())


_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
"""PEP 600: the perennial names of the three older standards; 2010 and 1 exist for x86 only."""


@functools.cache
def _platform_tags(libc: str, version: tuple[int, int], machine: str) -> tuple[str, ...]:
    major, minor = version
    prefix = "manylinux" if libc == "glibc" else "musllinux"
    oldest = 0 if libc == "musl" else 5 if machine == "x86_64" else 17
    tags: list[str] = []
    for number in range(minor, oldest - 1, -1):
        tags.append(f"{prefix}_{major}_{number}_{machine}")
        if libc == "glibc" and (major, number) in _LEGACY:
            tags.append(f"{_LEGACY[major, number]}_{machine}")
    return (*tags, f"linux_{machine}")


@functools.cache
def _wheel_tags(minor: str, platforms: tuple[str, ...]) -> "tuple[Tag, ...]":
    from packaging.tags import compatible_tags, cpython_tags

    major_minor = tuple(int(part) for part in minor.split("."))
    interpreter = "cp" + "".join(minor.split("."))
    # Without abis packaging asks the running interpreter: a debug or free-threaded host would change the answer.
    own = cpython_tags(major_minor, abis=[interpreter], platforms=platforms)
    shared = compatible_tags(major_minor, interpreter=interpreter, platforms=platforms)
    return (*own, *shared)
