"""Tars from outside, read once from front to back: ustar, pax, GNU long names, base-256 numbers. POSIX.1-2001, pax(1),
"ustar Interchange Format" and "pax Header Block"; GNU tar 1.34 manual, "Basic Tar Format".

Paths come out normal, so nothing leaves the root by name; symlink targets come out as they are, for whoever follows
them (`lightship.rootfs`). Sparse files, volumes and unknown kinds are refused. Nothing is extracted here.
"""

import functools
import struct
from collections.abc import Iterator
from typing import BinaryIO, Literal, NamedTuple, cast

from isal import isal_zlib

from lightship.archive.verify import CHUNK_BYTES, ReadStream, drain, read_exact
from lightship.errors import ArchiveError, HostileError
from lightship.paths import normal_path

__all__ = ["MemberType", "TarMember", "TarReader", "iter_tar"]

MemberType = Literal["file", "dir", "symlink", "hardlink", "char", "block", "fifo"]

_BLOCK = 512
_EXTENSION_CAP_BYTES = 1 << 20  # Linux ends a path at 4,096 bytes and the xattrs of a file at 64 KiB (xattr(7))
_HEADER_CAP_BYTES = 4 << 20
_SIZE_CAP_BYTES = 1 << 50
_GLOBAL_CAP = 256
_TYPES: dict[bytes, MemberType] = {
    b"0": "file", b"\0": "file", b"7": "file", b"1": "hardlink", b"2": "symlink",
    b"3": "char", b"4": "block", b"5": "dir", b"6": "fifo",
}  # fmt: skip
_EXTENSIONS = b"xgLK"
_USTAR = b"ustar\0"
_PLAIN = struct.Struct(
    "100s24s12s12s8sc100x6s82x155s"
)  # name; mode, uid, gid; size; mtime; checksum; type; magic; prefix
_PLAIN_TYPES: dict[bytes, MemberType] = {b"0": "file", b"5": "dir"}
_REMEMBERED = 4096
_ADLER_BASE = 65_521
_adler32 = isal_zlib.adler32


class TarMember(NamedTuple):
    """One member. ``path`` is normal, ``""`` for the root itself; ``mode`` holds permission bits only.

    ``link_target`` is verbatim for a symlink and a normal path for a hard link; ``size_bytes`` is 0 for all but
    files; ``device`` is (major, minor); ``xattrs`` are extended attributes by name. A named tuple because a frozen
    dataclass takes four times as long to make, and a scan makes hundreds of thousands.
    """

    path: str
    type: MemberType
    mode: int
    uid: int
    gid: int
    size_bytes: int
    mtime: int
    link_target: str = ""
    device: tuple[int, int] = (0, 0)
    xattrs: tuple[tuple[str, bytes], ...] = ()


