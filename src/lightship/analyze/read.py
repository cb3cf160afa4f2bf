"""One streaming pass over one layer: rows, and the few contents that somebody wants. Nothing is stored.

Every content gets a CRC-32 as it passes (isal's: 15 GB a second), which finds equal files without a second look. Where
a file is in the blob is measured, not guessed: a decoder's position is noted beside that in the tar every 256 KiB,
and what lies between is shared out evenly.

The blob is verified against its digest. The tar is not hashed a second time against its diff_id: what a blob that has
its digest unpacks to is not open to doubt, and SHA-256 of 2 GB costs 1.4 s.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import BinaryIO

from isal import isal_zlib

from lightship.analyze.entries import DEVICE, DIRECTORY, FILE, HARD_LINK, OPAQUE, SYMLINK, WHITEOUT, Entries
from lightship.analyze.wanted import KEPT_CAP_BYTES, Interest
from lightship.archive.codec import open_decompressed
from lightship.archive.tar import TarMember, TarReader
from lightship.archive.verify import CHUNK_BYTES, ReadStream
from lightship.archive.whiteout import parse_whiteout
from lightship.ecosystem.inventory import Scanner, Wanted
from lightship.errors import HostileError, ImageError, UsageError
from lightship.image.blobs import StreamLayer
from lightship.image.protocol import Layer
from lightship.oci import media_types

__all__ = ["MOST_ENTRIES", "LayerRows", "read_layer"]

MOST_ENTRIES = 4_000_000
"""In one layer. The largest images known have under a million; a row costs some 300 bytes once merged."""

_KINDS = {"file": FILE, "dir": DIRECTORY, "symlink": SYMLINK, "hardlink": HARD_LINK}
_ELF = b"\x7fELF"
_PACKED_BYTES = 1 << 15
_TELL_BYTES = 1 << 20
_crc32 = isal_zlib.crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRows:
    """A layer that was read. ``kept`` are contents by row; ``scanned`` what scanners found, by (their code, row);
    ``too_large`` are rows that somebody wanted and nobody kept. ``tar_bytes`` is the length of the plain tar."""

    entries: Entries
    kept: dict[int, bytes] = field(repr=False)
    scanned: dict[tuple[str, int], bytes] = field(repr=False)
    too_large: tuple[int, ...]
    tar_bytes: int


def read_layer(
    layer: Layer, interest: Interest, *, verify: bool = True, seen: Callable[[int], object] | None = None
) -> LayerRows:
    """Read ``layer`` to its end. Raise as its ``open`` and `TarReader` do, ImageError for a media type that is no tar.
    ``seen`` is told now and then how many bytes more of the blob went by; what it raises ends the reading.

    Without ``verify`` an uncompressed layer of an archive is not hashed: a ``docker-archive`` has no manifest that
    could vouch for it. Compressed ones are always verified.
    """
    compression = media_types.compression_of(layer.media_type)
    if compression is None:
        raise ImageError(f"layer {layer.digest}: want a tar layer, got {layer.media_type!r:.120}")
    plain_source = layer.opener if isinstance(layer, StreamLayer) and compression == "none" and not verify else None
    blob = _Counted(
        plain_source() if plain_source is not None else layer.open(),
        CHUNK_BYTES if compression == "none" else _PACKED_BYTES,
        seen,
    )
    try:
        stream = _Paired(open_decompressed(blob, compression, what=f"layer {layer.digest}"), blob)
    except BaseException:
        blob.close()
        raise
    with stream:
        reading = _Reading(TarReader(stream, f"layer {layer.digest}"), stream, interest)
        reading.run()
    reading.share_out(layer.compressed_bytes)
    return LayerRows(
        entries=reading.entries,
        kept=reading.kept,
        scanned=reading.scanned,
        too_large=tuple(reading.too_large),
        tar_bytes=stream.count,
    )


class _Counted(ReadStream):
    """The blob, at most ``most_bytes`` at a time: what a decoder has read and not yet used blurs its position."""

    def __init__(self, source: BinaryIO, most_bytes: int, seen: Callable[[int], object] | None) -> None:
        super().__init__(source)
        self._most_bytes = most_bytes
        self._seen = seen
        self._told = 0
        self.count = 0

    def _fill(self, size_bytes: int) -> bytes:
        chunk = self._source.read(min(size_bytes, self._most_bytes))
        self.count += len(chunk)
        fresh = self.count - self._told
        if self._seen is not None and (fresh >= _TELL_BYTES or (fresh and not chunk)):
            self._seen(fresh)
            self._told = self.count
        return chunk

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            raise UsageError("a layer is never read whole")
        return self._fill(size)  # whoever reads here takes what there is: gathering would copy every chunk


class _Paired(ReadStream):
    """The plain tar, with pairs of positions: so far in the tar, so far in the blob."""

    def __init__(self, source: BinaryIO, blob: _Counted) -> None:
        super().__init__(source)
        self._blob = blob
        self.count = 0
        self.plain = array("Q", [0])
        self.packed = array("Q", [0])

    def read(self, size: int | None = -1, /) -> bytes:
        chunk = self._source.read(size if size is not None else -1)
        self.count += len(chunk)
        if self.count - self.plain[-1] >= CHUNK_BYTES:
            self.plain.append(self.count)
            self.packed.append(self._blob.count)
        return chunk

    def _fill(self, size_bytes: int) -> bytes:
        return self.read(size_bytes)


class _Reading:
    def __init__(self, reader: TarReader, stream: _Paired, interest: Interest) -> None:
        self.entries = Entries()
        self.kept: dict[int, bytes] = {}
        self.scanned: dict[tuple[str, int], bytes] = {}
        self.too_large: list[int] = []
        self._kept_bytes = 0
        self._ends = array("Q")
        self._reader = reader
        self._stream = stream
        self._interest = interest

    def run(self) -> None:
        """Read every member. Plain and unrolled: it runs for a million members."""
        entries, reader, stream, ends = self.entries, self._reader, self._stream, self._ends
        in_file: Callable[[str], Wanted | None] = self._interest.in_file
        add, crcs = entries.add, entries.crcs
        for member in reader:
            path, kind_name, mode, uid, gid, size, mtime, link_target, _, xattrs = member
            ends.append(stream.count - reader.ahead_bytes + size + -size % 512)
            if ".wh." in path and (whiteout := parse_whiteout(path)) is not None:
                add(whiteout.path, OPAQUE if whiteout.opaque else WHITEOUT)
                continue
            row = add(path, _KINDS.get(kind_name, DEVICE), mode, uid, gid, mtime, size)
            if size:
                wanted = in_file(path)
                crcs[row] = self._content(row, member) if wanted is None else self._keep(row, member, wanted)
            elif link_target:
                entries.link_targets[row] = link_target
            elif kind_name == "file" and in_file(path) is not None:
                self.kept[row] = b""
            if xattrs:
                entries.xattrs[row] = len(xattrs)
            if row >= MOST_ENTRIES:
                raise HostileError(f"a layer holds too much: want at most {MOST_ENTRIES} members, got more")

    def share_out(self, blob_bytes: int) -> None:
        """Fill the column of compressed bytes."""
        plain, packed = self._stream.plain, self._stream.packed
        plain.append(max(self._stream.count, plain[-1] + 1))
        packed.append(max(blob_bytes, packed[-1]))
        compressed, place, before = self.entries.compressed, 0, 0
        for end in self._ends:
            while plain[place + 1] < end and place + 2 < len(plain):
                place += 1
            start, step = plain[place], plain[place + 1] - plain[place]
            at = packed[place] + (packed[place + 1] - packed[place]) * min(end - start, step) // step
            compressed.append(at - before)
            before = at

    def _content(self, row: int, member: TarMember) -> int:
        """The CRC-32 of a content that nobody wants, unless a scanner does."""
        reader = self._reader
        chunk = reader.read_content(CHUNK_BYTES)
        if member.mode & 0o111 and chunk.startswith(_ELF) and ".so" not in member.path:
            return self._scan(row, chunk)
        crc = _crc32(chunk)
        if len(chunk) == member.size_bytes:
            return crc
        while chunk := reader.read_content(CHUNK_BYTES):
            crc = _crc32(chunk, crc)
        return crc

    def _scan(self, row: int, chunk: bytes) -> int:
        scanners: list[tuple[str, Scanner]] = self._interest.scanners()
        crc = 0
        while chunk:
            crc = _crc32(chunk, crc)
            for _, scanner in scanners:
                scanner.feed(chunk)
            chunk = self._reader.read_content(CHUNK_BYTES)
        for code, scanner in scanners:
            if found := scanner.result():
                self.scanned[code, row] = found
        return crc

    def _keep(self, row: int, member: TarMember, wanted: Wanted) -> int:
        if member.size_bytes > wanted.cap_bytes or self._kept_bytes > KEPT_CAP_BYTES:
            self.too_large.append(row)
            return self._content(row, member)
        parts = []
        while chunk := self._reader.read_content(CHUNK_BYTES):
            parts.append(chunk)
        content = b"".join(parts)
        kept = wanted.keep(content)
        self._kept_bytes += len(kept)
        self.kept[row] = kept
        return _crc32(content)
