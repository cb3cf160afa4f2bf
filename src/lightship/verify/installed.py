"""Installed distributions as their files say: name, version, what they require, what they own, what they start.

"Recording installed projects", "Core metadata" and "Entry points" (packaging.python.org/specifications, 2024). Nothing
is executed, and nothing is refused: what cannot be understood is told in ``problems``.
"""

import configparser
import csv
import io
import keyword
import posixpath
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path
from typing import NamedTuple

from lightship.ecosystem.python.names import normal_name
from lightship.errors import LightshipError
from lightship.rootfs.links import read_file, resolve_on_disk

__all__ = ["EntryPoint", "Installed", "RecordRow", "modules_of", "read_installed", "read_record"]

_LIMIT_BYTES = 16 << 20
_FOLDER = re.compile(r"(?P<name>[^/]+?)(?:-(?P<version>[^-/]+))?(?:-py[0-9.]+)?\.(?:dist|egg)-info")
_MOST_LOOSE_MODULES = 5
_NO_NAMESPACES = frozenset(
    {"benchmarks", "docs", "example", "examples", "samples", "scripts", "test", "tests", "tools"}
)
"""Folders that land in site-packages by mistake; what lies in them is run and not imported."""
_TARGET = re.compile(r"(?P<module>[\w.]+)(?:\s*:\s*(?P<attribute>[\w.]+))?(?:\s*\[(?P<extras>[^\]]*)\])?")


