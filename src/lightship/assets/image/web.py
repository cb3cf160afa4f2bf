"""Static files as a web root in an image: which of them go in, with which times, and what each form of them weighs.

A sidecar has the time of the file that it is of, so that nginx's ETags (time and size) change with the content whatever
the checkout's clock said. Where a file has a ``.gz`` beside it, the layer's stream of the plain file is that of the
``.gz``: it is made already, and smaller than what a layer would get.
"""

import hashlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from lightship.archive.codec import open_decompressed
from lightship.archive.content import Content, Deflated
from lightship.archive.gzip import MEMBER_HEADER
from lightship.assets.codecs import ENCODINGS, Encoding, decodes_to
from lightship.assets.image.files import ImageFile, ImageFiles, entry_of
from lightship.assets.kinds import SUFFIX_OF_ENCODING, compressible
from lightship.assets.model import Mode
from lightship.assets.scan import sidecar_base
from lightship.errors import InputError, LightshipError
from lightship.paths import storage_errors
from lightship.plan.model import Entry

__all__ = ["WEB_ROOT", "WebEntries", "WebFiles", "sort_web_files", "web_entries"]

WEB_ROOT = "usr/share/nginx/html"
_WHY = "static file"
_TRAILER_BYTES = 8
_CHUNK_BYTES = 1 << 18


@dataclass(frozen=True, slots=True, kw_only=True)
class WebFiles:
    """``plain`` are files and links; ``sidecars`` map a plain path to those that are sent, by encoding; ``lone`` are
    ``.gz`` without a plain file, by the name that is asked for. ``unsent`` are sidecars that no server would send."""

    source: ImageFiles
    plain: tuple[ImageFile, ...]
    sidecars: Mapping[str, Mapping[Encoding, ImageFile]]
    lone: Mapping[str, ImageFile]
    unsent: tuple[ImageFile, ...]

    @property
    def mode(self) -> Mode:
        return "gzip-only" if self.lone else "sidecar"

    @property
    def is_compressed(self) -> bool:
        return bool(self.lone or self.sidecars)

    @property
    def names(self) -> tuple[str, ...]:
        """What a browser may ask for, sorted."""
        return tuple(sorted({*(file.path for file in self.plain), *self.lone}))

    @property
    def plain_bytes(self) -> int:
        """Of the plain files that are there."""
        return sum(file.size_bytes for file in self.plain)

    @property
    def sidecar_bytes(self) -> int:
        """Of every sidecar that is sent."""
        beside = sum(file.size_bytes for found in self.sidecars.values() for file in found.values())
        return beside + sum(file.size_bytes for file in self.lone.values())


def sort_web_files(source: ImageFiles, encodings: Iterable[Encoding]) -> WebFiles:
    """Tell plain files, sidecars that a server sends in one of ``encodings``, and those that it never would."""
    known = {file.path: file for file in source.files}
    sent = set(encodings)
    plain: list[ImageFile] = []
    unsent: list[ImageFile] = []
    sidecars: dict[str, dict[Encoding, ImageFile]] = {}
    lone: dict[str, ImageFile] = {}
    for file in source.files:
        base = sidecar_base(file.path) if not file.link else None
        encoding = _encoding(file.path) if base is not None else None
        if base is None or encoding is None or not compressible(base):
            plain.append(file)
        elif encoding not in sent or (base not in known and encoding != "gzip"):
            unsent.append(file)
        elif base in known:
            sidecars.setdefault(base, {})[encoding] = file
        else:
            lone[base] = file
    return WebFiles(source=source, plain=tuple(plain), sidecars=sidecars, lone=lone, unsent=tuple(unsent))


