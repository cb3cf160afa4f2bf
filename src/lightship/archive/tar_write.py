"""Canonical tar headers: the same bytes for the same entry on every machine.

ustar (POSIX.1-2001, pax(1), "ustar Interchange Format") where an entry fits, pax extended headers for names that
are long or not ASCII and for sizes from 8 GiB. No user or group names, no host times. Bodies are the caller's:
content is followed by `padding`, an archive ends with `END`.
"""

import functools
import zlib

from lightship.errors import InputError

__all__ = ["BLOCK_BYTES", "END", "TypeFlag", "header", "padding"]

BLOCK_BYTES = 512
END = bytes(2 * BLOCK_BYTES)

_ZEROS = bytes(BLOCK_BYTES)
_MAX_OCTAL_SIZE = 0o77777777777
_MAX_OCTAL_ID = 0o7777777
_USTAR = b"ustar\00000"
_TAIL = bytes(64) + b"0000000\0" * 2 + bytes(167)
"""User and group names, device numbers, prefix."""
_TAIL_SUM = sum(_TAIL)
_adler32 = zlib.adler32


class TypeFlag:
    """The typeflags that are written. POSIX.1-2001, pax(1)."""

    FILE = b"0"
    HARDLINK = b"1"
    SYMLINK = b"2"
    DIRECTORY = b"5"
    PAX = b"x"


def padding(size_bytes: int) -> bytes:
    """Zeros from ``size_bytes`` to the next block."""
    return _ZEROS[: -size_bytes % BLOCK_BYTES]


def header(
    path: str,
    *,
    flag: bytes,
    mode: int,
    uid: int = 0,
    gid: int = 0,
    size_bytes: int = 0,
    mtime: int,
    link_target: str = "",
) -> bytes:
    """The header of one entry: a block, or a pax header with its body and then the block.

    ``path`` of a directory ends with ``/``. Names are UTF-8; bytes that are not (PEP 383 surrogates) pass as they are.
    """
    name = path.encode("utf-8", "surrogateescape")
    link = link_target.encode("utf-8", "surrogateescape")
    records = b""
    prefix = b""
    if len(name) > 100 or not name.isascii():
        split = _split(name)
        if split is None or not name.isascii():
            records += _pax_record(b"path", name)
            name = _stand_in(name)
        else:
            prefix, name = split
    if len(link) > 100 or not link.isascii():
        records += _pax_record(b"linkpath", link)
        link = _stand_in(link)
    if size_bytes > _MAX_OCTAL_SIZE:
        records += _pax_record(b"size", b"%d" % size_bytes)
    if uid > _MAX_OCTAL_ID or gid > _MAX_OCTAL_ID:
        records += _pax_record(b"gid", b"%d" % gid) + _pax_record(b"uid", b"%d" % uid)
        uid, gid = min(uid, _MAX_OCTAL_ID), min(gid, _MAX_OCTAL_ID)
    block = _block(name, prefix, link, flag, mode, uid, gid, min(size_bytes, _MAX_OCTAL_SIZE), mtime)
    if not records:
        return block
    own_name = b"PaxHeaders/" + name.rstrip(b"/").rpartition(b"/")[2][:80]
    own = _block(own_name, b"", b"", TypeFlag.PAX, 0o644, 0, 0, len(records), mtime)
    return own + records + padding(len(records)) + block


@functools.lru_cache(maxsize=4096)
def _owner(mode: int, uid: int, gid: int) -> bytes:
    if mode & ~0o7777 or uid < 0 or gid < 0:
        raise InputError(f"mode or owner cannot be written to a tar: mode {mode:o}, uid {uid}, gid {gid}")
    return b"%07o\0%07o\0%07o\0" % (mode, uid, gid)


def _block(
    name: bytes, prefix: bytes, link: bytes, flag: bytes, mode: int, uid: int, gid: int, size: int, mtime: int
) -> bytes:
    head = name.ljust(100, b"\0") + _owner(mode, uid, gid) + b"%011o\0%011o\0" % (size, mtime)
    middle = flag + link.ljust(100, b"\0") + _USTAR
    # The checksum is the sum of all bytes, its own field taken as eight spaces. The low half of Adler-32 is one more
    # than the sum of its input, modulo 65521, which fewer than 256 bytes cannot reach: far quicker than a sum here.
    total = 8 * 0x20 - 2 + (_adler32(head) & 0xFFFF) + (_adler32(middle) & 0xFFFF) + _TAIL_SUM
    if not prefix:
        return head + b"%06o\0 " % total + middle + _TAIL
    total += (_adler32(prefix) & 0xFFFF) - 1
    return head + b"%06o\0 " % total + middle + _TAIL[:80] + prefix.ljust(167, b"\0")


def _split(name: bytes) -> tuple[bytes, bytes] | None:
    """``name`` as prefix and name of ustar, cut at the first slash that lets both fit."""
    cut = name.find(b"/", max(0, len(name) - 101))
    while cut != -1 and cut <= 155:
        if cut > 0 and 0 < len(name) - cut - 1 <= 100:
            return name[:cut], name[cut + 1 :]
        cut = name.find(b"/", cut + 1)
    return None


def _stand_in(name: bytes) -> bytes:
    """What a reader without pax sees: ASCII, and no longer than the field."""
    return bytes(byte if byte < 128 else 0x5F for byte in name)[:99] + (b"/" if name.endswith(b"/") else b"")


def _pax_record(key: bytes, value: bytes) -> bytes:
    """``LENGTH KEY=VALUE\\n`` where LENGTH counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    if len(str(length)) != len(str(rest)):
        length = rest + len(str(length))
    return b"%d %b=%b\n" % (length, key, value)
