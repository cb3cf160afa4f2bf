"""Blobs by digest, whichever medium holds them: the one thing that a layout and an archive of it differ in."""

from pathlib import Path
from typing import BinaryIO, Protocol

from lightship.archive.verify import VerifyingReader, read_capped
from lightship.errors import ImageError, InputError
from lightship.oci.descriptor import Descriptor
from lightship.oci.digest import Digest
from lightship.paths import storage_errors

__all__ = ["BlobSource", "DirectoryBlobs", "blob_name", "read_small"]


class BlobSource(Protocol):
    """Blobs that can be opened any number of times; what is read is not verified here."""

    @property
    def where(self) -> str:
        """For people: ``oci:out``."""

    def size_of(self, digest: Digest) -> int | None:
        """Size of a blob in bytes, None when it is absent."""

    def open(self, digest: Digest) -> BinaryIO:
        """The blob's bytes; the caller closes. Raise ImageError when it is absent."""


def blob_name(digest: Digest) -> str:
    """Path of a blob inside a layout (image-spec 1.1, image-layout.md)."""
    return f"blobs/{digest.algorithm}/{digest.hex}"


class DirectoryBlobs:
    """The `BlobSource` of an OCI layout on disk."""

    def __init__(self, root: Path) -> None:
        self._root = root

    @property
    def where(self) -> str:
        return f"oci:{self._root}"

    def path_of(self, digest: Digest) -> Path:
        """Where the blob is, or would be."""
        return self._root / blob_name(digest)

    def size_of(self, digest: Digest) -> int | None:
        path = self.path_of(digest)
        with storage_errors("read an OCI layout"):
            return path.stat().st_size if path.is_file() else None

    def open(self, digest: Digest) -> BinaryIO:
        if self.size_of(digest) is None:
            raise ImageError(f"{self.where}: blob is missing: {digest}")
        with storage_errors("read an OCI layout"):
            return self.path_of(digest).open("rb", buffering=0)


def read_small(source: BlobSource, descriptor: Descriptor, cap_bytes: int, what: str) -> bytes:
    """The whole blob of ``descriptor``, verified; raise ImageError above ``cap_bytes``, MismatchError when it lies."""
    if descriptor.size_bytes > cap_bytes:
        raise ImageError(f"{what} is too large: want at most {cap_bytes} bytes, got {descriptor.size_bytes}")
    with VerifyingReader(
        source.open(descriptor.digest), descriptor.digest, descriptor.size_bytes, what=f"{source.where}: {what}"
    ) as stream:
        return _read(stream, cap_bytes, what)


def _read(stream: BinaryIO, cap_bytes: int, what: str) -> bytes:
    try:
        with storage_errors(f"read the {what}"):
            return read_capped(stream, cap_bytes, what)
    except InputError as error:
        raise ImageError(str(error)) from error
