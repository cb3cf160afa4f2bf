"""Images go to a registry and come back, and nothing moves that need not."""

import contextlib
import os
from dataclasses import replace

import pytest
from tests.store.registry.faulty import Handler, Registry, answer, cut_download
from tests.validated import assert_valid

from lightship.errors import BadReferenceError, ImageError, LightshipError, MismatchError, UsageError
from lightship.image.mutate import append
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.views import digest_of
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.document import canonical
from lightship.oci.platform import Platform
from lightship.oci.reference import ImageName, Reference
from lightship.progress import Silent
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess

IMAGE = synthetic_image({"a": os.urandom(50_000)}, {"b": b"2" * 3000})


class _Counted(Silent):
    def __init__(self) -> None:
        self.total, self.done = 0, 0

    def start(self, task: str, total: int | None = None, *, unit: str = "") -> None:  # noqa: ARG002
        self.total += total or 0

    def advance(self, task: str, amount: int = 1) -> None:  # noqa: ARG002
        self.done += amount


def at(registry: Registry, name: str = "agent/api:1") -> Reference:
    return Reference.parse(f"docker://{registry.host}/{name}")


def test_there_and_back(registry: Registry, access: RegistryAccess) -> None:
    told = _Counted()
    assert copy(IMAGE, at(registry), access=access, progress=told) == digest_of(IMAGE)
    assert told.done == told.total == sum(layer.compressed_bytes for layer in IMAGE.layers)
    with open_image(at(registry), access=access) as back:
        assert back.raw_manifest == IMAGE.raw_manifest
        assert back.raw_config == IMAGE.raw_config
        assert_valid(back)


