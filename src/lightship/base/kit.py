"""What a root is for: to run an application, or to build wheels from sources. Data only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from lightship.base.leave_out import BUILD_RULES, RUN_RULES, LeaveOut
from lightship.base.solve import MAINTENANCE

__all__ = ["BUILD", "COMPILER", "RUN", "Kit"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """``packages`` are always there, each with its reason, ``optional`` where the distribution has them; ``python``
    are those of a distribution's interpreter, with ``{minor}`` to fill in, and ``python_to_3_11`` what Debian packages
    apart of the standard library up to 3.11. ``section`` is added to the architecture's name in the base lock."""

    section: str
    packages: Mapping[str, str]
    optional: Mapping[str, str]
    python: Sequence[str]
    python_to_3_11: Sequence[str]
    rules: Sequence[LeaveOut]
    skip: Mapping[str, str]
    headers: bool = False


_EVERY_ROOT = {
    "base-files": "names the distribution, holds common licences",
    "ca-certificates": "TLS connections",
    "libc6": "C library",
    "libc-bin": "C.UTF-8 locale",
    "media-types": "types of files, read by Python's mimetypes",
    "netbase": "names of protocols and services",
    "tzdata": "time zones",
}
_WHERE_THERE = {"tzdata-legacy": "time zones by their older names, which Debian 13 packages apart"}
_APART = ("python3-distutils", "python3-lib2to3")

RUN = Kit(
    section="",
    packages=_EVERY_ROOT,
    optional=_WHERE_THERE,
    python=("python{minor}", "libpython{minor}-stdlib"),
    python_to_3_11=_APART,
    rules=RUN_RULES,
    skip=MAINTENANCE,
)

COMPILER = replace(RUN, section="-compiler")
"""A root of this machine whose interpreter compiles for an image of another; locked apart from its own images."""

_TOOLS = (
    "bash", "binutils", "coreutils", "dash", "diffutils", "findutils", "g++", "gawk", "gcc", "grep", "gzip",
    "libc6-dev", "make", "patch", "perl-base", "pkg-config", "sed", "tar", "xz-utils",
)  # fmt: skip

BUILD = Kit(
    section="-build",
    packages=_EVERY_ROOT | dict.fromkeys(_TOOLS, "building wheels from sources"),
    optional={},
    python=("python{minor}", "libpython{minor}-stdlib", "libpython{minor}-dev"),
    python_to_3_11=_APART,
    rules=BUILD_RULES,
    # configure scripts and makefiles call what Debian takes for granted, libc's tools among them.
    skip={name: reason for name, reason in MAINTENANCE.items() if name not in ("awk", "debianutils", "libc-bin")},
    headers=True,
)
