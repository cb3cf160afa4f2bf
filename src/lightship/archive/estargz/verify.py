"""An eStargz blob held against its own TOC, in one pass and from any stream: what a lazy reader believes is what an
ordinary one unpacks.

containerd/stargz-snapshotter 0.12, https://github.com/containerd/stargz-snapshotter/blob/v0.12.0/docs/estargz.md,
section Content Verification in eStargz. A reader that mounts a layer sees names, modes and owners of the TOC and never
those of the tar, so the two are compared entry by entry; the format itself would let them differ.
"""

import hashlib
from collections import deque
from itertools import takewhile
from typing import BinaryIO

from isal import igzip_lib

from lightship.archive.codec import open_decompressed
from lightship.archive.estargz.toc import (
    FOOTER_BYTES,
    LANDMARK,
    MAX_TOC_BYTES,
    NO_PREFETCH,
    PREFETCH,
    TOC_NAME,
    Chunk,
    TocEntry,
    parse_footer,
    parse_toc,
)
from lightship.archive.gzip import INFLATE_ERRORS
from lightship.archive.tar import TarMember, TarReader
from lightship.archive.verify import CHUNK_BYTES, ReadStream
from lightship.errors import ArchiveError, HostileError, MismatchError
from lightship.oci.digest import Digest
from lightship.values import dataclass

__all__ = ["Toc", "read_toc", "verify_estargz"]

_FIRST_FEED_BYTES = 1 << 10
_MOST_FEED_BYTES = 1 << 16
_MOST_ENTRIES = MAX_TOC_BYTES // 40  # {"name":"a","type":"dir","mode":0, …}: none is shorter
_YEAR_10000_S = 253_402_300_800
_PADDING_BYTES = 1 << 20  # the TOC's headers, and what a tar ends with
_MOST_STARTS = 1 << 20  # a tar is read a quarter of a MiB ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Toc:
    """What a verified blob holds: the entries of its TOC, in order, and the digest of the TOC."""

    entries: tuple[TocEntry, ...]
    digest: Digest

    @property
    def prefetch(self) -> tuple[str, ...]:
        """Paths that a reader should fetch ahead: those before the landmark."""
        names = [entry.member.path for entry in self.entries]
        return tuple(names[: names.index(PREFETCH)]) if PREFETCH in names else ()


def verify_estargz(blob: BinaryIO, toc_digest: Digest | None, what: str = "layer") -> Toc:
    """Read ``blob`` to its end and return its TOC, once everything agrees.

    That is: footer, TOC and ``toc_digest`` (from the layer's descriptor); every entry of the TOC with the tar's member
    at its place, in name, type, size, mode, owner, time, link, device and attributes; the digest of every file and
    chunk, and that a gzip member begins where the TOC says so; one landmark. Memory grows with the number of entries
    alone. Raise MismatchError for wrong digests, HostileError where TOC and tar tell different stories, ArchiveError
    for a blob that is damaged or no eStargz. The caller closes.
    """
    members = _MemberReader(blob, what)
    tar = TarReader(members, what, keep_headers=True)
    found: list[TocEntry] = []
    raw: bytes | None = None
    toc_offset = position = 0
    for member in tar:
        if raw is not None:
            raise HostileError(f"{what}: want {TOC_NAME} to be the last entry, got {member.path!r:.160} after it")
        if member.path == TOC_NAME:
            toc_offset = members.begins_at(position)
            raw = _read_toc(tar, member, what)
        else:
            found.append(_entry(tar, member, members, position + len(tar.header), what))
            if len(found) > _MOST_ENTRIES:
                raise HostileError(f"{what}: want at most {_MOST_ENTRIES} entries in an eStargz, got more")
        position += len(tar.header) + member.size_bytes + -member.size_bytes % 512
    if raw is None:
        raise ArchiveError(f"{what} is no eStargz: it has no {TOC_NAME}")
    digest = Digest.of(raw)
    if toc_digest is not None and digest != toc_digest:
        raise MismatchError(f"{what}: TOC: digest mismatch: want {toc_digest}, got {digest}")
    said = parse_footer(bytes(members.tail), what)
    if said != toc_offset:
        raise HostileError(f"{what}: want the TOC where its footer says, at {said}, got it at {toc_offset}")
    if [offset for _, offset in members.starts if offset > said] != [members.read_bytes - FOOTER_BYTES]:
        raise HostileError(f"{what}: want nothing but the footer after the TOC, got other members")
    entries = parse_toc(raw, what)
    _compare(entries, found, what)
    _check_landmark(found, what)
    return Toc(entries=entries, digest=digest)


