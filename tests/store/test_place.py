"""One blob to its place."""

import errno
import os
from pathlib import Path

import pytest

from lightship.errors import MismatchError
from lightship.image.blobs import BlobLayer
from lightship.oci.digest import Digest
from lightship.oci.media_types import LAYER_TAR
from lightship.store.place import place_bytes, place_layer

RAW = b"a layer's bytes" * 100
DIGEST = Digest.of(RAW)


@pytest.fixture
def layer(tmp_path: Path) -> BlobLayer:
    path = tmp_path / "cached"
    path.write_bytes(RAW)
    return BlobLayer(path=path, digest=DIGEST, diff_id=DIGEST, media_type=LAYER_TAR, compressed_bytes=len(RAW))


def test_a_file_system_without_links_gets_a_copy(
    tmp_path: Path, layer: BlobLayer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError(errno.EXDEV, "another file system")

    monkeypatch.setattr(os, "link", refuses)
    place_layer(layer, tmp_path / "blob")
    assert (tmp_path / "blob").read_bytes() == RAW
    assert not (tmp_path / "blob").samefile(layer.path)
    assert (tmp_path / "blob").stat().st_mode & 0o777 == 0o444


def test_a_link_takes_the_place_of_a_copy(tmp_path: Path, layer: BlobLayer) -> None:
    place_bytes(RAW, DIGEST, tmp_path / "blob")
    place_layer(layer, tmp_path / "blob")
    assert (tmp_path / "blob").samefile(layer.path)
    place_layer(layer, tmp_path / "blob")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["blob", "cached", "cached.seal"]


def test_a_symlink_in_the_place_is_replaced_and_not_followed(tmp_path: Path, layer: BlobLayer) -> None:
    (tmp_path / "precious").write_bytes(b"mine")
    (tmp_path / "blob").symlink_to(tmp_path / "precious")
    place_layer(layer, tmp_path / "blob")
    assert not (tmp_path / "blob").is_symlink()
    assert (tmp_path / "precious").read_bytes() == b"mine"


def test_a_layer_of_another_size_is_refused_unread(tmp_path: Path, layer: BlobLayer) -> None:
    layer.path.write_bytes(RAW + b"x")
    with pytest.raises(MismatchError, match=f"size mismatch: want {len(RAW)} bytes"):
        place_layer(layer, tmp_path / "blob")
    assert not (tmp_path / "blob").exists()
