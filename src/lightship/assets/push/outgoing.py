"""The files of a directory as objects: what each is called, how it is answered, and the bytes that are stored.

A store of objects negotiates nothing, so text is stored compressed under its plain name (RFC 9110, 8.4). The bytes are
a fresh sidecar's, or the cache's of `assets compress`, or made. What is hidden is not sent: ``.env`` and ``.git`` lie
in more directories than their owners know. Source maps are told apart, since their sources are not everybody's.
"""

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from lightship.assets.codecs import Effort, Encoding, gunzip
from lightship.assets.compress import is_source_map
from lightship.assets.kinds import MEDIA_TYPES, SUFFIX_OF_ENCODING, compressible, is_hashed
from lightship.assets.model import LEAST_BYTES, MOST_BYTES, worth
from lightship.assets.push.release import Coding, Entry
from lightship.assets.retarget.prefix import has_placeholder
from lightship.assets.scan import Scan, read_file
from lightship.assets.sidecar import fresh_bytes, packed
from lightship.errors import InputError
from lightship.store.cache import Cache

__all__ = [
    "IMMUTABLE",
    "REVALIDATED",
    "Candidates",
    "Outgoing",
    "candidates",
    "content_type",
    "read_outgoing",
    "stored",
]

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATED = "no-cache"

