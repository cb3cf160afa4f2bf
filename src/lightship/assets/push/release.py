"""What a push put into a store, written down beside it: the manifests of releases, and of pushes under way.

``<root>/.lightship/releases/<UTC>-<digest>.json`` is a release that is whole; ``<root>/.lightship/pending/…`` a push
that is under way, or was aborted. Both are read from a store that others may write to: whatever is not as it is written
here is an InputError, and its keys are believed to lie below the root only after `key_fault` says so.
"""

import datetime
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal, cast

from lightship.assets.codecs import gunzip
from lightship.assets.push.bucket import Found, Headers
from lightship.assets.push.target import key_fault
from lightship.errors import ImageError, InputError
from lightship.oci.document import Node, canonical, parse_object

__all__ = [
    "FOLDER",
    "MOST_MANIFEST_BYTES",
    "PENDING",
    "RELEASES",
    "RELEASE_SCHEMA",
    "Coding",
    "Entry",
    "Manifest",
    "manifest_name",
    "next_stamp",
    "parse_manifest",
    "release_digest",
    "write_manifest",
]

Coding = Literal["gzip", "br", "identity"]

RELEASE_SCHEMA = "lightship/assets-release/1"
FOLDER = ".lightship"
RELEASES = f"{FOLDER}/releases"
PENDING = f"{FOLDER}/pending"
MOST_MANIFEST_BYTES = 64 << 20
"""A hundred thousand objects are 43 MB of JSON."""

