"""What is known of an opened package, remembered: JSON in the cache, kind ``records``."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lightship.archive.content import Content, Deflated, Inline, Stored
from lightship.base.index import PackageRecord
from lightship.base.unpacked import DebMember, UnpackedDeb
from lightship.ecosystem.elf import ElfFile
from lightship.store.cache import Cache, cache_key

__all__ = ["LISTING_VERSION", "elf_from_json", "find_listing", "pack_key", "save_listing"]

LISTING_VERSION = 5
"""Part of every key; raised when members, facts or the container change."""


def pack_key(record: PackageRecord) -> str:
    """Key of the container (kind ``debs``) with the package's files."""
    return f"{record.sha256}.pack-{LISTING_VERSION}"


def _listing_key(record: PackageRecord) -> str:
    return cache_key("deb", LISTING_VERSION, record.sha256)


def find_listing(record: PackageRecord, cache: Cache) -> UnpackedDeb | None:
    """The package as it was opened before; None when it was not, or its container is gone
    or cut short. The container's content is checked when it is read (CRC-32)."""
    path = cache.find("records", _listing_key(record))
    container = cache.find("debs", pack_key(record))
    if path is None or container is None:
        return None
    try:
        document = json.loads(path.read_bytes())
        if container.stat().st_size != document["container_bytes"]:
            return None
        members = tuple(_member(row, container) for row in document["members"])
        texts = (str(document[name]) for name in ("control", "md5sums", "postinst"))
        control, md5sums, postinst = texts
    except (ValueError, KeyError, TypeError, OSError):  # a damaged entry counts as absent; it is written again
        return None
    return UnpackedDeb(record=record, control=control, md5sums=md5sums, postinst=postinst, members=members)


def save_listing(deb: UnpackedDeb, cache: Cache) -> None:
    """Remember an opened package."""
    document = {
        "container_bytes": cache.path("debs", pack_key(deb.record)).stat().st_size,
        "control": deb.control,
        "md5sums": deb.md5sums,
        "postinst": deb.postinst,
        "members": [_row(member) for member in deb.members],
    }
    with cache.write("records", _listing_key(deb.record)) as stream:
        stream.write(json.dumps(document, separators=(",", ":")).encode("utf-8", "surrogateescape"))


def _row(member: DebMember) -> list[Any]:
    elf = asdict(member.elf) if member.elf is not None else None
    place = _place(member.content)
    facts = [member.interpreter, elf, int(member.converts_text)]
    return [member.path, member.type, member.mode, place, member.link_target, *facts]


def _place(content: Content | None) -> list[int] | None:
    match content:
        case Deflated():
            return [content.offset, content.unpacked_bytes, content.crc32, content.compressed_bytes]
        case Stored():
            return [content.offset, content.unpacked_bytes, content.crc32 or 0]
        case Inline():
            return []
        case None:
            return None


def _member(row: list[Any], container: Path) -> DebMember:
    path, kind, mode, place, link_target, interpreter, elf, converts_text = row
    return DebMember(
        path=path,
        type=kind,
        mode=mode,
        content=_content(place, container),
        link_target=link_target,
        interpreter=interpreter,
        elf=elf_from_json(elf) if elf is not None else None,
        converts_text=bool(converts_text),
    )


def _content(place: list[int] | None, container: Path) -> Content | None:
    if place is None:
        return None
    if not place:
        return Inline(b"")
    offset, unpacked_bytes, crc32, *compressed = place
    if compressed:
        return Deflated(container, offset, compressed[0], unpacked_bytes, crc32)
    return Stored(container, offset, unpacked_bytes, crc32)


def elf_from_json(fields: dict[str, Any]) -> ElfFile:
    """The ELF facts that `dataclasses.asdict` made, after a round trip through JSON."""
    texts = {name: tuple(fields[name]) for name in ("needed", "rpath", "runpath", "version_definitions")}
    needs = tuple((soname, tuple(versions)) for soname, versions in fields["version_needs"])
    return ElfFile(**{**fields, **texts, "version_needs": needs})
