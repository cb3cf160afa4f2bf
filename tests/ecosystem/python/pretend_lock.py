"""Packages of a pretend lock: names of wheels say all that counts."""

from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.ecosystem.python.offers import LockFacts, read_offers
from lightship.oci.platform import Platform

__all__ = ["AMD64", "ARM64", "lock_facts", "package"]

AMD64 = Platform(os="linux", architecture="amd64")
ARM64 = Platform(os="linux", architecture="arm64")


def package(name: str, *tags: str, sdist: bool = False, size_bytes: int | None = 1000) -> LockedPackage:
    """A package with a wheel for each of ``tags`` (``cp311-cp311-manylinux_2_17_x86_64``)."""
    stem = name.replace("-", "_")
    return LockedPackage(
        name=name,
        version="1.0",
        wheels=tuple(
            Artifact(filename=f"{stem}-1.0-{tag}.whl", sha256="0" * 64, size_bytes=size_bytes) for tag in tags
        ),
        sdist=Artifact(filename=f"{stem}-1.0.tar.gz", sha256="0" * 64, size_bytes=size_bytes) if sdist else None,
    )


def lock_facts(
    *packages: LockedPackage, python: str = "3.11.9", platform: Platform = AMD64, requires_python: str | None = None
) -> LockFacts:
    """What these packages offer."""
    return read_offers(packages, python=python, platform=platform, requires_python=requires_python)