_NAME = re.compile(r"(?P<stamp>[0-9]{8}T[0-9]{6}Z)-(?P<digest>[0-9a-f]{16})(?:-[0-9a-f]{8})?\.json")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One object. ``path`` is below the root. ``sha256`` and ``stored_bytes`` are of the bytes in the store;
    ``plain_sha256`` and ``plain_bytes`` of what a browser gets from them. ``asked`` is the coding that was wanted,
    ``encoding`` the one that it has: identity where the other would not be smaller. ``etag`` is what the store
    answered, None in what was not yet sent."""

    path: str
    sha256: str
    stored_bytes: int
    plain_sha256: str
    plain_bytes: int
    asked: Coding
    encoding: Coding
    content_type: str
    cache_control: str
    hashed: bool
    etag: str | None = None

    @property
    def headers(self) -> Headers:
        return Headers(
            content_type=self.content_type,
            cache_control=self.cache_control,
            encoding=None if self.encoding == "identity" else self.encoding,
        )

    def has_size_of(self, found: Found | None) -> bool:
        """Whether ``found`` is as large as this object."""
        return found is not None and found.size_bytes == self.stored_bytes

    def is_there(self, found: Found | None) -> bool:
        """Whether ``found`` may be this object: its size, and its ETag where both sides tell one."""
        if found is None or not self.has_size_of(found):
            return False
        return self.etag is None or found.etag is None or self.etag == found.etag


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """A release, or with ``pending`` a push under way. ``name`` is the object's name in its folder.

    A pending one tells besides which paths are its ``own``, since nothing of somebody else's lay there, which to
    ``purge`` when it is done, when its push last ``touched`` it by the store's clock (None in one's own), whether it is
    ``collecting``, deleting what no release needs, whether it ``ended`` before it was done, and which process is its
    ``owner``."""

    name: str
    entries: Mapping[str, Entry] = field(repr=False)
    cdn: str = ""
    base: str = ""
    pending: bool = False
    own: frozenset[str] = frozenset()
    purge: tuple[str, ...] = ()
    collecting: bool = False
    ended: bool = False
    touched: datetime.datetime | None = None
    owner: str = ""

    @property
    def digest(self) -> str:
        return release_digest(self.entries.values())

    @property
    def made(self) -> datetime.datetime:
        return datetime.datetime.strptime(self.name[:16], _STAMP).replace(tzinfo=datetime.UTC)


def release_digest(entries: Iterable[Entry]) -> str:
    """Hex SHA-256 of what browsers get: paths, plain contents, headers. Another compression of the same is the same."""
    rows = sorted(
        (entry.path, entry.plain_sha256, entry.asked, entry.content_type, entry.cache_control) for entry in entries
    )
    return hashlib.sha256(repr(rows).encode()).hexdigest()


def next_stamp(now: datetime.datetime, names: Iterable[str]) -> str:
    """The time in a manifest's name: ``now``, and later than every one of ``names``, so that names tell the order of
    pushes from machines whose clocks disagree."""
    last = max((name[:16] for name in names if _NAME.fullmatch(name)), default="")
    moment = now.astimezone(datetime.UTC).replace(microsecond=0)
    if last >= moment.strftime(_STAMP):
        moment = datetime.datetime.strptime(last, _STAMP).replace(tzinfo=datetime.UTC) + datetime.timedelta(seconds=1)
    return moment.strftime(_STAMP)


def manifest_name(stamp: str, digest: str, salt: str = "") -> str:
    """``salt``, 8 hexadecimal digits, tells two pushes of one content apart."""
    return f"{stamp}-{digest[:16]}{f'-{salt}' if salt else ''}.json"


def write_manifest(manifest: Manifest) -> bytes:
    """The JSON of a manifest: the same value gives the same bytes."""
    document: dict[str, object] = {
        "schema": RELEASE_SCHEMA,
        "digest": f"sha256:{manifest.digest}",
        "cdn": manifest.cdn,
        "base": f"/{manifest.base}",
        "objects": {path: _row(entry) for path, entry in manifest.entries.items()},
    }
    if manifest.pending:
        document["pending"] = {
            "own": sorted(manifest.own),
            "purge": list(manifest.purge),
            "collecting": manifest.collecting,
            "ended": manifest.ended,
            "touched": manifest.touched.isoformat() if manifest.touched is not None else None,
            "owner": manifest.owner,
        }
    return canonical(document)


def _row(entry: Entry) -> dict[str, object]:
    return {
        "sha256": entry.sha256,
        "bytes": entry.stored_bytes,
        "plain_sha256": entry.plain_sha256,
        "plain_bytes": entry.plain_bytes,
        "content_type": entry.content_type,
        "content_encoding": entry.encoding,
        "asked_encoding": entry.asked,
        "cache_control": entry.cache_control,
        "hashed": entry.hashed,
        "etag": entry.etag,
    }


def parse_manifest(raw: bytes, name: str, root: str) -> Manifest:
    """Read what `write_manifest` wrote, as it is or as gzip. Raise InputError, which begins with ``name``, for anything
    else."""
    try:
        if not _NAME.fullmatch(name):
            raise InputError(f"{name}: want the name of a manifest")
        packed = raw.startswith(b"\x1f\x8b")
        plain = gunzip(raw, most_bytes=MOST_MANIFEST_BYTES, what=name) if packed else raw
        node = parse_object(plain, name)
        schema = node.require("schema").text()
        if schema != RELEASE_SCHEMA:
            raise InputError(f"{name}: want {RELEASE_SCHEMA}, got {schema!r:.80}")
        found = Manifest(
            name=name,
            entries=_entries(node.require("objects"), root),
            cdn=node.optional_text("cdn"),
            base=node.optional_text("base").strip("/"),
        )
        pending = node.get("pending")
        made = found.made
        if not made or pending is None:
            return found
        return _as_pending(found, pending, root)
    except (ImageError, ValueError) as error:
        raise InputError(f"{error}") from error


def _as_pending(found: Manifest, pending: Node, root: str) -> Manifest:
    return replace(
        found,
        pending=True,
        own=frozenset(pending.optional_texts("own")),
        purge=tuple(path for path in pending.optional_texts("purge") if key_fault(root, path) is None),
        collecting=pending.require("collecting").flag(),
        ended=pending.require("ended").flag(),
        touched=_moment(pending.get("touched")),
        owner=pending.optional_text("owner"),
    )


def _moment(node: Node | None) -> datetime.datetime | None:
    if node is None:
        return None
    moment = datetime.datetime.fromisoformat(node.text())
    if moment.tzinfo is None:
        raise node.fault("a time with its zone")
    return moment


def _entries(objects: Node, root: str) -> dict[str, Entry]:
    entries = {}
    for path, value in objects.mapping().items():
        node = Node(value, f"{objects.path}[{path!r:.80}]")
        fault = key_fault(root, path)
        if fault is not None or path.partition("/")[0] == FOLDER:
            raise InputError(f"{node.path}: {fault or 'a release does not name what writes releases down'}")
        entries[path] = _entry(path, node)
    return entries


def _entry(path: str, node: Node) -> Entry:
    etag = node.get("etag")
    return Entry(
        path=path,
        sha256=_sha256(node.require("sha256")),
        stored_bytes=node.require("bytes").integer(),
        plain_sha256=_sha256(node.require("plain_sha256")),
        plain_bytes=node.require("plain_bytes").integer(),
        asked=_coding(node.require("asked_encoding")),
        encoding=_coding(node.require("content_encoding")),
        content_type=node.require("content_type").text(),
        cache_control=node.require("cache_control").text(),
        hashed=node.require("hashed").flag(),
        etag=etag.text() if etag is not None else None,
    )


def _sha256(node: Node) -> str:
    if not _SHA256.fullmatch(node.text()):
        raise node.fault("64 lowercase hexadecimal digits")
    return node.text()


def _coding(node: Node) -> Coding:
    if node.text() not in ("gzip", "br", "identity"):
        raise node.fault("gzip, br or identity")
    return cast("Coding", node.text())
