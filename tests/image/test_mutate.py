"""Changed images are values of their own, and as valid as the first."""

import json
from dataclasses import replace

import pytest
from tests.validated import assert_valid

from lightship.errors import ImageError
from lightship.image.diff import diff_layers
from lightship.image.mutate import append, with_annotations, with_config, with_layers, with_runtime, without_last
from lightship.image.synthetic import synthetic_image, synthetic_layer
from lightship.image.value import PlainImage
from lightship.image.views import config_of, digest_of, manifest_of
from lightship.oci import media_types
from lightship.oci.digest import Digest
from lightship.oci.document import canonical

BASE = synthetic_image({"a": b"1"}, runtime={"Env": ["A=1"], "Cmd": ["x"]}, annotations={"k": "v"})
LAYER = synthetic_layer({"b": b"2"})


def test_append_puts_a_layer_on_top() -> None:
    image = append(BASE, [LAYER], history=[{"created_by": "test"}])
    assert_valid(image)
    assert image.layers == (*BASE.layers, LAYER)
    assert [step.created_by for step in config_of(image).history] == ["synthetic layer 0", "test"]
    assert manifest_of(image).annotations == {"k": "v"}
    assert digest_of(image) != digest_of(BASE)
    assert_valid(BASE)


def test_the_last_layer_goes_with_its_step() -> None:
    image = append(BASE, [LAYER], history=[{"created_by": "test"}])
    assert digest_of(without_last(image)) == digest_of(BASE)
    assert_valid(without_last(image))
    assert digest_of(without_last(append(with_history(BASE, None), [LAYER]))) == digest_of(with_history(BASE, None))
    with pytest.raises(ImageError, match="no layer to take away"):
        without_last(without_last(BASE))


def test_append_keeps_a_history_in_step_or_absent() -> None:
    assert_valid(append(BASE, [LAYER, LAYER]))
    bare = with_history(BASE, None)
    assert config_of(append(bare, [LAYER])).history == ()
    assert len(config_of(append(bare, [LAYER], history=[{"created_by": "x"}])).history) == 2
    with pytest.raises(ImageError, match="want 1 steps"):
        append(BASE, [LAYER], history=[{}, {}])


def with_history(image: PlainImage, history: object) -> PlainImage:
    config = json.loads(image.raw_config)
    config["history"] = history
    raw = canonical(config)
    manifest = json.loads(image.raw_manifest)
    manifest["config"] |= {"digest": str(Digest.of(raw)), "size": len(raw)}
    return PlainImage(raw_manifest=canonical(manifest), raw_config=raw, layers=image.layers)


def test_runtime_and_config_change_alone() -> None:
    image = with_runtime(BASE, {"Cmd": None, "User": "1001"})
    assert_valid(image)
    assert json.loads(image.raw_config)["config"] == {"Env": ["A=1"], "User": "1001"}
    image = with_config(BASE, {"author": "somebody", "created": "2001-01-01T00:00:00Z"})
    assert_valid(image)
    assert config_of(image).created == "2001-01-01T00:00:00Z"
    assert config_of(image).runtime == config_of(BASE).runtime
    for name in ("rootfs", "history"):
        with pytest.raises(ImageError, match=name):
            with_config(BASE, {name: []})


def test_annotations_leave_the_id_alone() -> None:
    image = with_annotations(BASE, {"k": "w", "new": "1"})
    assert_valid(image)
    assert image.raw_config == BASE.raw_config
    assert manifest_of(image).annotations == {"k": "w", "new": "1"}


def test_a_change_to_nothing_changes_nothing() -> None:
    assert with_runtime(BASE, {}) == BASE
    assert append(BASE, []) == BASE


def test_unknown_fields_survive() -> None:
    manifest = json.loads(BASE.raw_manifest) | {"vendor": {"x": 1}}
    manifest["layers"][0]["annotations"] = {"kept": "yes"}
    image = append(
        PlainImage(raw_manifest=canonical(manifest), raw_config=BASE.raw_config, layers=BASE.layers), [LAYER]
    )
    made = json.loads(image.raw_manifest)
    assert made["vendor"] == {"x": 1}
    assert made["layers"][0]["annotations"] == {"kept": "yes"}
    assert_valid(image)


def test_dockers_image_becomes_oci_s() -> None:
    manifest = json.loads(BASE.raw_manifest)
    manifest["mediaType"] = media_types.DOCKER_MANIFEST
    manifest["config"]["mediaType"] = media_types.DOCKER_CONFIG
    manifest["layers"][0]["mediaType"] = media_types.DOCKER_LAYER_GZIP
    layers = (replace(BASE.layers[0], media_type=media_types.DOCKER_LAYER_GZIP),)  # type: ignore[type-var]
    docker = PlainImage(raw_manifest=canonical(manifest), raw_config=BASE.raw_config, layers=layers)
    assert_valid(docker)
    image = append(docker, [LAYER])
    assert_valid(image)
    parsed = manifest_of(image)
    assert parsed.media_type == media_types.OCI_MANIFEST
    assert parsed.config.media_type == media_types.OCI_CONFIG
    assert [layer.media_type for layer in parsed.layers] == [media_types.LAYER_TAR_GZIP] * 2


def test_a_diff_says_what_is_pulled() -> None:
    after = append(with_runtime(BASE, {"User": "1"}), [LAYER, LAYER])
    found = diff_layers(BASE, after)
    assert (found.shared, found.removed, found.added) == (BASE.layers, (), (LAYER,))
    assert found.pulled_bytes == LAYER.compressed_bytes
    back = diff_layers(after, BASE)
    assert (back.removed, back.added, back.pulled_bytes) == ((LAYER,), (), 0)


def test_layers_in_other_bytes_replace_layers_one_for_one() -> None:
    """What the descriptor says of the former bytes goes, what it says beside stays; a history stays in step."""
    stale = {"containerd.io/snapshot/stargz/toc.digest": "sha256:x", "io.containers.estargz.uncompressed-size": "9"}
    layer = synthetic_layer({"a": b"1"})
    before = append(BASE, [replace(layer, annotations={**stale, "mine": "1"})])
    other = synthetic_layer({"a": b"1"}, compression="zstd")
    made = with_layers(before, [before.layers[0], replace(other, annotations={"fresh": "2"})])
    assert_valid(made)
    assert made.layers[0].digest == before.layers[0].digest
    assert manifest_of(made).layers[1].annotations == {"mine": "1", "fresh": "2"}
    assert manifest_of(made).layers[1].media_type == media_types.LAYER_TAR_ZSTD
    assert made.raw_config == before.raw_config  # the same tar: the image's id stays
    assert with_layers(made, made.layers).raw_manifest == made.raw_manifest
    with pytest.raises(ImageError, match="want 2 to replace as many, got 1"):
        with_layers(before, [other])
