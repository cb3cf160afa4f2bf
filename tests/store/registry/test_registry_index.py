"""An index of several platforms to a registry and back: its digest stays, and nobody sees half of it."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.store.registry.faulty import Registry, answer
from tests.store.test_indexes import AMD64, ARM64, PAIR, attested, image

from lightship.errors import ImageError, LightshipError, UsageError
from lightship.image.index import make_index
from lightship.image.validate_index import validate_index
from lightship.image.views import digest_of
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName, Reference
from lightship.store.copy import copy
from lightship.store.indexes import copy_index, open_index, write_index
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess


def reference(registry: Registry, tag: str = "1", repository: str = "agent/api") -> Reference:
    return Reference(transport="docker", name=ImageName(registry=registry.host, repository=repository, tag=tag))


def sent(registry: Registry) -> list[str]:
    return [f"{asked.method} {asked.bare}" for asked in registry.asked if asked.method not in ("GET", "HEAD")]


def test_children_go_by_digest_and_the_name_last(registry: Registry, access: RegistryAccess) -> None:
    digest = write_index(PAIR, reference(registry), access=access)
    manifests = [line for line in sent(registry) if "/manifests/" in line]
    children = [str(member.descriptor.digest) for member in make_index(PAIR).members]
    assert manifests == [f"PUT /v2/agent/api/manifests/{name}" for name in (*children, "1")]
    assert sent(registry).index(manifests[0]) > max(n for n, line in enumerate(sent(registry)) if "/blobs/" in line)
    with open_index(reference(registry), access=access) as index:
        assert (index.digest, index.platforms) == (digest, (AMD64, ARM64))
        assert not validate_index(index)
    for platform, wanted in PAIR:
        with open_image(reference(registry), platform, access=access) as found:
            assert digest_of(found) == digest_of(wanted)


def test_what_is_there_is_not_sent_again(registry: Registry, access: RegistryAccess) -> None:
    write_index(PAIR, reference(registry), access=access)
    registry.asked.clear()
    write_index(PAIR, reference(registry), access=access)
    assert [asked.method for asked in registry.asked if asked.bare != "/v2/"] == ["HEAD"]
    registry.asked.clear()
    write_index(PAIR, reference(registry, "2"), access=access)
    assert sent(registry) == ["PUT /v2/agent/api/manifests/2"]


def test_a_way_there_and_back_keeps_digest_and_attestations(
    registry: Registry, other: Registry, access: RegistryAccess, tmp_path: Path
) -> None:
    digest = attested(tmp_path / "theirs")
    with open_index(Reference(transport="oci", path=tmp_path / "theirs")) as index:
        assert copy_index(index, reference(registry), access=access) == digest
    with open_index(reference(registry), access=access) as index:
        assert copy_index(index, reference(other), access=access) == digest
    with open_index(reference(other), access=access) as index:
        assert copy_index(index, Reference(transport="oci", path=tmp_path / "back")) == digest
    with open_index(Reference(transport="oci", path=tmp_path / "back")) as index:
        assert len(index.members) == 3
        assert not validate_index(index)


def test_layers_are_mounted_within_a_registry(registry: Registry, access: RegistryAccess) -> None:
    write_index(PAIR, reference(registry), access=access)
    registry.asked.clear()
    with open_index(reference(registry), access=access) as index:
        copy_index(index, reference(registry, repository="agent/other"), access=access)
    layers = {str(layer.digest) for _, each in PAIR for layer in each.layers}
    mounted = {
        digest for digest in layers for asked in registry.asked if f"mount={digest}" in asked.path.replace("%3A", ":")
    }
    assert mounted == layers


def test_an_entry_that_the_registry_lacks_is_absent(registry: Registry, access: RegistryAccess) -> None:
    write_index(PAIR, reference(registry), access=access)
    gone = digest_of(image(ARM64))
    del registry.manifests["agent/api", str(gone)]
    with open_index(reference(registry), access=access) as index:
        assert [entry.digest for entry in index.absent] == [gone]


def test_a_push_that_fails_leaves_the_name_as_it_was(registry: Registry, access: RegistryAccess) -> None:
    write_index([PAIR[1]], reference(registry), access=access)
    before = registry.manifests["agent/api", "1"]
    registry.on("PUT", f"/manifests/{digest_of(image(ARM64))}", answer(400))
    with pytest.raises(LightshipError):
        write_index(PAIR, reference(registry), access=replace(access, retries=0))
    assert registry.manifests["agent/api", "1"] == before


def test_wrong_names_and_single_images_are_refused(registry: Registry, access: RegistryAccess) -> None:
    copy(image(AMD64), reference(registry), access=access)
    one = open_index(reference(registry), access=access)
    with pytest.raises(ImageError, match="want an index of several platforms, got an image"), one:
        pass
    wrong = ImageName(registry=registry.host, repository="agent/api", digest=Digest.of(b"other"))
    with pytest.raises(UsageError, match="the index's digest is"):
        write_index(PAIR, Reference(transport="docker", name=wrong), access=access)