def read_toc(stream: BinaryIO, what: str = "layer") -> bytes:
    """The TOC of the gzip member that ``stream`` begins with, as a footer says. Raise ArchiveError where it is none."""
    plain = open_decompressed(stream, "gzip", limit_bytes=MAX_TOC_BYTES + _PADDING_BYTES, what=f"{what}: TOC")
    tar = TarReader(plain, what)
    member = next(iter(tar), None)
    if member is None or member.path != TOC_NAME:
        raise ArchiveError(f"{what}: want {TOC_NAME} where the footer says, got other bytes")
    return _read_toc(tar, member, what)


def _read_toc(tar: TarReader, member: TarMember, what: str) -> bytes:
    if member.type != "file":
        raise HostileError(f"{what}: want {TOC_NAME} to be a file, got a {member.type}")
    if member.size_bytes > MAX_TOC_BYTES:
        raise HostileError(f"{what}: TOC is too large: want at most {MAX_TOC_BYTES} bytes, got {member.size_bytes}")
    parts = []
    while part := tar.read_content(CHUNK_BYTES):
        parts.append(part)
    return b"".join(parts)


def _entry(tar: TarReader, member: TarMember, members: "_MemberReader", start: int, what: str) -> TocEntry:
    """What the TOC should say of ``member``, whose content begins at ``start`` of the tar: cut where gzip members
    begin."""
    if not member.size_bytes:
        return TocEntry(member)
    whole = hashlib.sha256()
    chunks: list[Chunk] = []
    running, offset, chunk_start, position = hashlib.sha256(), -1, 0, 0

    def close() -> None:
        chunks.append(Chunk(offset, chunk_start, position - chunk_start, Digest("sha256", running.hexdigest())))

    while part := tar.read_content(CHUNK_BYTES):
        for begins, piece in members.cut(start + position, part):
            if begins >= 0:
                if position:
                    close()
                running, offset, chunk_start = hashlib.sha256(), begins, position
            elif offset < 0:
                raise HostileError(f"{what}: want a gzip member at the content of {member.path!r:.160}, got none")
            running.update(piece)
            whole.update(piece)
            position += len(piece)
    close()
    return TocEntry(member, Digest("sha256", whole.hexdigest()), tuple(chunks))


def _compare(said: tuple[TocEntry, ...], found: list[TocEntry], what: str) -> None:
    if len(said) != len(found):
        raise HostileError(f"{what}: want a TOC of {len(found)} entries as the tar has, got {len(said)}")
    for entry, true in zip(said, found, strict=True):
        path = true.member.path
        if entry.member.path != path:
            raise HostileError(f"{what}: TOC: want {path!r:.160}, got {entry.member.path!r:.160}")
        for name, want, got in zip(TarMember._fields, true.member, entry.member, strict=True):
            if want != got and not (name == "mtime" and _is_near(want, got)):
                raise HostileError(f"{what}: TOC: {path!r:.160}: want {name} {want!r:.160}, got {got!r:.160}")
        if entry.digest is not None and true.digest is not None and entry.digest != true.digest:
            raise MismatchError(f"{what}: {path!r:.160}: digest mismatch: want {entry.digest}, got {true.digest}")
        _compare_chunks(entry.chunks, true.chunks, f"{what}: {path!r:.160}")


def _compare_chunks(said: tuple[Chunk, ...], found: tuple[Chunk, ...], what: str) -> None:
    if len(said) != len(found):
        raise HostileError(f"{what}: want {len(found)} chunks as there are gzip members, got {len(said)}")
    for chunk, true in zip(said, found, strict=True):
        if chunk[:3] != true[:3]:
            want, got = true[:3], chunk[:3]
            raise HostileError(f"{what}: want a chunk at {want} (offset, offset in the file, bytes), got one at {got}")
        if chunk.digest != true.digest:
            raise MismatchError(f"{what}: chunk digest mismatch: want {chunk.digest}, got {true.digest}")


