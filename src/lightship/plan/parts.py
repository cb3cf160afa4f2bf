"""A layer in parts: each part of the tar is compressed once and kept, so that a changed file costs its part alone.

A layer of wheels is spliced from streams that were compressed elsewhere; the application's own files come plain. They
are cut where a name says so (content-defined chunking, as rsync and restic do it, but over names): a file that comes,
goes or grows leaves every other part as it was. Joined, parts are gzip members or zstd frames one after the other
(RFC 1952, 2.2; RFC 8878, 3.1). They are read once more, to be checked and for the diff_id: the floor of a changed line
is one inflate and two hashes of the layer. See ``docs/decisions/layering.md``.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

from lightship.archive import tar_write
from lightship.archive.codec import open_decompressed
from lightship.archive.layer import LayerWriter, WrittenLayer, media_type
from lightship.archive.verify import CountingReader, HashingWriter, VerifyingReader, copy_stream
from lightship.errors import LightshipError
from lightship.oci.digest import Digest
from lightship.paths import storage_errors
from lightship.plan.assemble import check_paths, layer_options, write_entry
from lightship.plan.explain import explain_entry
from lightship.plan.layering import Parts
from lightship.plan.model import Entry
from lightship.plan.normalise import normalise
from lightship.progress import Progress
from lightship.store.cache import Cache, cache_key

__all__ = ["PARTS_VERSION", "PartCompression", "assemble_parts", "cut", "directories"]

PARTS_VERSION = 1
"""Raised when the same entries are cut or written otherwise."""

PartCompression = Literal["gzip", "zstd"]
"""eStargz has one table of contents for the whole layer."""

_BLOBS = "parts"
_FACTS = "part-facts"
_ONE_IN = 64
"""Files a part, on the mean: Dify's 2,500 make some 40 parts of half a megabyte."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part in the cache. ``told`` are its rows of an explanation, JSON without the brackets."""

    sha256: str
    compressed_bytes: int
    unpacked_bytes: int
    files: int
    told: str


def cut(paths: Iterable[str]) -> list[list[str]]:
    """``paths``, sorted, in groups: a group begins with a name whose hash is a multiple of 64."""
    groups: list[list[str]] = []
    for path in sorted(paths):
        if not groups or hashlib.sha256(path.encode()).digest()[0] % _ONE_IN == 0:
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
    def __init__(
        self, parts: Parts, cache: Cache, compression: PartCompression, level: int | None, mtime: int
    ) -> None:
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
        files = 0
        told: list[str] = []
        with ThreadPoolExecutor(1, thread_name_prefix="parts") as pool, self.cache.incoming("blobs") as incoming:
            making = pool.submit(self.make, missing)
            output = HashingWriter(incoming.stream)
            for number, key in enumerate(self.keys):
                part = known[number] or making.result()[number]
                self.join(key, part, output)
                files += part.files
                told += [part.told] if part.told else []
            self.end(output)
            incoming.keep(output.digest.hex)
        written = WrittenLayer(
            digest=output.digest,
            diff_id=self.tar.digest,
            media_type=media_type(self.compression),
            compressed_bytes=output.count,
            unpacked_bytes=self.tar.count,
            files=files,
        )
        return written, ",".join(told)

    def find(self, key: str) -> _Part | None:
        facts = self.cache.find(_FACTS, key)
        if facts is None or self.cache.find(_BLOBS, key) is None:
            return None
        try:
            return _Part(**json.loads(facts.read_bytes()))
        except (OSError, ValueError, TypeError):
            return None  # a damaged record is no record

    def make(self, missing: Sequence[int]) -> dict[int, _Part]:
        made = self.parts.make(missing) if missing else ()
        return {number: self.keep(self.keys[number], entries) for number, entries in zip(missing, made, strict=True)}

    def keep(self, key: str, entries: tuple[Entry, ...]) -> _Part:
        """Compress a part and keep it."""
        entries = normalise(entries)
        with (
            self.cache.write(_BLOBS, key) as stream,
            LayerWriter(stream, compression=self.compression, level=self.level, mtime=self.mtime) as writer,
        ):
            for entry in entries:
                write_entry(entry, writer)
            written = writer.finish(end=False)
        rows = json.dumps([explain_entry(entry) for entry in entries], separators=(",", ":"))
        part = _Part(
            sha256=written.digest.hex,
            compressed_bytes=written.compressed_bytes,
            unpacked_bytes=written.unpacked_bytes,
            files=written.files,
            told=rows[1:-1],
        )
        facts = {name: getattr(part, name) for name in _Part.__slots__}
        with self.cache.write(_FACTS, key) as stream:
            stream.write(json.dumps(facts).encode())
        return part

    def join(self, key: str, part: _Part, output: HashingWriter) -> None:
        """Copy a part to ``output`` and what it holds to the tar's hash."""
        if not part.unpacked_bytes:
            return
        before = self.tar.count
        try:
            with self.cache.path(_BLOBS, key).open("rb") as file:
                checked = VerifyingReader(file, Digest("sha256", part.sha256), part.compressed_bytes)
                passing = CountingReader(checked, output.write)
                copy_stream(open_decompressed(passing, self.compression, what="a part"), self.tar.write)
        except (FileNotFoundError, LightshipError) as error:
            raise _DamagedError(key) from error
        if self.tar.count - before != part.unpacked_bytes:
            raise _DamagedError(key)

    def end(self, output: HashingWriter) -> None:
        """The two blocks of zeros that end a tar, as a member of their own."""
        member = io.BytesIO()
        with LayerWriter(member, compression=self.compression, level=self.level, mtime=self.mtime) as writer:
            writer.finish()
        output.write(member.getvalue())
        self.tar.write(tar_write.END)
