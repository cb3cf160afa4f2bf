"""Whether a layer's tar is whole and sane, without unpacking it.

POSIX.1-2001 pax(1), ustar interchange format with extended headers; GNU tar's long names and base-256 numbers, as in
https://www.gnu.org/software/tar/manual/html_node/Standard.html; OCI image-spec 1.1, layer.md. What the files hold
is not looked at.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from lightship.archive.verify import read_exact
from lightship.errors import ArchiveError, HostileError
from lightship.paths import normal_path

__all__ = ["TarEntry", "check_tar"]

_BLOCK = 512
_KNOWN_TYPES = frozenset(b"\x0001234567SVM")
_WITHOUT_BODY = frozenset(b"123456")
_LARGEST_HEADER_BYTES = 1 << 20
_CHUNK = 1 << 20


@dataclass(frozen=True, slots=True)
class TarEntry:
    """One entry as its headers say."""

    name: str
    type: bytes
    size_bytes: int


def check_tar(stream: BinaryIO) -> Iterator[str]:
    """Read ``stream`` to its end and yield a sentence for each entry that is not as it should be.

    Raise ArchiveError where the structure itself breaks (checksum, number, missing bytes, no end): after that nothing
    can be said. A path that is there twice is a fault: unpackers differ in what they keep (layer.md, "SHOULD NOT").
    """
    seen: set[str] = set()
    for entry in _entries(stream):
        try:
            name = normal_path(entry.name)
        except HostileError as error:
            yield str(error)
            continue
        if name in seen:
            yield f"path is there twice: {name!r:.160}"
        seen.add(name)
        if entry.type[0] not in _KNOWN_TYPES:
            yield f"entry type is not known: want a file, folder, link or device, got {entry.type!r} for {name!r:.160}"


def _entries(stream: BinaryIO) -> Iterator[TarEntry]:
    offset, overrides = 0, dict[str, str]()
    while True:
        block = read_exact(stream, _BLOCK)
        if len(block) != _BLOCK:
            raise ArchiveError(f"tar ends at byte {offset + len(block)} without two blocks of zeros")
        offset += _BLOCK
        if not any(block):
            _check_end(stream, offset)
            return
        _check_sum(block, offset - _BLOCK)
        kind = block[156:157]
        size_bytes = 0 if kind[0] in _WITHOUT_BODY else _number(block[124:136], offset)
        if kind in b"xgLK":
            body = _header_body(stream, size_bytes, offset)
            offset += _padded(size_bytes)
            overrides.update(_overrides(kind, body, offset))
            continue
        size_bytes = _override_size(overrides, size_bytes, kind, offset)
        yield TarEntry(overrides.get("path") or _name(block), kind, size_bytes)
        _skip(stream, _padded(size_bytes), offset)
        offset += _padded(size_bytes)
        overrides = {}


def _check_end(stream: BinaryIO, offset: int) -> None:
    second = read_exact(stream, _BLOCK)
    if len(second) != _BLOCK or any(second):
        raise ArchiveError(f"tar has one block of zeros at byte {offset - _BLOCK} where two end it")
    while chunk := stream.read(_CHUNK):
        if any(chunk):
            raise ArchiveError(f"tar goes on after its end at byte {offset + _BLOCK}")


def _check_sum(block: bytes, offset: int) -> None:
    blank = block[:148] + b" " * 8 + block[156:]
    signed = sum(byte - 256 if byte > 127 else byte for byte in blank) if max(blank) > 127 else sum(blank)
    if _number(block[148:156], offset) not in (sum(blank), signed):  # old writers summed signed bytes: pax(1)
        raise ArchiveError(f"tar header at byte {offset} has a wrong checksum")


def _number(field: bytes, offset: int) -> int:
    if field[0] & 0x80:
        if field[0] & 0x40:
            raise ArchiveError(f"tar header before byte {offset} has a negative number")
        return int.from_bytes(bytes([field[0] & 0x3F]) + field[1:])
    text = field.split(b"\0")[0].strip(b" ")
    try:
        return int(text, 8) if text else 0
    except ValueError as error:
        raise ArchiveError(f"tar header before byte {offset} has no octal number: {field!r}") from error


def _header_body(stream: BinaryIO, size_bytes: int, offset: int) -> bytes:
    if size_bytes > _LARGEST_HEADER_BYTES:
        raise HostileError(f"tar header at byte {offset} is too large: {size_bytes} bytes of names")
    body = read_exact(stream, _padded(size_bytes))
    if len(body) != _padded(size_bytes):
        raise ArchiveError(f"tar is cut short in a header at byte {offset}")
    return body[:size_bytes]


def _overrides(kind: bytes, body: bytes, offset: int) -> dict[str, str]:
    if kind == b"L":
        return {"path": body.rstrip(b"\0").decode(errors="surrogateescape")}
    if kind != b"x":
        return {}
    records: dict[str, str] = {}
    while body:
        length, _, rest = body.partition(b" ")
        size = int(length) if length.isdigit() else 0
        key, equals, value = rest[: size - len(length) - 1].partition(b"=")
        if not 0 < size <= len(body) or not equals or not value.endswith(b"\n"):
            raise ArchiveError(f"tar has a damaged pax header before byte {offset}")
        records[key.decode(errors="replace")] = value[:-1].decode(errors="surrogateescape")
        body = body[size:]
    return records


def _override_size(overrides: dict[str, str], size_bytes: int, kind: bytes, offset: int) -> int:
    text = overrides.get("size")
    if text is None or kind[0] in _WITHOUT_BODY:
        return size_bytes
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        raise ArchiveError(f"tar has no number as size in the pax header before byte {offset}: {text!r:.40}")
    return int(text)


def _name(block: bytes) -> str:
    name = block[:100].split(b"\0")[0]
    prefix = block[345:500].split(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return (prefix + b"/" + name if prefix else name).decode(errors="surrogateescape")


def _padded(size_bytes: int) -> int:
    return size_bytes + -size_bytes % _BLOCK


def _skip(stream: BinaryIO, size_bytes: int, offset: int) -> None:
    left = size_bytes
    while left:
        chunk = stream.read(min(left, _CHUNK))
        if not chunk:
            raise ArchiveError(f"tar is cut short: {left} bytes are missing of the entry at byte {offset}")
        left -= len(chunk)
