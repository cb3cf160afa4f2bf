"""A finished tar under another compression. OCI image-spec 1.1, layer.md; eStargz as in `lightship.archive.estargz`.

gzip and zstd hold the very same tar, so its diff_id stays. eStargz adds a landmark and a table of contents: its tar,
and with it the diff_id, is another one, but every member that was there keeps its header and content to the byte.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple

from lightship.archive.content import Stored
from lightship.archive.estargz.toc import RESERVED
from lightship.archive.layer import LayerCompression, LayerWriter, WrittenLayer
from lightship.archive.tar import TarMember, TarReader
from lightship.archive.verify import CHUNK_BYTES
from lightship.errors import HostileError, StorageError
from lightship.paths import parents

__all__ = ["recode"]

_MOST_HEADER_BYTES = 512 << 20
"""Headers are kept in memory while members are put in order: a million of them, and no bomb of attributes."""
_ROOM_BYTES = 1 << 30
"""What a spool leaves free for others on its disk, looked at every so many bytes: a few MB may unpack to all of it."""
_LOOK_BYTES = 64 << 20


def recode(
    tar: BinaryIO,
    output: BinaryIO,
    *,
    compression: LayerCompression,
    level: int | None = None,
    threads: int = 1,
    prioritized: Sequence[str] = (),
    spool: Path | None = None,
    what: str = "layer",
) -> WrittenLayer:
    """Read ``tar`` to its end and write it compressed to ``output``; memory is bounded. The caller closes both.

    In eStargz the files of ``prioritized`` come first, in that order. A tar is read from front to back, so for that
    the whole of it is put into the file ``spool``, which the caller removes: StorageError where that would leave less
    than 1 GiB of its disk. Where global pax records give members
    their owners or times nothing is moved: they hold for what follows them. A landmark or table of contents that is
    there already gives way. Raise ArchiveError or HostileError for a tar that is not sound (eStargz only: otherwise
    nobody looks into it), UsageError for a level that the compression has not.
    """
    with LayerWriter(output, compression=compression, level=level, threads=threads) as writer:
        if compression != "estargz":
            return writer.whole_tar(tar)
        if prioritized and spool is not None:
            return _reordered(tar, writer, prioritized, spool, what)
        writer.landmark(prefetch=False)
        reader = TarReader(tar, what, keep_headers=True)
        for member in reader:
            if member.path not in RESERVED:
                writer.member(reader.header, member, _content(reader))
        return writer.finish()


def _content(reader: TarReader) -> Iterator[bytes]:
    while chunk := reader.read_content(CHUNK_BYTES):
        yield chunk


class _Found(NamedTuple):
    member: TarMember
    header: bytes
    content: Stored


def _reordered(tar: BinaryIO, writer: LayerWriter, prioritized: Sequence[str], spool: Path, what: str) -> WrittenLayer:
    members, movable = _spooled(tar, spool, what)
    first = _prioritize([found.member for found in members], prioritized) if movable else []
    moved = set(first)
    for place in first:
        _add(writer, members[place])
    writer.landmark(prefetch=bool(first))
    for place, found in enumerate(members):
        if place not in moved:
            _add(writer, found)
    return writer.finish()


def _add(writer: LayerWriter, found: _Found) -> None:
    writer.member(found.header, found.member, found.content)


def _spooled(tar: BinaryIO, spool: Path, what: str) -> tuple[list[_Found], bool]:
    """The members of ``tar``, whose contents are in ``spool``, one after the other; and whether they may be moved."""
    members: list[_Found] = []
    header_bytes = spooled_bytes = 0
    with spool.open("wb") as stream:
        reader = TarReader(tar, what, keep_headers=True)
        for member in reader:
            if member.path in RESERVED:
                continue
            content = Stored(spool, stream.tell(), member.size_bytes)
            for chunk in _content(reader):
                if spooled_bytes % _LOOK_BYTES + len(chunk) >= _LOOK_BYTES:
                    _check_room(spool, what)
                spooled_bytes += stream.write(chunk)
            members.append(_Found(member, reader.header, content))
            header_bytes += len(reader.header)
            if header_bytes > _MOST_HEADER_BYTES:
                raise HostileError(f"{what}: want at most {_MOST_HEADER_BYTES} bytes of tar headers, got more")
    return members, not reader.depends_on_order


def _check_room(spool: Path, what: str) -> None:
    free = shutil.disk_usage(spool.parent).free
    if free < _ROOM_BYTES:
        raise StorageError(
            f"{what}: cannot be put in order beside {spool.parent}: want {_ROOM_BYTES} bytes left free, got {free}",
            hint="put the cache on a larger disk (LIGHTSHIP_CACHE_DIR), or name no files to come first",
        )


def _prioritize(members: Sequence[TarMember], paths: Sequence[str]) -> list[int]:
    """Which members come first, in their order: the directories above a file, then the file.

    Only files and symlinks that are there once are moved: of two members with one path, the later one counts.
    """
    places: dict[str, list[int]] = {}
    for place, member in enumerate(members):
        places.setdefault(member.path, []).append(place)
    order: dict[int, None] = {}
    for path in paths:
        found = places.get(path, [])
        if len(found) == 1 and members[found[0]].type == "hardlink":
            path = members[found[0]].link_target
            found = places.get(path, [])
        if len(found) != 1 or members[found[0]].type not in ("file", "symlink"):
            continue
        above = [places[directory] for directory in parents(path) if directory in places]
        if any(len(place) != 1 or members[place[0]].type != "dir" for place in above):
            continue
        order |= dict.fromkeys(place[0] for place in (*above, found))
    return list(order)