class RecordRow(NamedTuple):
    """One row of ``RECORD``. ``path`` is as written, ``digest`` ``sha256=…`` or "", ``size`` digits or ""."""

    path: str
    digest: str
    size: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoint:
    """One line of ``entry_points.txt``; ``target`` is ``module:attribute`` or ``module``."""

    group: str
    name: str
    target: str
    extras: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One distribution. ``site`` and ``folder`` are relative to the root; ``name`` is normalised. ``record`` is None
    where it has none (a distribution's own package, an egg)."""

    name: str
    version: str
    site: str
    folder: str
    requires: tuple[str, ...] = ()
    record: tuple[RecordRow, ...] | None = None
    entry_points: tuple[EntryPoint, ...] = ()
    top_level: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def held(self) -> int:
        """How many rows and requirements are kept: what memory it takes."""
        return len(self.record or ()) + len(self.requires) + len(self.entry_points) + len(self.top_level)

    def place(self, row: str) -> str:
        """A path as RECORD writes it, relative to the root."""
        return posixpath.normpath(f"{self.site}/{row}" if not row.startswith("/") else row).lstrip("/")

    def paths(self) -> Iterator[str]:
        """Every file that RECORD names, relative to the root."""
        for row in self.record or ():
            yield self.place(row.path)

    def modules(self, suffixes: Iterable[str] = ()) -> tuple[str, ...]:
        """What can be imported of it at the top, sorted: by RECORD, else by ``top_level.txt``."""
        if self.record is None:
            return tuple(sorted(name for name in self.top_level if _is_module(name)))
        return modules_of((row.path for row in self.record), suffixes)


def modules_of(paths: Iterable[str], suffixes: Iterable[str] = ()) -> tuple[str, ...]:
    """The modules that ``paths`` of a RECORD offer at the top. Below a namespace, which imports whatever is missing
    in it, they are the packages that lie highest."""
    endings = (".py", *sorted(suffixes, key=len, reverse=True))
    packages: set[tuple[str, ...]] = set()
    loose: dict[tuple[str, ...], list[str]] = {}
    for path in paths:
        ending = next((ending for ending in endings if path.endswith(ending)), None)
        if ending is None or path.startswith(("../", "/")):
            continue
        *parents, name = path.removesuffix(ending).split("/")
        if not all(map(_is_module, parents)) or not _is_module(name):
            continue
        if name == "__init__" and parents:
            packages.add(tuple(parents))
        elif name not in ("__init__", "__main__"):
            loose.setdefault(tuple(parents), []).append(name)
    highest = {package for package in packages if not any(package[:n] in packages for n in range(1, len(package)))}
    found = {".".join(package) for package in highest}
    for folder, names in loose.items():
        if folder and folder[0] in _NO_NAMESPACES:
            continue
        if not any(folder[:n] in packages for n in range(1, len(folder) + 1)):
            chosen = sorted(names)[:_MOST_LOOSE_MODULES] if folder else sorted(names)
            found.update(".".join((*folder, name)) for name in chosen)
    return tuple(sorted(found))


def _is_module(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def read_installed(rootfs: Path, site: str) -> Iterator[Installed]:
    """Every distribution that ``site``, a directory relative to the root, has metadata of, sorted by folder; each is
    read when it is asked for."""
    place = rootfs / resolve_on_disk(rootfs, site)
    names = sorted(entry.name for entry in place.iterdir()) if place.is_dir() else []
    for name in names:
        match = _FOLDER.fullmatch(name)
        if match is not None:
            yield _read(rootfs, site, match)


def _read(rootfs: Path, site: str, match: re.Match[str]) -> Installed:
    folder = f"{site}/{match[0]}"
    problems: list[str] = []

    def text(name: str) -> str | None:
        try:
            raw = read_file(rootfs, f"{folder}/{name}" if name else folder, limit_bytes=_LIMIT_BYTES)
        except LightshipError as error:
            problems.append(str(error))
            return None
        return raw.decode("utf-8", "replace") if raw is not None else None

    is_egg = match[0].endswith(".egg-info")
    metadata = (text("PKG-INFO") or text("")) if is_egg else text("METADATA")
    if metadata is None:
        problems.append("it has no METADATA")
    headers = HeaderParser().parsestr((metadata or "").partition("\n\n")[0] + "\n\n")
    record = None if is_egg else text("RECORD")
    rows, broken = read_record(record) if record is not None else (None, ())
    points, wrong = _entry_points(text("entry_points.txt") or "")
    return Installed(
        name=normal_name(headers.get("Name") or match["name"]),
        version=(headers.get("Version") or match["version"] or "").strip(),
        site=site,
        folder=folder,
        requires=tuple(" ".join(value.split()) for value in headers.get_all("Requires-Dist") or ()),
        record=rows,
        entry_points=points,
        top_level=tuple((text("top_level.txt") or "").split()),
        problems=(*problems, *broken, *wrong),
    )


def read_record(text: str) -> tuple[tuple[RecordRow, ...], tuple[str, ...]]:
    """The rows of a RECORD, up to where it cannot be read, and why it cannot; what is no row is passed over."""
    found: list[RecordRow] = []
    reader = csv.reader(io.StringIO(text, newline=""))
    try:
        found += (RecordRow(*[*row, "", ""][:3]) for row in reader if row and row[0] and "\0" not in row[0])
    except csv.Error as error:
        return tuple(found), (f"RECORD cannot be read from line {reader.line_num} on: {error}",)
    return tuple(found), ()


def _entry_points(text: str) -> tuple[tuple[EntryPoint, ...], tuple[str, ...]]:
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case, as in importlib.metadata
    try:
        parser.read_string(text)
    except configparser.Error as error:
        return (), (f"entry_points.txt cannot be read: {str(error).splitlines()[0]}",)
    found, wrong = [], []
    for group in parser.sections():
        for name, value in parser.items(group):
            match = _TARGET.fullmatch(value.split("#", 1)[0].strip())
            if match is None:
                wrong.append(f"entry point {name!r} of {group} names no object: {value!r:.80}")
                continue
            target = match["module"] + (f":{match['attribute']}" if match["attribute"] else "")
            extras = tuple(part.strip() for part in (match["extras"] or "").split(",") if part.strip())
            found.append(EntryPoint(group=group, name=name, target=target, extras=extras))
    return tuple(found), tuple(wrong)
