"""Turn layer plans into layers: the only place that does. OCI image-spec 1.1, layer.md.

A layer's bytes depend on its entries and the options alone, so a layer that was made is found again by the plan's key
and costs nothing: record ``records/<key>`` names the blob ``blobs/<sha256>``. Several layers are made at once in
threads: inflating, compressing and hashing leave the interpreter lock (isal, libdeflate, OpenSSL), and a layer is
mostly that.
"""

import json
import threading
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import field
from pathlib import Path
from typing import BinaryIO

from lightship.archive.layer import (
    DEFAULT_LEVEL,
    SPLICE_BYTES,
    LayerCompression,
    LayerWriter,
    WrittenLayer,
    codec_version,
)
from lightship.errors import InputError, WorldError
from lightship.oci.digest import Digest
from lightship.paths import normal_path, parents, storage_errors
from lightship.plan.model import Entry, LayerPlan
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache, cache_key
from lightship.values import dataclass

__all__ = [
    "ASSEMBLE_VERSION",
    "DEFAULT_MTIME",
    "BuiltLayer",
    "assemble_layer",
    "assemble_layers",
    "check_paths",
    "find_layer",
    "in_order",
    "keep_layer",
    "layer_options",
    "prioritize",
    "write_entry",
    "write_layer",
]

DEFAULT_MTIME = 315_532_800
"""1980-01-01, the first day a zip can hold."""

ASSEMBLE_VERSION = 2
"""Raised when the same plan gives other bytes."""

_REPORT_BYTES = 1 << 22


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltLayer:
    """A layer that is in the cache at ``path``. ``tar_bytes`` is the size of its tar, ``unpacked_bytes`` that of its
    files, ``files`` counts what is no directory, ``annotations`` belong to its descriptor."""

    digest: Digest
    diff_id: Digest
    media_type: str
    compressed_bytes: int
    tar_bytes: int
    unpacked_bytes: int
    files: int
    path: Path
    annotations: Mapping[str, str] = field(default_factory=dict, hash=False)


def in_order(entries: Iterable[Entry]) -> list[Entry]:
    """``entries`` as they are written: directories (the missing ones added, root's and 0755), small files and
    symlinks, large files, hard links; within each of these as they came.

    Small files side by side make long runs: they compress better and quicker than runs cut at every large file.
    Raise InputError for a path that is not normal, comes twice or lies below a file, and for a hard link to nothing.
    """
    entries = tuple(entries)
    directories = check_paths(entries)
    links = [entry for entry in entries if entry.type == "hardlink"]
    rest = [entry for entry in entries if entry.type in ("file", "symlink")]
    return [
        *(directories[path] for path in sorted(directories)),
        *(entry for entry in rest if entry.unpacked_bytes < SPLICE_BYTES),
        *(entry for entry in rest if entry.unpacked_bytes >= SPLICE_BYTES),
        *links,
    ]


def check_paths(entries: Sequence[Entry]) -> dict[str, Entry]:
    """The directories that a layer of ``entries`` has, by path, those that are missing added: root's and 0755.

    Raise InputError for a path that is not normal, comes twice or lies below a file, and for a hard link to nothing.
    """
    types: dict[str, str] = {}
    for entry in entries:
        if normal_path(entry.path) != entry.path or not entry.path:
            raise InputError(f"layer path is not normal: {entry.path!r}")
        if entry.path in types:
            raise InputError(f"path comes twice in one layer: {entry.path} ({entry.owner or 'no owner'})")
        types[entry.path] = entry.type
    directories = {entry.path: entry for entry in entries if entry.type == "dir"}
    for path in _directories_of(entries):
        if types.setdefault(path, "dir") != "dir":
            raise InputError(f"path is a {types[path]} and holds others in one layer: {path}")
        directories.setdefault(path, Entry(path=path, type="dir", mode=0o755, owner="lightship", why="holds others"))
    for link in entries:
        if link.type == "hardlink" and types.get(link.link_target) != "file":
            raise InputError(f"hard link {link.path} has no file to name in its layer: {link.link_target}")
    return directories


def prioritize(ordered: Sequence[Entry], paths: Sequence[str]) -> tuple[list[Entry], int]:
    """``ordered`` with the files and symlinks of ``paths`` first among all that are no directories, in the order of
    ``paths``; and where they end, 0 when there are none. A hard link stands for the file it names."""
    targets = {entry.path: entry.link_target for entry in ordered if entry.type == "hardlink"}
    ranks = {path: rank for rank, path in reversed([*enumerate(targets.get(path, path) for path in paths)])}
    first = [entry for entry in ordered if entry.path in ranks and entry.type in ("file", "symlink")]
    if not first:
        return list(ordered), 0
    first.sort(key=lambda entry: ranks[entry.path])
    chosen = {entry.path for entry in first}
    directories = [entry for entry in ordered if entry.type == "dir"]
    rest = [entry for entry in ordered if entry.type != "dir" and entry.path not in chosen]
    return [*directories, *first, *rest], len(directories) + len(first)


