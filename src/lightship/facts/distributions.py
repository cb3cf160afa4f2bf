"""Releases of Linux distributions that images are made from: the C library they have and the Python they package.

Facts, each with its source and the date on which that said so. What is no release with one C library (Wolfi, Arch,
Debian unstable: they move) has no entry.
"""

from dataclasses import dataclass

__all__ = ["RELEASES", "Release", "find_release"]

_DEBIAN = "Debian's source packages glibc and python3-defaults, by its package search"
_UBUNTU = "Ubuntu's source packages glibc and python3-defaults, by its package search"
_MANYLINUX = "https://github.com/pypa/manylinux, README: what each tag's image is made from"
_READ = "2026-11"


@dataclass(frozen=True, slots=True, kw_only=True)
class Release:
    """``codename`` is what images call it: a word for Debian and Ubuntu, else the version. ``python`` is what its own
    ``python3`` package is; empty where that is not known. ``libc_version`` is major and minor."""

    family: str
    version: str
    codename: str
    libc: str
    libc_version: tuple[int, int]
    python: str = ""
    source: str
    date: str


def _debian(version: str, codename: str, minor: int, python: str) -> Release:
    return Release(
        family="debian", version=version, codename=codename, libc="glibc", libc_version=(2, minor), python=python,
        source=_DEBIAN, date=_READ,
    )  # fmt: skip


def _ubuntu(version: str, codename: str, minor: int, python: str) -> Release:
    return Release(
        family="ubuntu", version=version, codename=codename, libc="glibc", libc_version=(2, minor), python=python,
        source=_UBUNTU, date=_READ,
    )  # fmt: skip


def _enterprise(version: str, minor: int) -> Release:
    return Release(
        family="rhel", version=version, codename=version, libc="glibc", libc_version=(2, minor), source=_MANYLINUX,
        date=_READ,
    )  # fmt: skip


def _alpine(version: str, minor: int) -> Release:
    return Release(
        family="alpine", version=version, codename=version, libc="musl", libc_version=(1, minor), source=_MANYLINUX,
        date=_READ,
    )  # fmt: skip


RELEASES: tuple[Release, ...] = (
    _debian("10", "buster", 28, "3.7"),
    _debian("11", "bullseye", 31, "3.9"),
    _debian("12", "bookworm", 36, "3.11"),
    _debian("13", "trixie", 41, "3.13"),
    _ubuntu("18.04", "bionic", 27, "3.6"),
    _ubuntu("20.04", "focal", 31, "3.8"),
    _ubuntu("22.04", "jammy", 35, "3.10"),
    _ubuntu("24.04", "noble", 39, "3.12"),
    _ubuntu("26.04", "resolute", 43, "3.14"),
    _enterprise("8", 28),
    _enterprise("9", 34),
    _enterprise("10", 39),
    _alpine("3.12", 1),
    *(_alpine(f"3.{minor}", 2) for minor in range(13, 25)),
)


def find_release(family: str, name: str) -> Release | None:
    """The release of ``family`` with this codename or version; None where there is no fact about it."""
    return next((each for each in RELEASES if each.family == family and name in (each.codename, each.version)), None)
