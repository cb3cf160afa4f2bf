"""A directory of static files as a server would find it: contents, sidecars, times, and where references lead.

Everything is read once; nothing is changed. What cannot be read is a fault in the result.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lightship.assets.codecs import Encoding, decodes_to, encode
from lightship.assets.compress import is_source_map
from lightship.assets.kinds import ENCODING_OF_SUFFIX, SUFFIX_OF_ENCODING, compressible, hashed_folders, is_hashed
from lightship.assets.model import LEAST_BYTES, MOST_BYTES, worth
from lightship.assets.reading.reference import Reference
from lightship.assets.references import references
from lightship.assets.retarget.prefix import has_placeholder
from lightship.assets.scan import read_file, scan
from lightship.assets.verify.decode import decoded
from lightship.assets.verify.urls import candidates, file_url, normal_url, origin_of
from lightship.errors import LightshipError
from lightship.progress import Progress

__all__ = ["Lead", "Tree", "TreeFile", "TreeSidecar", "read_tree"]

_NOWHERE = "http://directory.invalid"
_TASK = "read files"


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeSidecar:
    """``fresh``: it decompresses to its file."""

    path: str
    encoding: Encoding
    compressed_bytes: int
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TreeFile:
    """One file, by the path that it is asked for with. ``alone`` is the sidecar that stands in for it (gzip-only).
    ``worth``: gzip would make it 5 % smaller, known where a sidecar is missing. ``lack`` are encodings without one.
    ``placeholder``: what a build puts before its assets until it is retargeted stands in it."""

    path: str
    plain_bytes: int = 0
    sha256: str = ""
    time_s: int = 0
    hashed: bool = False
    source_map: bool = False
    sidecars: tuple[TreeSidecar, ...] = ()
    alone: str = ""
    worth: bool = False
    placeholder: bool = False
    fault: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """A reference that leads to no file of the directory. ``url`` is where it leads, "" for a path of the directory."""

    by: str
    target: str
    kind: str
    certain: bool
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """``orphans`` are sidecars whose file is not there. ``leads`` are references that need a look. ``single``: routes
    that have no file are answered with ``index.html``."""

    root: Path
    files: tuple[TreeFile, ...] = ()
    orphans: tuple[str, ...] = ()
    leads: tuple[Lead, ...] = ()
    cdns: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    references: int = 0
    by_path: Mapping[str, TreeFile] = field(default_factory=dict, repr=False)

    @property
    def single(self) -> bool:
        return "index.html" in self.by_path


def read_tree(root: Path, progress: Progress, *, base: str = "/", cdns: tuple[str, ...] = (), workers: int = 2) -> Tree:
    """The directory, which is served at the path ``base``. Raise InputError where there is none."""
    found = scan(root)
    sidecars: dict[str, list[str]] = {}
    for seen in found.sidecars:
        sidecars.setdefault(seen.path.rpartition(".")[0], []).append(seen.path)
    only_gzip = not any(path.endswith(".gz") for paths in sidecars.values() for path in paths)
    alone = {seen.path[:-3]: seen.path for seen in found.lone if only_gzip and seen.path.endswith(".gz")}
    names = sorted({seen.path for seen in found.files} | set(alone))
    folders = hashed_folders(names)
    progress.start(_TASK, len(names), unit="files")
    try:
        with ThreadPoolExecutor(workers) as pool:

            def read(path: str) -> tuple[TreeFile, tuple[Reference, ...]]:
                one = _read(root, path, alone.get(path, ""), sidecars.get(path, []), folders)
                progress.advance(_TASK)
                return one

            read_files = list(pool.map(read, names))
    finally:
        progress.finish(_TASK)
    by_path = {file.path: file for file, _ in read_files}
    places = _Places(by_path, base, cdns)
    leads = [lead for file, found_there in read_files for lead in places.leads(file.path, found_there)]
    return Tree(
        root=root,
        files=tuple(by_path.values()),
        orphans=tuple(seen.path for seen in found.lone if seen.path not in alone.values()),
        leads=tuple(dict.fromkeys(leads)),
        cdns=cdns,
        faults=found.faults,
        references=sum(len(there) for _, there in read_files),
        by_path=by_path,
    )


def _read(
    root: Path, path: str, alone: str, sidecars: list[str], folders: tuple[str, ...]
) -> tuple[TreeFile, tuple[Reference, ...]]:
    try:
        size = (root / (alone or path)).lstat().st_size
        if size > MOST_BYTES:  # a film: nothing in it is compressed or leads on
            source_map = path.endswith(".map")
            return TreeFile(path=path, plain_bytes=size, sha256=_hash(root / path), source_map=source_map), ()
        content, status = read_file(root / (alone or path))
        plain = decoded(content, "gzip") if alone else content
    except (LightshipError, OSError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return TreeFile(path=path, alone=alone, fault=said or str(error)), ()
    source_map = is_source_map(path, plain)
    lacks = not alone and len(sidecars) < len(ENCODING_OF_SUFFIX) and compressible(path) and len(plain) >= LEAST_BYTES
    file = TreeFile(
        path=path,
        plain_bytes=len(plain),
        sha256=hashlib.sha256(plain).hexdigest(),
        time_s=int(status.st_mtime),
        hashed=is_hashed(path, folders),
        source_map=source_map,
        sidecars=tuple(_sidecar(root, name, plain) for name in sorted(sidecars)),
        alone=alone,
        worth=lacks and worth(len(encode(plain, "gzip", "ci")), len(plain)),
        placeholder=not source_map and not path.rpartition("/")[2].startswith(".") and has_placeholder(plain),
    )
    return file, () if source_map else references(path, plain)


def _sidecar(root: Path, path: str, plain: bytes) -> TreeSidecar:
    encoding = next(encoding for encoding, suffix in SUFFIX_OF_ENCODING.items() if path.endswith(suffix))
    kind: Encoding = "gzip" if encoding == "gzip" else "br" if encoding == "br" else "zstd"
    try:
        content, _ = read_file(root / path)
    except OSError:
        return TreeSidecar(path=path, encoding=kind, compressed_bytes=0, fresh=False)
    fresh = decodes_to(content, plain, kind)
    return TreeSidecar(path=path, encoding=kind, compressed_bytes=len(content), fresh=fresh)


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


class _Places:
    """Where references lead."""

    def __init__(self, files: Mapping[str, TreeFile], base: str, cdns: tuple[str, ...]) -> None:
        self._files = files
        self._root = normal_url(_NOWHERE, f"/{base.strip('/')}/".replace("//", "/"))
        self._prefixes = tuple(f"{cdn.rstrip('/')}/" for cdn in cdns)

    def leads(self, path: str, found: Iterable[Reference]) -> Iterator[Lead]:
        here = file_url(self._root, path)
        for one in found:
            if one.kind == "map" or one.via.startswith("form"):
                continue
            urls = candidates(one, here, self._root)
            if urls and not any(self._is_there(url) for url in urls):
                if not one.certain and self._ends(one.target):
                    continue
                elsewhere = origin_of(urls[0]) != _NOWHERE
                if elsewhere and not one.certain:
                    continue
                yield Lead(
                    by=path, target=one.target, kind=one.kind, certain=one.certain, url=urls[0] if elsewhere else ""
                )

    def _is_there(self, url: str) -> bool:
        for prefix in self._prefixes:
            if url.startswith(prefix):
                return True
        path = unquote(urlsplit(url).path, errors="surrogateescape")
        base = unquote(urlsplit(self._root).path)
        if origin_of(url) != _NOWHERE or not f"{path}/".startswith(base):
            return False
        path = path.removeprefix(base)
        return any(name in self._files for name in (path, f"{path.rstrip('/')}/index.html".lstrip("/"), f"{path}.html"))

    def _ends(self, target: str) -> bool:
        """Whether some file has the name that a script puts a prefix before."""
        tail = unquote(urlsplit(target).path).lstrip("./")
        return bool(tail) and any(path == tail or path.endswith(f"/{tail}") for path in self._files)