def write_layer(
    entries: Iterable[Entry],
    stream: BinaryIO,
    *,
    compression: LayerCompression = "gzip",
    level: int | None = None,
    mtime: int = DEFAULT_MTIME,
    prioritized: Sequence[str] = (),
    threads: int = 1,
    name: str = "layer",
    progress: Progress = SILENT,
    stop: threading.Event | None = None,
) -> WrittenLayer:
    """Write ``entries``, put `in_order`, as a layer to ``stream``, one pass, in bounded memory.

    In eStargz the ``prioritized`` paths come first, for readers to fetch ahead; other layers do not care.
    ``threads`` help zstd and change no byte. Setting ``stop`` gives the work up with a WorldError.
    """
    ordered = in_order(entries)
    border = 0
    if compression == "estargz":
        ordered, border = prioritize(ordered, prioritized)
    progress.start(name, sum(entry.unpacked_bytes for entry in ordered), unit="B")
    done = 0
    with LayerWriter(stream, compression=compression, level=level, mtime=mtime, threads=threads) as writer:
        for place, entry in enumerate(ordered):
            if place == border:
                writer.landmark(prefetch=border > 0)
            if stop is not None and stop.is_set():
                raise _StoppedError(f"layer {name} was given up")
            write_entry(entry, writer)
            done += entry.unpacked_bytes
            if done >= _REPORT_BYTES:
                progress.advance(name, done)
                done = 0
        if border == len(ordered):
            writer.landmark(prefetch=border > 0)
        written = writer.finish()
    progress.advance(name, done)
    progress.finish(name)
    return written


