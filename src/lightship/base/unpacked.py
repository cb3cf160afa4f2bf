"""A package taken apart once: its files in the cache, ready to be spliced into layers, and what is known of them.

deb(5), deb-control(5). Paths are those of a merged /usr: ``lib/x86_64-linux-gnu/libz.so.1`` is kept as
``usr/lib/x86_64-linux-gnu/libz.so.1``, so that no path of a base lies below a symbolic link.
"""

from dataclasses import dataclass
from typing import Literal

from lightship.archive.content import Content
from lightship.base.index import PackageRecord
from lightship.ecosystem.elf import ElfFile

__all__ = ["DebMember", "UnpackedDeb"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DebMember:
    """One file. ``interpreter`` is the first word of a shebang line; ``elf`` the facts of an ELF file,
    ``converts_text`` whether it names ``iconv_open``."""

    path: str
    type: Literal["file", "dir", "symlink", "hardlink"]
    mode: int
    content: Content | None = None
    link_target: str = ""
    interpreter: str = ""
    elf: ElfFile | None = None
    converts_text: bool = False

    @property
    def unpacked_bytes(self) -> int:
        return self.content.unpacked_bytes if self.content is not None else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackedDeb:
    """One package. ``control`` is its paragraph; ``md5sums`` and ``postinst`` are "" where it has none."""

    record: PackageRecord
    control: str
    md5sums: str
    postinst: str
    members: tuple[DebMember, ...]

    @property
    def owner(self) -> str:
        """As entries name it: ``deb:libc6=2.36-9``."""
        return f"deb:{self.record.name}={self.record.version}"
