"""The directory that is retargeted: its files under their plain names, whether they are compressed or not."""

import os
from pathlib import Path

from lightship.assets.codecs import ENCODINGS, Encoding, gunzip
from lightship.assets.kinds import SUFFIX_OF_ENCODING
from lightship.assets.model import MOST_BYTES
from lightship.assets.retarget.commit import STAGE_NAME
from lightship.assets.retarget.state import STATE_NAME
from lightship.assets.scan import Scan, read_file, scan
from lightship.errors import StorageError

__all__ = ["DirectoryTree"]

_MOST_KEPT_BYTES = 256 << 20


class DirectoryTree:
    """A file of which only ``.gz`` is there, as ``assets compress --mode gzip-only`` leaves it, goes by its plain name.
    Bytes that were read are kept, up to 256 MiB."""

    def __init__(self, root: Path) -> None:
        found = scan(root)
        own = {seen.path: seen.size_bytes for seen in found.files if not _is_ours(seen.path)}
        packed = SUFFIX_OF_ENCODING["gzip"]
        lone = {seen.path.removesuffix(packed): seen.size_bytes for seen in found.lone if seen.path.endswith(packed)}
        self.root = root
        self.faults = found.faults
        self.paths = frozenset(own | lone)
        self._lone = frozenset(lone)
        self._sidecars = _sidecars(found)
        self._sizes = lone | own
        self._kept: dict[str, tuple[bytes, os.stat_result]] = {}
        self._kept_bytes = 0

    def file(self, path: str) -> Path:
        """The file that holds the bytes of ``path``."""
        return self.root / (path + SUFFIX_OF_ENCODING["gzip"] if path in self._lone else path)

    def is_packed(self, path: str) -> bool:
        """Whether only a ``.gz`` of it is there."""
        return path in self._lone

    def is_large(self, path: str) -> bool:
        """Whether it is larger than what anybody serves to a browser as text."""
        return self._sizes[path] > MOST_BYTES

    def sidecars(self, path: str) -> dict[Encoding, Path]:
        """Compressed forms beside ``path``; not the one that holds its only bytes."""
        return {
            encoding: self.root / (path + SUFFIX_OF_ENCODING[encoding])
            for encoding in ENCODINGS
            if path + SUFFIX_OF_ENCODING[encoding] in self._sidecars and not (encoding == "gzip" and path in self._lone)
        }

    def read(self, path: str) -> bytes:
        """Its plain bytes. Raise StorageError for what cannot be read, InputError for a damaged ``.gz``."""
        return self.look(path)[0]

    def look(self, path: str) -> tuple[bytes, os.stat_result]:
        """Its plain bytes, and the status of the file that holds them."""
        if path in self._kept:
            return self._kept[path]
        try:
            content, status = read_file(self.file(path))
        except OSError as error:
            raise StorageError(f"cannot read {self.file(path)}: {error.strerror}") from error
        if path in self._lone:
            content = gunzip(content, most_bytes=MOST_BYTES, what=str(self.file(path)))
        if self._kept_bytes + len(content) <= _MOST_KEPT_BYTES:
            self._kept[path] = content, status
            self._kept_bytes += len(content)
        return content, status

    def forget(self, path: str) -> None:
        """Its bytes are of no more use."""
        found = self._kept.pop(path, None)
        self._kept_bytes -= len(found[0]) if found else 0


def _is_ours(path: str) -> bool:
    return path == STATE_NAME or path.startswith(STAGE_NAME + "/")


def _sidecars(found: Scan) -> frozenset[str]:
    return frozenset(seen.path for seen in (*found.sidecars, *found.lone) if not _is_ours(seen.path))
