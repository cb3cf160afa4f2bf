"""Layers over blobs: whose fault it is when a layer cannot be read."""

import io
from dataclasses import replace

import pytest

from lightship.archive.tar import TarReader
from lightship.archive.verify import drain
from lightship.errors import ArchiveError, MismatchError
from lightship.image.blobs import StreamLayer
from lightship.image.synthetic import synthetic_layer
from lightship.oci.digest import Digest
from lightship.oci.media_types import Compression

FILES = {"etc": None, "etc/motd": b"first\n" * 400, "srv": b"x" * 3000}


def read(layer: StreamLayer) -> None:
    with layer.open_tar() as tar:
        for _ in TarReader(tar):
            pass
        drain(tar)


def served(layer: StreamLayer, blob: bytes) -> StreamLayer:
    return replace(layer, opener=lambda: io.BytesIO(blob))


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_damaged_transfer_is_no_fault_of_the_image(compression: Compression) -> None:
    """Wherever the damage is, and whether the decoder or the tar's reader stumbles first."""
    layer = synthetic_layer(FILES, compression=compression)
    with layer.open() as stream:
        blob = stream.read()
    for place in range(0, len(blob), max(1, len(blob) // 60)):
        damaged = blob[:place] + bytes((blob[place] ^ 0x55,)) + blob[place + 1 :]
        with pytest.raises(MismatchError, match="digest mismatch"):
            read(served(layer, damaged))
    for cut in (b"", blob[:40], blob[:-1]):
        with pytest.raises(MismatchError, match="size mismatch"):
            read(served(layer, cut))


def test_a_damaged_layer_with_its_digest_is_the_images_fault() -> None:
    blob = b"\x1f\x8bno gzip" * 10
    layer = replace(synthetic_layer(FILES), digest=Digest.of(blob), compressed_bytes=len(blob))
    with pytest.raises(ArchiveError, match="damaged"):
        read(served(layer, blob))
    tar = b"no tar at all" * 100
    whole = synthetic_layer(tar)
    with pytest.raises(ArchiveError), whole.open_tar() as stream:
        next(iter(TarReader(stream)))
    assert stream.closed