def test_a_name_is_written_after_all_that_it_names(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    last = [each.path for each in registry.asked if each.method in ("PUT", "PATCH", "POST")][-1]
    assert last == "/v2/agent/api/manifests/1"


def test_a_name_that_is_up_to_date_costs_one_question(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.asked.clear()
    told = _Counted()
    copy(IMAGE, at(registry), access=access, progress=told)
    assert [(each.method, each.path) for each in registry.asked if each.path != "/v2/"] == [
        ("HEAD", "/v2/agent/api/manifests/1")
    ]
    assert told.done == told.total


def test_another_tag_sends_a_manifest_and_no_blob(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.asked.clear()
    names = [ImageName.parse(f"{registry.host}/agent/api:{tag}") for tag in ("1", "2", "3")]
    copy(IMAGE, at(registry), names=names, access=access)
    assert registry.methods("/blobs/") == []
    assert {name for _, name in registry.manifests} == {"1", "2", "3", str(digest_of(IMAGE))}


def test_a_changed_image_sends_what_changed(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.asked.clear()
    layer = synthetic_layer({"c": b"3"})
    changed = append(IMAGE, [layer])
    copy(changed, at(registry, "agent/api:2"), access=access)
    assert registry.sent_bytes() == layer.compressed_bytes + len(changed.raw_config)


def test_what_the_image_in_its_place_names_is_not_asked_for(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.asked.clear()
    told = _Counted()
    changed = append(IMAGE, [synthetic_layer({"c": b"3"})])
    copy(changed, at(registry), access=replace(access, memory=None), progress=told)
    asked = {each.bare.rpartition("/")[2] for each in registry.asked if "/blobs/sha256" in each.path}
    assert asked == {str(changed.layers[-1].digest), str(Digest.of(changed.raw_config))}
    assert told.done == told.total


def test_what_a_registry_lost_of_it_is_sent_again(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    lost = ("agent/api", str(IMAGE.layers[0].digest))
    del registry.blobs[lost]
    registry.on("PUT", "/manifests/", answer(404, content=b'{"errors":[{"code":"MANIFEST_BLOB_UNKNOWN"}]}'))
    changed = append(IMAGE, [synthetic_layer({"c": b"3"})])
    copy(changed, at(registry), access=replace(access, memory=None))
    assert lost in registry.blobs
    with open_image(at(registry), access=access) as back:
        assert_valid(back)


def test_another_repository_of_the_registry_mounts(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.asked.clear()
    copy(IMAGE, at(registry, "agent/web:1"), access=access)
    assert registry.sent_bytes() == 0, "it was seen where the layers are"
    without = replace(access, memory=None)
    with open_image(at(registry), access=without) as opened:
        registry.asked.clear()
        copy(opened, at(registry, "agent/third:1"), access=without)
    assert registry.sent_bytes() == len(IMAGE.raw_config)
    assert registry.methods("/agent/api/blobs/") == [], "nothing was read either"


def test_two_repositories_at_once(registry: Registry, other: Registry, access: RegistryAccess) -> None:
    names = [ImageName.parse(f"{host}/x/{name}:1") for host in (registry.host, other.host) for name in ("a", "b")]
    copy(IMAGE, at(registry), names=names, access=replace(access, memory=None))
    total = sum(layer.compressed_bytes for layer in IMAGE.layers) + len(IMAGE.raw_config)
    assert registry.sent_bytes() == other.sent_bytes() == total
    assert {name for name, _ in registry.manifests} == {"agent/api", "x/a", "x/b"}


def test_from_one_registry_to_another(registry: Registry, other: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.on("GET", "/blobs/", cut_download(10), times=2)
    with open_image(at(registry), access=access) as opened:
        copy(opened, at(other), access=access)
    with open_image(at(other), access=access) as back:
        assert_valid(back)


def test_a_digest_names_an_image(registry: Registry, access: RegistryAccess) -> None:
    by_digest = at(registry, f"agent/api@{digest_of(IMAGE)}")
    copy(IMAGE, by_digest, access=access)
    with open_image(by_digest, access=access) as back:
        assert back.raw_manifest == IMAGE.raw_manifest
    with pytest.raises(UsageError, match=r"cannot write .*: the image's digest is"):
        copy(IMAGE, at(registry, f"agent/api@{Digest.of(b'')}"), access=access)


def index(registry: Registry, *platforms: str, kind: str = media_types.OCI_INDEX) -> list[Digest]:
    digests, entries = [], []
    for text in platforms:
        platform = Platform.parse(text)
        image = synthetic_image({"name": text.encode()}, platform=platform)
        copy(image, at(registry, f"agent/api@{digest_of(image)}"), access=RegistryAccess())
        digests.append(digest_of(image))
        entry = {"mediaType": media_types.OCI_MANIFEST, "digest": str(digests[-1]), "size": len(image.raw_manifest)}
        entries.append({**entry, "platform": platform.document()})
    raw = canonical({"schemaVersion": 2, "mediaType": kind, "manifests": entries})
    registry.put_manifest("agent/api", "all", kind, raw)
    return digests


@pytest.mark.parametrize("kind", [media_types.OCI_INDEX, media_types.DOCKER_INDEX])
def test_out_of_an_index(kind: str, registry: Registry, access: RegistryAccess) -> None:
    digests = index(registry, "linux/amd64", "linux/arm64", "linux/arm/v7", kind=kind)
    registry.asked.clear()
    with open_image(at(registry, "agent/api:all"), Platform.parse("linux/arm64"), access=access) as found:
        assert digest_of(found) == digests[1]
    assert registry.methods("/manifests/") == ["GET", "GET"], "the index and one image"
    with (
        pytest.raises(ImageError, match=r"want an image for linux/386, got linux/amd64, linux/arm/v7, linux/arm64"),
        open_image(at(registry, "agent/api:all"), Platform.parse("linux/386"), access=access),
    ):
        pass


def test_an_image_of_another_platform_than_asked(registry: Registry, access: RegistryAccess) -> None:
    copy(synthetic_image({"a": b"1"}, platform=Platform.parse("linux/arm64")), at(registry), access=access)
    with (
        pytest.raises(ImageError, match="want an image for linux/amd64, got linux/arm64"),
        open_image(at(registry), Platform.parse("linux/amd64"), access=access),
    ):
        pass


def test_a_damaged_layer_is_never_believed(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    layer = IMAGE.layers[0]
    registry.blobs["agent/api", str(layer.digest)] = os.urandom(layer.compressed_bytes)
    with open_image(at(registry), access=access) as opened:
        with opened.layers[0].open() as stream, pytest.raises(MismatchError, match="digest mismatch"):
            stream.read()
        with opened.layers[0].open_tar() as tar, pytest.raises(LightshipError):
            tar.read()


def test_a_damaged_config(registry: Registry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry), access=access)
    registry.blobs["agent/api", str(Digest.of(IMAGE.raw_config))] = IMAGE.raw_config[:-1] + b" "
    with pytest.raises(MismatchError, match="config: digest mismatch"), open_image(at(registry), access=access):
        pass


def test_the_first_image_format_is_refused(registry: Registry, access: RegistryAccess) -> None:
    old = b'{"schemaVersion": 1, "name": "x", "fsLayers": []}'
    registry.put_manifest("agent/api", "1", "application/vnd.docker.distribution.manifest.v1+prettyjws", old)
    with pytest.raises(LightshipError) as refused, open_image(at(registry), access=access):
        pass
    assert "want" in str(refused.value)


def test_a_failed_push_stops_the_others_and_tells_why(registry: Registry, access: RegistryAccess) -> None:
    image = synthetic_image(*({f"f{n}": os.urandom(20_000)} for n in range(6)))
    registry.on("PUT", "/uploads/", answer(400))
    with pytest.raises(MismatchError, match="refuses the bytes of sha256:"):
        copy(image, at(registry), access=access)
    assert registry.manifests == {}


def test_absent(registry: Registry, access: RegistryAccess) -> None:
    with pytest.raises(BadReferenceError, match="has no image agent/api:1"), open_image(at(registry), access=access):
        pass


def test_a_config_that_is_named_as_an_endless_layer_as_well(registry: Registry, access: RegistryAccess) -> None:
    """Its size is what the manifest says of the config, which has a cap, and not what it says of the layer."""
    sent: list[int] = []

    def endless(handler: Handler) -> bool:
        handler.send_response(200)
        handler.end_headers()
        chunk = bytes(2**20)
        with contextlib.suppress(OSError):
            for _ in range(256):
                handler.wfile.write(chunk)
                sent.append(len(chunk))
        return True

    digest = str(Digest.of(b"{}"))
    config = {"mediaType": media_types.OCI_CONFIG, "digest": digest, "size": 2}
    layer = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": digest, "size": 10**12}
    document = {"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "config": config, "layers": [layer]}
    registry.put_manifest("agent/api", "1", media_types.OCI_MANIFEST, canonical(document))
    registry.on("GET", "/blobs/", endless, times=9)
    with pytest.raises(LightshipError), open_image(at(registry), access=access):
        pass
    assert sum(sent) < 64 * 2**20, "no more than the cap, and what the connection holds"
