"""The bases that a Python application can stand on, for one Python version: names, C libraries, cited sizes, traps."""

from collections.abc import Iterable
from dataclasses import dataclass

from lightship.ecosystem.base_images import KnownBase, known_base
from lightship.ecosystem.base_sizes import base_size
from lightship.facts.base_sizes import BaseSize, closure_size, find_size
from lightship.facts.base_traps import TRAPS, Trap
from lightship.facts.distributions import RELEASES, Release, find_release

__all__ = ["Candidate", "Figure", "candidate_of", "candidates", "traps_of"]

_DISTROLESS = ("bookworm", "trixie")
"""Debian releases of which there are images with Python (README of distroless, 2026)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """Compressed bytes of a base. ``measured`` in a registry or here, else cited; ``source`` and ``date`` say by whom
    and when. ``at_least``: the image lacks the interpreter, which comes on top."""

    compressed_bytes: int
    unpacked_bytes: int | None = None
    measured: bool = False
    at_least: bool = False
    source: str
    date: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One base. ``image`` is what FROM would name, empty for the closure; ``addition`` what is installed on it.
    ``libc_version`` is None where the name does not tell it. ``python`` is the interpreter that it has, or would get
    from its own packages; None where it has none of the wanted version, and then ``lacks`` says what it has.
    ``figure`` is None where no size is known."""

    key: str
    title: str
    image: str = ""
    addition: str = ""
    libc: str | None = "glibc"
    libc_version: tuple[int, int] | None = None
    release: str = ""
    python: str | None = None
    lacks: str = ""
    figure: Figure | None = None
    traps: tuple[Trap, ...] = ()


def candidates(minor: str) -> tuple[Candidate, ...]:
    """Debian full and slim, the closure, distroless, Wolfi, Ubuntu and Alpine for Python ``minor`` (``3.11``)."""
    return (
        _closure(minor),
        _official("slim", "Debian slim", f"python:{minor}-slim", minor),
        _official("full", "Debian full", f"python:{minor}", minor),
        _distroless(minor),
        _wolfi(minor),
        _ubuntu(minor),
        _official("alpine", "Alpine", f"python:{minor}-alpine", minor),
    )


def candidate_of(base: KnownBase) -> Candidate:
    """The base that a user names."""
    size = base_size(base)
    version = base.libc_version
    if version is None and size is not None and size.release and not base.release:
        known = find_release(base.family, size.release)
        version = known.libc_version if known is not None else None
    return Candidate(
        key=base.name,
        title=base.name,
        image=base.name,
        libc=base.libc,
        libc_version=version,
        release=base.release or (size.release if size is not None else ""),
        python=base.python,
        figure=_figure(size) if size is not None else None,
        traps=traps_of(base),
    )


def traps_of(base: KnownBase) -> tuple[Trap, ...]:
    """What is known to go wrong on it."""
    kinds = {base.libc or "", base.family}
    if base.family == "debian" and base.has_python and not base.slim:
        kinds.add("full")
    return tuple(trap for trap in TRAPS if trap.applies in kinds)


def _closure(minor: str) -> Candidate:
    own = next((release for release in RELEASES if release.family == "debian" and release.python == minor), None)
    known = closure_size(minor)
    return Candidate(
        key="closure",
        title="lightship's closure",
        libc_version=own.libc_version if own is not None else None,
        release=own.codename if own is not None else "",
        python=minor,
        figure=Figure(
            compressed_bytes=known.compressed_bytes,
            unpacked_bytes=known.unpacked_bytes,
            source=known.source,
            date=known.date,
        ),
    )


def _official(key: str, title: str, image: str, minor: str) -> Candidate:
    base = known_base(image)
    if base is None:  # the names are ours
        raise ValueError(image)
    found = candidate_of(base)
    return Candidate(
        key=key,
        title=title,
        image=image,
        libc=found.libc,
        libc_version=found.libc_version,
        release=found.release,
        python=minor,
        figure=found.figure,
        traps=found.traps,
    )


def _distroless(minor: str) -> Candidate:
    releases = [release for name in _DISTROLESS if (release := find_release("debian", name)) is not None]
    own = _packaging(releases, minor)
    chosen = own or releases[-1]
    return Candidate(
        key="distroless",
        title="distroless",
        image=f"gcr.io/distroless/python3-debian{chosen.version}",
        libc_version=chosen.libc_version,
        release=chosen.codename,
        python=minor if own is not None else None,
        lacks="" if own is not None else f"its Python is {_those(releases)}, fixed by Debian",
        traps=_of("distroless"),
    )


def _wolfi(minor: str) -> Candidate:
    return Candidate(
        key="wolfi",
        title="Wolfi",
        image="cgr.dev/chainguard/wolfi-base",
        addition=f"python-{minor}",
        python=minor,
        traps=_of("wolfi"),
    )


def _ubuntu(minor: str) -> Candidate:
    releases = [release for release in RELEASES if release.family == "ubuntu"]
    own = _packaging(releases, minor)
    chosen = own or releases[-1]
    size = find_size("ubuntu", family="ubuntu", release=chosen.codename)
    return Candidate(
        key="ubuntu",
        title="Ubuntu",
        image=f"ubuntu:{chosen.version}",
        addition=f"python{minor}" if own is not None else "",
        libc_version=chosen.libc_version,
        release=chosen.codename,
        python=minor if own is not None else None,
        lacks="" if own is not None else f"no release packages Python {minor}: they have {_those(releases)}",
        figure=_figure(size, at_least=True) if size is not None else None,
        traps=_of("ubuntu"),
    )


def _packaging(releases: Iterable[Release], minor: str) -> Release | None:
    return next((release for release in reversed(list(releases)) if release.python == minor), None)


def _those(releases: Iterable[Release]) -> str:
    return ", ".join(release.python for release in releases)


def _figure(size: BaseSize, *, at_least: bool = False) -> Figure:
    return Figure(
        compressed_bytes=size.compressed_bytes,
        unpacked_bytes=size.unpacked_bytes,
        at_least=at_least,
        source=f"{size.source} (linux/amd64)",
        date=size.date,
    )


def _of(*kinds: str) -> tuple[Trap, ...]:
    return tuple(trap for trap in TRAPS if trap.applies in kinds)
