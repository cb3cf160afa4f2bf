"""A layer in parts: each part of the tar is compressed once and kept, so that a changed file costs its part alone.

A layer of wheels is spliced from streams that were compressed elsewhere; the application's own files come plain. They
are cut where a name says so (content-defined chunking, as rsync and restic do it, but over names): a file that comes,
goes or grows leaves every other part as it was. Joined, parts are gzip members or zstd frames one after the other
(RFC 1952, 2.2; RFC 8878, 3.1). Its plain bytes are kept beside a part, for the diff_id: the floor of a changed line is
two hashes of the layer. See ``docs/decisions/layering.md``.
"""

import io
import json
import os
import zlib
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import BinaryIO, Literal

from lightship.archive import tar_write
from lightship.archive.codec import open_decompressed
from lightship.archive.layer import LayerWriter, WrittenLayer, media_type
from lightship.archive.verify import CHUNK_BYTES, CountingReader, HashingWriter, copy_stream
from lightship.errors import LightshipError, MismatchError
from lightship.paths import storage_errors
from lightship.plan.assemble import check_paths, layer_options, write_entry
from lightship.plan.explain import explain_entry
from lightship.plan.layering import Parts
from lightship.plan.model import Entry
from lightship.plan.normalise import normalise
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key
from lightship.values import dataclass

__all__ = ["PARTS_VERSION", "PartCompression", "assemble_parts", "cut", "directories"]

PARTS_VERSION = 4
"""Raised when the same entries are cut or written otherwise; part of the key of a layer that is made of them."""

PartCompression = Literal["gzip", "zstd"]
"""eStargz has one table of contents for the whole layer."""

_BLOBS = "parts"
_FACTS = "part-facts"
_ONE_IN = 16
"""Files a part, on the mean; that of a changed file has twice as many on the mean, since large parts hold more files.
Dify's 2,500 make some 160 parts, whose joints cost 0.8 % of their bytes; with 64 it is none, and a change is dearer."""


_PLAIN_BYTES = 32 << 20
"""Plain bytes of larger parts are not kept: what is in them is no source, and is inflated again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part in the cache: a file with the compressed bytes and, where ``plain``, the plain ones behind them.
    ``sha256`` and ``plain_sha256`` are theirs, ``tar_bytes`` the plain ones', ``unpacked_bytes`` those of files;
    while the file has ``mark`` they are not checked (`lightship.store.seal` says why that is enough). ``told`` are
    its rows of an explanation, JSON without the brackets."""

    sha256: str
    plain_sha256: str
    mark: str
    compressed_bytes: int
    tar_bytes: int
    unpacked_bytes: int
    plain: bool
    files: int
    told: str


def cut(paths: Iterable[str]) -> list[list[str]]:
    """``paths``, sorted, in groups: a group begins with a name whose CRC-32 is a multiple of 16."""
    groups: list[list[str]] = []
    for path in sorted(paths):
        if not groups or zlib.crc32(path.encode()) % _ONE_IN == 0:
            groups.append([])
        groups[-1].append(path)
    return groups