class TarReader:
    """Iterate over the members of ``stream``; the content of the latest one is read with `content`.

    At the end ``stream`` was read to its end. Raise ArchiveError for what is no sound tar or is cut short,
    HostileError for paths that leave the root and extensions or sizes out of all proportion. The caller closes.
    With ``keep_headers``, ``header`` holds the very bytes that stood before the latest member's content.
    """

    def __init__(self, stream: BinaryIO, what: str = "tar", *, keep_headers: bool = False) -> None:
        self._stream = stream
        self._what = what
        self._buffer = b""
        self._position = 0
        self._content_left = 0
        self._padding = 0
        self._owners: dict[bytes, tuple[int, int, int]] = {}
        self._times: dict[bytes, int] = {}
        self._global: dict[str, bytes] = {}
        self._keep_headers = keep_headers
        self.header = b""

    def __iter__(self) -> Iterator[TarMember]:
        extended: dict[str, bytes] = {}
        while True:
            left = self._content_left + self._padding
            if left:
                self._skip(left)
                self._content_left = self._padding = 0
            position = self._position
            if position + _BLOCK <= len(self._buffer):  # as `_take` does, without a call
                self._position = position + _BLOCK
                block: bytes | None = self._buffer[position : self._position]
            else:
                block = self._take(_BLOCK)
            if block is None or (not block[0] and not block.strip(b"\0")):
                self._end(block)
                return
            if self._keep_headers:
                self._keep(block)
            member = None if extended or self._global else self._plain(block)
            if member is None:
                if block[156] in _EXTENSIONS:
                    self._extend(block, block[156:157], extended)
                    continue
                member = self._member(block, extended)
                if extended:
                    extended = {}
            size_bytes = member[5]
            if size_bytes:
                self._content_left = size_bytes
                self._padding = -size_bytes % _BLOCK
            yield member
            self.header = b""

    @property
    def depends_on_order(self) -> bool:
        """Whether a global record was read that holds for members after it: they mean something else elsewhere."""
        return not self._global.keys() <= {"comment"}

    @property
    def ahead_bytes(self) -> int:
        """How much was taken from the stream and not yet used: what was used before ended that far back."""
        return len(self._buffer) - self._position

    def content(self) -> BinaryIO:
        """The bytes of the member that came last, valid until the next one is asked for."""
        return cast(BinaryIO, _MemberReader(self))

    def read_content(self, size_bytes: int) -> bytes:
        """Up to ``size_bytes`` more bytes of the member that came last."""
        size_bytes = min(size_bytes, self._content_left)
        if not size_bytes:
            return b""
        if self._position == len(self._buffer):
            self._buffer = self._stream.read(max(size_bytes, CHUNK_BYTES))
            self._position = 0
        chunk = self._buffer[self._position : self._position + size_bytes]
        if not chunk:
            raise self._cut_short()
        self._position += len(chunk)
        self._content_left -= len(chunk)
        return chunk

    def _take(self, size_bytes: int) -> bytes | None:
        """Exactly ``size_bytes``, or None when the stream ends right here."""
        position = self._position
        end = position + size_bytes
        if end <= len(self._buffer):
            self._position = end
            return self._buffer[position:end]
        rest = self._buffer[position:]
        self._buffer = read_exact(self._stream, max(size_bytes, CHUNK_BYTES))
        self._position = min(size_bytes - len(rest), len(self._buffer))
        taken = rest + self._buffer[: self._position]
        if not taken:
            return None
        if len(taken) < size_bytes:
            raise self._cut_short()
        return taken

    def _skip(self, size_bytes: int) -> None:
        here = len(self._buffer) - self._position
        if size_bytes <= here:
            self._position += size_bytes
            return
        self._buffer, self._position = b"", 0
        left = size_bytes - here
        while left:
            chunk = self._stream.read(min(left, CHUNK_BYTES))
            if not chunk:
                raise self._cut_short()
            left -= len(chunk)

    def _end(self, block: bytes | None) -> None:
        """An archive ends with two blocks of zeros; what writers pad it with is read and not looked at."""
        second = None if block is None else self._take(_BLOCK)
        if second is None or second.strip(b"\0"):
            raise self._cut_short()
        drain(self._stream)

    def _extend(self, block: bytes, flag: bytes, extended: dict[str, bytes]) -> None:
        size_bytes = self._checked(block)
        if size_bytes > _EXTENSION_CAP_BYTES:
            raise HostileError(f"{self._what}: extended header is too large: {size_bytes} bytes")
        body = self._take(size_bytes + -size_bytes % _BLOCK) if size_bytes else b""
        if body is None:
            raise self._cut_short()
        if self._keep_headers:
            self._keep(body)
        body = body[:size_bytes]
        if flag == b"L":
            extended["path"] = body.rstrip(b"\0")
        elif flag == b"K":
            extended["linkpath"] = body.rstrip(b"\0")
        else:
            (extended if flag == b"x" else self._global).update(self._pax(body))
            if len(self._global) > _GLOBAL_CAP:  # each member is asked for all of them
                raise HostileError(f"{self._what}: more than {_GLOBAL_CAP} global pax records")

    def _keep(self, block: bytes) -> None:
        self.header += block
        if len(self.header) > _HEADER_CAP_BYTES:
            raise HostileError(f"{self._what}: extended headers of one member are too large: {len(self.header)} bytes")

    def _pax(self, body: bytes) -> Iterator[tuple[str, bytes]]:
        """Records ``LENGTH KEY=VALUE\\n``."""
        position = 0
        while position < len(body):
            space = body.find(b" ", position, position + 20)
            length = body[position:space]
            end = position + int(length) if space > 0 and length.isdigit() else 0
            key, equals, value = body[space + 1 : end - 1].partition(b"=")
            if end <= space or end > len(body) or body[end - 1 : end] != b"\n" or not equals or not key:
                raise ArchiveError(f"{self._what}: pax header is damaged")
            yield key.decode("utf-8", "surrogateescape"), value
            position = end

    def _checked(self, block: bytes) -> int:
        """The size in ``block``, whose checksum must be right."""
        try:
            want = _number(block[148:156])
            size_bytes = _number(block[124:136])
        except ValueError as error:
            raise ArchiveError(f"{self._what}: tar header is damaged") from error
        if _sum_of(block[148:156]) != _adler32(block) & 0xFFFF:
            rest = block[:148] + block[156:]  # ancient tars summed signed bytes
            if sum(rest) + 8 * 0x20 - 256 * sum(byte > 127 for byte in rest) != want:
                raise ArchiveError(f"{self._what}: tar header has a wrong checksum")
        if not 0 <= size_bytes <= _SIZE_CAP_BYTES:
            raise HostileError(f"{self._what}: tar header has an absurd size: {size_bytes} bytes")
        return size_bytes

    def _plain(self, block: bytes) -> TarMember | None:
        """The member that ``block`` says, when it is a file or a directory of whom owner and time were seen before:
        nearly all are, and `_member` takes three times as long. None for any other, and for what is not sound."""
        name, owner, size, mtime, checksum, flag, magic, prefix = _PLAIN.unpack_from(block)
        kind = _PLAIN_TYPES.get(flag)
        owners, time, digits = self._owners.get(owner), self._times.get(mtime), size[:11]
        if kind is None or owners is None or time is None or size[11] > 32 or not digits.isdigit():
            return None
        name = name.partition(b"\0")[0]
        if prefix[0] and magic == _USTAR:
            name = prefix.partition(b"\0")[0] + b"/" + name
        try:
            if _sum_of(checksum) != _adler32(block) & 0xFFFF:
                return None
            path = normal_path(name.removesuffix(b"/").decode("utf-8", "surrogateescape"))
        except (HostileError, ValueError):
            return None  # `_member` says it better
        size_bytes = int(digits, 8)
        if size_bytes and kind == "dir":
            return None
        mode, uid, gid = owners
        return tuple.__new__(TarMember, (path, kind, mode, uid, gid, size_bytes, time, "", (0, 0), ()))

    def _member(self, block: bytes, extended: dict[str, bytes]) -> TarMember:
        size_bytes = self._checked(block)
        name = block[:100].partition(b"\0")[0]
        flag = block[156:157]
        kind = _TYPES.get(flag)
        if kind is None:
            raise ArchiveError(f"{self._what}: member {_text(name)} is of a kind that is not supported: {flag!r}")
        if block[345] and block[257:263] == _USTAR:
            name = block[345:500].partition(b"\0")[0] + b"/" + name
        try:
            owner = block[100:124]
            mode, uid, gid = self._owners.get(owner) or self._owner(owner)
            mtime = self._times.get(block[136:148])
            if mtime is None:
                mtime = self._time(block[136:148])
            if kind == "file" and not extended and not self._global and flag != b"\0":
                return TarMember(self._path(name), kind, mode, uid, gid, size_bytes, mtime)
            return self._odd_member(block, name, kind, (mode, uid, gid, size_bytes, mtime), extended)
        except (ValueError, OverflowError) as error:
            raise ArchiveError(f"{self._what}: tar header of {_text(name)} is damaged") from error

    def _odd_member(
        self,
        block: bytes,
        name: bytes,
        kind: MemberType,
        numbers: tuple[int, int, int, int, int],
        extended: dict[str, bytes],
    ) -> TarMember:
        """A member that is no plain file, or has extensions."""
        mode, uid, gid, size_bytes, mtime = numbers
        link = block[157:257].partition(b"\0")[0]
        pax = {**self._global, **extended}
        name, link = pax.get("path", name), pax.get("linkpath", link)
        uid, gid = int(pax.get("uid", uid)), int(pax.get("gid", gid))
        mtime = int(float(pax.get("mtime", mtime)))
        size_bytes = int(pax.get("size", size_bytes))
        if not 0 <= size_bytes <= _SIZE_CAP_BYTES:
            raise HostileError(f"{self._what}: member {_text(name)} has an absurd size: {size_bytes} bytes")
        if kind == "file" and block[156] == 0 and name.endswith(b"/"):
            kind = "dir"  # as tars before POSIX wrote a directory
        target = self._path(link) if kind == "hardlink" else _text(link) if kind == "symlink" else ""
        if not target and kind in ("hardlink", "symlink"):
            raise ArchiveError(f"{self._what}: link {_text(name)} has no target")
        device = (_number(block[329:337]), _number(block[337:345])) if kind in ("char", "block") else (0, 0)
        size_bytes = size_bytes if kind == "file" else 0
        return TarMember(self._path(name), kind, mode, uid, gid, size_bytes, mtime, target, device, self._xattrs(pax))

    def _owner(self, field: bytes) -> tuple[int, int, int]:
        owner = (_number(field[:8]) & 0o7777, _number(field[8:16]), _number(field[16:]))
        if len(self._owners) < _REMEMBERED:
            self._owners[field] = owner
        return owner

    def _time(self, field: bytes) -> int:
        time = _number(field)
        if len(self._times) < _REMEMBERED:
            self._times[field] = time
        return time

    def _xattrs(self, pax: dict[str, bytes]) -> tuple[tuple[str, bytes], ...]:
        found = []
        for key, value in pax.items():
            if key.startswith("GNU.sparse."):
                raise ArchiveError(f"{self._what}: sparse files are not supported")
            if key.startswith("SCHILY.xattr."):
                found.append((key.removeprefix("SCHILY.xattr."), value))
        return tuple(sorted(found))

    def _path(self, name: bytes) -> str:
        try:
            return normal_path(_text(name).lstrip("/"))
        except HostileError as error:
            raise HostileError(f"{self._what}: {error}") from error

    def _cut_short(self) -> ArchiveError:
        return ArchiveError(f"{self._what} is cut short")


