"""The files behind the hashes of a ``requirements.txt``: which of them an index offers, by name and hash.

Such a lock pins versions and allows hashes, and says nothing of files. What an index lists with an allowed hash is
put into the package, for `lightship.ecosystem.python.choose` to choose from. A local file, and one that a page lists
without a hash, is hashed by itself, as pip does. When every hash was found the answer
cannot change, and is cached without addresses that could hold a secret; local files with their size and time, so that
the indexes are asked again for one that was changed or has gone.
"""

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from lightship.build.index.settings import IndexSettings, display_url
from lightship.ecosystem.python.locked import Artifact, LockedPackage
from lightship.errors import MismatchError, NetworkError, StorageError
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.store.cache import Cache, cache_key

if TYPE_CHECKING:
    from lightship.build.index.locate import Catalogue
    from lightship.build.index.simple import IndexFile
    from lightship.build.index.unhashed import Unhashed

__all__ = ["with_offered_files"]

_VERSION = 3
_TASK = "look up"


def with_offered_files(
    packages: Iterable[LockedPackage],
    settings: IndexSettings | Callable[[], IndexSettings],
    cache: Cache,
    *,
    jobs: int = 32,
    progress: Progress = SILENT,
) -> tuple[LockedPackage, ...]:
    """``packages``, those with hashes only completed by their files; others as they are, in the same order.

    ``settings`` may be a function, called only when an index must be asked. Raise NetworkError for a package of which
    no index offers a single allowed file.
    """
    packages = tuple(packages)
    open_ones = [p for p in packages if p.kind == "index" and p.hashes and not p.wheels and p.sdist is None]
    found = {package: files for package in open_ones if (files := _cached(package, cache)) is not None}
    missing = [package for package in open_ones if package not in found]
    if missing:
        found |= _look_up(missing, settings() if callable(settings) else settings, cache, jobs, progress)
    return tuple(_completed(package, found[package]) if package in found else package for package in packages)


def _look_up(
    missing: list[LockedPackage], settings: IndexSettings, cache: Cache, jobs: int, progress: Progress
) -> dict[LockedPackage, tuple[Artifact, ...]]:
    from concurrent.futures import ThreadPoolExecutor

    from lightship.build.index.http import IndexClient
    from lightship.build.index.locate import Catalogue
    from lightship.build.index.unhashed import Unhashed

    workers = max(1, min(jobs, len(missing)))
    progress.start(_TASK, len(missing), unit="packages")
    try:
        with IndexClient(settings, connections=workers) as client, ThreadPoolExecutor(workers) as pool:
            catalogue = Catalogue(client)

            def one(package: LockedPackage) -> tuple[Artifact, ...]:
                try:
                    files = _offered(package, catalogue, Unhashed(package, client, cache), settings)
                except BaseException:
                    client.stop.set()
                    pool.shutdown(wait=False, cancel_futures=True)
                    raise
                _remember(package, files, cache)
                progress.advance(_TASK)
                return files

            return dict(zip(missing, pool.map(one, missing), strict=True))
    finally:
        progress.finish(_TASK)


def _offered(
    package: LockedPackage, catalogue: "Catalogue", unhashed: "Unhashed", settings: IndexSettings
) -> tuple[Artifact, ...]:
    faults: list[Exception] = []
    files: dict[str, Artifact] = {}
    for file, sha256 in _with_hashes(package, catalogue, unhashed, faults):
        if sha256 in package.hashes and sha256 not in files:
            files[sha256] = _artifact(file, sha256)
        if len(files) == len(package.hashes):
            break
    if not files:
        what = f"{package.name} {package.version}"
        if faults:
            raise NetworkError(f"cannot find the files of {what}: {faults[0]}") from faults[0]
        places = ", ".join(display_url(url) for url in (*settings.index_urls, *settings.find_links)) or "no index"
        raise NetworkError(
            f"{what}: none of its {len(package.hashes)} locked hashes is offered by {places}",
            hint=f"configure the index that holds it for {settings.source}, or lock again with the present one",
        )
    return tuple(files[sha256] for sha256 in sorted(files))


