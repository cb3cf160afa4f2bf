"""Images as a registry would hold them."""

import gzip
import http.client
import json
import threading
import time
import zlib
from contextlib import closing
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import BinaryIO, cast

import pytest
from tests.validated import assert_valid

from lightship.bench.serve import Registry, served
from lightship.bench.stage import Staged, stage
from lightship.errors import MismatchError
from lightship.image.blobs import StreamLayer, from_blobs
from lightship.image.synthetic import synthetic_image, synthetic_layer, tar_of
from lightship.image.value import PlainImage
from lightship.oci.digest import Digest
from lightship.oci.manifest import Manifest
from lightship.oci.platform import Platform
from lightship.store.cache import Cache
from lightship.store.registry.layer import RegistryLayer
from lightship.store.registry.repository import Repository
from lightship.store.registry.retry import StoppedError

FILES = {"etc/motd": b"hello " * 5000}


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


def staged(image: PlainImage, cache: Cache, *, mirror: bool = False) -> Staged:
    return stage(image, cache, repository="a", tag="1", mirror=mirror, jobs=2)


def fetched(registry: Registry, digest: Digest) -> bytes:
    with closing(http.client.HTTPConnection(registry.host, registry.port, timeout=10)) as connection:
        connection.request("GET", f"/v2/a/blobs/{digest}")
        with connection.getresponse() as answer:
            assert answer.status == 200
            return answer.read()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("compression", ["gzip", "zstd"])
def test_compressed_layers_are_served_as_they_are(compression: str, mirror: bool, cache: Cache) -> None:
    image = synthetic_image(FILES, {"more": b"x"}, compressions=(compression,))  # type: ignore[arg-type]
    made = staged(image, cache, mirror=mirror)
    assert made.served.raw_manifest == image.raw_manifest
    assert made.compressed_here == 0
    assert made.compressed_bytes == sum(layer.compressed_bytes for layer in image.layers) + len(image.raw_config)
    assert made.diff_ids == tuple(layer.diff_id for layer in image.layers)
    with served([made.served]) as registry:
        for layer in image.layers:
            with layer.open() as stream:
                assert fetched(registry, layer.digest) == stream.read()
        assert fetched(registry, Digest.of(image.raw_config)) == image.raw_config
    assert (cache.root / "blobs").exists() == mirror


def test_plain_layers_are_compressed_as_a_push_does(cache: Cache) -> None:
    image = synthetic_image(FILES, {"more": b"x"}, compressions=("none", "gzip"))
    made = staged(image, cache)
    assert made.compressed_here == 1
    manifest = Manifest.parse(made.served.raw_manifest)
    assert [layer.media_type for layer in manifest.layers] == ["application/vnd.oci.image.layer.v1.tar+gzip"] * 2
    assert manifest.layers[1].digest == image.layers[1].digest
    assert manifest.config == Manifest.parse(image.raw_manifest).config
    with served([made.served]) as registry:
        blob = fetched(registry, manifest.layers[0].digest)
    assert gzip.decompress(blob) == tar_of(FILES)
    assert len(blob) == manifest.layers[0].size_bytes
    compressor = zlib.compressobj(6, zlib.DEFLATED, 31)
    assert len(blob) == len(compressor.compress(tar_of(FILES)) + compressor.flush())


def test_what_was_compressed_once_is_not_again(cache: Cache) -> None:
    image = synthetic_image(FILES, compressions=("none",))
    first = staged(image, cache)
    (blob,) = [path for path in (cache.root / "blobs").rglob("*") if len(path.name) == 64]
    before = blob.stat()
    again = staged(image, cache)
    assert again.served.raw_manifest == first.served.raw_manifest
    assert again.compressed_here == 1
    assert blob.stat().st_ino == before.st_ino


