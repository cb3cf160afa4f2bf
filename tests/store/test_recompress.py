"""A view of the same image under another compression: nothing is done that need not be."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest
from tests.validated import assert_valid

from lightship.archive.estargz.toc import TOC_DIGEST
from lightship.archive.estargz.verify import verify_estargz
from lightship.archive.layer import LayerCompression
from lightship.archive.verify import CountingReader
from lightship.errors import LightshipError, MismatchError, UsageError
from lightship.image.blobs import StreamLayer
from lightship.image.mutate import with_layers
from lightship.image.protocol import Image, annotations_of
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of, manifest_of
from lightship.oci.digest import Digest
from lightship.store.cache import Cache
from lightship.store.recompress import compression_in, recompress
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.repository import Repository
from lightship.store.registry.retry import StoppedError

FILES: Sequence[dict[str, bytes | str | None]] = (
    {"etc": None, "etc/motd": b"first\n" * 4000},
    {"srv": None, "srv/x": bytes(range(256)) * 200, "link": "etc/motd"},
)


@pytest.fixture(name="cache")
def _cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def image_of(*compressions: str) -> PlainImage:
    return synthetic_image(*FILES, compressions=compressions)  # type: ignore[arg-type]


def counted(image: PlainImage) -> tuple[PlainImage, list[Digest]]:
    """``image``, and the digests of layers in the order in which they are opened."""
    opened: list[Digest] = []

    def watch(layer: StreamLayer) -> StreamLayer:
        def opener() -> BinaryIO:
            opened.append(layer.digest)
            return layer.opener()

        return replace(layer, opener=opener)

    layers = tuple(watch(layer) for layer in image.layers if isinstance(layer, StreamLayer))
    return replace(image, layers=layers), opened


def tars_of(image: Image) -> list[bytes]:
    found = []
    for layer in image.layers:
        with layer.open_tar() as tar:
            found.append(tar.read())
    return found


@pytest.mark.parametrize("source", [("gzip",), ("zstd",), ("none",), ("none", "gzip")])
@pytest.mark.parametrize("wanted", ["gzip", "zstd"])
def test_the_tar_and_the_config_stay(source: tuple[str, ...], wanted: LayerCompression, cache: Cache) -> None:
    image = image_of(*source)
    made = recompress(image, wanted, cache).image
    assert_valid(made)
    assert [compression_in(layer) for layer in made.layers] == [wanted, wanted]
    assert tars_of(made) == tars_of(image)
    assert made.raw_config == image.raw_config


def test_what_has_the_compression_is_not_even_opened(cache: Cache) -> None:
    image, opened = counted(image_of("gzip"))
    result = recompress(image, "gzip", cache, level=9)
    assert result.image is image
    assert result.how == ("kept", "kept")
    assert opened == []


def test_only_what_lacks_it_is_made(cache: Cache) -> None:
    image, opened = counted(image_of("gzip", "zstd"))
    result = recompress(image, "zstd", cache)
    assert result.how == ("made", "kept")
    assert opened == [image.layers[0].digest]
    assert result.image.layers[1].digest == image.layers[1].digest


def test_what_was_made_is_made_once(cache: Cache) -> None:
    image, opened = counted(image_of("gzip"))
    first = recompress(image, "zstd", cache, jobs=2)
    assert len(opened) == 2
    again = recompress(image, "zstd", cache)
    assert again.how == ("cached", "cached")
    assert digest_of(again.image) == digest_of(first.image)
    assert len(opened) == 2
    assert recompress(image, "zstd", cache, level=7).how == ("made", "made")


def test_a_damaged_entry_of_the_cache_is_made_again(cache: Cache) -> None:
    image = image_of("gzip")
    first = recompress(image, "zstd", cache).image
    path = cache.path("blobs", first.layers[0].digest.hex)
    path.write_bytes(b"x" * path.stat().st_size)
    again = recompress(image, "zstd", cache)
    assert sorted(again.how) == ["cached", "made"]
    assert_valid(again.image)


def test_anew_compresses_what_has_it(cache: Cache) -> None:
    image = image_of("zstd")
    result = recompress(image, "zstd", cache, level=19, anew=True)
    assert result.how == ("made", "made")
    assert result.image.raw_config == image.raw_config
    assert digest_of(result.image) != digest_of(image)


def test_estargz_has_other_tars_and_says_so(cache: Cache) -> None:
    image = image_of("zstd")
    made = recompress(image, "estargz", cache).image
    assert_valid(made)
    for layer, descriptor in zip(made.layers, manifest_of(made).layers, strict=True):
        digest = Digest.parse(descriptor.annotations[TOC_DIGEST])
        with layer.open() as blob:
            verify_estargz(blob, digest)
    before, after = config_of(image), config_of(made)
    assert set(before.diff_ids).isdisjoint(after.diff_ids)
    assert after.history == before.history
    assert {compression_in(layer) for layer in made.layers} == {"estargz"}


def test_estargz_is_gzip_but_gzip_is_no_estargz(cache: Cache) -> None:
    lazy = recompress(image_of("gzip"), "estargz", cache).image
    assert recompress(lazy, "gzip", cache).image is lazy
    assert recompress(lazy, "estargz", cache).image is lazy
    assert recompress(image_of("gzip"), "estargz", cache).how == ("cached", "cached")
    plain = recompress(lazy, "zstd", cache).image
    assert [descriptor.annotations for descriptor in manifest_of(plain).layers] == [{}, {}]
    assert config_of(plain).diff_ids == config_of(lazy).diff_ids


@pytest.mark.parametrize("seekable", [True, False])
@pytest.mark.parametrize("claimed", ["gzip", "other-toc", "no-digest"])
def test_an_annotation_alone_makes_no_estargz(claimed: str, seekable: bool, cache: Cache) -> None:
    lazy = recompress(image_of("gzip"), "estargz", cache).image
    true = lazy.layers[0]
    source = synthetic_layer(FILES[0]) if claimed == "gzip" else true
    with source.open() as stream:
        blob = stream.read()
    digest = "sha256" if claimed == "no-digest" else str(Digest.of(b"another"))
    false = StreamLayer(
        opener=lambda: BytesIO(blob) if seekable else CountingReader(BytesIO(blob)),
        digest=source.digest,
        diff_id=source.diff_id,
        media_type=source.media_type,
        compressed_bytes=len(blob),
        annotations={TOC_DIGEST: digest},
    )
    result = recompress(with_layers(lazy, [false, lazy.layers[1]]), "estargz", cache)
    assert result.how[0] != "kept"
    assert result.how[1] == "kept"
    assert_valid(result.image)
    honest = replace(false, annotations=annotations_of(true)) if claimed != "gzip" else true
    assert recompress(with_layers(lazy, [honest, lazy.layers[1]]), "estargz", cache).how == ("kept", "kept")


def test_prioritized_files_come_first(cache: Cache, tmp_path: Path) -> None:
    made = recompress(image_of("gzip"), "estargz", cache, prioritized=["link", "absent"], temporary=tmp_path).image
    found = []
    for layer in made.layers:
        with layer.open() as blob:
            found.append(verify_estargz(blob, None).prefetch)
    assert found == [(), ("link",)]
    assert list(tmp_path.glob("*.tar")) == []


@pytest.mark.parametrize(
    "media_type",
    [
        "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "application/octet-stream",
    ],
)
def test_what_is_not_ours_to_change_is_kept(media_type: str, cache: Cache) -> None:
    odd = replace(synthetic_layer(FILES[0]), media_type=media_type)
    image = with_layers(synthetic_image(FILES[1]), [odd])
    assert recompress(image, "zstd", cache).image is image


def lie(layer: StreamLayer) -> StreamLayer:
    other = synthetic_layer({"other": b"x"})
    return replace(other, digest=layer.digest, compressed_bytes=layer.compressed_bytes)


def lie_of_diff_id(layer: StreamLayer) -> StreamLayer:
    return replace(layer, diff_id=Digest.of(b"another tar"))


@pytest.mark.parametrize("change", [lie, lie_of_diff_id])
@pytest.mark.parametrize("wanted", ["zstd", "estargz"])
def test_every_byte_is_verified_and_nothing_wrong_is_kept(
    change: Callable[[StreamLayer], StreamLayer], wanted: LayerCompression, cache: Cache
) -> None:
    image = with_layers(image_of("gzip"), [change(synthetic_layer(FILES[0])), synthetic_layer(FILES[1])])
    with pytest.raises(MismatchError):
        recompress(image, wanted, cache, jobs=2)
    assert not [path for path in cache.root.rglob("*.tmp") if path.is_file()]


@pytest.mark.parametrize("wanted", ["zstd", "estargz"])
@pytest.mark.parametrize("place", [0, 12, 100, -9, -1])
def test_a_damaged_transfer_is_told_as_one(place: int, wanted: LayerCompression, cache: Cache) -> None:
    """Not as damaged gzip, which would be the image's fault."""
    layer = synthetic_layer(FILES[0])
    blob = bytearray(layer.opener().read())
    blob[place] ^= 0x55
    image = with_layers(image_of("gzip"), [replace(layer, opener=lambda: BytesIO(blob)), synthetic_layer(FILES[1])])
    with pytest.raises(MismatchError, match=f"want {layer.digest}"):
        recompress(image, wanted, cache)