def _with_hashes(
    package: LockedPackage, catalogue: "Catalogue", unhashed: "Unhashed", faults: list[Exception]
) -> Iterator[tuple["IndexFile", str]]:
    """The files of ``package`` on offer; those that must be fetched to know their hash when all others are through."""
    from lightship.build.index.http import StoppedError

    waiting = []
    for file in catalogue.offers(package.name, package.index, faults):
        if not _names(file.filename, package):
            continue
        if file.sha256 is None and file.path is None:
            waiting.append(file)
            continue
        sha256 = file.sha256
        if sha256 is None and file.path is not None:
            try:
                sha256 = _hashed(file.path)
            except StorageError as error:  # a link to what is not there
                faults.append(error)
        if sha256 is not None:
            yield file, sha256
    for file in dict.fromkeys(waiting):
        try:
            sha256 = unhashed.sha256_of(file, package.hashes)
        except StoppedError:
            raise
        except (MismatchError, NetworkError) as error:
            faults.append(error)
            continue
        if sha256 is not None:
            yield file, sha256


def _artifact(file: "IndexFile", sha256: str) -> Artifact:
    local = file.path
    return Artifact(
        filename=file.filename,
        sha256=sha256,
        size_bytes=file.size_bytes,
        url=None if local else file.url,
        path=local,
    )


def _names(filename: str, package: LockedPackage) -> bool:
    """True for a wheel or an sdist of just this project and version."""
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )
    from packaging.version import InvalidVersion, Version

    try:
        wheel = filename.endswith(".whl")
        name, version = parse_wheel_filename(filename)[:2] if wheel else parse_sdist_filename(filename)
        return "/" not in filename and name == package.name and version == Version(package.version)
    except (InvalidWheelFilename, InvalidSdistFilename, InvalidVersion):
        return False


def _hashed(path: Path) -> str:
    with storage_errors(f"read {path}"), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _completed(package: LockedPackage, files: tuple[Artifact, ...]) -> LockedPackage:
    wheels = tuple(sorted((file for file in files if file.filename.endswith(".whl")), key=lambda file: file.filename))
    sdists = sorted((file for file in files if not file.filename.endswith(".whl")), key=lambda file: file.filename)
    return replace(package, wheels=wheels, sdist=sdists[0] if sdists else None)


def _key(package: LockedPackage) -> str:
    # The index as well: a lock may name its own, and what that says of a hash is no other lock's business.
    return cache_key("offered", _VERSION, package.name, package.version, package.index, *package.hashes)


def _remember(package: LockedPackage, files: tuple[Artifact, ...], cache: Cache) -> None:
    if len(files) < len(package.hashes):
        return
    entries = [
        {
            "filename": file.filename,
            "sha256": file.sha256,
            "size_bytes": file.size_bytes,
            "url": file.url if file.url and "?" not in file.url else None,  # a query may hold a signature
            "local": [str(file.path.absolute()), *_identity(file.path)] if file.path is not None else None,
        }
        for file in files
    ]
    with cache.write("indexes", _key(package)) as stream:
        stream.write(json.dumps(entries, sort_keys=True).encode())


def _cached(package: LockedPackage, cache: Cache) -> tuple[Artifact, ...] | None:
    path = cache.find("indexes", _key(package))
    if path is None:
        return None
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):  # a damaged entry: ask again
        files = tuple(_entries(path.read_bytes()))
        if {file.sha256 for file in files} == set(package.hashes):
            return files
    return None


def _entries(content: bytes) -> Iterator[Artifact]:
    for entry in json.loads(content):
        path = None
        if entry["local"] is not None:
            path = Path(entry["local"][0])
            if _identity(path) != entry["local"][1:]:
                return
        yield Artifact(
            filename=entry["filename"],
            sha256=entry["sha256"],
            size_bytes=entry["size_bytes"],
            url=entry["url"],
            path=path,
        )


def _identity(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
