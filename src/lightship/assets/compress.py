"""What becomes of one static file: its sidecars, its time, and whether the plain file stays.

Nothing of it is changed before all of it is known; sidecars appear whole. A file that changes meanwhile, or cannot be
read, is a fault in its result and is left alone.
"""

import errno
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from lightship.archive.codec import open_decompressed
from lightship.assets.codecs import ENCODINGS, Effort, Encoding
from lightship.assets.kinds import SUFFIX_OF_ENCODING, compressible
from lightship.assets.model import (
    LEAST_BYTES,
    MOST_BYTES,
    AssetResult,
    CompressOptions,
    SidecarResult,
    SidecarState,
    worth,
)
from lightship.assets.scan import read_file
from lightship.assets.sidecar import fresh_bytes, is_quick_one, packed, write_sidecar
from lightship.assets.times import content_time
from lightship.errors import LightshipError, StorageError
from lightship.store.cache import Cache
from lightship.values import dataclass

__all__ = ["begins_as_source_map", "is_source_map", "settle_file", "settle_lone"]

_SOURCE_MAP = re.compile(rb'"(?:mappings|sections)"\s*:')
_HEAD_BYTES = 1 << 12
_NO_USE_TO_GO_ON = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)


class _ChangedError(Exception):
    """The file is not what was read."""


def is_source_map(path: str, plain: bytes) -> bool:
    """Whether this is a source map (ECMA-426): JSON with ``mappings`` or ``sections``, under its suffix."""
    return begins_as_source_map(path, plain) and _SOURCE_MAP.search(plain) is not None


def begins_as_source_map(path: str, head: bytes) -> bool:
    """The same of a file that is too large to look through, by its first bytes: JSON under the suffix."""
    head = head.removeprefix(b"\xef\xbb\xbf")
    if head.startswith(b")]}'"):  # a guard against inclusion, which readers strip (ECMA-426, 7.1)
        head = head.partition(b"\n")[2]
    return path.endswith(".map") and head.lstrip()[:1] == b"{"


def settle_file(root: Path, path: str, options: CompressOptions, cache: Cache, *, linked: bool) -> AssetResult:
    """Do for ``root / path`` what ``options`` ask. ``linked`` files keep their plain form, for the links that lead to
    them. Raise StorageError where going on is of no use: a full or read-only disk."""
    try:
        return _settle(root / path, path, options, cache, linked=linked)
    except _ChangedError:
        return AssetResult(path=path, fault="changed while it was read")
    except OSError as error:
        if error.errno in _NO_USE_TO_GO_ON:
            raise StorageError(f"cannot write below {root}: {error.strerror}") from error
        return AssetResult(path=path, fault=error.strerror or str(error))


def settle_lone(root: Path, path: str, options: CompressOptions) -> AssetResult:
    """A ``.gz`` whose source is not there: it is what ``gzip-only`` serves. Its time is that of its plain content, as
    when it was made; one that is damaged is a fault."""
    try:
        found, status = read_file(root / path)
        running, size_bytes = hashlib.sha256(), 0
        if path.endswith(SUFFIX_OF_ENCODING["gzip"]):
            if not found:
                return AssetResult(path=path, fault="an empty file is no gzip stream")
            with open_decompressed(BytesIO(found), "gzip") as stream:
                while piece := stream.read(1 << 18):
                    running.update(piece)
                    size_bytes += len(piece)
        else:
            running.update(found)
        time_ns = _time_ns(status, running.hexdigest(), options)
        changed = _needs_time(status, time_ns)
        if changed and not options.dry_run:
            os.utime(root / path, ns=(time_ns, time_ns), follow_symlinks=False)
    except (LightshipError, OSError) as error:
        return AssetResult(path=path, fault=str(error))
    return AssetResult(path=path, plain_bytes=size_bytes, time_set=changed)


def _settle(file: Path, path: str, options: CompressOptions, cache: Cache, *, linked: bool) -> AssetResult:
    if not compressible(path) or file.lstat().st_size > MOST_BYTES:
        return _settle_plain(file, path, options)
    plain, status = read_file(file)
    sha256 = hashlib.sha256(plain).hexdigest()
    source_map = is_source_map(path, plain)
    result = AssetResult(path=path, plain_bytes=len(plain), compressible=True, source_map=source_map)
    if source_map and options.maps == "remove":
        return _without(file, status, result, options)
    asked = _asked(options, source_map=source_map)
    source = _Source(file, plain, sha256, options, cache, source_map=source_map)
    decided = {encoding: source.decide(encoding, asked=encoding in asked) for encoding in ENCODINGS}
    _check_unchanged(file, status)
    time_ns = _time_ns(status, sha256, options)
    gone = options.mode == "gzip-only" and not linked and _stays(decided["gzip"])
    changed = not gone and _needs_time(status, time_ns)
    if not options.dry_run:
        _carry_out(file, decided, status, time_ns)
        if gone:
            file.unlink()
        elif changed:
            os.utime(file, ns=(time_ns, time_ns), follow_symlinks=False)
    sidecars = tuple(sidecar for sidecar, _ in decided.values() if sidecar is not None)
    return replace(result, sidecars=sidecars, gone=gone, time_set=changed)