def find_layer(
    cache: Cache,
    key: str,
    compression: LayerCompression = "gzip",
    *,
    level: int | None = None,
    mtime: int = DEFAULT_MTIME,
    prioritized: Sequence[str] = (),
) -> BuiltLayer | None:
    """The layer that a plan with ``key`` and these options gave, when the cache has it whole; else None."""
    found = cache.find("records", _record_key(key, compression, level, mtime, prioritized))
    if found is None:
        return None
    try:
        record = json.loads(found.read_bytes())
        digest = Digest.parse(str(record["digest"]))
        built = BuiltLayer(
            digest=digest,
            diff_id=Digest.parse(str(record["diff_id"])),
            media_type=str(record["media_type"]),
            compressed_bytes=int(record["compressed_bytes"]),
            tar_bytes=int(record["tar_bytes"]),
            unpacked_bytes=int(record["unpacked_bytes"]),
            files=int(record["files"]),
            path=cache.path("blobs", digest.hex),
            annotations={str(name): str(value) for name, value in record.get("annotations", {}).items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError, InputError):
        return None  # a damaged record is no record: the layer is made again and the record written anew
    return built if cache.find_verified("blobs", digest.hex) is not None else None


def assemble_layer(
    plan: LayerPlan,
    cache: Cache,
    *,
    compression: LayerCompression = "gzip",
    level: int | None = None,
    mtime: int = DEFAULT_MTIME,
    prioritized: Sequence[str] = (),
    threads: int = 1,
    progress: Progress = SILENT,
    stop: threading.Event | None = None,
) -> BuiltLayer:
    """The layer of ``plan``, from the cache or made. Errors leave nothing in the cache; see `in_order` for what a
    plan may not say, and `LayerWriter` for content that is not what its container claims."""
    built = find_layer(cache, plan.key, compression, level=level, mtime=mtime, prioritized=prioritized)
    if built is not None:
        return built
    with storage_errors("write a layer to the cache"), cache.incoming("blobs") as incoming:
        written = write_layer(
            plan.entries,
            incoming.stream,
            compression=compression,
            level=level,
            mtime=mtime,
            prioritized=prioritized,
            threads=threads,
            name=plan.name,
            progress=progress,
            stop=stop,
        )
        incoming.keep(written.digest.hex)
    return keep_layer(
        plan.key, written, cache, compression=compression, level=level, mtime=mtime, prioritized=prioritized
    )


def keep_layer(
    key: str,
    written: WrittenLayer,
    cache: Cache,
    *,
    compression: LayerCompression,
    level: int | None,
    mtime: int,
    prioritized: Sequence[str] = (),
) -> BuiltLayer:
    """Remember that a plan with ``key`` and these options gave ``written``, a blob of the cache, for `find_layer`."""
    record = {
        "digest": str(written.digest),
        "diff_id": str(written.diff_id),
        "media_type": written.media_type,
        "compressed_bytes": written.compressed_bytes,
        "tar_bytes": written.tar_bytes,
        "unpacked_bytes": written.unpacked_bytes,
        "files": written.files,
        "annotations": dict(written.annotations),
    }
    with cache.write("records", _record_key(key, compression, level, mtime, prioritized)) as stream:
        stream.write(json.dumps(record, indent=1).encode())
    return BuiltLayer(
        digest=written.digest,
        diff_id=written.diff_id,
        media_type=written.media_type,
        compressed_bytes=written.compressed_bytes,
        tar_bytes=written.tar_bytes,
        unpacked_bytes=written.unpacked_bytes,
        files=written.files,
        path=cache.path("blobs", written.digest.hex),
        annotations=written.annotations,
    )


def assemble_layers(
    plans: Sequence[LayerPlan],
    cache: Cache,
    *,
    compression: LayerCompression = "gzip",
    level: int | None = None,
    mtime: int = DEFAULT_MTIME,
    prioritized: Sequence[str] = (),
    jobs: int = 1,
    progress: Progress = SILENT,
) -> list[BuiltLayer]:
    """The layers of ``plans``, in their order, ``jobs`` at a time, the largest first. ``jobs`` changes no byte.

    The first error, in the order of ``plans``, is raised once every thread has stopped.
    """
    stop = threading.Event()

    def assemble(plan: LayerPlan) -> BuiltLayer:
        try:
            return assemble_layer(
                plan, cache, compression=compression, level=level, mtime=mtime, prioritized=prioritized,
                threads=max(1, jobs // len(by_key)), progress=progress, stop=stop,
            )  # fmt: skip
        except BaseException:
            stop.set()
            raise

    by_key = {plan.key: plan for plan in plans}
    by_size = sorted(by_key.values(), key=lambda plan: -sum(entry.unpacked_bytes for entry in plan.entries))
    with ThreadPoolExecutor(max_workers=max(1, jobs), thread_name_prefix="layer") as pool:
        try:
            futures = {plan.key: pool.submit(assemble, plan) for plan in by_size}
            wait(futures.values())
        except BaseException:
            stop.set()
            raise
    errors = [error for plan in by_key.values() if (error := futures[plan.key].exception()) is not None]
    for error in sorted(errors, key=lambda error: isinstance(error, _StoppedError)):
        raise error
    return [futures[plan.key].result() for plan in plans]


class _StoppedError(WorldError):
    """Work on a layer was given up, because another one failed or the user interrupted."""


def layer_options(compression: LayerCompression, level: int | None, mtime: int) -> tuple[str | int, ...]:
    """What the bytes of a layer depend on beside its entries, for the key of what is cached."""
    level = DEFAULT_LEVEL[compression] if level is None else level
    return ASSEMBLE_VERSION, codec_version(compression), compression, level, mtime


def _record_key(
    key: str, compression: LayerCompression, level: int | None, mtime: int, prioritized: Sequence[str]
) -> str:
    # All paths on purpose, though a layer has few of them: which ones is known only once its plan is made.
    first = prioritized if compression == "estargz" else ()
    return cache_key(key, *layer_options(compression, level, mtime), *first)


def _directories_of(entries: Iterable[Entry]) -> set[str]:
    """Every directory above one of ``entries``."""
    found: set[str] = set()
    for entry in entries:
        directory = entry.path.rpartition("/")[0]
        if directory and directory not in found:
            found.add(directory)
            found.update(parents(directory))
    return found


def write_entry(entry: Entry, writer: LayerWriter) -> None:
    """Add ``entry`` to the layer of ``writer``."""
    if entry.content is not None:
        writer.file(entry.path, entry.content, mode=entry.mode, uid=entry.uid, gid=entry.gid, mtime=entry.mtime)
    elif entry.type == "dir":
        writer.directory(entry.path, mode=entry.mode, uid=entry.uid, gid=entry.gid)
    elif entry.type == "symlink":
        writer.symlink(entry.path, entry.link_target, uid=entry.uid, gid=entry.gid)
    else:
        writer.hardlink(entry.path, entry.link_target, mode=entry.mode, uid=entry.uid, gid=entry.gid)