def test_an_unreadable_layer_stops_the_others(cache: Cache) -> None:
    def refuse() -> BinaryIO:
        raise PermissionError(13, "Permission denied")

    image = image_of("gzip")
    first = synthetic_layer(FILES[0])
    broken = with_layers(image, [replace(first, opener=refuse), synthetic_layer(FILES[1])])
    with pytest.raises(LightshipError, match="Permission denied"):
        recompress(broken, "zstd", cache)


def slow_image(broken: bool) -> tuple[PlainImage, threading.Event, threading.Event]:
    """An image whose first layer is in a registry that says nothing until its session is cut; whether it waits, and
    whether it was cut."""
    image = image_of("gzip", "gzip")
    waits, cut = threading.Event(), threading.Event()
    first, second = (layer for layer in image.layers if isinstance(layer, StreamLayer))

    def silent() -> BinaryIO:
        waits.set()
        cut.wait(60)
        raise StoppedError("stopped")

    def damaged() -> BinaryIO:
        assert waits.wait(60)
        return BytesIO(b"no gzip")

    second = replace(second, opener=damaged) if broken else second
    session = SimpleNamespace(abort=cut.set, registry="registry.invalid")
    remote = RegistryLayer(
        layer=replace(first, opener=silent), repository=cast(Repository, SimpleNamespace(session=session))
    )
    return replace(image, layers=(remote, second)), waits, cut


def test_a_registry_that_says_nothing_is_cut_when_another_layer_fails(cache: Cache) -> None:
    image, _, cut = slow_image(broken=True)
    with pytest.raises(LightshipError, match=r"size mismatch|damaged"):
        recompress(image, "zstd", cache, jobs=2)
    assert cut.is_set()


def test_a_registry_that_says_nothing_is_cut_when_the_user_is_tired(
    cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, waits, cut = slow_image(broken=False)

    def interrupted(*_: object, **__: object) -> None:
        assert waits.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr("lightship.store.recompress.wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        recompress(image, "zstd", cache, jobs=2)
    assert cut.is_set()


def test_a_level_that_there_is_not_is_refused_at_once(cache: Cache) -> None:
    image, opened = counted(image_of("gzip"))
    with pytest.raises(UsageError, match="zstd level not supported: want 1 to 19, got 99"):
        recompress(image, "zstd", cache, level=99)
    assert opened == []
