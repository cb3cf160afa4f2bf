"""What is asked of a Next.js server tree, and what is decided for each of its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from lightship.findings import Safety

__all__ = ["Images", "Left", "Libc", "Selection", "StandaloneOptions", "Static"]

Static = Literal["keep", "moved"]
Images = Literal["keep", "off"]
Libc = Literal["glibc", "musl"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StandaloneOptions:
    """``static`` says who serves ``public`` and the build's static files, ``images`` whether this server makes pictures
    smaller. ``architecture`` (as in OCI: ``amd64``) and ``libc`` say where it will run; None means that it may be
    any. ``keep`` and ``off`` are as for a build: patterns over paths, and codes of rules."""

    static: Static = "keep"
    images: Images = "keep"
    architecture: str | None = None
    libc: Libc | None = None
    max_safety: Safety = "safe"
    keep: tuple[str, ...] = ()
    off: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """A path that a rule leaves out; a link counts no bytes."""

    path: str
    rule: str
    safety: Safety
    reason: str
    unpacked_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """``kept`` are files with their sizes, ``links`` those that still lead to something, ``left`` what a rule leaves
    out, sorted by path."""

    kept: Mapping[str, int]
    links: Mapping[str, str]
    left: tuple[Left, ...]
