"""The words of eStargz: the table of contents, the footer that says where it is, the landmarks, the annotations.

containerd/stargz-snapshotter 0.12, https://github.com/containerd/stargz-snapshotter/blob/v0.12.0/docs/estargz.md.
"""

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import NamedTuple

from lightship.archive.tar import MemberType, TarMember
from lightship.errors import ArchiveError, ImageError, InputError
from lightship.oci.digest import Digest
from lightship.oci.document import Node, parse_object
from lightship.paths import normal_path

__all__ = [
    "CHUNK_LIMIT_BYTES",
    "FOOTER_BYTES",
    "LANDMARK",
    "MAX_TOC_BYTES",
    "NO_PREFETCH",
    "PREFETCH",
    "RESERVED",
    "TOC_DIGEST",
    "TOC_NAME",
    "UNCOMPRESSED_SIZE",
    "Chunk",
    "TocEntry",
    "encode_entry",
    "encode_toc",
    "footer",
    "parse_footer",
    "parse_toc",
]

TOC_NAME = "stargz.index.json"
PREFETCH = ".prefetch.landmark"
NO_PREFETCH = ".no.prefetch.landmark"
RESERVED = frozenset({TOC_NAME, PREFETCH, NO_PREFETCH})
"""Paths that the format keeps for itself."""
LANDMARK = b"\x0f"
"""Content of either landmark."""

TOC_DIGEST = "containerd.io/snapshot/stargz/toc.digest"
"""Annotation of the layer's descriptor: the digest of the TOC, which makes every chunk verifiable by the manifest."""
UNCOMPRESSED_SIZE = "io.containers.estargz.uncompressed-size"
"""The same for containers/storage: the size of the whole tar in bytes."""

CHUNK_LIMIT_BYTES = 4 << 20
"""What a chunk holds at most. A reader that wants one page inflates a whole chunk: one chunk of 200 MB made reading it
piece by piece quadratic."""

MAX_TOC_BYTES = 128 << 20
"""About 300 bytes for each file or chunk: 400,000 of them."""

FOOTER_BYTES = 51
_FOOTER_HEAD = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff\x1a\0SG\x16\0"
_FOOTER_TAIL = b"STARGZ\x01\0\0\xff\xff\0\0\0\0\0\0\0\0"

_NAMES: dict[MemberType, str] = {
    "file": "reg", "dir": "dir", "symlink": "symlink", "hardlink": "hardlink",
    "char": "char", "block": "block", "fifo": "fifo",
}  # fmt: skip
_TYPES = {name: member_type for member_type, name in _NAMES.items()}
_HEX = re.compile(rb"[0-9a-f]{16}")


class Chunk(NamedTuple):
    """``size_bytes`` of a file from ``chunk_offset`` on, whose gzip member begins at ``offset`` of the blob."""

    offset: int
    chunk_offset: int
    size_bytes: int
    digest: Digest


class TocEntry(NamedTuple):
    """What the TOC says of one member of the tar. ``digest`` is of a whole file; one without content may have none."""

    member: TarMember
    digest: Digest | None = None
    chunks: tuple[Chunk, ...] = ()


def encode_entry(entry: TocEntry) -> str:
    """The JSON of ``entry``: one object, and one more for each chunk after the first.

    Raise InputError for a name that is not UTF-8: JSON has no way to write it.
    """
    member, chunks = entry.member, entry.chunks
    name = member.path + "/" if member.type == "dir" and member.path else member.path
    document: dict[str, object] = {"name": name, "type": _NAMES[member.type]}
    if member.size_bytes:
        document["size"] = member.size_bytes
    if moment := _rfc3339(member.mtime):
        document["modtime"] = moment
    if member.link_target:
        document["linkName"] = member.link_target
    document |= {"mode": member.mode, "uid": member.uid, "gid": member.gid}
    if member.type in ("char", "block"):
        document |= {"devMajor": member.device[0], "devMinor": member.device[1]}
    if member.xattrs:
        document["xattrs"] = {key: base64.b64encode(value).decode() for key, value in member.xattrs}
    if entry.digest is not None:
        document["digest"] = str(entry.digest)
    encoded = [document | (_chunk(chunks, 0) if chunks else {})]
    encoded += [{"name": name, "type": "chunk"} | _chunk(chunks, place) for place in range(1, len(chunks))]
    text = ",\n".join(json.dumps(each, separators=(",", ":"), ensure_ascii=False) for each in encoded)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InputError(
            f"path is not UTF-8, and eStargz cannot name it: {name!r:.160}", hint="take gzip or zstd"
        ) from error
    return text


def encode_toc(entries: list[str]) -> bytes:
    """The TOC of entries that were encoded before. Nothing follows the last brace: Go's reader hashes what its decoder
    has read, which may end there."""
    return ('{"version":1,"entries":[\n' + ",\n".join(entries) + "\n]}").encode()


def footer(toc_offset: int) -> bytes:
    """The last 51 bytes of a blob: an empty gzip member that says where the TOC's member begins."""
    return _FOOTER_HEAD + b"%016x" % toc_offset + _FOOTER_TAIL


