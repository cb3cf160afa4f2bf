"""A zip's members as contents that can be spliced. PKWARE APPNOTE 6.3.10; for wheels PEP 427 and 491.

Deflated and stored members are taken, with Zip64 and data descriptors. The central directory is believed only where
every local header agrees with it, so no two readers can see two archives. Not taken: encryption, other methods,
several disks, bytes before the first member. Content is checked when it is inflated (`lightship.archive.inflate`).
"""

import operator
import stat
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

from lightship.archive.content import Deflated, Stored
from lightship.archive.inflate import Containers, read_content
from lightship.errors import ArchiveError, HostileError, StorageError
from lightship.paths import normal_path, parents
from lightship.values import dataclass

__all__ = ["ZipLimits", "ZipMember", "read_zip"]

_END = struct.Struct("<4s4H2LH")
_END64_LOCATOR = struct.Struct("<4sLQL")
_END64 = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_SHORT_DESCRIPTOR = struct.Struct("<3L")
_LONG_DESCRIPTOR = struct.Struct("<L2Q")
_MAX_COMMENT_BYTES = 0xFFFF
_DIRECTORY_CAP_BYTES = 1 << 28
_MEMBERS_CAP = 1_000_000
"""A member takes about a kilobyte of memory; the largest wheels have some ten thousand."""
_LINK_CAP_BYTES = 4096

_ENCRYPTED = 0x0001 | 0x0040 | 0x2000
_DESCRIPTOR = 0x0008
_UTF8 = 0x0800
_STORED, _DEFLATED = 0, 8
_METHODS = {9: "deflate64", 12: "bzip2", 14: "lzma", 93: "zstd", 95: "xz", 98: "ppmd"}


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipLimits:
    """What an archive may claim to unpack to: ``max_unpacked_bytes`` in all, and no more than ``max_ratio`` times its
    own size once that is over ``free_bytes``. Deflate itself ends at 1,032 to 1 (zlib's "Maximum Compression Factor").
    """

    max_unpacked_bytes: int = 16 * 10**9
    max_ratio: int = 100
    free_bytes: int = 1 << 28


@dataclass(frozen=True, slots=True, kw_only=True)
class ZipMember:
    """One member. ``path`` is normal; ``mode`` holds the Unix permission bits, 0 where the archive has none.

    A directory has no content; a symlink has its ``link_target`` too, which stays inside the root.
    """

    path: str
    type: Literal["file", "dir", "symlink"]
    mode: int
    content: Deflated | Stored | None
    link_target: str = ""


class _Record(NamedTuple):
    """A central directory record."""

    name: bytes
    flags: int
    method: int
    crc32: int
    compressed_bytes: int
    unpacked_bytes: int
    attributes: int
    offset: int


def read_zip(path: Path, *, limits: ZipLimits | None = None) -> tuple[ZipMember, ...]:
    """Every member in the order of the central directory.

    Raise ArchiveError for what is no sound zip, HostileError for what an honest tool does not write. Costs one read
    for the directory and one for each local header.
    """
    with Containers() as containers:
        try:
            size_bytes = path.stat().st_size
        except OSError as error:
            raise StorageError(f"cannot read {path}: {error.strerror}") from error
        try:
            return _Zip(path, size_bytes, containers, limits or ZipLimits()).members()
        except struct.error as error:
            raise ArchiveError(f"{path.name}: zip directory is cut short") from error


