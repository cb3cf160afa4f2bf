"""What older releases had, for `lightship assets verify --releases`: a list of addresses, a report, manifests."""

import json
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from lightship.assets.scan import read_file
from lightship.assets.verify.crawl import FormerWanted
from lightship.assets.verify.decode import decoded
from lightship.assets.verify.urls import normal_url, origin_of
from lightship.errors import ArchiveError, InputError, UsageError

if TYPE_CHECKING:
    from lightship.assets.push.credentials import StoreAccess
    from lightship.assets.push.release import Manifest

__all__ = ["read_releases", "store_manifests"]

_MOST_BYTES = 256 << 20
_ANY_NAME = "20000101T000000Z-0000000000000000.json"
"""A manifest that was copied may be called anything."""


def read_releases(
    sources: Iterable[str], root: str, manifests: "Callable[[str], Iterable[Manifest]]"
) -> tuple[FormerWanted, ...]:
    """Every address that ``sources`` name: files, or stores, of which ``manifests`` gives the releases. Relative ones
    are resolved against ``root``, the site's address. Raise InputError for what is none of them."""
    found: dict[tuple[str, str, str], FormerWanted] = {}
    for source in sources:
        wanted = (
            (one for manifest in manifests(source) for one in _of_manifest(manifest, root))
            if "://" in source
            else _of_file(Path(source), root)
        )
        for one in wanted:
            found.setdefault((one.url, one.sha256, one.etag), one)
    return tuple(found.values())


def store_manifests(access: "StoreAccess", base: str) -> "Callable[[str], Iterator[Manifest]]":
    """Reads the releases that ``lightship assets push --base`` wrote down in a store."""

    def read(source: str) -> "Iterator[Manifest]":
        from lightship.assets.push.release import MOST_MANIFEST_BYTES, RELEASES, parse_manifest
        from lightship.assets.push.target import parse_target
        from lightship.assets.push.upload import open_bucket

        target = parse_target(source)
        if target.directory is not None:
            raise UsageError(f"--releases {source}: a directory's manifests are files: name them")
        bucket = open_bucket(target, access)
        root = target.root(base)
        folder = f"{root}/{RELEASES}" if root else RELEASES
        names = sorted(bucket.listing(folder, ()))
        if not names:
            raise InputError(f"{source}: no release was written down there", hint="--base, as for assets push")
        for key in names:
            raw = bucket.read(key, most_bytes=MOST_MANIFEST_BYTES)
            if raw is not None:
                yield parse_manifest(raw, key.rpartition("/")[2], root)

    return read


def _of_manifest(manifest: "Manifest", root: str) -> Iterator[FormerWanted]:
    from lightship.assets.push.target import public_path

    begin = manifest.cdn.rstrip("/")
    for path, entry in manifest.entries.items():
        public = public_path(manifest.base, path)
        yield FormerWanted(
            url=normal_url(f"{begin}/", begin + public) if begin else normal_url(root, public),
            release=f"the release of {manifest.made:%Y-%m-%d %H:%M}",
            sha256=entry.plain_sha256,
            etag="" if entry.hashed or entry.etag is None else f'"{entry.etag}"',
            hashed=entry.hashed,
        )


def _of_file(path: Path, root: str) -> Iterator[FormerWanted]:
    try:
        content, _ = read_file(Path(os.path.realpath(path)))
    except OSError as error:
        hint = "a store is s3://bucket/prefix" if ":" in str(path).partition("/")[0] else None
        raise InputError(f"{path} cannot be read: {error.strerror or error}", hint=hint) from error
    if len(content) > _MOST_BYTES:
        raise InputError(f"{path}: larger than {_MOST_BYTES >> 20} MiB")
    if content[:2] == b"\x1f\x8b":  # as manifests lie in a store
        try:
            content = decoded(content, "gzip", _MOST_BYTES)
        except ArchiveError as error:
            raise InputError(f"{path}: {error}") from error
    if content.lstrip()[:1] == b"{":
        yield from _of_json(path, content, root)
        return
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: want a list of addresses in UTF-8") from error
    for number, line in enumerate(lines, 1):
        if not (text := line.strip()) or text.startswith("#"):
            continue
        url = normal_url(root, text)
        if not url or any(letter.isspace() for letter in text):
            raise InputError(f"{path}:{number}: want an address or a path, got {text!r:.80}")
        yield FormerWanted(url=url, release=str(path), listed=True)


def _of_json(path: Path, content: bytes, root: str) -> Iterator[FormerWanted]:
    from lightship.flows.assets.verify_report import ASSETS_VERIFY_SCHEMA

    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: want JSON, and it is none: {error!s:.120}") from error
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == ASSETS_VERIFY_SCHEMA:
        yield from _of_report(path, document, root)
    elif isinstance(schema, str) and schema.startswith("lightship/assets-release/"):
        from lightship.assets.push.release import parse_manifest

        yield from _of_manifest(parse_manifest(content, _ANY_NAME, ""), root)
    else:
        raise InputError(
            f"{path}: want a report of lightship assets verify or a manifest of lightship assets push, got "
            f"{schema!r:.60}"
        )


def _of_report(path: Path, document: dict[str, Any], root: str) -> Iterator[FormerWanted]:
    try:
        before = str(document["root"])
        for row in document["urls"]:
            plain = row["clients"]["identity"]
            if plain["status"] != 200 or not row["own"]:
                continue
            yield FormerWanted(
                url=_here(str(row["url"]), before, root),
                release=str(path),
                sha256=str(row["sha256"]),
                etag="" if row["hashed"] else str(plain["etag"] or ""),
                hashed=bool(row["hashed"]),
            )
    except (KeyError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: this report is not as it was written: {error!r:.80}") from error


def _here(url: str, before: str, root: str) -> str:
    """The same address on the site that is asked: the report may be of another one."""
    if origin_of(url) != origin_of(before) or not origin_of(url):
        return normal_url(root, url)
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return normal_url(root, urljoin(root, parts.path) + query)
