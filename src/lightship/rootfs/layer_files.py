"""One layer unpacked into numbered files, beside a list of its members: no name of the layer becomes a path.

Layout of a directory: ``members.json`` and ``files/<number // 1000>/<number>``.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

from lightship.archive.tar import TarMember, TarReader
from lightship.errors import StorageError
from lightship.image.protocol import Layer
from lightship.paths import storage_errors
from lightship.progress import SILENT, Progress
from lightship.rootfs.merge import Member, MemberType
from lightship.values import dataclass

__all__ = ["UNPACK_TASK", "UnpackedLayer", "read_members", "unpack_layer"]

UNPACK_TASK = "unpack layers"
"""Its unit is bytes of files."""

_LIST = "members.json"
_FILES = "files"
_FOLDER = 1000
_KINDS: dict[str, MemberType] = {"file": "file", "dir": "dir", "symlink": "symlink", "hardlink": "hardlink"}
_CHUNK_BYTES = 1 << 20
_MOST_MTIME = 2**32 - 1
"""A time that the file systems of Linux hold; what is beyond is clamped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpackedLayer:
    """The members of one layer and where their contents are."""

    place: Path
    members: tuple[Member, ...]

    @classmethod
    def read(cls, place: Path) -> "UnpackedLayer":
        """What `unpack_layer` left at ``place``; raise StorageError where that is not whole."""
        with storage_errors("read an unpacked layer"):
            text = (place / _LIST).read_bytes()
        try:
            members = tuple(Member(*row) for row in json.loads(text))
        except (ValueError, TypeError) as error:
            raise StorageError(f"the list of an unpacked layer is damaged ({place})", hint=f"rm -rf {place}") from error
        return cls(place=place, members=members)

    def file(self, number: int) -> str:
        """Path of the content of member ``number``; a text, because there are tens of thousands."""
        return _file_path(str(self.place), number)


def unpack_layer(layer: Layer, place: Path, *, progress: Progress = SILENT) -> UnpackedLayer:
    """Unpack ``layer`` into the directory ``place``, which is made here; the layer's digests are checked by its end.

    Files have the mode and time of their member, without setuid and setgid. ``progress`` is told the bytes of
    `UNPACK_TASK`, which the caller starts and finishes.
    """
    with layer.open_tar() as stream, storage_errors("unpack a layer"):
        (place / _FILES).mkdir(parents=True)
        members = tuple(_written(TarReader(stream, f"layer {layer.diff_id}"), str(place), progress))
        rows = [
            [m.number, m.path, m.type, m.mode, m.uid, m.gid, m.mtime, m.unpacked_bytes, m.link_target] for m in members
        ]
        (place / _LIST).write_text(json.dumps(rows))
    return UnpackedLayer(place=place, members=members)


def read_members(layer: Layer) -> Iterator[Member]:
    """The members of ``layer`` without their contents, for `merge`; its digests are checked by the end."""
    with layer.open_tar() as stream:
        for number, found in enumerate(TarReader(stream, f"layer {layer.diff_id}")):
            yield _member(number, found)


def _written(reader: TarReader, place: str, progress: Progress) -> Iterator[Member]:
    folder = -1
    for number, found in enumerate(reader):
        if found.type == "file":
            if number // _FOLDER != folder:
                folder = number // _FOLDER
                os.mkdir(f"{place}/{_FILES}/{folder}")  # noqa: PTH102 - beside the paths of `_file_path`
            _write(reader, _file_path(place, number), found.mode & 0o1777, _clamped(found.mtime))
            progress.advance(UNPACK_TASK, found.size_bytes)
        yield _member(number, found)


def _member(number: int, found: TarMember) -> Member:
    return Member(
        number,
        found.path,
        _KINDS.get(found.type, "device"),
        found.mode,
        found.uid,
        found.gid,
        _clamped(found.mtime),
        found.size_bytes,
        found.link_target,
    )


def _write(reader: TarReader, path: str, mode: int, mtime: int) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        while chunk := reader.read_content(_CHUNK_BYTES):
            written = os.write(descriptor, chunk)
            while written < len(chunk):
                written += os.write(descriptor, memoryview(chunk)[written:])
        os.fchmod(descriptor, mode)
        os.utime(descriptor, (mtime, mtime))
    finally:
        os.close(descriptor)


def _clamped(mtime: int) -> int:
    return min(max(mtime, 0), _MOST_MTIME)


def _file_path(place: str, number: int) -> str:
    return f"{place}/{_FILES}/{number // _FOLDER}/{number}"
