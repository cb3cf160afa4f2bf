"""``lightship assets``: a directory of static files with its sidecars, and the nginx configuration that serves it."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import asdict
from pathlib import Path

from lightship.assets.compress import settle_file, settle_lone
from lightship.assets.kinds import SUFFIX_OF_ENCODING, hashed_folders
from lightship.assets.model import AssetResult, CompressOptions, Mode
from lightship.assets.nginx import DEFAULT_POLICY, NginxOptions, Proxy, nginx_configuration
from lightship.assets.output_folder import check_is_static
from lightship.assets.scan import Scan, scan
from lightship.errors import InputError, UsageError
from lightship.findings import Report
from lightship.progress import Progress
from lightship.store.cache import Cache
from lightship.values import dataclass

__all__ = ["ASSETS_SCHEMA", "AssetsOutcome", "NginxRequest", "assets_report", "compress_assets", "configure_nginx"]

ASSETS_SCHEMA = "lightship/assets/1"

_HEALTH = "/healthz"
"""It has a location of its own, which goes before all others."""
_WRITTEN = ("made", "cached", "kept")


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetsOutcome:
    """``results`` are sorted by path. ``before_bytes`` and ``after_bytes`` are of its regular files."""

    root: Path
    options: CompressOptions
    results: tuple[AssetResult, ...]
    links: tuple[str, ...]
    lone: tuple[str, ...]
    before_bytes: int
    after_bytes: int
    seconds: float
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def good(self) -> bool:
        """Whether every file could be done."""
        return not self.faults and not any(result.fault for result in self.results)


def compress_assets(
    root: Path, options: CompressOptions, cache: Cache, progress: Progress, *, jobs: int, checked: bool = False
) -> AssetsOutcome:
    """Compress what is below ``root`` in ``jobs`` threads. A file that cannot be done is a fault in its result; raise
    InputError where there is no directory, UsageError for an option that does nothing and, unless it is ``checked``,
    for a directory that is no build's output, StorageError for a full disk."""
    if not options.encodings:
        raise UsageError("no encoding is asked for")
    if not checked:
        check_is_static(root)
    began = time.monotonic()
    found = scan(root)
    if not found.files and not found.sidecars and not found.lone and not found.faults:
        raise InputError(
            f"{root}: there is no file below it", hint="was it built? name the folder that the build wrote"
        )
    results = tuple(sorted(_settled(found, options, cache, progress, jobs), key=lambda result: result.path))
    before = sum(seen.size_bytes for seen in (*found.files, *found.sidecars, *found.lone))
    return AssetsOutcome(
        root=root,
        options=options,
        results=results,
        links=found.links,
        lone=tuple(seen.path for seen in found.lone),
        before_bytes=before,
        after_bytes=before + _gained(results, found),
        seconds=time.monotonic() - began,
        faults=found.faults,
        notes=tuple(_notes(found, options)),
    )


def _settled(
    found: Scan, options: CompressOptions, cache: Cache, progress: Progress, jobs: int
) -> Iterator[AssetResult]:
    task = "compress assets"
    progress.start(task, sum(seen.size_bytes for seen in found.files), unit="B")
    pool = ThreadPoolExecutor(jobs)
    try:
        sizes: dict[Future[AssetResult], int] = {}
        # the largest first: at the end no thread is alone with one of them
        for seen in sorted(found.files, key=lambda seen: -seen.size_bytes):
            linked = seen.path in found.linked
            future = pool.submit(settle_file, found.root, seen.path, options, cache, linked=linked)
            sizes[future] = seen.size_bytes
        if options.mode == "gzip-only":
            sizes |= {pool.submit(settle_lone, found.root, seen.path, options): 0 for seen in found.lone}
        for future in as_completed(sizes):
            yield future.result()
            progress.advance(task, sizes[future])
    finally:
        pool.shutdown(cancel_futures=True)
        progress.finish(task)


def _gained(results: Sequence[AssetResult], found: Scan) -> int:
    """Bytes that the directory gained."""
    there = {seen.path: seen.size_bytes for seen in found.sidecars}
    gained = 0
    for result in results:
        gained -= result.plain_bytes if result.gone else 0
        for sidecar in result.sidecars:
            old = there.get(result.path + SUFFIX_OF_ENCODING[sidecar.encoding], 0)
            gained += sidecar.compressed_bytes - old
    return gained


def _notes(found: Scan, options: CompressOptions) -> Iterator[str]:
    if options.mode == "sidecar":
        for seen in found.lone:
            yield f"{seen.path} has no plain file beside it: browsers that take its encoding get it, all others get 404"


