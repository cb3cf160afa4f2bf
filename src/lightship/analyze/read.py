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

from lightship.analyze.entries import DEVICE, DIRECTORY, FILE, HARD_LINK, OPAQUE, SYMLINK, WHITEOUT, Entries, Row
from lightship.analyze.wanted import KEPT_CAP_BYTES, Interest
from lightship.archive.codec import open_decompressed
from lightship.archive.tar import MemberType, TarReader
from lightship.archive.verify import CHUNK_BYTES, ReadStream, bytes_first
from lightship.archive.whiteout import parse_whiteout
from lightship.ecosystem.elf.streamed import ELF_HEAD_BYTES, StripScanner
from lightship.ecosystem.inventory import Scanner, Wanted
from lightship.errors import HostileError, ImageError, UsageError
from lightship.image.blobs import StreamLayer
from lightship.image.protocol import Layer
from lightship.oci import media_types

__all__ = ["MOST_ENTRIES", "LayerRows", "read_layer"]

MOST_ENTRIES = 4_000_000
"""In one layer. The largest images known have under a million; a row costs some 300 bytes once merged."""

_KINDS: dict[MemberType, int] = {
    "file": FILE, "dir": DIRECTORY, "symlink": SYMLINK, "hardlink": HARD_LINK,
    "char": DEVICE, "block": DEVICE, "fifo": DEVICE,
}  # fmt: skip
_BATCH = 1024
_ELF = b"\x7fELF"
_PACKED_BYTES = 1 << 16
_TELL_BYTES = 1 << 20
_crc32 = isal_zlib.crc32


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerRows:
    """A layer that was read. ``kept`` are contents by row; ``scanned`` what scanners found, by (their code, row);
    ``too_large`` are rows that somebody wanted and nobody kept, ``strippable`` the bytes that stripping would save of
    an ELF file, by row. ``tar_bytes`` is the length of the plain tar."""

    entries: Entries
    kept: dict[int, bytes] = field(repr=False)
    scanned: dict[tuple[str, int], bytes] = field(repr=False)
    too_large: tuple[int, ...]
    strippable: dict[int, int] = field(repr=False)
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
    with stream, bytes_first(blob):
        reading = _Reading(TarReader(stream, f"layer {layer.digest}"), stream, interest)
        reading.run()
    reading.share_out(layer.compressed_bytes)
    return LayerRows(
        entries=reading.entries,
        kept=reading.kept,
        scanned=reading.scanned,
        too_large=tuple(reading.too_large),
        strippable=reading.strippable,
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
        self.strippable: dict[int, int] = {}
        self._kept_bytes = 0
        self._ends = array("Q")
        self._reader = reader
        self._stream = stream
        self._interest = interest

    def run(self) -> None:
        """Read every member. Plain and unrolled: it runs for a million members."""
        entries, reader, stream, ends = self.entries, self._reader, self._stream, self._ends
        in_file, read_content = self._interest.asker(), reader.read_content
        rows: list[Row] = []
        row = -1
        for path, kind_name, mode, uid, gid, size, mtime, link_target, _, xattrs in reader:
            ends.append(stream.count - reader.ahead_bytes + size + -size % 512)
            row += 1
            if len(rows) == _BATCH:
                entries.add_all(rows)
                rows.clear()
                if row >= MOST_ENTRIES:
                    raise HostileError(f"a layer holds too much: want at most {MOST_ENTRIES} members, got more")
            if ".wh." in path and (whiteout := parse_whiteout(path)) is not None:
                rows.append((whiteout.path, OPAQUE if whiteout.opaque else WHITEOUT, 0o755, 0, 0, 0, 0, 0))
                continue
            crc = 0
            if size:
                wanted = in_file(path)
                if wanted is not None:
                    crc = self._keep(row, path, mode, size, wanted)
                else:
                    chunk = read_content(CHUNK_BYTES)
                    if len(chunk) == size and not chunk.startswith(_ELF):
                        crc = _crc32(chunk)
                    else:
                        crc = self._content(row, path, mode, size, chunk)
            elif link_target:
                entries.link_targets[row] = link_target
            elif kind_name == "file" and in_file(path) is not None:
                self.kept[row] = b""
            if xattrs:
                entries.xattrs[row] = len(xattrs)
            rows.append((path, _KINDS[kind_name], mode, uid, gid, mtime, size, crc))
        entries.add_all(rows)

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

    def _content(self, row: int, path: str, mode: int, size: int, chunk: bytes) -> int:
        """The CRC-32 of a content that no `Wanted` names and that begins with ``chunk``."""
        read_content = self._reader.read_content
        while len(chunk) < min(size, ELF_HEAD_BYTES):
            chunk += read_content(CHUNK_BYTES)
        if chunk.startswith(_ELF):
            return self._elf(row, size, chunk, is_program=bool(mode & 0o111) and ".so" not in path)
        crc = _crc32(chunk)
        while chunk := read_content(CHUNK_BYTES):
            crc = _crc32(chunk, crc)
        return crc

    def _elf(self, row: int, size: int, chunk: bytes, *, is_program: bool) -> int:
        """As `_content`, of a program or library: scanners look at the one, at both whether stripping would pay."""
        scanners: list[tuple[str, Scanner]] = self._interest.scanners() if is_program else []
        strip = StripScanner(chunk, size)
        feeds = [scanner.feed for _, scanner in scanners]
        if not strip.is_idle:
            feeds.append(strip.feed)
        crc = 0
        while chunk:
            crc = _crc32(chunk, crc)
            for feed in feeds:
                feed(chunk)
            chunk = self._reader.read_content(CHUNK_BYTES)
        for code, scanner in scanners:
            if found := scanner.result():
                self.scanned[code, row] = found
        if saved_bytes := strip.saved_bytes():
            self.strippable[row] = saved_bytes
        return crc

    def _keep(self, row: int, path: str, mode: int, size: int, wanted: Wanted) -> int:
        if size > wanted.cap_bytes or self._kept_bytes > KEPT_CAP_BYTES:
            self.too_large.append(row)
            return self._content(row, path, mode, size, self._reader.read_content(CHUNK_BYTES))
        content = self._reader.read_content(size)
        while len(content) < size:
            content += self._reader.read_content(size)
        kept = wanted.keep(content)
        self._kept_bytes += len(kept)
        self.kept[row] = kept
        return _crc32(content)
