"""Whether a layer is the eStargz that its descriptor says: asked of a registry, the layer itself is not sent."""

import hashlib
from pathlib import Path

import pytest
from tests.store.registry.faulty import served

from lightship.image.blobs import StreamLayer
from lightship.image.protocol import annotations_of
from lightship.image.synthetic import synthetic_image
from lightship.oci.reference import Reference
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.recompress import recompress
from lightship.store.registry.access import RegistryAccess
from lightship.store.toc import holds_toc


def test_a_registry_is_asked_for_the_table_alone(tmp_path: Path) -> None:
    content = hashlib.shake_128(b"noise").digest(1_000_000)
    lazy = recompress(synthetic_image({"large": content}), "estargz", Cache(tmp_path / "cache")).image
    (layer,) = lazy.layers
    with served() as registry:
        reference = Reference.parse(f"docker://{registry.host}/agent/lazy:1")
        copy(lazy, reference, access=RegistryAccess())
        with open_image(reference, access=RegistryAccess()) as image:
            registry.asked.clear()
            assert holds_toc(image.layers[0])
        ranges = [each.headers["Range"] for each in registry.asked if str(layer.digest) in each.path]
    starts = [int(each.removeprefix("bytes=").partition("-")[0]) for each in ranges]
    assert len(starts) == 2
    assert min(starts) > layer.compressed_bytes // 2, "its end alone"


@pytest.mark.parametrize("blob", [b"", b"x" * 51, b"x" * 500])
def test_what_has_no_footer_has_no_table(blob: bytes, tmp_path: Path) -> None:
    (layer,) = recompress(synthetic_image({"a": b"1"}), "estargz", Cache(tmp_path / "cache")).image.layers
    (tmp_path / "blob").write_bytes(blob)
    false = StreamLayer(
        opener=lambda: (tmp_path / "blob").open("rb"), digest=layer.digest, diff_id=layer.diff_id,
        media_type=layer.media_type, compressed_bytes=len(blob), annotations=annotations_of(layer),
    )  # fmt: skip
    assert not holds_toc(false)
