"""A directory that becomes a layer, as values: every file with its hash, every link with its target."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lightship.archive.content import Content, Stored
from lightship.assets.times import content_time
from lightship.findings import Finding
from lightship.plan.model import Entry

__all__ = ["OWNER", "ImageFile", "ImageFiles", "entry_of"]

OWNER = "application"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFile:
    """A regular file, or a symlink where ``link`` is not empty; ``path`` is relative to the directory. ``is_elf``: it
    begins as an ELF file does."""

    path: str
    executable: bool = False
    size_bytes: int = 0
    sha256: str = ""
    is_elf: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFiles:
    """Everything below ``root`` that goes into an image, sorted by path; ``key`` names all of it."""

    root: Path
    files: tuple[ImageFile, ...]
    key: str
    findings: tuple[Finding, ...] = ()

    @property
    def by_path(self) -> Mapping[str, ImageFile]:
        return {file.path: file for file in self.files}

    def below(self, folder: str) -> "tuple[ImageFile, ...]":
        """Files below ``folder``, which is ``""`` for all."""
        return tuple(file for file in self.files if not folder or file.path.startswith(f"{folder}/"))

    def content(self, file: ImageFile) -> Stored:
        """Where the bytes of ``file`` are."""
        return Stored(self.root / file.path, 0, file.size_bytes, sha256=file.sha256)

    def entries(self, files: Iterable[ImageFile], prefix: str, why: str) -> tuple[Entry, ...]:
        """``files`` as entries below ``prefix``, each of the time that is its content's: servers make ETags of it."""
        return tuple(entry_of(file, prefix, self.content(file), why=why) for file in files)


def entry_of(file: ImageFile, prefix: str, content: Content, *, why: str, time_of: str = "") -> Entry:
    """``file`` as an entry with ``content``; ``time_of`` is the hash that its time is made from, where that is not its
    own."""
    path = f"{prefix}/{file.path}"
    if file.link:
        return Entry(path=path, type="symlink", mode=0o777, link_target=file.link, owner=OWNER, why=why)
    mode = 0o755 if file.executable else 0o644
    mtime = content_time(time_of or file.sha256)
    return Entry(path=path, mode=mode, content=content, owner=OWNER, why=why, mtime=mtime)
