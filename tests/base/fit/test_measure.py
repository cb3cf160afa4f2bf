"""Sizes as registries tell them: a manifest each, no layer."""

import datetime
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.store.registry.faulty import Registry, served

from lightship.base.fit.measure import measure_images, reachable, remembered
from lightship.image.synthetic import synthetic_image
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName
from lightship.store.cache import Cache
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.image import push_image

PLATFORM = Platform(os="linux", architecture="amd64")
IMAGE = synthetic_image({"a": os.urandom(5000)}, {"b": b"2" * 3000}, platform=PLATFORM)
BYTES = sum(layer.compressed_bytes for layer in IMAGE.layers)
NOW = datetime.datetime(2026, 11, 24, 12, tzinfo=datetime.UTC)


@pytest.fixture
def registry() -> Iterator[Registry]:
    with served() as found:
        push_image(IMAGE, [ImageName.parse(f"{found.host}/library/python:3.12-slim")], access=RegistryAccess())
        found.asked.clear()
        yield found


def test_the_manifest_tells_the_bytes_and_no_layer_is_read(registry: Registry, tmp_path: Path) -> None:
    cache, image = Cache(tmp_path), f"{registry.host}/library/python:3.12-slim"
    figures, faults = measure_images([image, image], PLATFORM, RegistryAccess(), cache, now=NOW)
    assert not faults
    figure = figures[image]
    assert (figure.compressed_bytes, figure.measured, figure.date) == (BYTES, True, "2026-11-24")
    assert "@sha256:" in figure.source
    layers = {str(layer.digest) for layer in IMAGE.layers}
    assert not [asked for asked in registry.asked if any(digest in asked.path for digest in layers)]


def test_an_answer_counts_for_a_day(registry: Registry, tmp_path: Path) -> None:
    cache, image = Cache(tmp_path), f"{registry.host}/library/python:3.12-slim"
    assert remembered(image, PLATFORM, cache, now=NOW) is None
    figures, _ = measure_images([image], PLATFORM, RegistryAccess(), cache, now=NOW)
    assert remembered(image, PLATFORM, cache, now=NOW + datetime.timedelta(hours=23)) == figures[image]
    assert remembered(image, PLATFORM, cache, now=NOW + datetime.timedelta(days=2)) is None
    assert remembered(image, PLATFORM, cache, now=NOW - datetime.timedelta(hours=1)) is None
    assert remembered(image, Platform(os="linux", architecture="arm64"), cache, now=NOW) is None


def test_a_damaged_record_counts_as_none(registry: Registry, tmp_path: Path) -> None:
    cache, image = Cache(tmp_path), f"{registry.host}/library/python:3.12-slim"
    measure_images([image], PLATFORM, RegistryAccess(), cache, now=NOW)
    (record,) = (path for path in (tmp_path / "base-sizes").rglob("*") if path.is_file())
    record.write_text('{"date": "yesterday"}')
    assert remembered(image, PLATFORM, cache, now=NOW) is None


def test_what_cannot_be_had_is_told_and_spoils_nothing(registry: Registry, tmp_path: Path) -> None:
    good, absent = f"{registry.host}/library/python:3.12-slim", f"{registry.host}/library/absent:1"
    figures, faults = measure_images([absent, good], PLATFORM, RegistryAccess(), Cache(tmp_path), now=NOW)
    assert list(figures) == [good]
    assert list(faults) == [absent]


def test_nothing_is_asked_for_nothing(tmp_path: Path) -> None:
    assert measure_images([], PLATFORM, RegistryAccess(), Cache(tmp_path), now=NOW) == ({}, {})


def test_a_registry_that_takes_connections_is_reachable(registry: Registry) -> None:
    assert reachable(f"{registry.host}/x:1", {}, patience_s=10)
    # Port 9 of loopback takes none, and neither does a proxy there; nobody waits for what was refused.
    assert not reachable("127.0.0.1:9/x:1", {}, patience_s=10)
    assert not reachable("registry.example/x:1", {"HTTPS_PROXY": "http://127.0.0.1:9"}, patience_s=10)
    assert reachable("registry.example/x:1", {"https_proxy": f"http://{registry.host}"}, patience_s=10)
