"""What one layer holds, from its tar alone: sizes, the packages whose metadata is in it, and those that it removes.

Core metadata and "Recording installed projects" (packaging.python.org/specifications, 2026); dpkg(1) for
``var/lib/dpkg``. A layer is read once from front to back, and nothing is unpacked.
"""

import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from email.parser import BytesHeaderParser

from lightship.archive.tar import TarMember, TarReader
from lightship.archive.whiteout import parse_whiteout
from lightship.build.record import parse_record
from lightship.ecosystem.dpkg.installed import parse_installed
from lightship.ecosystem.python.names import normal_name
from lightship.errors import InputError
from lightship.image.protocol import Layer
from lightship.paths import normal_path

__all__ = ["LayerContents", "LayerPackage", "read_contents"]

_DIST_INFO = re.compile(r"(?:(?P<site>.+)/)?(?P<name>[^/]+?)-(?P<version>[^-/]+)\.dist-info")
_STATUS = "var/lib/dpkg/status"
_TEXT_BYTES = 16 << 20
"""A ``RECORD`` or a status file beyond that is not read: the largest known are under 2 MB."""
_MOST_HELD_BYTES = 128 << 20
"""What all of them in one layer may take: they are kept until the layer was read, and a bomb has any number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerPackage:
    """A package by ecosystem (``python``, ``deb``) and normal name. ``unpacked_bytes`` are those of its files in the
    layer, or what the package itself claims; None where nothing tells."""

    ecosystem: str
    name: str
    version: str
    unpacked_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerContents:
    """``unpacked_bytes`` are those of files, ``files`` counts what is no directory. ``removed`` are packages of lower
    layers that this one takes away. ``whole_status`` tells that the packages of Debian are all there are."""

    unpacked_bytes: int
    files: int
    packages: tuple[LayerPackage, ...] = ()
    removed: tuple[LayerPackage, ...] = ()
    whole_status: bool = False


def read_contents(layer: Layer) -> LayerContents:
    """Read ``layer`` to its end, so that it is verified. What metadata says is believed only where it can be read:
    a package that cannot be understood is not listed, and never ends the reading."""
    found = _Contents()
    with layer.open_tar() as stream:
        reader = TarReader(stream, f"layer {layer.digest}")
        for member in reader:
            found.add(member, reader)
    return found.result()


@dataclass(slots=True)
class _Contents:
    sizes: dict[str, int] = field(default_factory=dict)
    files: int = 0
    metadata: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, bytes] = field(default_factory=dict)
    statuses: dict[str, bytes] = field(default_factory=dict)
    whiteouts: list[str] = field(default_factory=list)
    held_bytes: int = 0

    def add(self, member: TarMember, reader: TarReader) -> None:
        if member.type == "dir":
            return
        whiteout = parse_whiteout(member.path)
        if whiteout is not None:
            self.whiteouts += [] if whiteout.opaque else [whiteout.path]
            return
        self.files += 1
        self.sizes[member.path] = member.size_bytes
        directory, _, name = member.path.rpartition("/")
        if member.type != "file" or self.held_bytes + member.size_bytes > _MOST_HELD_BYTES:
            return
        if member.size_bytes > _TEXT_BYTES:
            return
        if name in ("METADATA", "RECORD") and directory.endswith(".dist-info"):
            texts = self.metadata if name == "METADATA" else self.records
            texts[directory] = reader.content().read()
            self.held_bytes += member.size_bytes
        elif member.path == _STATUS or (directory == f"{_STATUS}.d" and not name.endswith(".md5sums")):
            self.statuses[member.path] = reader.content().read()
            self.held_bytes += member.size_bytes

    def result(self) -> LayerContents:
        packages = [*self._python(), *self._debian()]
        return LayerContents(
            unpacked_bytes=sum(self.sizes.values()),
            files=self.files,
            packages=tuple(sorted(packages, key=lambda each: (each.ecosystem, each.name))),
            removed=tuple(self._removed()),
            whole_status=_STATUS in self.statuses,
        )

    def _python(self) -> Iterable[LayerPackage]:
        for directory, text in self.metadata.items():
            headers = BytesHeaderParser().parsebytes(text)
            name, version = headers.get("Name"), headers.get("Version")
            if name and version:
                size = self._recorded(directory)
                yield LayerPackage(
                    ecosystem="python", name=normal_name(str(name)), version=str(version), unpacked_bytes=size
                )

    def _recorded(self, directory: str) -> int | None:
        """Bytes of the files in this layer that the distribution's ``RECORD`` names, each once."""
        raw = self.records.get(directory)
        if raw is None:
            return None
        try:
            rows = parse_record(raw, directory)
        except InputError:
            return None
        site = posixpath.dirname(directory)
        paths = {path for row in rows if (path := _below(site, row)) is not None}
        return sum(self.sizes.get(path, 0) for path in paths)

    def _debian(self) -> Iterable[LayerPackage]:
        for path, text in self.statuses.items():
            try:
                installed = parse_installed(text.decode("utf-8", "replace"), what=path)
            except InputError:
                continue
            for package in installed:
                yield LayerPackage(
                    ecosystem="deb",
                    name=package.name,
                    version=package.version,
                    unpacked_bytes=package.installed_bytes or None,
                )

    def _removed(self) -> Iterable[LayerPackage]:
        for path in self.whiteouts:
            match = _DIST_INFO.fullmatch(path.removesuffix("/METADATA"))
            if match is not None:
                yield LayerPackage(ecosystem="python", name=normal_name(match["name"]), version=match["version"])


def _below(site: str, row: str) -> str | None:
    """The path in the image that ``row`` means; None where it leaves the root."""
    try:
        return normal_path(posixpath.normpath(f"{site}/{row}").lstrip("/"))
    except InputError:
        return None
