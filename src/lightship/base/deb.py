"""Take a ``.deb`` apart into the cache: once for each package, checked against everything an archive can lie about.

deb(5): an ar archive with ``debian-binary``, ``control.tar*`` and ``data.tar*``, in that order. The files become raw
deflate in one container beside the package, which layers copy without compressing again; what is known of them (ELF
facts, shebang lines) is remembered with them, so a later build opens neither package nor file.
"""

import mmap
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from lightship.archive.ar import ArMember, iter_ar
from lightship.archive.codec import open_decompressed
from lightship.archive.content import Content, Inline
from lightship.archive.pack import PackWriter
from lightship.archive.tar import TarMember, iter_tar
from lightship.archive.verify import copy_stream, read_capped
from lightship.base.index import PackageRecord
from lightship.base.listing import find_listing, pack_key, save_listing
from lightship.base.produce import merged_path
from lightship.base.unpacked import DebMember, UnpackedDeb
from lightship.ecosystem.dpkg import parse_paragraphs
from lightship.ecosystem.elf import ElfFile, is_elf, read_elf
from lightship.ecosystem.elf.iconv import asks_for_iconv
from lightship.errors import ArchiveError, HostileError
from lightship.paths import storage_errors
from lightship.store.cache import Cache

__all__ = ["unpack_deb"]

_CONTROL_CAP_BYTES = 16 << 20
_DATA_LEAST_BYTES = 256 << 20
_RATIO_CAP = 100
"""Unpacked over packed: text packages of Debian 12 reach about 15 (2026-03), a bomb of zeros some thousand."""
_IN_MEMORY_BYTES = 16 << 20
_WANTED = ("control", "md5sums", "postinst")


def unpack_deb(path: Path, record: PackageRecord, cache: Cache) -> UnpackedDeb:
    """The package at ``path``, whose hash was checked against ``record``, from the cache when it was opened before.

    Raise HostileError or ArchiveError, naming the package, for what no honest tool builds: members missing, twice or
    out of order, paths that leave the root or come twice, devices, hard links to nothing, more data than packages
    have, and a control file of another package than the index promised.
    """
    found = find_listing(record, cache)
    if found is not None:
        _checked_control(found.control, record, f"package {record.name}")  # the same file under another name
        return found
    what = f"package {record.name}"
    key = pack_key(record)
    with (
        storage_errors(f"read {what}"),
        path.open("rb") as stream,
        cache.write("debs", key) as output,
        PackWriter(output) as writer,
    ):
        control, members = _read(stream, record, _Pack(writer, cache.path("debs", key)), what)
    deb = UnpackedDeb(
        record=record,
        control=_checked_control(control.get("control", ""), record, what),
        md5sums=control.get("md5sums", ""),
        postinst=control.get("postinst", ""),
        members=members,
    )
    save_listing(deb, cache)
    return deb


def _read(
    stream: BinaryIO, record: PackageRecord, pack: "_Pack", what: str
) -> tuple[dict[str, str], tuple[DebMember, ...]]:
    members = iter_ar(stream, what)
    first = _next(members, "debian-binary", what)
    if not read_capped(first.stream, 100, what).startswith(b"2."):
        raise ArchiveError(f"{what} is of a format that is not understood: want debian-binary 2.x")
    control = _read_control(_next(members, "control.tar", what), what)
    data = _read_data(_next(members, "data.tar", what), record, pack, what)
    for extra in members:  # deb(5): members after data.tar may follow, but never a second one of these
        if extra.name.startswith(("debian-binary", "control.tar", "data.tar")):
            raise HostileError(f"{what} holds {extra.name} twice")
    return control, data


def _next(members: Iterator[ArMember], wanted: str, what: str) -> ArMember:
    for member in members:
        name = member.name
        if name == wanted or (wanted.endswith(".tar") and name.startswith(wanted)):
            return member
        if name.startswith("_") and wanted == "data.tar":  # deb(5): may stand before data.tar and is ignored
            continue
        raise HostileError(f"{what}: member out of order: want {wanted}, got {name}")
    raise ArchiveError(f"{what} is incomplete: {wanted} is missing")


