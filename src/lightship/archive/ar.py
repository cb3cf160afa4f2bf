"""Members of a Debian package: an ar with short names. deb(5), dpkg 1.21; ar(5).

Long names (GNU ``//`` and BSD ``#1/``) do not occur in packages and are refused.
"""

from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from lightship.archive.verify import CHUNK_BYTES, ReadStream, read_exact
from lightship.errors import ArchiveError

__all__ = ["ArMember", "iter_ar"]

_MAGIC = b"!<arch>\n"
_HEADER_BYTES = 60


class ArMember(NamedTuple):
    """One member; ``stream`` is valid until the next one is asked for."""

    name: str
    size_bytes: int
    stream: BinaryIO


def iter_ar(stream: BinaryIO, what: str = "ar") -> Iterator[ArMember]:
    """The members in their order, each with its content. Raise ArchiveError for what is no sound ar or is cut short.
    The caller closes ``stream``."""
    if read_exact(stream, len(_MAGIC)) != _MAGIC:
        raise ArchiveError(f"{what} is no ar archive: want it to begin with {_MAGIC!r}")
    while header := read_exact(stream, _HEADER_BYTES):
        if len(header) < _HEADER_BYTES:
            raise ArchiveError(f"{what} is cut short")
        size = header[48:58].strip()
        name = header[:16].rstrip(b" ")
        if header[58:] != b"`\n" or not size.isdigit() or not name.isascii():
            raise ArchiveError(f"{what}: ar header is damaged")
        if name.startswith((b"/", b"#1/")):
            raise ArchiveError(f"{what}: long names are not supported: {name.decode()}")
        size_bytes = int(size)
        content = _MemberReader(stream, size_bytes, what)
        yield ArMember(name.removesuffix(b"/").decode(), size_bytes, content)
        content.skip()
        if size_bytes % 2 and read_exact(stream, 1) not in (b"\n", b""):
            raise ArchiveError(f"{what}: ar padding is damaged")


class _MemberReader(ReadStream):
    def __init__(self, source: BinaryIO, size_bytes: int, what: str) -> None:
        super().__init__(source)
        self._left = size_bytes
        self._what = what

    def _fill(self, size_bytes: int) -> bytes:
        if not self._left:
            return b""
        chunk = self._source.read(min(size_bytes, self._left))
        if not chunk:
            raise ArchiveError(f"{self._what} is cut short")
        self._left -= len(chunk)
        return chunk

    def skip(self) -> None:
        while self._fill(CHUNK_BYTES):
            pass

    def close(self) -> None:
        """The archive stays open: its next member follows."""