def directories(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The first part of a layer with ``entries``: their directories, those that are missing added (`check_paths`)."""
    found = check_paths(tuple(entries))
    return tuple(found[path] for path in sorted(found))


def assemble_parts(
    name: str,
    parts: Parts,
    cache: Cache,
    *,
    compression: PartCompression,
    level: int | None,
    mtime: int,
    progress: Progress,
) -> tuple[WrittenLayer, str]:
    """Write the layer of ``parts`` to the cache's blobs; return it, and its rows of an explanation as JSON.

    What the cache lacks is made and kept. The parts before the first missing one are read while it is made. A kept
    part that is damaged is made again. Errors leave nothing in the cache but whole parts.
    """
    progress.start(name, len(parts.keys), unit="parts")
    with storage_errors("write a layer to the cache"):
        for _ in parts.keys:
            try:
                found = _Assembly(parts, cache, compression, level, mtime).run()
                break
            except _DamagedError as error:
                for kind in (_FACTS, _BLOBS):
                    cache.path(kind, error.key).unlink(missing_ok=True)
        else:
            found = _Assembly(parts, cache, compression, level, mtime).run()
    progress.advance(name, len(parts.keys))
    progress.finish(name)
    return found


class _DamagedError(LightshipError):
    """The part ``key`` of the cache is not what it was."""

    def __init__(self, key: str) -> None:
        super().__init__(f"a part of a layer is damaged in the cache: {key}")
        self.key = key


class _Assembly:
    def __init__(self, parts: Parts, cache: Cache, compression: PartCompression, level: int | None, mtime: int) -> None:
        options = layer_options(compression, level, mtime)
        self.keys = [cache_key("part", PARTS_VERSION, *options, key) for key in parts.keys]
        self.parts = parts
        self.cache = cache
        self.compression: PartCompression = compression
        self.level = level
        self.mtime = mtime
        self.tar = HashingWriter(None)

    def run(self) -> tuple[WrittenLayer, str]:
        known = [self.find(key) for key in self.keys]
        missing = [number for number, part in enumerate(known) if part is None]
        files = unpacked_bytes = 0
        told: list[str] = []
        with ThreadPoolExecutor(1, thread_name_prefix="parts") as pool, self.cache.incoming("blobs") as incoming:
            making = pool.submit(self.make, missing)
            output = HashingWriter(incoming.stream)
            for number, key in enumerate(self.keys):
                part = known[number] or making.result()[number]
                self.join(key, part, output)
                files += part.files
                unpacked_bytes += part.unpacked_bytes
                told += [part.told] if part.told else []
            self.end(output)
            incoming.keep(output.digest.hex)
        written = WrittenLayer(
            digest=output.digest,
            diff_id=self.tar.digest,
            media_type=media_type(self.compression),
            compressed_bytes=output.count,
            tar_bytes=self.tar.count,
            unpacked_bytes=unpacked_bytes,
            files=files,
        )
        return written, ",".join(told)

    def find(self, key: str) -> _Part | None:
        try:
            facts = self.cache.path(_FACTS, key).read_bytes()
            return _Part(**json.loads(facts)) if self.cache.find(_BLOBS, key) is not None else None
        except (OSError, ValueError, TypeError):
            return None  # a damaged record is no record

    def make(self, missing: Sequence[int]) -> dict[int, _Part]:
        made = self.parts.make(missing) if missing else ()
        return {number: self.keep(self.keys[number], entries) for number, entries in zip(missing, made, strict=True)}

    def keep(self, key: str, entries: tuple[Entry, ...]) -> _Part:
        """Compress a part and keep it."""
        entries = normalise(entries)
        plain = io.BytesIO() if sum(entry.unpacked_bytes for entry in entries) <= _PLAIN_BYTES else None
        with self.cache.write(_BLOBS, key) as stream:
            with LayerWriter(
                stream, tar=plain, compression=self.compression, level=self.level, mtime=self.mtime
            ) as writer:
                for entry in entries:
                    write_entry(entry, writer)
                written = writer.finish(end=False)
            if plain is not None:
                stream.write(plain.getbuffer())
        rows = json.dumps([explain_entry(entry) for entry in entries], separators=(",", ":"))
        part = _Part(
            sha256=written.digest.hex,
            plain_sha256=written.diff_id.hex,
            mark=_mark(self.cache.path(_BLOBS, key).stat()),
            compressed_bytes=written.compressed_bytes,
            tar_bytes=written.tar_bytes,
            unpacked_bytes=written.unpacked_bytes,
            plain=plain is not None,
            files=written.files,
            told=rows[1:-1],
        )
        self.remember(key, part)
        return part

    def remember(self, key: str, part: _Part) -> None:
        facts = {name: getattr(part, name) for name in _Part.__slots__}
        with self.cache.write(_FACTS, key) as stream:
            stream.write(json.dumps(facts).encode())

    def join(self, key: str, part: _Part, output: HashingWriter) -> None:
        """Copy a part to ``output`` and what it holds to the tar's hash."""
        before = output.count, self.tar.count
        try:
            with self.cache.path(_BLOBS, key).open("rb", buffering=0) as file:
                mark = _mark(os.fstat(file.fileno()))
                if mark != part.mark:
                    _check(file, part)
                    self.remember(key, replace(part, mark=mark))  # a cache that was copied is checked once
                if part.plain:
                    _copy(file, part.compressed_bytes, output)
                    _copy(file, part.tar_bytes, self.tar)
                else:
                    passing = CountingReader(file, output.write)
                    copy_stream(open_decompressed(passing, self.compression, what="a part"), self.tar.write)
        except (FileNotFoundError, LightshipError) as error:
            raise _DamagedError(key) from error
        if (output.count - before[0], self.tar.count - before[1]) != (part.compressed_bytes, part.tar_bytes):
            raise _DamagedError(key)

    def end(self, output: HashingWriter) -> None:
        """The two blocks of zeros that end a tar, as a member of their own."""
        member = io.BytesIO()
        with LayerWriter(member, compression=self.compression, level=self.level, mtime=self.mtime) as writer:
            writer.finish()
        output.write(member.getvalue())
        self.tar.write(tar_write.END)


def _mark(status: os.stat_result) -> str:
    return f"{status.st_ino} {status.st_size} {status.st_mtime_ns}"


def _copy(file: BinaryIO, size_bytes: int, writer: HashingWriter) -> None:
    """The next ``size_bytes``, fewer where ``file`` ends before."""
    while size_bytes and (chunk := file.read(min(CHUNK_BYTES, size_bytes))):
        writer.write(chunk)
        size_bytes -= len(chunk)


def _check(file: BinaryIO, part: _Part) -> None:
    """Raise MismatchError when ``file`` is not the one that was written; it is at its beginning again."""
    halves = [(part.sha256, part.compressed_bytes)]
    halves += [(part.plain_sha256, part.tar_bytes)] if part.plain else []
    for sha256, size_bytes in halves:
        found = HashingWriter(None)
        _copy(file, size_bytes, found)
        if found.digest.hex != sha256:
            raise MismatchError(f"digest mismatch: want sha256:{sha256}, got {found.digest}")
    file.seek(0)
