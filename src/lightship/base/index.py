"""``Packages`` and ``Contents`` of an archive as compact tables. DebianRepository/Format, deb-control(5)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lightship.base.table import Table
from lightship.ecosystem.dpkg import parse_relations
from lightship.errors import ArchiveError
from lightship.paths import normal_path

__all__ = ["INDEX_VERSION", "PackageRecord", "contents_rows", "find_packages", "find_providers", "package_rows"]

INDEX_VERSION = 3
"""Part of every cached table's key; raised when rows change."""

_BLOCK_BYTES = 1 << 20
_PROVIDES = "provides"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FIELDS = re.compile(
    rb"^(Package|Version|Architecture|Filename|Size|SHA256|Pre-Depends|Depends|Provides|Source): (.*)$", re.MULTILINE
)
_LIBRARY = r"(?:usr/)?lib/(?:[a-z0-9_]+-linux-gnu[a-z0-9]*/)?(lib[^/\s]+\.so[^/\s]*)"
_PROGRAM = r"((?:usr/)?s?bin/[^/\s]+)"
_CONTENTS = re.compile(rf"^(?:{_LIBRARY}|{_PROGRAM})\s+(\S+)$".encode(), re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageRecord:
    """A binary package as the archive describes it. ``depends`` holds Pre-Depends and Depends as written; ``suite``
    is where it was found."""

    name: str
    version: str
    architecture: str
    source: str
    filename: str
    size_bytes: int
    sha256: str
    depends: str = ""
    provides: str = ""
    suite: str = ""

    def __post_init__(self) -> None:
        if not _SHA256.fullmatch(self.sha256) or normal_path(self.filename) != self.filename:
            raise ArchiveError(f"package {self.name} not understood: path {self.filename!r}, SHA256 {self.sha256!r}")


def package_rows(stream: BinaryIO, *, what: str) -> Iterator[tuple[str, ...]]:
    """Rows of a Packages file: one for each package, one for each name that it provides."""
    for stanza in _pieces(stream, b"\n\n"):
        if not stanza.strip():
            continue
        fields = {name: value.decode("utf-8", errors="replace") for name, value in _FIELDS.findall(stanza)}
        try:
            name, version = fields[b"Package"], fields[b"Version"]
            provides = fields.get(b"Provides", "")
            depends = ", ".join(filter(None, (fields.get(b"Pre-Depends"), fields.get(b"Depends"))))
            row: tuple[str, ...] = (
                name,
                version,
                fields[b"Architecture"],
                fields.get(b"Source", name).partition(" ")[0],
                fields[b"Filename"].removeprefix("./"),
                fields[b"Size"],
                fields[b"SHA256"],
                depends,
                provides,
            )
        except KeyError as error:
            raise ArchiveError(f"{what} not understood: a package without {error.args[0].decode()}") from None
        if any("\t" in field for field in row):
            row = tuple(field.replace("\t", " ") for field in row)
        yield row
        for group in parse_relations(provides):
            yield group[0].name, _PROVIDES, name


def find_packages(table: Table, name: str, suite: str = "") -> Iterator[PackageRecord]:
    """Every version of the package ``name`` in a table of `package_rows`."""
    for row in table.find(name):
        if len(row) == 9 and row[5].isdigit():
            _, version, architecture, source, filename, size, sha256, depends, provides = row
            yield PackageRecord(
                name=name,
                version=version,
                architecture=architecture,
                source=source,
                filename=filename,
                size_bytes=int(size),
                sha256=sha256,
                depends=depends,
                provides=provides,
                suite=suite,
            )


def find_providers(table: Table, name: str) -> tuple[str, ...]:
    """Names of the packages that provide ``name``, sorted."""
    return tuple(sorted(row[2] for row in table.find(name) if len(row) == 3 and row[1] == _PROVIDES))


def contents_rows(stream: BinaryIO) -> Iterator[tuple[str, ...]]:
    """Rows of a Contents file: (soname or program path below ``usr/``, package) for libraries and programs only."""
    for lines in _blocks(stream, b"\n"):
        for library, program, owners in _CONTENTS.findall(lines):
            key = library.decode() if library else "usr/" + program.decode().removeprefix("usr/")
            for owner in owners.decode().split(","):
                yield key, owner.rpartition("/")[2]


def _pieces(stream: BinaryIO, separator: bytes) -> Iterator[bytes]:
    for block in _blocks(stream, separator):
        yield from block.split(separator)


def _blocks(stream: BinaryIO, separator: bytes) -> Iterator[bytes]:
    """Whole pieces, many at a time: an index of 50 MB is never held."""
    rest = b""
    while chunk := stream.read(_BLOCK_BYTES):
        block, found, tail = (rest + chunk).rpartition(separator)
        if found:
            yield block
        rest = tail
    if rest:
        yield rest