class _Zip:
    def __init__(self, path: Path, size_bytes: int, containers: Containers, limits: ZipLimits) -> None:
        self.path = path
        self.size_bytes = size_bytes
        self.containers = containers
        self.limits = limits

    def read(self, offset: int, size_bytes: int) -> bytes:
        return self.containers.read(self.path, offset, size_bytes)

    def bad(self, message: str) -> ArchiveError:
        return ArchiveError(f"{self.path.name}: {message}")

    def hostile(self, message: str) -> HostileError:
        return HostileError(f"{self.path.name}: {message}")

    def members(self) -> tuple[ZipMember, ...]:
        directory_offset, records = self.records()
        self.check_totals(records)
        starts = self.starts(records, directory_offset)
        members = tuple(self.member(record, starts[record.offset]) for record in records)
        self.check_paths(members)
        return members

    def starts(self, records: list[_Record], directory_offset: int) -> dict[int, int]:
        """Where each member's bytes begin, by the offset of its header. No two members share a byte."""
        starts: dict[int, int] = {}
        end = 0
        for record in sorted(records, key=operator.attrgetter("offset")):
            if record.offset < end:
                raise self.hostile(f"members overlap at {_show(record.name)}")
            start = starts[record.offset] = self.start(record)
            end = start + record.compressed_bytes
            if end > directory_offset:
                raise self.hostile(f"member {_show(record.name)} reaches into the directory")
            if record.flags & _DESCRIPTOR:
                end += self.descriptor_bytes(record, end, directory_offset)
        return starts

    def records(self) -> tuple[int, list[_Record]]:
        """The directory's offset and its records."""
        count, size_bytes, offset = self.find_directory()
        if size_bytes > _DIRECTORY_CAP_BYTES or count > min(_MEMBERS_CAP, size_bytes // _CENTRAL.size):
            raise self.hostile(f"zip directory is too large: {count} members in {size_bytes} bytes")
        raw = self.read(offset, size_bytes)
        records = []
        position = 0
        for _ in range(count):
            record, position = self.record(raw, position)
            records.append(record)
        if position != size_bytes:
            raise self.hostile(f"zip directory has {size_bytes - position} bytes after its last member")
        return offset, records

    def find_directory(self) -> tuple[int, int, int]:
        """Members, size and offset of the central directory; it must end where its end record begins."""
        tail_bytes = min(self.size_bytes, _END.size + _MAX_COMMENT_BYTES)
        tail = self.read(self.size_bytes - tail_bytes, tail_bytes)
        found = [index for index in _find_all(tail, b"PK\5\6") if index + _END.size <= tail_bytes]
        found = [index for index in found if index + _END.size + _END.unpack_from(tail, index)[7] == tail_bytes]
        if len(found) != 1:
            raise self.bad("no zip end record") if not found else self.hostile("zip has several ends")
        _, disk, first_disk, here, count, size_bytes, offset, _ = _END.unpack_from(tail, found[0])
        end = self.size_bytes - tail_bytes + found[0]
        if end >= _END64_LOCATOR.size + _END64.size:
            locator = self.read(end - _END64_LOCATOR.size, _END64_LOCATOR.size)
            if locator.startswith(b"PK\6\7"):
                return self.find_directory64(locator, end - _END64_LOCATOR.size, (count, size_bytes, offset))
        if disk or first_disk or here != count:
            raise self.bad("zip spans several disks")
        if offset + size_bytes != end:
            raise self.hostile(f"zip directory does not end at its end record: want {end}, got {offset + size_bytes}")
        return count, size_bytes, offset

    def find_directory64(self, locator: bytes, end: int, short: tuple[int, int, int]) -> tuple[int, int, int]:
        """The same from the Zip64 end record, which must agree with the fields that fit the short one."""
        _, disk, end64, disks = _END64_LOCATOR.unpack(locator)
        if disk or disks != 1:
            raise self.bad("zip spans several disks")
        if end64 + _END64.size > end:
            raise self.hostile("zip64 end record is out of place")
        signature, length, _, _, disk, first_disk, here, count, size_bytes, offset = _END64.unpack(
            self.read(end64, _END64.size)
        )
        if signature != b"PK\6\6" or end64 + 12 + length != end or disk or first_disk or here != count:
            raise self.bad("zip64 end record is damaged")
        for value, claimed, full in zip((count, size_bytes, offset), short, (0xFFFF, *[0xFFFFFFFF] * 2), strict=True):
            if claimed not in (full, value):
                raise self.hostile(f"zip end records disagree: {claimed} and {value}")
        if offset + size_bytes != end64:
            raise self.hostile(f"zip directory does not end at its end record: want {end64}, got {offset + size_bytes}")
        return count, size_bytes, offset

    def record(self, raw: bytes, position: int) -> tuple[_Record, int]:
        (
            signature, _, _, flags, method, _, _, crc32, compressed_bytes, unpacked_bytes,
            name_bytes, extra_bytes, comment_bytes, disk, _, attributes, offset,
        ) = _CENTRAL.unpack_from(raw, position)  # fmt: skip
        name_end = position + _CENTRAL.size + name_bytes
        end = name_end + extra_bytes + comment_bytes
        name = raw[position + _CENTRAL.size : name_end]
        if signature != b"PK\1\2" or end > len(raw):
            raise self.bad("zip directory is damaged")
        if 0xFFFFFFFF in (compressed_bytes, unpacked_bytes, offset) or disk == 0xFFFF:
            wide = _zip64(raw[name_end : name_end + extra_bytes])
            values = [
                self.wide(wide, name) if value == 0xFFFFFFFF else value
                for value in (unpacked_bytes, compressed_bytes, offset)
            ]
            unpacked_bytes, compressed_bytes, offset = values
            disk = 0 if disk == 0xFFFF else disk
        if disk:
            raise self.bad("zip spans several disks")
        self.check_kind(name, flags, method, compressed_bytes, unpacked_bytes)
        return _Record(name, flags, method, crc32, compressed_bytes, unpacked_bytes, attributes >> 16, offset), end

    def wide(self, values: Iterator[int], name: bytes) -> int:
        value = next(values, None)
        if value is None:
            raise self.bad(f"member {_show(name)} lacks its zip64 sizes")
        return value

    def check_kind(self, name: bytes, flags: int, method: int, compressed_bytes: int, unpacked_bytes: int) -> None:
        if flags & _ENCRYPTED:
            raise self.bad(f"member {_show(name)} is encrypted")
        if method not in (_STORED, _DEFLATED):
            kind = _METHODS.get(method, f"method {method}")
            raise self.bad(f"member {_show(name)} is compressed with {kind}: want deflate or none")
        if method == _STORED and compressed_bytes != unpacked_bytes:
            raise self.hostile(
                f"stored member {_show(name)} has two sizes: {compressed_bytes} and {unpacked_bytes} bytes"
            )
        if method == _DEFLATED and unpacked_bytes > 1032 * compressed_bytes:
            raise self.hostile(
                f"member {_show(name)} says more than deflate can do: {unpacked_bytes} from {compressed_bytes} bytes"
            )

    def check_totals(self, records: list[_Record]) -> None:
        total = sum(record.unpacked_bytes for record in records)
        allowed = max(self.limits.free_bytes, self.limits.max_ratio * self.size_bytes)
        allowed = min(allowed, self.limits.max_unpacked_bytes)
        if total > allowed:
            raise self.hostile(f"zip unpacks to too much: want at most {allowed} bytes, got {total}")

    def start(self, record: _Record) -> int:
        """Where the member's bytes begin: after its local header, which must say what the directory says."""
        head = self.read(record.offset, _LOCAL.size + len(record.name))
        (
            signature, _, flags, method, _, _, crc32, compressed_bytes, unpacked_bytes, name_bytes, extra_bytes,
        ) = _LOCAL.unpack_from(head)  # fmt: skip
        if signature != b"PK\3\4":
            raise self.bad(f"member {_show(record.name)} has no local header")
        start: int = record.offset + _LOCAL.size + name_bytes + extra_bytes
        if 0xFFFFFFFF in (compressed_bytes, unpacked_bytes):
            wide = _zip64(self.read(start - extra_bytes, extra_bytes))
            unpacked_bytes = self.wide(wide, record.name) if unpacked_bytes == 0xFFFFFFFF else unpacked_bytes
            compressed_bytes = self.wide(wide, record.name) if compressed_bytes == 0xFFFFFFFF else compressed_bytes
        claims = (crc32, compressed_bytes, unpacked_bytes)
        agreed = claims == (record.crc32, record.compressed_bytes, record.unpacked_bytes)
        if not agreed and record.flags & _DESCRIPTOR:
            agreed = not any(claims)  # the descriptor after the bytes has them
        if (flags, method, head[_LOCAL.size :], agreed) != (record.flags, record.method, record.name, True):
            raise self.hostile(f"member {_show(record.name)} differs between its local header and the directory")
        return start

    def descriptor_bytes(self, record: _Record, offset: int, limit: int) -> int:
        """Size of the data descriptor at ``offset``: with or without its signature, with short or Zip64 sizes."""
        raw = self.read(offset, min(24, limit - offset))
        values = (record.crc32, record.compressed_bytes, record.unpacked_bytes)
        for shape in (_SHORT_DESCRIPTOR, _LONG_DESCRIPTOR):
            if shape is _SHORT_DESCRIPTOR and max(values) > 0xFFFFFFFF:
                continue
            want = shape.pack(*values)
            for whole in (b"PK\7\x08" + want, want):
                if raw.startswith(whole):
                    return len(whole)
        raise self.hostile(f"member {_show(record.name)} differs between its data descriptor and the directory")

    def member(self, record: _Record, start: int) -> ZipMember:
        try:
            name = record.name.decode("utf-8" if record.flags & _UTF8 else "cp437")
            path = normal_path(name)
        except (UnicodeDecodeError, HostileError) as error:
            raise self.hostile(f"member {_show(record.name)}: {error}") from error
        if not path:
            raise self.hostile("member without a name")
        kind = stat.S_IFMT(record.attributes)
        mode = stat.S_IMODE(record.attributes)
        if name.endswith("/"):
            if kind not in (0, stat.S_IFDIR) or record.unpacked_bytes:
                raise self.hostile(f"directory {path} has content")
            return ZipMember(path=path, type="dir", mode=mode, content=None)
        if kind not in (0, stat.S_IFREG, stat.S_IFLNK):
            raise self.hostile(f"member {path} is neither file, directory nor link: mode {record.attributes:o}")
        content = self.content(record, start)
        if kind == stat.S_IFLNK:
            return ZipMember(
                path=path, type="symlink", mode=mode, content=content, link_target=self.link(path, content)
            )
        return ZipMember(path=path, type="file", mode=mode, content=content)

    def content(self, record: _Record, start: int) -> Deflated | Stored:
        if record.method == _STORED:
            return Stored(self.path, start, record.unpacked_bytes, record.crc32)
        return Deflated(self.path, start, record.compressed_bytes, record.unpacked_bytes, record.crc32)

    def link(self, path: str, content: Deflated | Stored) -> str:
        """The target of a symlink, which must not leave the root."""
        if content.unpacked_bytes > _LINK_CAP_BYTES:
            raise self.hostile(f"link {path} has a target of {content.unpacked_bytes} bytes")
        raw = bytes(read_content(content, self.containers, path))
        target = raw.decode("utf-8", "surrogateescape")
        depth = path.count("/")
        for part in target.split("/"):
            depth += -1 if part == ".." else 0 if part in ("", ".") else 1
            if depth < 0:
                break
        if depth < 0 or not target or target.startswith("/") or "\0" in target:
            raise self.hostile(f"link {path} leaves the root: {target!r}")
        return target

    def check_paths(self, members: tuple[ZipMember, ...]) -> None:
        """No path twice, and nothing below a path that is no directory."""
        kinds: dict[str, str] = {}
        for member in members:
            if member.path in kinds:
                raise self.hostile(f"path comes twice: {member.path}")
            kinds[member.path] = member.type
        checked: set[str] = set()
        for member in members:
            directory = member.path.rpartition("/")[0]
            if directory in checked:
                continue
            checked.add(directory)
            for parent in parents(member.path):
                if kinds.get(parent, "dir") != "dir":
                    raise self.hostile(f"path lies below a {kinds[parent]}: {member.path}")


def _find_all(text: bytes, word: bytes) -> Iterator[int]:
    index = text.find(word)
    while index != -1:
        yield index
        index = text.find(word, index + 1)


def _zip64(extra: bytes) -> Iterator[int]:
    """The values of the Zip64 extended information field, in order (APPNOTE 4.5.3)."""
    position = 0
    while position + 4 <= len(extra):
        kind, size_bytes = struct.unpack_from("<HH", extra, position)
        if kind == 1:
            field = extra[position + 4 : position + 4 + size_bytes]
            yield from (value for (value,) in struct.iter_unpack("<Q", field[: len(field) // 8 * 8]))
            return
        position += 4 + size_bytes


def _show(name: bytes) -> str:
    return name.decode("utf-8", "backslashreplace")[:200]
