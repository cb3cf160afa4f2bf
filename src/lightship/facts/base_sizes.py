"""Compressed and unpacked bytes of common base images, as cited: what to say where no registry can be asked.

``compressed_bytes`` is the sum of the layers' sizes in the manifest of linux/amd64, ``unpacked_bytes`` what repo-info
calls the virtual size, which it rounds (repos/…/local). Tags move, so a figure is that of its ``date``, the day on
which the last layer was made. What nobody publishes in bytes (distroless, Chainguard's images) is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["BASE_SIZES", "CLOSURES", "PYTHON_RELEASES", "BaseSize", "ClosureSize", "closure_size", "find_size"]

_REPO_INFO = "https://github.com/docker-library/repo-info, repos/{}/remote/{}.md"
_LAYERS = "the lowest layers of {}, https://github.com/docker-library/repo-info"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSize:
    """One image of linux/amd64. ``release`` is the codename or version of its distribution; ``python`` and ``node`` the
    versions it has, empty where it has none."""

    name: str
    compressed_bytes: int
    unpacked_bytes: int | None = None
    family: str
    release: str
    python: str = ""
    node: str = ""
    slim: bool = False
    source: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ClosureSize:
    """What lightship's own base of distribution packages came to."""

    packages: int
    compressed_bytes: int
    unpacked_bytes: int
    source: str
    date: str


def _python(
    tag: str,
    compressed_bytes: int,
    version: str,
    date: str,
    *,
    release: str = "trixie",
    unpacked_bytes: int | None = None,
) -> BaseSize:
    alpine = tag.endswith("-alpine")
    return BaseSize(
        name=f"python:{tag}",
        compressed_bytes=compressed_bytes,
        unpacked_bytes=unpacked_bytes,
        family="alpine" if alpine else "debian",
        release="3.24" if alpine else release,
        python=version,
        slim="slim" in tag,
        source=_REPO_INFO.format("python", tag if "-" in tag else f"{tag}-{release}"),
        date=date,
    )


def _node(tag: str, compressed_bytes: int, version: str, date: str, *, unpacked_bytes: int | None = None) -> BaseSize:
    alpine = tag.endswith("-alpine")
    return BaseSize(
        name=f"node:{tag}",
        compressed_bytes=compressed_bytes,
        unpacked_bytes=unpacked_bytes,
        family="alpine" if alpine else "debian",
        release="3.24" if alpine else "bookworm",
        node=version,
        slim="slim" in tag,
        source=_REPO_INFO.format("node", tag if "-" in tag else f"{tag}-bookworm"),
        date=date,
    )


def _distribution(
    name: str, compressed_bytes: int, release: str, date: str, *, slim: bool = False, source: str = ""
) -> BaseSize:
    family, _, tag = name.partition(":")
    return BaseSize(
        name=name,
        compressed_bytes=compressed_bytes,
        family="debian" if family == "buildpack-deps" else family,
        release=release,
        slim=slim,
        source=source or _REPO_INFO.format(family, tag),
        date=date,
    )