_PIECE_BYTES = 8 << 20
_TYPES = {suffix: media_type for media_type, suffixes in MEDIA_TYPES.items() for suffix in suffixes}
_SERVICE_WORKER = re.compile(
    r"(?:^|[/._-])(?:sw|service-?worker|ngsw-worker|ngsw|messaging-sw)(?:\.min)?\.(?:m?js|json)$"
)
_DOCUMENTS = (".html", ".htm", ".xhtml", ".webmanifest", ".json", ".xml")
_EFFORTS: dict[Encoding, Effort] = {"gzip": "alone", "br": "release"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A file that becomes an object. ``file`` holds its plain bytes, or with ``packed_alone`` those of gzip; ``rank``
    is when it is sent: names with a hash, other assets, then what leads to them. ``placeholder``: it asks for what a
    build puts before its assets until it is retargeted."""

    path: str
    file: Path
    packed_alone: bool
    plain_sha256: str
    plain_bytes: int
    asked: Coding
    content_type: str
    cache_control: str
    hashed: bool
    source_map: bool = False
    placeholder: bool = False

    @property
    def rank(self) -> int:
        if self.hashed:
            return 0
        return 2 if self.path.lower().endswith(_DOCUMENTS) or _SERVICE_WORKER.search(self.path) else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """What of a directory may become objects, ``(path, is .gz alone)`` with the bytes on disk, and what never does."""

    files: tuple[tuple[str, bool, int], ...]
    hidden: tuple[str, ...]
    skipped: tuple[str, ...] = field(default=())


def candidates(found: Scan) -> Candidates:
    """Sort out a directory: sidecars are nothing of their own, what is hidden stays, ``.br`` alone cannot be sent."""
    plain = {seen.path: (False, seen.size_bytes) for seen in found.files}
    skipped = []
    for seen in found.lone:
        base, dot, suffix = seen.path.rpartition(".")
        if dot + suffix == SUFFIX_OF_ENCODING["gzip"]:
            plain[base] = (True, seen.size_bytes)
        else:
            skipped.append(seen.path)
    hidden = sorted(path for path in plain if _is_hidden(path))
    files = tuple((path, *plain[path]) for path in sorted(plain) if not _is_hidden(path))
    missed = (path for path in skipped if not _is_hidden(path) and path.rpartition(".")[0] not in plain)
    return Candidates(files=files, hidden=tuple(hidden), skipped=tuple(missed))


def _is_hidden(path: str) -> bool:
    return any(part.startswith(".") and part != ".well-known" for part in path.split("/"))


def content_type(path: str) -> str:
    """By the name's suffix; ``application/octet-stream`` for what has none that is known."""
    return _TYPES.get(PurePosixPath(path).suffix[1:].lower(), "application/octet-stream")


def read_outgoing(root: Path, path: str, asked: Coding, folders: tuple[str, ...], *, packed_alone: bool) -> Outgoing:
    """Hash one file. Raise InputError for a .gz that is damaged, OSError where it cannot be read."""
    file = root / (path + SUFFIX_OF_ENCODING["gzip"] if packed_alone else path)
    source_map = placeholder = False
    if packed_alone or (compressible(path) and file.lstat().st_size <= MOST_BYTES):
        plain = _inflated(file, path) if packed_alone else read_file(file)[0]
        sha256, size_bytes = hashlib.sha256(plain).hexdigest(), len(plain)
        source_map = is_source_map(path, plain)
        placeholder = not source_map and has_placeholder(plain)
    else:
        running, size_bytes = hashlib.sha256(), 0
        for piece in _pieces(file):
            running.update(piece)
            size_bytes += len(piece)
        sha256 = running.hexdigest()
        source_map = path.endswith(".map")  # too large to look into: sources are not published by mistake
    hashed = is_hashed(path, folders)
    small = size_bytes < LEAST_BYTES or size_bytes > MOST_BYTES
    return Outgoing(
        path=path,
        file=file,
        packed_alone=packed_alone,
        plain_sha256=sha256,
        plain_bytes=size_bytes,
        asked="identity" if small or not compressible(path) else asked,
        content_type=content_type(path),
        cache_control=IMMUTABLE if hashed else REVALIDATED,
        hashed=hashed,
        source_map=source_map,
        placeholder=placeholder,
    )


def stored(outgoing: Outgoing, cache: Cache) -> tuple[Entry, bytes | Iterator[bytes]]:
    """The entry and the bytes to store, in pieces where the file is large. Raise InputError where the file is not what
    was hashed: from `stored`, or from the iterator in the place of its last piece."""
    if outgoing.asked == "identity" and not outgoing.packed_alone and outgoing.plain_bytes > _PIECE_BYTES:
        entry = _entry(outgoing, "identity", outgoing.plain_sha256, outgoing.plain_bytes)
        return entry, _checked_pieces(outgoing)
    plain = _plain(outgoing)
    encoding, content = _encoded(outgoing, plain, cache)
    return _entry(outgoing, encoding, hashlib.sha256(content).hexdigest(), len(content)), content


def _encoded(outgoing: Outgoing, plain: bytes, cache: Cache) -> tuple[Coding, bytes]:
    if outgoing.asked == "identity":
        return "identity", plain
    if outgoing.packed_alone:
        beside = outgoing.file if outgoing.asked == "gzip" else outgoing.file.with_suffix(SUFFIX_OF_ENCODING["br"])
    else:
        beside = outgoing.file.with_name(outgoing.file.name + SUFFIX_OF_ENCODING[outgoing.asked])
    there = fresh_bytes(beside, plain, outgoing.asked)
    if there is not None and worth(len(there), len(plain)):
        return outgoing.asked, there
    made, _ = packed(plain, outgoing.plain_sha256, outgoing.asked, _EFFORTS[outgoing.asked], cache)
    return ("identity", plain) if made is None else (outgoing.asked, made)


def _entry(outgoing: Outgoing, encoding: Coding, sha256: str, size_bytes: int) -> Entry:
    return Entry(
        path=outgoing.path,
        sha256=sha256,
        stored_bytes=size_bytes,
        plain_sha256=outgoing.plain_sha256,
        plain_bytes=outgoing.plain_bytes,
        asked=outgoing.asked,
        encoding=encoding,
        content_type=outgoing.content_type,
        cache_control=outgoing.cache_control,
        hashed=outgoing.hashed,
    )


def _plain(outgoing: Outgoing) -> bytes:
    try:
        plain = _inflated(outgoing.file, outgoing.path) if outgoing.packed_alone else read_file(outgoing.file)[0]
    except OSError as error:
        raise InputError(f"{outgoing.path}: {error.strerror or error}") from error
    if hashlib.sha256(plain).hexdigest() != outgoing.plain_sha256:
        raise _changed(outgoing)
    return plain


def _inflated(file: Path, path: str) -> bytes:
    return gunzip(read_file(file)[0], most_bytes=MOST_BYTES, what=f"{path}.gz")


def _pieces(file: Path) -> Iterator[bytes]:
    descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb") as stream:  # noqa: PTH123 - a descriptor
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "no regular file", str(file))
        while piece := stream.read(_PIECE_BYTES):
            yield piece


def _checked_pieces(outgoing: Outgoing) -> Iterator[bytes]:
    """The last piece is given out when all of them are what was hashed: a store makes no object before it has it."""
    running, held = hashlib.sha256(), b""
    for piece in _pieces(outgoing.file):
        if held:
            yield held
        running.update(piece)
        held = piece
    if running.hexdigest() != outgoing.plain_sha256:
        raise _changed(outgoing)
    yield held


def _changed(outgoing: Outgoing) -> InputError:
    return InputError(f"{outgoing.path}: changed while it was pushed", hint="push again once the build is over")
