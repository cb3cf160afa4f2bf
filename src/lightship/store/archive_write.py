"""An image as one tar: an OCI layout, and for ``docker load`` a ``manifest.json`` beside it that names the same blobs.

OCI image-spec 1.1, image-layout.md; Docker image spec v1.2, section Combined Image JSON + Filesystem Changeset Format
(https://github.com/moby/docker-image-spec/blob/v1.2.0/v1.2.md). Docker 25 and later write the same mixture
themselves; older ones read ``manifest.json`` and accept gzip layers. Headers first, then blobs as they stream by:
nothing is held, nothing is written twice, and equal images give equal bytes. Large blobs begin at a block of the file
system, so that one which can share blocks (XFS, Btrfs) takes them from the cache without a copy
(ioctl_ficlonerange(2), EINVAL: both offsets must be aligned).
"""

import contextlib
import errno
import glob
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from lightship.archive.verify import copy_stream
from lightship.errors import MismatchError
from lightship.image.blobs import BlobLayer
from lightship.image.protocol import Blob, Image
from lightship.image.views import manifest_of
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.document import canonical, canonical_array
from lightship.paths import atomic_file
from lightship.progress import SILENT, Progress
from lightship.store.blobs import blob_name
from lightship.store.contents import Contents
from lightship.store.oci_layout import LAYOUT_FILE
from lightship.store.place import check_owned
from lightship.store.tags import Tag, repo_tags
from lightship.store.undo import hold, sweep_dead

__all__ = ["archive_file", "docker_manifest", "write_archive"]

_Write = Callable[[bytes], object]
_Splice = Callable[[BinaryIO, int], object]

_BLOCK = 512
_RECORD = 20 * _BLOCK  # POSIX pax: an archive is padded to whole records
_SHARED_BLOCK = 4096
_LARGE_BYTES = 1 << 16  # below it, aligning costs more bytes than it is worth


def write_archive(
    contents: Contents,
    write: _Write,
    tags: Sequence[Tag],
    *,
    docker: bytes | None = None,
    splice: _Splice | None = None,
    progress: Progress = SILENT,
) -> Digest:
    """Pass the archive of ``contents`` to ``write``, piece by piece; return the digest of the manifest or index.

    ``docker`` is the ``manifest.json`` for Docker (see `docker_manifest`). ``splice`` takes an open file and a size
    in bytes, and passes on whole blobs of the cache that were checked before.
    Raise MismatchError as soon as a layer's bytes are not its own: what was written until then is no archive.
    """
    tar = _Tar(write, splice)
    if docker is not None:
        tar.file("manifest.json", docker)
    tar.file("oci-layout", LAYOUT_FILE)
    index = {"schemaVersion": 2, "mediaType": media_types.OCI_INDEX, "manifests": contents.entries(tags)}
    tar.file("index.json", canonical(index))
    digests = (*(digest for digest, _ in contents.documents), *(blob.digest for blob in contents.blobs))
    for folder in sorted({f"blobs/{digest.algorithm}" for digest in digests} | {"blobs"}):
        tar.folder(folder)
    for digest, raw in contents.documents:
        tar.file(blob_name(digest), raw)
    for blob in contents.blobs:
        tar.blob(blob)
        progress.advance("write", blob.compressed_bytes)
    tar.end()
    return contents.entry.digest


def docker_manifest(image: Image, tags: Sequence[Tag]) -> bytes:
    """The ``manifest.json`` of ``image``."""
    return canonical_array(
        [
            {
                "Config": blob_name(manifest_of(image).config.digest),
                "RepoTags": repo_tags(tags),
                "Layers": [blob_name(layer.digest) for layer in image.layers],
            }
        ]
    )


@contextlib.contextmanager
def archive_file(path: Path) -> Iterator[tuple[_Write, _Splice]]:
    """``write`` and ``splice`` of a file that replaces ``path`` when the block ends well (see `atomic_file`).

    What a killed writer of the same file had left is removed.
    """
    sweep_dead(path.parent, f".{glob.escape(path.name[:64])}.*.tmp")
    with atomic_file(path) as file:
        hold(file)

        def splice(source: BinaryIO, size_bytes: int) -> None:
            file.flush()
            copied = _copy_in_kernel(source.fileno(), file.fileno(), size_bytes)
            file.seek(0, os.SEEK_END)
            source.seek(copied)
            if copied + copy_stream(source, file.write) != size_bytes:
                raise MismatchError(f"size mismatch: want {size_bytes} bytes, got another file ({path})")

        yield file.write, splice


def _copy_in_kernel(source: int, target: int, size_bytes: int) -> int:
    """Bytes copied without passing through this process: all of them, or fewer where the file systems cannot."""
    copied = 0
    while copied < size_bytes:
        try:
            count = os.copy_file_range(source, target, size_bytes - copied)
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP):
                break
            raise
        if not count:
            break
        copied += count
    return copied


class _Tar:
    """A tar written once, forwards. Owners, modes and times are fixed."""

    def __init__(self, write: _Write, splice: _Splice | None) -> None:
        self._write = write
        self._splice = splice
        self._count = 0

    def folder(self, name: str) -> None:
        self._header(name, 0, tarfile.DIRTYPE, 0o755)

    def file(self, name: str, content: bytes) -> None:
        self._header(name, len(content), tarfile.REGTYPE, 0o444)
        self._put(content)
        self._pad(_BLOCK)

    def blob(self, layer: Blob) -> None:
        comment_blocks = self._blocks_to_align() if layer.compressed_bytes >= _LARGE_BYTES else 0
        self._header(blob_name(layer.digest), layer.compressed_bytes, tarfile.REGTYPE, 0o444, comment_blocks)
        if self._splice is not None and isinstance(layer, BlobLayer) and layer.owned:
            check_owned(layer)
            with layer.path.open("rb", buffering=0) as stream:
                self._splice(stream, layer.compressed_bytes)
            self._count += layer.compressed_bytes
            self._pad(_BLOCK)
            return
        with layer.open() as blob:
            count = copy_stream(blob, self._put)
        if count != layer.compressed_bytes:
            raise MismatchError(f"size mismatch: want {layer.compressed_bytes} bytes of {layer.digest}, got {count}")
        self._pad(_BLOCK)

    def end(self) -> None:
        self._put(bytes(2 * _BLOCK))
        self._pad(_RECORD)

    def _blocks_to_align(self) -> int:
        """How many blocks before a member's header put its content at a shared block: none, or at least two, which a
        pax header needs."""
        blocks = -(self._count + _BLOCK) % _SHARED_BLOCK // _BLOCK
        return blocks + _SHARED_BLOCK // _BLOCK if blocks == 1 else blocks

    def _header(self, name: str, size_bytes: int, kind: bytes, mode: int, comment_blocks: int = 0) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.type, member.mode = size_bytes, kind, mode
        if comment_blocks:  # POSIX pax: readers pass a "comment" over; its record fills all blocks but the first
            member.pax_headers = {"comment": " " * ((comment_blocks - 1) * _BLOCK - len("0000 comment=\n"))}
        self._put(member.tobuf(tarfile.PAX_FORMAT))

    def _put(self, chunk: bytes) -> None:
        self._count += len(chunk)
        self._write(chunk)

    def _pad(self, unit: int) -> None:
        self._put(bytes(-self._count % unit))
