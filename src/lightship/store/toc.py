"""Whether a layer is the eStargz that its descriptor says, by its table of contents alone.

containerd/stargz-snapshotter 0.12, docs/estargz.md: the last bytes of the blob say where the TOC is, the descriptor's
annotation what digest it has. Files and chunks are not looked at (see `lightship.archive.estargz.verify`).
"""

from typing import BinaryIO

from lightship.archive.estargz.toc import FOOTER_BYTES, TOC_DIGEST, parse_footer
from lightship.archive.estargz.verify import read_toc
from lightship.archive.verify import CHUNK_BYTES, read_exact
from lightship.errors import InputError
from lightship.image.blobs import BlobLayer, StreamLayer
from lightship.image.protocol import Layer, annotations_of
from lightship.oci.digest import Digest
from lightship.paths import storage_errors
from lightship.store.registry.layer import RegistryLayer

__all__ = ["holds_toc"]


def holds_toc(layer: Layer) -> bool:
    """True where the TOC of ``layer`` has the digest that its annotation says; nobody else said it, so a lazy reader
    would fail on what it is false of.

    From a registry and from a file the TOC alone is read; what cannot be read is none. Raise as reading does.
    """
    said = annotations_of(layer).get(TOC_DIGEST)
    what = f"layer {layer.digest}"
    try:
        wanted = Digest.parse(said or "")
        with _opened(layer, max(0, layer.compressed_bytes - FOOTER_BYTES)) as stream:
            place = parse_footer(read_exact(stream, FOOTER_BYTES + 1), what)
        if place >= layer.compressed_bytes:
            return False
        with _opened(layer, place) as stream:
            return Digest.of(read_toc(stream, what)) == wanted
    except InputError:
        return False


def _opened(layer: Layer, offset: int) -> BinaryIO:
    """The bytes of ``layer`` from ``offset`` on; the TOC's digest vouches for them."""
    if isinstance(layer, RegistryLayer):
        return layer.open_from(offset)
    with storage_errors("open a layer"):
        if isinstance(layer, BlobLayer):
            stream: BinaryIO = layer.path.open("rb")
        else:
            stream = layer.opener() if isinstance(layer, StreamLayer) else layer.open()
    try:
        with storage_errors("read a layer"):
            if stream.seekable():
                stream.seek(offset)
            else:
                _skip(stream, offset)
    except BaseException:
        stream.close()
        raise
    return stream


def _skip(stream: BinaryIO, count: int) -> None:
    while count and (chunk := stream.read(min(count, CHUNK_BYTES))):
        count -= len(chunk)