def _is_near(want: object, got: object) -> bool:
    """Whether a TOC may say ``got`` of the time ``want``: fractions are rounded there, and what RFC 3339 cannot say is
    unknown."""
    if not isinstance(want, int) or not isinstance(got, int):
        return False
    return abs(want - got) <= 1 or (got == 0 and not 0 < want < _YEAR_10000_S)


def _check_landmark(found: list[TocEntry], what: str) -> None:
    landmarks = [entry for entry in found if entry.member.path in (PREFETCH, NO_PREFETCH)]
    right = Digest.of(LANDMARK)
    if len(landmarks) != 1 or landmarks[0].digest != right:
        raise ArchiveError(f"{what}: want one landmark, got {len(landmarks)}")


class _MemberReader(ReadStream):
    """The plain bytes of one gzip member after the other, and where each began.

    ``starts`` are pairs of position in the plain bytes and offset in the blob, ``tail`` is the blob's last bytes.
    """

    def __init__(self, source: BinaryIO, what: str) -> None:
        super().__init__(source)
        self._what = what
        self._chunk = b""
        self._position = 0
        self._decoder: igzip_lib.IgzipDecompressor | None = None
        self._feed_bytes = _FIRST_FEED_BYTES
        self._plain_bytes = 0
        self.read_bytes = 0
        self.tail = bytearray()
        self.starts: deque[tuple[int, int]] = deque()

    def begins_at(self, position: int) -> int:
        """The offset of the gzip member whose first plain byte is at ``position``; -1 when none begins there."""
        self._forget(position)
        return self.starts[0][1] if self.starts and self.starts[0][0] == position else -1

    def cut(self, position: int, piece: bytes) -> list[tuple[int, bytes]]:
        """``piece`` of the plain bytes at ``position``, cut where members begin: each part with the offset of the
        member that begins with it, or -1."""
        self._forget(position)
        end = position + len(piece)
        bounds = list(takewhile(lambda start: start[0] < end, self.starts))
        if not bounds or bounds[0][0] > position:
            bounds.insert(0, (position, -1))
        stops = [begins for begins, _ in bounds[1:]] + [end]
        return [
            (offset, piece[begins - position : stop - position])
            for (begins, offset), stop in zip(bounds, stops, strict=True)
        ]

    def _forget(self, position: int) -> None:
        while self.starts and self.starts[0][0] < position:
            self.starts.popleft()

    def _fill(self, size_bytes: int) -> bytes:
        while self._has_more():
            if self._decoder is None:
                self._begin()
            if plain := self._inflate(size_bytes):
                self._plain_bytes += len(plain)
                return plain
        if self._decoder is not None:
            raise ArchiveError(f"{self._what} is cut short")
        return b""

    def _has_more(self) -> bool:
        """False at the end of the blob."""
        if self._position < len(self._chunk) or (self._decoder is not None and not self._decoder.needs_input):
            return True
        self._chunk, self._position = self._source.read(CHUNK_BYTES), 0
        self.read_bytes += len(self._chunk)
        self.tail += self._chunk
        del self.tail[:-FOOTER_BYTES]
        return bool(self._chunk)

    def _begin(self) -> None:
        self.starts.append((self._plain_bytes, self.read_bytes - len(self._chunk) + self._position))
        if len(self.starts) > _MOST_STARTS:
            raise HostileError(
                f"{self._what}: want gzip members with content, got {len(self.starts)} almost empty ones"
            )
        self._decoder = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_GZIP)
        self._feed_bytes = _FIRST_FEED_BYTES

    def _inflate(self, size_bytes: int) -> bytes:
        """A little at first: what a decoder is given and does not need is copied, and most members are small."""
        decoder, given = self._decoder, b""
        if decoder is None:
            return b""
        if decoder.needs_input:
            given = self._chunk[self._position : self._position + self._feed_bytes]
            self._position += len(given)
            self._feed_bytes = min(2 * self._feed_bytes, _MOST_FEED_BYTES)
        try:
            plain: bytes = decoder.decompress(given, size_bytes)
        except INFLATE_ERRORS as error:
            raise ArchiveError(f"{self._what} is damaged: {error}") from error
        if decoder.eof:
            self._position -= len(decoder.unused_data)
            self._decoder = None
        return plain