BASE_SIZES: tuple[BaseSize, ...] = (
    _python("3.11", 409_120_197, "3.11.15", "2026-07-14"),
    _python("3.11-slim", 45_520_747, "3.11.15", "2026-08-05"),
    _python("3.11-alpine", 20_395_849, "3.11.16", "2026-09-17"),
    _python("3.12", 410_908_459, "3.12.14", "2026-08-13", unpacked_bytes=1_110_000_000),
    _python("3.12-slim", 43_188_023, "3.12.13", "2026-08-05", unpacked_bytes=119_200_000),
    _python("3.12-slim-bookworm", 45_437_565, "3.12.14", "2026-08-25", release="bookworm"),
    _python("3.12-alpine", 18_037_743, "3.12.14", "2026-09-17"),
    _python("3.13", 412_660_988, "3.13.14", "2026-07-14"),
    _python("3.13-slim", 42_961_458, "3.13.14", "2026-08-05"),
    _python("3.13-alpine", 16_906_875, "3.13.15", "2026-09-17"),
    _python("3.14-slim", 43_437_809, "3.14.7", "2026-08-05"),
    _node("22", 408_499_334, "22.23.2", "2026-09-19"),
    _node("22-slim", 79_893_445, "22.23.2", "2026-09-19", unpacked_bytes=227_340_000),
    _node("22-alpine", 60_697_390, "22.23.3", "2026-09-23"),
    _distribution("debian:bookworm", 48_503_440, "bookworm", "2026-09-19", source=_LAYERS.format("node:22-bookworm")),
    _distribution("debian:bookworm-slim", 28_232_590, "bookworm", "2026-08-04", slim=True),
    _distribution("debian:trixie", 49_312_314, "trixie", "2026-08-04", source=_LAYERS.format("python:3.12-trixie")),
    _distribution(
        "debian:trixie-slim", 29_780_765, "trixie", "2026-08-04", slim=True, source=_LAYERS.format("python:3.12-slim")
    ),
    _distribution(
        "buildpack-deps:bookworm", 348_691_606, "bookworm", "2026-09-19", source=_LAYERS.format("node:22-bookworm")
    ),
    _distribution(
        "buildpack-deps:trixie", 379_068_870, "trixie", "2026-08-05", source=_LAYERS.format("python:3.12-trixie")
    ),
    _distribution("alpine:3.24", 3_849_738, "3.24", "2026-09-17", source=_LAYERS.format("python:3.12-alpine")),
    _distribution("ubuntu:24.04", 29_764_116, "noble", "2026-09-11"),
)

_TABLES = (8_086_702, 3_400_000)
"""glibc's tables for converting text, unpacked and compressed: in the closure where something asks for them
(docs/decisions/base-closure.md). They are in the figures, which so hold for more locks."""


def _closure(python: str, packages: int, unpacked_bytes: int, compressed_bytes: int) -> ClosureSize:
    return ClosureSize(
        packages=packages,
        compressed_bytes=compressed_bytes + _TABLES[1],
        unpacked_bytes=unpacked_bytes + _TABLES[0],
        source=f"measured: {python} with the whole standard library, CA certificates, tzdata, libstdc++, libgomp and "
        "glibc's text tables, without bytecode; docs/decisions/base-closure.md",
        date="2026-11",
    )


CLOSURES: Mapping[str, ClosureSize] = {
    "3.10": _closure("CPython 3.10.13 on Debian 12", 32, 40_993_914, 14_440_191),
    "3.11": _closure("Debian 12's python3.11", 43, 44_304_326, 15_856_409),
    "3.12": _closure("CPython 3.12.1 on Debian 12", 32, 43_612_902, 14_931_788),
    "3.13": _closure("CPython 3.13.0 on Debian 12", 22, 39_338_910, 13_751_209),
}
"""By Python's minor version; gzip; linux/amd64; layers ``base`` and ``interpreter`` of `lightship build` of one
pure package."""

PYTHON_RELEASES = ("3.10.21", "3.11.16", "3.12.14", "3.13.15", "3.14.7")
"""CPython in Docker's official images: https://github.com/docker-library/official-images, library/python, 2026-08-13.
Which packages apply can hang on the last number: before 3.11.3 redis wants async-timeout."""


def closure_size(python: str) -> ClosureSize:
    """That of Python ``3.12``; of a version that was not measured the largest, which says whose it is."""
    return CLOSURES.get(python) or max(CLOSURES.values(), key=lambda size: size.compressed_bytes)


def find_size(
    repository: str, *, family: str, release: str = "", python: str = "", node: str = "", slim: bool = False
) -> BaseSize | None:
    """The figure of an image of ``repository`` (``python``) that is like that: its ``python`` and ``node`` of the same
    minor and major version, ``release`` the same where it is given; None where there is none. Without a release it is
    that of the repository's usual tags, the first of `BASE_SIZES`."""
    for size in BASE_SIZES:
        languages = (_minor(size.python), _major(size.node))
        if (size.family, languages, size.slim) != (family, (_minor(python), _major(node)), slim):
            continue
        if size.name.partition(":")[0] == repository and (not release or size.release == release):
            return size
    return None


def _major(version: str) -> str:
    return version.partition(".")[0]


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])