def _settle_plain(file: Path, path: str, options: CompressOptions) -> AssetResult:
    """A picture, a font, an archive: its time, and a word about what lies beside it and is something else. A source map
    that is too large to be compressed is one all the same."""
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
        source_map = begins_as_source_map(path, stream.read(_HEAD_BYTES))
        stream.seek(0)
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        status = os.fstat(descriptor)
        notes = tuple(_odd_neighbours(file, stream, status.st_size))
    _check_unchanged(file, status)
    if source_map and options.maps == "remove":
        result = AssetResult(path=path, plain_bytes=status.st_size, source_map=True)
        return _without(file, status, result, options)
    time_ns = _time_ns(status, sha256, options)
    changed = _needs_time(status, time_ns)
    if changed and not options.dry_run:
        os.utime(file, ns=(time_ns, time_ns), follow_symlinks=False)
    return AssetResult(path=path, plain_bytes=status.st_size, source_map=source_map, time_set=changed, notes=notes)


def _odd_neighbours(file: Path, stream: BinaryIO, size_bytes: int) -> Iterator[str]:
    for encoding in ENCODINGS:
        place = _beside(file, encoding)
        if os.path.lexists(place) and size_bytes <= MOST_BYTES:
            stream.seek(0)
            if fresh_bytes(place, stream.read(), encoding) is None:
                yield f"{place.name} is something else, and a server with sidecars sends it for {file.name}"


_Decided = tuple[SidecarResult | None, bytes | None]
"""What becomes of a sidecar, and its bytes where it is written."""


@dataclass(frozen=True, slots=True)
class _Source:
    file: Path
    plain: bytes
    sha256: str
    options: CompressOptions
    cache: Cache
    source_map: bool

    def decide(self, encoding: Encoding, *, asked: bool) -> _Decided:
        """What is to become of one sidecar. Changes nothing but the cache."""
        place = _beside(self.file, encoding)
        there = os.path.lexists(place)
        found = fresh_bytes(place, self.plain, encoding) if there else None
        if found is not None and self._keeps(found, encoding, asked=asked):
            return SidecarResult(encoding=encoding, state="kept", compressed_bytes=len(found)), None
        stale = there and found is None
        if asked and len(self.plain) >= LEAST_BYTES:
            made, cached = packed(self.plain, self.sha256, encoding, self._effort(encoding), self.cache)
            if made is not None:
                state: SidecarState = "cached" if cached else "made"
                return SidecarResult(encoding=encoding, state=state, compressed_bytes=len(made), stale=stale), made
            if not there:
                return SidecarResult(encoding=encoding, state="unworthy"), None
        return (SidecarResult(encoding=encoding, state="removed", stale=stale) if there else None), None

    def _effort(self, encoding: Encoding) -> Effort:
        # who fetches a map waits for an editor: a fifth of the CPU makes it 4 % larger
        return "ci" if self.source_map else self.options.effort(encoding)

    def _keeps(self, found: bytes, encoding: Encoding, *, asked: bool) -> bool:
        if not worth(len(found), len(self.plain)):
            return False
        if not asked:
            return self.options.mode == "sidecar"
        quick = is_quick_one(found, self.sha256, encoding, self._effort(encoding), self.cache)
        return not (quick or self.options.force)


def _asked(options: CompressOptions, *, source_map: bool) -> tuple[Encoding, ...]:
    if options.mode == "gzip-only":
        return ("gzip",)
    # nobody but a developer with open tools fetches a map, and maps are most of a bundle's bytes: gzip is enough
    return ("gzip",) if source_map else options.encodings


def _stays(decided: _Decided) -> bool:
    return decided[0] is not None and decided[0].state in ("made", "cached", "kept")


def _carry_out(file: Path, decided: Mapping[Encoding, _Decided], status: os.stat_result, time_ns: int) -> None:
    """Write, remove and date sidecars. When the source changed meanwhile, what was written is taken back."""
    written: list[Path] = []
    for encoding, (sidecar, content) in decided.items():
        place = _beside(file, encoding)
        if content is not None:
            write_sidecar(place, content, status, time_ns)
            written.append(place)
        elif sidecar is not None and sidecar.state == "removed":
            place.unlink()
        elif sidecar is not None and sidecar.state == "kept" and place.lstat().st_mtime_ns != time_ns:
            os.utime(place, ns=(time_ns, time_ns), follow_symlinks=False)
    try:
        _check_unchanged(file, status)
    except (_ChangedError, OSError):
        for place in written:
            place.unlink(missing_ok=True)
        raise


def _without(file: Path, status: os.stat_result, result: AssetResult, options: CompressOptions) -> AssetResult:
    """Remove a source map and what is beside it."""
    there = [encoding for encoding in ENCODINGS if os.path.lexists(_beside(file, encoding))]
    _check_unchanged(file, status)
    if not options.dry_run:
        for encoding in there:
            _beside(file, encoding).unlink()
        file.unlink()
    removed = tuple(SidecarResult(encoding=encoding, state="removed") for encoding in there)
    return replace(result, sidecars=removed, gone=True)


def _beside(file: Path, encoding: Encoding) -> Path:
    return file.with_name(file.name + SUFFIX_OF_ENCODING[encoding])


def _check_unchanged(file: Path, status: os.stat_result) -> None:
    """Raise where ``file`` is not what was read, as far as the file system knows."""
    seen = file.lstat()
    if any(
        getattr(seen, name) != getattr(status, name) for name in ("st_ino", "st_size", "st_mtime_ns", "st_ctime_ns")
    ):
        raise _ChangedError


def _time_ns(status: os.stat_result, sha256: str, options: CompressOptions) -> int:
    return content_time(sha256) * 10**9 if options.times == "content" else status.st_mtime_ns


def _needs_time(status: os.stat_result, time_ns: int) -> bool:
    return status.st_mtime_ns != time_ns