def parse_footer(raw: bytes, what: str) -> int:
    """Where the TOC's member begins; raise ArchiveError for bytes that are no footer."""
    digits = raw[len(_FOOTER_HEAD) : -len(_FOOTER_TAIL)]
    # The operating system in the gzip header and the block's kind are the writer's: what counts is the extra field.
    head = raw[:9] == _FOOTER_HEAD[:9] and raw[10:16] == _FOOTER_HEAD[10:]
    if len(raw) != FOOTER_BYTES or not head or not raw.endswith(_FOOTER_TAIL) or not _HEX.fullmatch(digits):
        raise ArchiveError(f"{what}: want the footer of an eStargz at the end, got other bytes")
    return int(digits, 16)


def parse_toc(raw: bytes, what: str) -> tuple[TocEntry, ...]:
    """The entries of a TOC. Raise ArchiveError for one that breaks the format, with the path of the fault."""
    try:
        node = parse_object(raw, "TOC")
        version = node.require("version")
        if version.integer() != 1:
            raise version.fault("1")
        return tuple(_entries(node.require("entries")))
    except ImageError as error:
        raise ArchiveError(f"{what}: {error}") from error


def _chunk(chunks: tuple[Chunk, ...], place: int) -> dict[str, object]:
    """The last chunk has no size: the format wants zero there, which is left out."""
    chunk = chunks[place]
    document: dict[str, object] = {"offset": chunk.offset}
    if chunk.chunk_offset:
        document["chunkOffset"] = chunk.chunk_offset
    if place + 1 < len(chunks):
        document["chunkSize"] = chunk.size_bytes
    return document | {"chunkDigest": str(chunk.digest)}


def _rfc3339(mtime: int) -> str:
    """Empty means zero or unknown, and so are times that RFC 3339 cannot say."""
    try:
        return datetime.fromtimestamp(mtime, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if mtime > 0 else ""
    except (OverflowError, ValueError, OSError):
        return ""


def _entries(node: Node) -> list[TocEntry]:
    found: list[tuple[TocEntry, list[Chunk]]] = []
    for each in node.items():
        kind = each.require("type")
        if kind.text() == "chunk":
            if not found or not found[-1][1]:
                raise each.fault("a file with content before its chunks")
            found[-1][1].append(_parse_chunk(each))
        elif kind.text() in _TYPES:
            entry = _entry(each, _TYPES[kind.text()])
            found.append((entry, [_parse_chunk(each)] if entry.member.size_bytes else []))
        else:
            raise kind.fault("the type of a tar entry")
    return [_with_chunks(entry, chunks, node.path) for entry, chunks in found]


def _entry(node: Node, member_type: MemberType) -> TocEntry:
    size_bytes = _number(node, "size") if member_type == "file" else 0
    digest = node.get("digest")
    link = node.optional_text("linkName")
    member = TarMember(
        path=normal_path(node.require("name").text().lstrip("/")),
        type=member_type,
        mode=_number(node, "mode") & 0o7777,
        uid=_number(node, "uid"),
        gid=_number(node, "gid"),
        size_bytes=size_bytes,
        mtime=_seconds(node),
        link_target=normal_path(link.lstrip("/")) if member_type == "hardlink" else link,
        device=(_number(node, "devMajor"), _number(node, "devMinor")),
        xattrs=_xattrs(node),
    )
    return TocEntry(
        member=member,
        digest=digest.digest() if digest and digest.value else None,
    )


def _parse_chunk(node: Node) -> Chunk:
    return Chunk(
        offset=_number(node, "offset"),
        chunk_offset=_number(node, "chunkOffset"),
        size_bytes=_number(node, "chunkSize"),
        digest=node.require("chunkDigest").digest(),
    )


def _with_chunks(entry: TocEntry, chunks: list[Chunk], path: str) -> TocEntry:
    """``entry`` with its chunks, which must make the whole file; the last one's size is left out by the format."""
    if not chunks:
        return entry
    size_bytes = entry.member.size_bytes
    chunks[-1] = chunks[-1]._replace(size_bytes=chunks[-1].size_bytes or size_bytes - chunks[-1].chunk_offset)
    position = 0
    for chunk in chunks:
        if chunk.chunk_offset != position or chunk.size_bytes <= 0:
            raise ImageError(f"{path}: chunks of {entry.member.path!r:.160} do not follow on each other")
        position += chunk.size_bytes
    if position != size_bytes:
        raise ImageError(f"{path}: chunks of {entry.member.path!r:.160}: want {size_bytes} bytes, got {position}")
    return entry._replace(chunks=tuple(chunks))


def _number(node: Node, name: str) -> int:
    found = node.get(name)
    return found.integer() if found else 0


def _seconds(node: Node) -> int:
    text = node.optional_text("modtime")
    try:
        return int(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC).timestamp()) if text else 0
    except ValueError as error:
        raise node.require("modtime").fault("a time such as 1980-01-01T00:00:00Z") from error


def _xattrs(node: Node) -> tuple[tuple[str, bytes], ...]:
    try:
        pairs = node.optional_text_map("xattrs").items()
        return tuple(sorted((key, base64.b64decode(value, validate=True)) for key, value in pairs))
    except (binascii.Error, ValueError) as error:
        raise node.require("xattrs").fault("extended attributes in base64") from error
