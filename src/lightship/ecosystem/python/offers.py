"""What a lock offers a machine, by C library: for each package the wheels that would do, and whether there is an sdist.

One reading answers for every base: `Offer.wheel` tells which file a base with this C library and version gets. Platform
tags: PEP 600 (manylinux), PEP 656 (musllinux). A wheel tagged ``linux_x86_64`` says nothing of its C library; it was
built for glibc wherever we have seen one, and is counted so.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from lightship.ecosystem.python.locked import LockedPackage
    from lightship.ecosystem.python.target import Target
    from lightship.oci.platform import Platform

__all__ = ["ANY_GLIBC", "ANY_MUSL", "LockFacts", "Offer", "OfferKind", "OfferedWheel", "read_offers"]

OfferKind = Literal["pure", "both", "manylinux", "musllinux", "source", "nothing", "unlisted"]

ANY_GLIBC = (2, 99)
ANY_MUSL = (1, 99)
"""Newer than every release: no wheel is refused for its version."""

_NUMBERED = re.compile(r"(?:manylinux|musllinux)_(\d{1,4})_(\d{1,4})_\w+")
_LEGACY = {"manylinux1": (2, 5), "manylinux2010": (2, 12), "manylinux2014": (2, 17)}
_NO_VERSION = (0, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedWheel:
    """A wheel of the lock that fits the Python and the machine. ``floor`` is the lowest version of ``libc`` that its
    tags accept; (0, 0) for ``any`` C library and for a tag without version."""

    filename: str
    libc: Literal["any", "glibc", "musl"]
    floor: tuple[int, int]
    sha256: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the lock has of one package. ``wheels`` fit, best first. ``has_sdist`` holds for a directory or a repository
    too; ``sdist_bytes`` is None where it has no size. ``listed`` is False where the lock names no files at all
    (requirements.txt)."""

    name: str
    version: str
    wheels: tuple[OfferedWheel, ...] = ()
    has_sdist: bool = False
    sdist_bytes: int | None = None
    listed: bool = True
    required_by: tuple[str, ...] = ()

    def wheel(self, libc: str, version: tuple[int, int]) -> OfferedWheel | None:
        """What a base with this C library gets; None where it must build from source, or cannot."""
        for wheel in self.wheels:
            if wheel.libc == "any" or (wheel.libc == libc and wheel.floor <= version):
                return wheel
        return None

    @property
    def kind(self) -> OfferKind:
        """``pure`` runs with every C library; ``both``, ``manylinux`` and ``musllinux`` are compiled; ``source`` has an
        sdist only, ``nothing`` not even that; ``unlisted``: not known."""
        glibc, musl = self.wheel("glibc", ANY_GLIBC), self.wheel("musl", ANY_MUSL)
        if glibc is not None and musl is not None:
            return "pure" if "any" == glibc.libc == musl.libc else "both"
        if glibc is not None:
            return "manylinux"
        if musl is not None:
            return "musllinux"
        if not self.listed:
            return "unlisted"
        return "source" if self.has_sdist else "nothing"


@dataclass(frozen=True, slots=True, kw_only=True)
class LockFacts:
    """A lock as a base sees it: for CPython ``python`` (full version) on ``machine``. ``requires_python`` is the
    project's own specifier."""

    python: str
    machine: str
    offers: tuple[Offer, ...]
    requires_python: str | None = None

    @property
    def minor(self) -> str:
        """``3.11``."""
        return ".".join(self.python.split(".")[:2])

    def of_kind(self, *kinds: OfferKind) -> tuple[Offer, ...]:
        """The packages of these kinds, by name."""
        return tuple(offer for offer in self.offers if offer.kind in kinds)

    @property
    def without_musl(self) -> tuple[Offer, ...]:
        """Compiled packages that have wheels for glibc and none for musl."""
        return self.of_kind("manylinux")


def read_offers(
    packages: "Iterable[LockedPackage]", *, python: str, platform: "Platform", requires_python: str | None = None
) -> LockFacts:
    """What ``packages`` offer CPython ``python`` on ``platform``'s machine; wheels of other machines do not count."""
    from lightship.ecosystem.python.target import Target

    targets = (
        Target(python=python, platform=platform, libc="glibc", libc_version=ANY_GLIBC),
        Target(python=python, platform=platform, libc="musl", libc_version=ANY_MUSL),
    )
    offers = tuple(sorted((_offer(package, targets) for package in packages), key=lambda offer: offer.name))
    return LockFacts(python=python, machine=platform.machine, offers=offers, requires_python=requires_python)


def _offer(package: "LockedPackage", targets: "Sequence[Target]") -> Offer:
    from lightship.ecosystem.python.choose import wheel_rank

    fitting = []
    for artifact in package.wheels:
        platforms = artifact.filename.removesuffix(".whl").rpartition("-")[2]
        libc: Literal["any", "glibc", "musl"] = (
            "any" if platforms == "any" else "musl" if "musllinux" in platforms else "glibc"
        )
        # A compressed set may name both; ``any`` fits either target.
        for target in targets[:1] if libc in ("any", "glibc") else targets[1:]:
            rank = wheel_rank(artifact.filename, target, name=package.name)
            if rank is not None:
                wheel = OfferedWheel(
                    filename=artifact.filename,
                    libc=libc,
                    floor=_floor(platforms, target),
                    sha256=artifact.sha256,
                    size_bytes=artifact.size_bytes,
                )
                fitting.append((rank, wheel))
    # Ranks of the two libraries' targets are not comparable, nor need they be: no base asks for both. A compiled wheel
    # goes before a pure one, as in either target.
    fitting.sort(key=lambda pair: (pair[1].libc != "any", pair[0]), reverse=True)
    return Offer(
        name=package.name,
        version=package.version,
        wheels=tuple(wheel for _, wheel in fitting),
        has_sdist=package.sdist is not None or package.kind in ("git", "directory", "editable"),
        sdist_bytes=package.sdist.size_bytes if package.sdist is not None else None,
        listed=bool(package.wheels) or package.sdist is not None or not package.hashes,
        required_by=package.required_by,
    )


def _floor(platforms: str, target: "Target") -> tuple[int, int]:
    """The lowest version among the tags of a compressed set that are for the machine."""
    versions = []
    for tag in platforms.split("."):
        if not tag.endswith(f"_{target.platform.machine}"):
            continue
        numbered = _NUMBERED.fullmatch(tag)
        if numbered is not None:
            versions.append((int(numbered[1]), int(numbered[2])))
        elif tag.partition("_")[0] in _LEGACY:
            versions.append(_LEGACY[tag.partition("_")[0]])
    return min(versions, default=_NO_VERSION)
