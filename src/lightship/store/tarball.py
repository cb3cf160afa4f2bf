"""Outer archives (oci-archive, docker-archive): where each member lies in the file, so that it can be opened alone.

Names are checked, nothing is extracted, and links are followed only to other members. The archive as a whole may be
compressed, as ``docker load`` allows; then it is unpacked beside the given temporary folder first. Layers' own tars
are not read here.
"""

import io
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import field
from pathlib import Path
from typing import IO, BinaryIO

from lightship.archive.codec import detect, open_decompressed
from lightship.archive.verify import ReadStream, copy_stream, read_capped
from lightship.errors import ArchiveError, HostileError, ImageError
from lightship.oci.digest import Digest
from lightship.paths import normal_path, storage_errors
from lightship.store.blobs import blob_name
from lightship.values import dataclass

__all__ = ["ArchiveBlobs", "Tarball", "open_tarball"]

_MOST_MEMBERS = 100_000
_LARGEST_HEADER_BYTES = 1 << 20  # pax and GNU long-name headers; real ones have some hundred bytes
_MOST_LINKS = 16
_LARGEST_PLAIN_BYTES = 1 << 38  # 256 GiB: past any image, and short of filling a disk by a bomb of a few MB


@dataclass(frozen=True, slots=True)
class _Member:
    offset: int
    size_bytes: int
    link_target: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tarball:
    """An archive's members by normal name."""

    path: Path
    where: str
    members: dict[str, _Member] = field(repr=False)

    def __contains__(self, name: str) -> bool:
        return name in self.members

    def size_of(self, name: str) -> int | None:
        """Size of the file ``name`` in bytes, links followed; None when it is absent."""
        member = self._find(name)
        return None if member is None else member.size_bytes

    def open(self, name: str) -> BinaryIO:
        """The bytes of the file ``name``, links followed; raise ImageError when it is absent. The caller closes."""
        member = self._find(name)
        if member is None:
            raise ImageError(f"{self.where}: {name!r:.160} is missing")
        with storage_errors(f"read {self.where}"):
            stream = self.path.open("rb")
            stream.seek(member.offset)
        return _Slice(stream, member.size_bytes, self.where)

    def read(self, name: str, cap_bytes: int) -> bytes:
        """The whole of a small file."""
        with self.open(name) as stream:
            return read_capped(stream, cap_bytes, f"{self.where}: {name}")

    def _find(self, name: str) -> _Member | None:
        for _ in range(_MOST_LINKS):
            member = self.members.get(name)
            if member is None or not member.link_target:
                return member
            name = member.link_target
        raise HostileError(f"{self.where}: links lead in a circle at {name!r:.160}")


class ArchiveBlobs:
    """The `BlobSource` of a layout in a tar."""

    def __init__(self, tarball: Tarball) -> None:
        self._tarball = tarball

    @property
    def where(self) -> str:
        return self._tarball.where

    def size_of(self, digest: Digest) -> int | None:
        return self._tarball.size_of(blob_name(digest))

    def open(self, digest: Digest) -> BinaryIO:
        return self._tarball.open(blob_name(digest))


@contextmanager
def open_tarball(path: Path, where: str, *, temporary: Path | None = None) -> Iterator[Tarball]:
    """Index the archive at ``path``; ``where`` names it to people. Members can be opened until the block ends."""
    with storage_errors(f"read {where}"), path.open("rb") as stream:
        head = stream.read(6)
        stream.seek(0)
        if detect(head) == "none":
            yield Tarball(path=path, where=where, members=_scan(stream, where))
            return
    with storage_errors(f"unpack {where}"):
        opened = tempfile.NamedTemporaryFile(dir=temporary, prefix="lightship-", suffix=".tar")  # noqa: SIM115 - below
    with opened as plain:
        with storage_errors(f"unpack {where}"), path.open("rb") as stream:
            copy_stream(open_decompressed(stream, limit_bytes=_LARGEST_PLAIN_BYTES, what=where), plain.write)
            plain.seek(0)
        yield Tarball(path=Path(plain.name), where=where, members=_scan(plain, where))


def _scan(stream: IO[bytes], where: str) -> dict[str, _Member]:
    members: dict[str, _Member] = {}
    try:
        with tarfile.open(fileobj=_HeadersOnly(stream), mode="r:") as archive:
            for count, member in enumerate(archive):
                if count >= _MOST_MEMBERS:
                    raise HostileError(f"{where}: want at most {_MOST_MEMBERS} members, got more")
                _add(members, member, where)
    except (tarfile.TarError, ValueError, OverflowError, EOFError) as error:
        raise ArchiveError(f"{where}: want a tar archive, got a damaged one or none ({error!s:.120})") from error
    return members


def _add(members: dict[str, _Member], member: tarfile.TarInfo, where: str) -> None:
    try:
        name = normal_path(member.name)
        if member.issym():
            target = _resolved(name, member.linkname)
        else:
            target = normal_path(member.linkname) if member.islnk() else ""
    except HostileError as error:
        raise HostileError(f"{where}: {error}") from error
    if member.isdir():
        return
    if member.sparse is not None or not (member.isreg() or target):
        raise HostileError(f"{where}: want files, folders and links, got {name!r:.160}")
    if name in members:
        raise HostileError(f"{where}: {name!r:.160} is there twice")
    members[name] = _Member(member.offset_data, member.size, target)


def _resolved(name: str, link_target: str) -> str:
    """The member that a symlink at ``name`` means: to ``docker save`` a layer seen before is ``../<id>/layer.tar``."""
    parts = name.split("/")[:-1]
    if link_target.startswith("/"):
        raise HostileError(f"link {name!r:.160} is absolute: {link_target!r:.160}")
    for part in link_target.split("/"):
        if part == "..":
            if not parts:
                raise HostileError(f"link {name!r:.160} leaves the archive: {link_target!r:.160}")
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return normal_path("/".join(parts))


class _Slice(ReadStream):
    """``size_bytes`` bytes of an open file, from where it stands."""

    def __init__(self, source: BinaryIO, size_bytes: int, where: str) -> None:
        super().__init__(source)
        self._left = size_bytes
        self._where = where

    def _fill(self, size_bytes: int) -> bytes:
        chunk = self._source.read(min(size_bytes, self._left)) if self._left else b""
        if not chunk and self._left:
            raise ArchiveError(f"{self._where} is cut short: {self._left} bytes of a member are missing")
        self._left -= len(chunk)
        return chunk


class _HeadersOnly(io.RawIOBase):
    """A file for `tarfile`, which reads an extended header whole: a header that claims gigabytes is refused."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int = -1, /) -> bytes:
        if not 0 <= size <= _LARGEST_HEADER_BYTES:
            raise ArchiveError(f"want a tar header of at most {_LARGEST_HEADER_BYTES} bytes, got {size}")
        return self._stream.read(size)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True