def iter_tar(stream: BinaryIO, what: str = "tar") -> Iterator[tuple[TarMember, BinaryIO]]:
    """The members of ``stream``, each with its content, valid until the next one is asked for. See `TarReader`."""
    reader = TarReader(stream, what)
    for member in reader:
        yield member, reader.content()


class _MemberReader(ReadStream):
    def __init__(self, reader: TarReader) -> None:
        self._reader = reader

    def _fill(self, size_bytes: int) -> bytes:
        return self._reader.read_content(size_bytes)

    def close(self) -> None:
        """The tar stays open: its next member follows."""


def _number(field: bytes) -> int:
    """Octal digits, or with the first bit set a base-256 number (GNU tar)."""
    digits = field[:-1]
    if not digits.isdigit() or field[-1] > 32:
        if field[0] & 0x80:
            value = int.from_bytes(field, "big") & ((1 << (8 * len(field) - 1)) - 1)
            return value if not field[0] & 0x40 else value - (1 << (8 * len(field) - 1))
        digits = field.partition(b"\0")[0].strip() or b"0"
        if not digits.isdigit():
            raise ValueError(f"no octal number: {field!r}")
    return int(digits, 8)


@functools.lru_cache(maxsize=1 << 15)
def _sum_of(checksum: bytes) -> int:
    """What Adler-32's low half must be of a block with this checksum field: the sum of all bytes and one, modulo
    65,521. A block that is off by just that is no likelier than one whose bytes changed places, which no sum sees."""
    return (_number(checksum) - 8 * 0x20 + sum(checksum) + 1) % _ADLER_BASE


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")
