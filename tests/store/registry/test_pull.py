"""Layers come into the cache once, in parallel, and go on where they were left."""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.registry.faulty import Registry, answer, cut_download
from tests.validated import assert_valid

from lightship.errors import LightshipError, MismatchError, NetworkError
from lightship.image.synthetic import synthetic_image
from lightship.image.value import PlainImage
from lightship.oci.reference import Reference
from lightship.progress import Silent
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.pull import pull_layers, pulled

IMAGE = synthetic_image({"a": os.urandom(400_000)}, {"b": os.urandom(100_000)}, {"c": b"3"})


@pytest.fixture
def cache(tmp_path: Path) -> Cache:
    return Cache(tmp_path / "cache")


@contextmanager
def opened(registry: Registry, access: RegistryAccess) -> Iterator[PlainImage]:
    reference = Reference.parse(f"docker://{registry.host}/agent/api:1")
    if not registry.manifests:
        copy(IMAGE, reference, access=access)
    registry.asked.clear()
    with open_image(reference, access=access) as image:
        yield image


def layers(registry: Registry) -> list[str]:
    """The Range of every request for a layer."""
    wanted = {str(layer.digest) for layer in IMAGE.layers}
    asked = [each for each in registry.asked if each.path.rpartition("/")[2] in wanted]
    return [each.headers.get("Range", "whole") for each in asked]


def test_every_layer_once(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    with opened(registry, access) as image:
        local = pulled(image, cache)
        again = pulled(image, cache)
    assert layers(registry) == ["whole"] * 3
    assert_valid(local)
    assert_valid(again)
    assert local.raw_manifest == IMAGE.raw_manifest


def test_progress_is_of_bytes(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    class Told(Silent):
        total = done = 0

        def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:  # noqa: ARG002
            self.total += total or 0

        def advance(self, task: str, amount: int = 1) -> None:  # noqa: ARG002
            self.done += amount

    told = Told()
    with opened(registry, access) as image:
        pull_layers(image.layers, cache, progress=told)
    assert told.done == told.total == sum(layer.compressed_bytes for layer in IMAGE.layers)


def test_what_came_stays_for_the_next_attempt(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    large = str(IMAGE.layers[0].digest)
    with opened(registry, replace(access, retries=0)) as image:
        registry.on("GET", large, cut_download(150_000))
        registry.on("GET", large, answer(500), times=9)
        with pytest.raises(NetworkError, match="answered 500"):
            pull_layers(image.layers[:1], cache)
    registry.rules.clear()
    with opened(registry, access) as image:
        local = pulled(image, cache)
    size = IMAGE.layers[0].compressed_bytes
    assert f"bytes=150000-{size - 1}" in layers(registry)
    assert_valid(local)


def test_damage_is_told_and_not_kept(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    layer = IMAGE.layers[0]
    with opened(registry, access) as image:
        kept = registry.blobs["agent/api", str(layer.digest)]
        registry.blobs["agent/api", str(layer.digest)] = os.urandom(len(kept))
        with pytest.raises(MismatchError, match=r"api: layer: digest mismatch: want sha256:.*, got sha256:"):
            pull_layers(image.layers, cache)
    assert cache.find("blobs", layer.digest.hex) is None
    registry.blobs["agent/api", str(layer.digest)] = kept
    with opened(registry, access) as image:
        assert_valid(pulled(image, cache))


def test_a_damaged_remainder_is_thrown_away(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    path = cache.path("partial", IMAGE.layers[0].digest.hex)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 1000)
    with opened(registry, access) as image:
        assert_valid(pulled(image, cache))
    assert not path.exists()
    assert layers(registry).count("whole") == 3  # the damaged one from its beginning, too


def test_a_remainder_is_thrown_away_with_what_came_after_it(
    registry: Registry, access: RegistryAccess, cache: Cache
) -> None:
    layer = IMAGE.layers[0]
    path = cache.path("partial", layer.digest.hex)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 1000)
    with opened(registry, access) as image:
        registry.blobs["agent/api", str(layer.digest)] = os.urandom(layer.compressed_bytes)
        with pytest.raises(MismatchError):
            pull_layers(image.layers, cache)
    assert not path.exists()


def test_a_remainder_that_is_too_long(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    path = cache.path("partial", IMAGE.layers[2].digest.hex)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x" * 10_000)
    with opened(registry, access) as image:
        assert_valid(pulled(image, cache))


def test_two_at_once_ask_once(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    with opened(registry, access) as image, opened(registry, access) as same:
        errors: list[LightshipError] = []

        def pull(one: PlainImage) -> None:
            try:
                pull_layers(one.layers, cache)
            except LightshipError as error:
                errors.append(error)

        threads = [threading.Thread(target=pull, args=(one,)) for one in (image, same)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert errors == []
    assert layers(registry) == ["whole"] * 3


def test_layers_on_disk_stay(cache: Cache) -> None:
    assert pull_layers(IMAGE.layers, cache) == tuple(IMAGE.layers)
    assert not cache.root.exists()


def test_the_cache_holds_what_the_registry_has(registry: Registry, access: RegistryAccess, cache: Cache) -> None:
    with opened(registry, access) as image:
        pulled(image, cache)
    for layer in IMAGE.layers:
        path = cache.find_verified("blobs", layer.digest.hex)
        assert path is not None
        assert hashlib.sha256(path.read_bytes()).hexdigest() == layer.digest.hex