def _read_control(member: ArMember, what: str) -> dict[str, str]:
    found: dict[str, str] = {}
    where = f"{what}: {member.name}"
    plain = open_decompressed(member.stream, limit_bytes=_CONTROL_CAP_BYTES, what=where)
    for entry, content in iter_tar(plain, where):
        if entry.type == "file" and entry.path in _WANTED:
            if entry.path in found:
                raise HostileError(f"{where} holds {entry.path} twice")
            found[entry.path] = read_capped(content, _CONTROL_CAP_BYTES, where).decode("utf-8", "replace")
    return found


def _checked_control(text: str, record: PackageRecord, what: str) -> str:
    paragraphs = list(parse_paragraphs(text, what=f"{what}: control"))
    fields = paragraphs[0] if len(paragraphs) == 1 else {}
    got = f"{fields.get('package')} {fields.get('version')}"
    if got != f"{record.name} {record.version}":
        raise ArchiveError(f"{what} is another package: want {record.name} {record.version}, got {got}")
    return text


def _read_data(member: ArMember, record: PackageRecord, pack: "_Pack", what: str) -> tuple[DebMember, ...]:
    where = f"{what}: {member.name}"
    limit = max(_DATA_LEAST_BYTES, record.size_bytes * _RATIO_CAP)
    plain = open_decompressed(member.stream, limit_bytes=limit, what=where)
    found: dict[str, DebMember] = {}
    for entry, content in iter_tar(plain, where):
        if not entry.path:
            continue
        # base-files of Debian 13 and Ubuntu ships the links themselves: `bin` stays, `bin/sh` is `usr/bin/sh`.
        path = entry.path if entry.type == "symlink" and "/" not in entry.path else merged_path(entry.path)
        known = found.get(path)
        if known is not None and not (known.type == entry.type == "dir"):
            raise HostileError(f"{where}: {path} comes twice")
        found[path] = _member(entry, path, content, pack, where)
    for deb_member in found.values():
        if deb_member.type == "hardlink" and found.get(deb_member.link_target, deb_member).type != "file":
            raise HostileError(f"{where}: hard link {deb_member.path} to {deb_member.link_target}, which is no file")
    return tuple(found[path] for path in sorted(found))


def _member(entry: TarMember, path: str, content: BinaryIO, pack: "_Pack", where: str) -> DebMember:
    match entry.type:
        case "file":
            facts, place = pack.add(path, content, entry.size_bytes)
            return replace(facts, path=path, mode=entry.mode, content=place)
        case "dir" | "symlink" | "hardlink":
            target = merged_path(entry.link_target) if entry.type == "hardlink" else entry.link_target
            return DebMember(path=path, type=entry.type, mode=entry.mode, link_target=target)
        case _:
            raise HostileError(f"{where}: {entry.path} is a {entry.type} device; packages have none")


class _Pack:
    """Files on their way into the container, looked at as they pass."""

    def __init__(self, writer: PackWriter, container: Path) -> None:
        self._writer = writer
        self._container = container

    def add(self, path: str, content: BinaryIO, size_bytes: int) -> tuple[DebMember, Content]:
        """What is known of the file, and where it lies. A large one passes through a temporary file."""
        name = path.encode("utf-8", "backslashreplace").decode()  # a pack's names are UTF-8, a package's need not be
        if not size_bytes:
            return _facts(b""), Inline(b"")
        if size_bytes <= _IN_MEMORY_BYTES:
            plain = content.read(size_bytes)
            return _facts(plain), self._writer.add(name, plain).at(self._container)
        with tempfile.TemporaryFile() as spool:
            copy_stream(content, spool.write)
            spool.flush()
            spool.seek(0)
            with mmap.mmap(spool.fileno(), 0, access=mmap.ACCESS_READ) as view:
                facts = _facts(view)
            return facts, self._writer.add_stream(name, spool).at(self._container)


def _facts(plain: bytes | mmap.mmap) -> DebMember:
    elf: ElfFile | None = None
    interpreter = ""
    start = bytes(plain[:256])
    if is_elf(start):
        try:
            elf = read_elf(plain)
        except ArchiveError:  # firmware and fixtures carry odd ELF files; no loader will ask for what they need
            elf = None
    elif start.startswith(b"#!"):
        words = start[2:].split(b"\n", 1)[0].split()
        interpreter = words[0].decode("utf-8", "replace") if words else ""
    converts = elf is not None and asks_for_iconv(plain)
    return DebMember(path="", type="file", mode=0, elf=elf, interpreter=interpreter, converts_text=converts)
