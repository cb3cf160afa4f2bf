"""A build from a registry's image into a registry: locked, pulled once, mounted, and never sent twice."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.flows.world import World, opened
from tests.store.registry.faulty import Registry, served

from lightship.base.lock import read_lock
from lightship.base.lock_name import LOCK_NAME
from lightship.errors import BadReferenceError
from lightship.oci.digest import Digest
from lightship.oci.reference import Reference
from lightship.progress import Silent
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess

pytestmark = pytest.mark.conformance


@pytest.fixture
def registry() -> Iterator[Registry]:
    with served() as found:
        yield found


@pytest.fixture
def access(world: World) -> RegistryAccess:
    return RegistryAccess(retries=0, backoff_s=0.01, timeout_s=10, memory=world.cache.root / "registries")


class _Notes(Silent):
    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, message: str) -> None:
        self.notes.append(message)


def push_base(world: World, registry: Registry, folder: Path, **options: Any) -> str:
    """An image with an interpreter and nothing else, as ``base/python:1`` of the registry."""
    (world.project / "requirements.txt").rename(world.project / "kept.txt")
    (world.project / "requirements.txt").write_text("")
    outcome = world.build(folder, application="none", **options)
    (world.project / "kept.txt").rename(world.project / "requirements.txt")
    with opened(folder) as image:
        copy(image, Reference.parse(f"docker://{registry.host}/base/python:1"), access=RegistryAccess())
    (world.project / LOCK_NAME).unlink()
    registry.asked.clear()
    return outcome.digest


def test_a_base_of_a_registry_is_locked_pulled_once_and_mounted(
    world: World, registry: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    digest = push_base(world, registry, tmp_path / "base")
    base = f"{registry.host}/base/python:1"
    output = f"docker://{registry.host}/agent/api:1"
    told = _Notes()
    world = replace(world, cache=Cache(tmp_path / "fresh"))
    made = world.build(output, base=base, prefix="/opt/app-venv", access=access, progress=told)
    assert (world.project / LOCK_NAME).read_text().endswith(f'name = "{base}"\ndigest = "{digest}"\n')
    assert any("commit it, and every machine builds on the same" in note for note in told.notes)
    lock = read_lock(world.project / LOCK_NAME)
    assert lock is not None
    assert lock.image(base) == Digest.parse(digest)

    reads = [each.path for each in registry.asked if each.method == "GET" and "/base/python/blobs/" in each.path]
    assert len(reads) == len(set(reads)) > 1, "every blob of the base was read once"
    with opened(tmp_path / "base") as below, open_image(Reference.parse(output), access=access) as image:
        lower = [layer.digest for layer in below.layers]
        assert [layer.digest for layer in image.layers][: len(lower)] == lower
        upper = sum(layer.compressed_bytes for layer in image.layers[len(lower) :]) + len(image.raw_config)
    assert registry.sent_bytes() == upper, "the base's layers were mounted"
    assert made.digest == str(Digest.of(registry.manifests["agent/api", "1"][1]))

    registry.asked.clear()
    again = world.build(output, base=base, prefix="/opt/app-venv", access=access)
    assert again.digest == made.digest
    asked = [(each.method, each.path) for each in registry.asked if each.path != "/v2/"]
    assert asked == [("HEAD", "/v2/agent/api/manifests/1")], "one question, whether the registry still has it"


def test_a_plan_writes_nothing(world: World, registry: Registry, access: RegistryAccess, tmp_path: Path) -> None:
    push_base(world, registry, tmp_path / "base")
    for base in (f"{registry.host}/base/python:1", "debian"):
        before = sorted(world.project.rglob("*"))
        world.plan(access=access, base=base, prefix="/opt/app-venv")
        assert sorted(world.project.rglob("*")) == before, "not even the base's lock"
        assert not (world.project / LOCK_NAME).exists()


def test_other_tags_go_along_and_other_names_do_not(world: World, registry: Registry, access: RegistryAccess) -> None:
    names = (f"{registry.host}/agent/api:1", f"{registry.host}/agent/api:latest", "elsewhere.invalid/agent/api:1")
    world.build(f"docker://{registry.host}/agent/api:1", tags=names, access=access)
    assert {reference for _, reference in registry.manifests if ":" not in reference} == {"1", "latest"}


def test_a_tag_that_was_named_is_pushed_and_latest_only_where_none_is(
    world: World, registry: Registry, access: RegistryAccess
) -> None:
    made = world.build(f"docker://{registry.host}/agent/api", tags=(f"{registry.host}/agent/api:1",), access=access)
    assert {reference for _, reference in registry.manifests if ":" not in reference} == {"1"}
    assert made.outputs == (f"docker://{registry.host}/agent/api:1",)
    made = world.build(f"docker://{registry.host}/other/api", access=access)
    assert ("other/api", "latest") in registry.manifests
    assert made.outputs == (f"docker://{registry.host}/other/api:latest",)


def test_an_image_that_the_registry_lost_is_pushed_again(
    world: World, registry: Registry, access: RegistryAccess
) -> None:
    output = f"docker://{registry.host}/agent/api:1"
    made = world.build(output, access=access)
    registry.manifests.clear()
    registry.blobs.clear()
    assert world.build(output, access=access).digest == made.digest
    assert ("agent/api", "1") in registry.manifests


def test_the_lock_holds_until_it_is_moved(
    world: World, registry: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    base = f"{registry.host}/base/python:1"
    push_base(world, registry, tmp_path / "base")
    first = world.build(tmp_path / "out", base=base, prefix="/opt/app-venv", access=access)
    kept = (world.project / LOCK_NAME).read_text()
    newer = push_base(world, registry, tmp_path / "newer", env=("NEWER=yes",))
    (world.project / LOCK_NAME).write_text(kept)
    assert world.build(tmp_path / "out", base=base, prefix="/opt/app-venv", access=access).digest == first.digest
    assert registry.asked == []
    moved = world.build(tmp_path / "out", base=base, prefix="/opt/app-venv", access=access, update_base=True)
    assert moved.digest != first.digest
    assert newer in (world.project / LOCK_NAME).read_text()


def test_a_base_that_its_registry_has_not(world: World, registry: Registry, access: RegistryAccess) -> None:
    with pytest.raises(BadReferenceError, match="has no image base/absent:latest"):
        world.build("oci:nowhere", base=f"{registry.host}/base/absent", access=access)
    with pytest.raises(BadReferenceError, match="has no image base/absent@sha256:"):
        world.build("oci:nowhere", base=f"{registry.host}/base/absent@{Digest.of(b'')}", access=access)


def test_running_an_image_of_a_registry_pulls_it_once(world: World, registry: Registry, access: RegistryAccess) -> None:
    output = f"docker://{registry.host}/agent/api:1"
    world.build(output, access=replace(access, memory=None))
    registry.asked.clear()
    fresh = replace(world, environ={"LIGHTSHIP_CACHE_DIR": str(world.home / "other")})
    for _ in range(2):
        assert fresh.launch(output, options=("--cache-dir", str(world.home / "other"))).startswith("hello 42")
    reads = [each.path for each in registry.asked if each.method == "GET" and "/blobs/" in each.path]
    with open_image(Reference.parse(output), access=access) as image:
        for layer in image.layers:
            assert sum(path.endswith(str(layer.digest)) for path in reads) == 1
