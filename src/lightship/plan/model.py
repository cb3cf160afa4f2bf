"""The build plan as data: which file goes into which layer, from where, and why it is there or left out.

Nothing here reads or writes. `lightship.plan.assemble` turns a plan into layers.
"""

from dataclasses import field
from typing import Literal

from lightship.archive.content import Content, Inline
from lightship.errors import InputError
from lightship.findings import Safety
from lightship.oci.platform import Platform
from lightship.values import dataclass

__all__ = ["BuildPlan", "Dropped", "Entry", "EntryType", "LayerPlan"]

EntryType = Literal["file", "dir", "symlink", "hardlink"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One path of the image.

    ``path`` is relative, POSIX and normal (`lightship.paths.normal_path`); ``mode`` holds permission bits only;
    ``link_target`` is set for links: verbatim for a symlink, a path inside the image for a hard link.
    ``owner`` says whose it is: ``wheel:numpy==2.0.1``, ``deb:libc6=2.36-9``, ``python:3.12.1``, ``application``,
    ``lightship``. ``why`` is a phrase for a person: ``locked, required by pandas``. ``mtime`` is for a file whose time
    says something (seconds since 1970): all else has the layer's.
    """

    path: str
    type: EntryType = "file"
    mode: int = 0o644
    uid: int = 0
    gid: int = 0
    content: Content | None = None
    link_target: str = ""
    owner: str = ""
    why: str = ""
    mtime: int | None = None

    def __post_init__(self) -> None:
        if (self.content is None) == (self.type == "file"):
            raise InputError(f"plan entry {self.path!r}: a file has content, and nothing else has")
        if self.mtime is not None and self.type != "file":
            raise InputError(f"plan entry {self.path!r}: a file has a time of its own, and nothing else has")
        if bool(self.link_target) != (self.type in ("symlink", "hardlink")):
            raise InputError(f"plan entry {self.path!r}: a link has a target, and nothing else has")

    @property
    def unpacked_bytes(self) -> int:
        """Bytes of a file; 0 for everything else."""
        return self.content.unpacked_bytes if self.content is not None else 0

    @classmethod
    def text(cls, path: str, text: str, *, owner: str, why: str, mode: int = 0o644) -> "Entry":
        """A file with UTF-8 ``text``."""
        return cls(path=path, content=Inline(text.encode()), owner=owner, why=why, mode=mode)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A path that a drop rule left out."""

    path: str
    owner: str
    rule: str
    safety: Safety
    reason: str
    unpacked_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPlan:
    """One layer: its entries in the order they are written (a directory before what is in it).

    ``key`` names everything the layer's bytes depend on; two plans with one key give one layer.
    """

    name: str
    key: str
    entries: tuple[Entry, ...]
    dropped: tuple[Dropped, ...] = ()
    created_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildPlan:
    """An image to be: layers bottom first, and its config in OCI's own terms (image-spec 1.1, config.md)."""

    platform: Platform
    layers: tuple[LayerPlan, ...]
    config: dict[str, object] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