def assets_report(outcome: AssetsOutcome) -> Report:
    """The outcome as the JSON that ``--format json`` prints."""
    done = [result for result in outcome.results if not result.fault]
    options = outcome.options
    maps = [result for result in done if result.source_map]
    encodings = {
        encoding: _encoding_sums(encoding, done)
        for encoding in SUFFIX_OF_ENCODING
        if any(sidecar.encoding == encoding for result in done for sidecar in result.sidecars)
    }
    document: dict[str, object] = {
        "schema": ASSETS_SCHEMA,
        "directory": str(outcome.root),
        "mode": options.mode,
        "level": options.level,
        "dry_run": options.dry_run,
        "files": len(outcome.results),
        "before_bytes": outcome.before_bytes,
        "after_bytes": outcome.after_bytes,
        "encodings": encodings,
        "source_maps": {
            "files": len(maps),
            "unpacked_bytes": sum(result.plain_bytes for result in maps),
            "removed": options.maps == "remove",
        },
        "plain_removed": sum(result.gone for result in done) - (len(maps) if options.maps == "remove" else 0),
        "times_set": sum(result.time_set for result in done),
        "links": list(outcome.links),
        "lone": list(outcome.lone),
        "faults": [*outcome.faults, *(f"{result.path}: {result.fault}" for result in outcome.results if result.fault)],
        "notes": [*outcome.notes, *(f"{result.path}: {note}" for result in done for note in result.notes)],
        "results": [_row(result) for result in outcome.results if result.sidecars or result.gone or result.source_map],
        "seconds": round(outcome.seconds, 3),
    }
    return Report(schema=ASSETS_SCHEMA, document=document)


def _encoding_sums(encoding: str, done: list[AssetResult]) -> dict[str, int]:
    found = [(result, each) for result in done for each in result.sidecars if each.encoding == encoding]
    counts = {
        state: sum(each.state == state for _, each in found)
        for state in ("made", "cached", "kept", "removed", "unworthy")
    }
    served = [(result, each) for result, each in found if each.state in _WRITTEN]
    return {
        **counts,
        "stale": sum(each.stale for _, each in found),
        "plain_bytes": sum(result.plain_bytes for result, _ in served),
        "compressed_bytes": sum(each.compressed_bytes for _, each in served),
    }


def _row(result: AssetResult) -> dict[str, object]:
    return {
        "path": result.path,
        "plain_bytes": result.plain_bytes,
        "source_map": result.source_map,
        "plain_removed": result.gone,
        "sidecars": [asdict(sidecar) for sidecar in result.sidecars],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class NginxRequest:
    """``None`` is for: where the files are, what they were compressed to, whether there is an ``index.html``."""

    directory: Path
    root: str | None = None
    mode: Mode | None = None
    brotli: bool = False
    fallback: bool | None = None
    port: int = 8080
    policy: str = DEFAULT_POLICY
    proxies: tuple[Proxy, ...] = ()


def configure_nginx(request: NginxRequest) -> tuple[str, tuple[str, ...]]:
    """The configuration for a directory, and what to know of it. Raise InputError where there is no directory,
    UsageError for what cannot be served so, and for what is no build's output."""
    check_is_static(request.directory)
    found = scan(request.directory)
    plain = {seen.path for seen in found.files}
    lone = {seen.path for seen in found.lone if seen.path.endswith(".gz")}
    names = plain | {path.removesuffix(".gz") for path in lone}
    options = NginxOptions(
        root=request.root if request.root is not None else str(request.directory.absolute()),
        mode=request.mode or ("gzip-only" if lone else "sidecar"),
        brotli=request.brotli,
        fallback="index.html" in names if request.fallback is None else request.fallback,
        folders=hashed_folders(sorted(names)),
        port=request.port,
        policy=request.policy,
        proxies=request.proxies,
    )
    return nginx_configuration(options), tuple(_serving_notes(found, options, lone))


def _serving_notes(found: Scan, options: NginxOptions, lone: set[str]) -> Iterator[str]:
    sidecars = [seen.path for seen in found.sidecars]
    if not found.files and not lone:
        yield f"{found.root} has no file yet: --fallback, --mode and which names have a hash are told from its files"
    elif not sidecars and not lone:
        yield "nothing is compressed yet: lightship assets compress makes what this configuration sends"
    if lone and options.mode == "sidecar":
        yield f"{len(lone)} files are there as .gz alone: --mode gzip-only serves them to everybody"
    brotli = sum(path.endswith(".br") for path in sidecars)
    if brotli and not options.brotli:
        yield f"{brotli} sidecars of brotli are not sent: nginx needs a module for it, and --brotli says that it has it"
    if options.brotli and not brotli:
        yield "--brotli: there is no sidecar of brotli"
    names = sorted({seen.path for seen in found.files} | {path.removesuffix(".gz") for path in lone})
    for proxy in options.proxies:
        yield from _hidden_by(proxy, names)


def _hidden_by(proxy: Proxy, names: Sequence[str]) -> Iterator[str]:
    """What a proxy takes from the files: its location goes before theirs."""
    behind = [name for name in names if f"/{name}/".startswith(f"{proxy.prefix}/")]
    if behind:
        files = f"{behind[0]} is" if len(behind) == 1 else f"{len(behind)} files, such as {behind[0]}, are"
        yield f"--proxy {proxy.prefix}: the application goes before files: {files} not served"
    if proxy.prefix == _HEALTH:
        yield f"--proxy {proxy.prefix}: nginx itself answers it, and the application only what is below"