@pytest.mark.parametrize("damage", ["blob", "entry", "missing"])
def test_a_damaged_cache_is_made_again(damage: str, cache: Cache) -> None:
    image = synthetic_image(FILES, compressions=("none",))
    first = staged(image, cache)
    (blob,) = [path for path in (cache.root / "blobs").rglob("*") if len(path.name) == 64]
    (entry,) = [path for path in (cache.root / "pushed").rglob("*") if path.is_file()]
    if damage == "blob":
        blob.chmod(0o644)
        blob.write_bytes(b"rubbish")
    elif damage == "entry":
        entry.write_text("{}")
    else:
        blob.unlink()
    again = staged(image, cache)
    assert again.served.raw_manifest == first.served.raw_manifest
    with served([again.served]) as registry:
        assert gzip.decompress(fetched(registry, again.layers[0].digest)) == tar_of(FILES)


@pytest.mark.parametrize("compression", ["gzip", "none"])
def test_a_layer_that_is_not_what_it_says_is_told_before_anything_is_measured(compression: str, cache: Cache) -> None:
    good = synthetic_layer(FILES, compression=compression)  # type: ignore[arg-type]
    other = synthetic_layer({"etc/motd": b"other " * 5000}, compression=compression)  # type: ignore[arg-type]
    assert isinstance(good, StreamLayer)
    lying = replace(good, opener=other.opener)
    image = from_blobs([lying], Platform("linux", "amd64").document())
    with pytest.raises(MismatchError):
        staged(image, cache)
    assert not list((cache.root / "pushed").rglob("*")) if (cache.root / "pushed").exists() else True


def test_a_layer_that_comes_twice_is_pulled_once(cache: Cache) -> None:
    layer = synthetic_layer(FILES)
    image = from_blobs([layer, layer], Platform("linux", "amd64").document())
    assert staged(image, cache).compressed_bytes == layer.compressed_bytes + len(image.raw_config)
    assert_valid(image)
    assert json.loads(image.raw_config)["rootfs"]["diff_ids"] == [str(layer.diff_id)] * 2


class Endless(BytesIO):
    """Zeros without an end: give up after a minute, which is told."""

    def __init__(self, waits: threading.Event, gave_up: threading.Event) -> None:
        super().__init__()
        self._waits = waits
        self._gave_up = gave_up
        self._deadline = time.monotonic() + 60

    def read(self, size: int | None = -1, /) -> bytes:
        self._waits.set()
        if time.monotonic() < self._deadline:
            return bytes(size or 1)
        self._gave_up.set()
        return b""


def interrupt_once(monkeypatch: pytest.MonkeyPatch, waits: threading.Event) -> None:
    """As Ctrl-C does, when the threads are at work."""

    def interrupted(*_: object, **__: object) -> None:
        assert waits.wait(60)
        raise KeyboardInterrupt

    monkeypatch.setattr("lightship.store.registry.workers.wait", interrupted)


@pytest.mark.parametrize("compression", ["none", "gzip"])
def test_an_interrupt_does_not_wait_for_a_large_layer(
    compression: str, cache: Cache, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, gave_up = threading.Event(), threading.Event()
    layer = synthetic_layer(FILES, compression=compression)  # type: ignore[arg-type]
    assert isinstance(layer, StreamLayer)
    endless = replace(layer, opener=lambda: Endless(waits, gave_up), compressed_bytes=2**60)
    interrupt_once(monkeypatch, waits)
    with pytest.raises(KeyboardInterrupt):
        staged(from_blobs([endless], Platform("linux", "amd64").document()), cache)
    assert not gave_up.is_set()


def test_an_interrupt_cuts_a_registry_that_says_nothing(cache: Cache, monkeypatch: pytest.MonkeyPatch) -> None:
    waits, cut = threading.Event(), threading.Event()

    def silent() -> BinaryIO:
        waits.set()
        assert cut.wait(60)
        raise StoppedError("stopped")

    layer = synthetic_layer(FILES)
    assert isinstance(layer, StreamLayer)
    session = SimpleNamespace(abort=cut.set, registry="registry.invalid")
    remote = RegistryLayer(
        layer=replace(layer, opener=silent), repository=cast(Repository, SimpleNamespace(session=session))
    )
    image = replace(from_blobs([layer], Platform("linux", "amd64").document()), layers=(remote,))
    interrupt_once(monkeypatch, waits)
    with pytest.raises(KeyboardInterrupt):
        staged(image, cache, mirror=True)
    assert cut.is_set()