def _encoding(path: str) -> Encoding | None:
    return next((encoding for encoding in ENCODINGS if path.endswith(SUFFIX_OF_ENCODING[encoding])), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class WebEntries:
    """``entries`` is the web root as it is served. ``plain`` and ``gzip_only`` are the same files in the two other
    forms, to be weighed: empty where nothing is compressed."""

    entries: tuple[Entry, ...]
    plain: tuple[Entry, ...] = ()
    gzip_only: tuple[Entry, ...] = ()


def web_entries(web: WebFiles) -> WebEntries:
    """The web root. Every sidecar is decompressed and held against its file: raise InputError for one that is not of
    it, since browsers would get what it holds, and for a damaged ``.gz`` that stands alone."""
    entries: list[Entry] = []
    plain: list[Entry] = []
    gzip_only: list[Entry] = []

    def add(entry: Entry, *forms: list[Entry]) -> None:
        for form in (entries, *forms):
            form.append(entry)

    for file in web.plain:
        beside = web.sidecars.get(file.path, {})
        sha256, content = _checked(web.source, file, beside) if beside else (file.sha256, None)
        own = entry_of(file, WEB_ROOT, content or web.source.content(file), why=_WHY)
        add(own, plain, *([] if "gzip" in beside else [gzip_only]))
        for encoding, sidecar in beside.items():
            why = f"{encoding} of it"
            packed = entry_of(sidecar, WEB_ROOT, web.source.content(sidecar), why=why, time_of=sha256)
            add(packed, *([gzip_only] if encoding == "gzip" else []))
    for name, file in web.lone.items():
        sha256, content = _opened(web.source, file)
        add(entry_of(file, WEB_ROOT, web.source.content(file), why=_WHY, time_of=sha256), gzip_only)
        unpacked = ImageFile(path=name, executable=file.executable, sha256=sha256)
        if content is not None:
            plain.append(entry_of(unpacked, WEB_ROOT, content, why=_WHY))
    if not web.is_compressed:
        return WebEntries(entries=tuple(entries))
    return WebEntries(entries=tuple(entries), plain=tuple(plain), gzip_only=tuple(gzip_only))


def _checked(source: ImageFiles, file: ImageFile, beside: Mapping[Encoding, ImageFile]) -> tuple[str, Content | None]:
    """Hold sidecars against the plain file, or what a link leads to; its hash, and what the ``.gz`` among them has,
    which is the layer's stream of it."""
    plain = _read(source.root / file.path)
    content = None
    for encoding, sidecar in beside.items():
        packed = _read(source.root / sidecar.path)
        if not decodes_to(packed, plain, encoding):
            raise InputError(
                f"{sidecar.path} is not {file.path} compressed: browsers would get something else",
                hint="lightship assets compress makes it anew, or leave that to --compress",
            )
        if encoding == "gzip":
            content = _stream_of(source.root / sidecar.path, packed, zlib.crc32(plain), len(plain))
    return file.sha256 or hashlib.sha256(plain).hexdigest(), content


def _opened(source: ImageFiles, file: ImageFile) -> tuple[str, Deflated | None]:
    """Hash of what a lone ``.gz`` holds, and its stream."""
    packed = _read(source.root / file.path)
    if not packed:
        raise InputError(f"{file.path} cannot be decompressed: an empty file is no gzip stream")
    running, crc, size_bytes = hashlib.sha256(), 0, 0
    try:
        with open_decompressed(BytesIO(packed), "gzip") as stream:
            while piece := stream.read(_CHUNK_BYTES):
                running.update(piece)
                crc = zlib.crc32(piece, crc)
                size_bytes += len(piece)
    except LightshipError as error:
        raise InputError(f"{file.path} cannot be decompressed: {error}") from error
    return running.hexdigest(), _stream_of(source.root / file.path, packed, crc, size_bytes)


def _stream_of(path: Path, packed: bytes, crc32: int, size_bytes: int) -> Deflated | None:
    """The stream in a ``.gz`` of one member with a plain header, as everything writes it that leaves out name and time;
    None for others: their files are compressed again."""
    head = len(MEMBER_HEADER)
    if packed[:4] != MEMBER_HEADER[:4] or packed[-_TRAILER_BYTES:] != _trailer(crc32, size_bytes):
        return None
    return Deflated(path, head, len(packed) - head - _TRAILER_BYTES, size_bytes, crc32)


def _trailer(crc32: int, size_bytes: int) -> bytes:
    return crc32.to_bytes(4, "little") + (size_bytes & 0xFFFFFFFF).to_bytes(4, "little")


def _read(path: Path) -> bytes:
    with storage_errors(f"read {path.name}"):
        return path.read_bytes()
