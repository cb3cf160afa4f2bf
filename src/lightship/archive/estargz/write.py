"""A tar as eStargz: every file's content is a gzip member of its own, and the last entry says where each begins.

containerd/stargz-snapshotter 0.12, https://github.com/containerd/stargz-snapshotter/blob/v0.12.0/docs/estargz.md; gzip
members RFC 1952. A raw deflate stream that is one chunk is copied as a member; a longer file is compressed here, chunk
by chunk, for no chunk may lean on the one before it. What lies between two contents (padding, headers) shares the
member of a content that was compressed here, and is a member of its own after a copied one.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping

import deflate
from isal import isal_zlib

from lightship.archive import tar_write
from lightship.archive.content import Content, Deflated
from lightship.archive.estargz.toc import (
    CHUNK_LIMIT_BYTES,
    LANDMARK,
    MAX_TOC_BYTES,
    NO_PREFETCH,
    PREFETCH,
    RESERVED,
    TOC_DIGEST,
    TOC_NAME,
    UNCOMPRESSED_SIZE,
    Chunk,
    TocEntry,
    encode_entry,
    encode_toc,
    footer,
)
from lightship.archive.gzip import MEMBER_HEADER, member_trailer
from lightship.archive.inflate import Containers, iter_content, iter_member, read_content
from lightship.archive.tar import TarMember
from lightship.archive.tar_write import TypeFlag
from lightship.archive.verify import HashingWriter
from lightship.errors import InputError, UsageError
from lightship.oci.digest import Digest

__all__ = ["ESTARGZ_SPLICE_BYTES", "ESTARGZ_VERSION", "EstargzSink"]

ESTARGZ_VERSION = 1
"""Raised when the same entries give other bytes."""
ESTARGZ_SPLICE_BYTES = 1 << 12
"""From this many unpacked bytes on a deflated file is copied; a smaller one is cheap to compress again, and shares its
member with the next header: see docs/concepts/compression.md for the measurement."""
_RUN_BYTES = 1 << 20


class EstargzSink:
    """Where a tar goes that becomes eStargz. For each member: `begin`, its header through `plain`, its content."""

    def __init__(
        self, output: HashingWriter, tar: HashingWriter, level: int, containers: Containers, mtime: int
    ) -> None:
        self._output = output
        self._tar = tar
        self._level = level
        self._containers = containers
        self._mtime = mtime
        self._entries: list[str] = []
        self._toc_bytes = 0
        self._member: TarMember | None = None
        self._landmark = False
        self.own_bytes = 0
        self._run: list[bytes | bytearray | memoryview] = []
        self._run_bytes = 0

    def begin(self, member: TarMember) -> None:
        """The header of ``member`` comes next; raise InputError for a path that the format keeps for itself."""
        if member.path in RESERVED:
            raise InputError(f"eStargz keeps this path for itself: {member.path}", hint="take gzip or zstd")
        self._begin(member)

    def landmark(self, *, prefetch: bool) -> None:
        """Say that what was written so far is what a start reads (``prefetch``), or that nobody knows. Once a layer."""
        self._landmark = True
        path = PREFETCH if prefetch else NO_PREFETCH
        size_bytes = len(LANDMARK)
        self.own_bytes += size_bytes
        self._begin(TarMember(path, "file", 0o644, 0, 0, size_bytes, self._mtime))
        self.plain(tar_write.header(path, flag=TypeFlag.FILE, mode=0o644, size_bytes=size_bytes, mtime=self._mtime))
        self.chunks([LANDMARK])
        self.plain(tar_write.padding(size_bytes))

    def plain(self, chunk: bytes | bytearray | memoryview) -> None:
        """Bytes of the tar that are no content."""
        self._run.append(chunk)
        self._run_bytes += len(chunk)
        if self._run_bytes >= _RUN_BYTES:
            self._flush()

    def content(self, content: Content, what: str) -> None:
        """The content of the member that `begin` told of; it is not empty."""
        size_bytes = content.unpacked_bytes
        fits = ESTARGZ_SPLICE_BYTES <= size_bytes <= CHUNK_LIMIT_BYTES
        if fits and isinstance(content, Deflated) and content.splice:
            self._splice(content, what)
        elif size_bytes < ESTARGZ_SPLICE_BYTES:
            self.chunks([read_content(content, self._containers, what)])
        else:
            self.chunks(iter_content(content, self._containers, what))

    def chunks(self, content: Iterable[bytes] | Iterable[bytes | bytearray]) -> None:
        """The same for content that comes in pieces, of any size."""
        whole = hashlib.sha256()
        found: list[Chunk] = []
        position = 0
        for chunk in _regrouped(content):
            self._flush()
            one = hashlib.sha256(chunk)
            if found or len(chunk) == CHUNK_LIMIT_BYTES:
                whole.update(chunk)
            found.append(Chunk(self._output.count, position, len(chunk), Digest("sha256", one.hexdigest())))
            position += len(chunk)
            self._run.append(chunk)
            self._run_bytes += len(chunk)
        digest = found[0].digest if len(found) == 1 else Digest("sha256", whole.hexdigest())
        self._end(digest, tuple(found))
        if self._run_bytes >= _RUN_BYTES:
            self._flush()

    def finish(self, *, end: bool) -> Mapping[str, str]:
        """Write landmark (where there is none), TOC and footer; return the annotations that the layer's descriptor
        must carry. A TOC is of the whole: ``end`` must be true."""
        if not end:
            raise UsageError("eStargz has no parts that could be joined")
        if not self._landmark:
            self.landmark(prefetch=False)
        self._flush()
        offset = self._output.count
        toc = encode_toc(self._entries)
        self.own_bytes += len(toc)
        header = tar_write.header(TOC_NAME, flag=TypeFlag.FILE, mode=0o644, size_bytes=len(toc), mtime=self._mtime)
        # One member on purpose: readers stop at its end and look no further.
        self._run = [header, toc, tar_write.padding(len(toc)), tar_write.END]
        self._flush()
        self._output.write(footer(offset))
        return {TOC_DIGEST: str(Digest.of(toc)), UNCOMPRESSED_SIZE: str(self._tar.count)}

    def _begin(self, member: TarMember) -> None:
        if member.size_bytes:
            self._member = member
        else:
            self._add(TocEntry(member))

    def _end(self, digest: Digest, chunks: tuple[Chunk, ...]) -> None:
        if self._member is None:
            raise AssertionError("content without a member")
        self._add(TocEntry(self._member, digest, chunks))
        self._member = None

    def _add(self, entry: TocEntry) -> None:
        text = encode_entry(entry)
        self._entries.append(text)
        self._toc_bytes += len(text)
        if self._toc_bytes > MAX_TOC_BYTES:
            raise InputError(
                f"layer has too many files for eStargz: want a TOC of at most {MAX_TOC_BYTES} bytes, got more",
                hint="take gzip or zstd",
            )

    def _splice(self, content: Deflated, what: str) -> None:
        self._flush()
        offset = self._output.count
        running = hashlib.sha256()
        for piece, plain in iter_member(content, self._containers, what):
            self._output.write(piece)
            for chunk in plain:
                running.update(chunk)
                self._tar.write(chunk)
        digest = Digest("sha256", running.hexdigest())
        self._end(digest, (Chunk(offset, 0, content.unpacked_bytes, digest),))

    def _flush(self) -> None:
        if not self._run:
            return
        run = b"".join(self._run)
        self._run = []
        self._run_bytes = 0
        self._tar.write(run)
        raw = deflate.deflate_compress(run, self._level)
        self._output.write(MEMBER_HEADER + raw + member_trailer(isal_zlib.crc32(run), len(run)))


def _regrouped(content: Iterable[bytes | bytearray]) -> Iterator[bytes | bytearray]:
    """``content`` in pieces of `CHUNK_LIMIT_BYTES`, the last one shorter."""
    gathered: list[bytes | bytearray | memoryview] = []
    count = 0
    for piece in content:
        rest = memoryview(piece)
        while count + len(rest) >= CHUNK_LIMIT_BYTES:
            room = CHUNK_LIMIT_BYTES - count
            yield b"".join((*gathered, rest[:room]))
            gathered, count, rest = [], 0, rest[room:]
        if rest:
            gathered.append(rest)
            count += len(rest)
    if gathered:
        yield b"".join(gathered)
