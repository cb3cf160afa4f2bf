"""Manifests, indexes, configs and descriptors: parsed strictly, kept as they were."""

import json
from typing import Any

import pytest

from lightship.errors import ImageError
from lightship.oci import media_types
from lightship.oci.config import History, ImageConfig, Runtime
from lightship.oci.descriptor import REF_NAME, Descriptor
from lightship.oci.digest import Digest
from lightship.oci.index import Index
from lightship.oci.manifest import Manifest
from lightship.oci.platform import Platform

DIGEST = str(Digest.of(b""))


def descriptor(**changes: Any) -> dict[str, Any]:
    return {"mediaType": media_types.LAYER_TAR_GZIP, "digest": DIGEST, "size": 3, **changes}


def manifest(**changes: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 2,
        "mediaType": media_types.OCI_MANIFEST,
        "config": descriptor(mediaType=media_types.OCI_CONFIG),
        "layers": [descriptor()],
        **changes,
    }


def raw(document: object) -> bytes:
    return json.dumps(document, indent=3).encode()


def test_a_manifest_keeps_its_bytes_and_unknown_fields() -> None:
    given = raw(manifest(annotations={"a": "b"}, somethingElse={"x": 1}))
    parsed = Manifest.parse(given)
    assert parsed.raw == given
    assert parsed.digest == Digest.of(given)
    assert parsed.annotations == {"a": "b"}
    assert parsed.layers[0].size_bytes == 3


def test_dockers_manifest_is_a_manifest() -> None:
    parsed = Manifest.parse(raw(manifest(mediaType=media_types.DOCKER_MANIFEST)))
    assert parsed.media_type == media_types.DOCKER_MANIFEST


def test_the_descriptor_says_what_a_manifest_without_media_type_is() -> None:
    document = manifest()
    del document["mediaType"]
    assert (
        Manifest.parse(raw(document), media_type=media_types.DOCKER_MANIFEST).media_type == media_types.DOCKER_MANIFEST
    )
    assert Manifest.parse(raw(document)).media_type == media_types.OCI_MANIFEST


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"schemaVersion": 1}, r"manifest\.schemaVersion: want 2, got 1"),
        ({"mediaType": media_types.OCI_INDEX}, r"manifest\.mediaType: want an image manifest"),
        ({"manifests": []}, "got an index as well"),
        ({"config": None}, r"manifest\.config: want a value"),
        ({"layers": None}, r"manifest\.layers: want a value"),
        ({"layers": {}}, r"manifest\.layers: want an array"),
        ({"layers": [descriptor(), descriptor(size="3")]}, r"manifest\.layers\[1\]\.size: want"),
        ({"layers": [descriptor(digest="sha256:" + "A" * 64)]}, r"manifest\.layers\[0\]\.digest: want"),
        ({"layers": [descriptor(digest="../../etc/passwd")]}, r"manifest\.layers\[0\]\.digest: want"),
        ({"layers": [descriptor(digest="sha256:../../../../etc/passwd")]}, r"manifest\.layers\[0\]\.digest: want"),
        ({"layers": [descriptor(digest="md5:" + "a" * 32)]}, r"manifest\.layers\[0\]\.digest: want"),
        ({"annotations": {"a": 1}}, r"manifest\.annotations\.a: want a string"),
    ],
)
def test_what_is_no_manifest_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ImageError, match=said):
        Manifest.parse(raw(manifest(**changes)))


def test_a_manifest_must_be_what_its_descriptor_calls_it() -> None:
    with pytest.raises(ImageError, match="as its descriptor says"):
        Manifest.parse(raw(manifest()), media_type=media_types.DOCKER_MANIFEST)
    with pytest.raises(ImageError, match="as its descriptor says"):
        Index.parse(
            raw({"schemaVersion": 2, "mediaType": media_types.DOCKER_INDEX, "manifests": []}),
            media_type=media_types.OCI_INDEX,
        )


def test_a_made_manifest_is_canonical() -> None:
    made = Manifest.make(
        config=Descriptor(media_type=media_types.OCI_CONFIG, digest=Digest.of(b"c"), size_bytes=1),
        layers=[Descriptor(media_type=media_types.LAYER_TAR_GZIP, digest=Digest.of(b"l"), size_bytes=1)],
        annotations={"b": "2", "a": "1"},
    )
    assert json.loads(made.raw)["mediaType"] == media_types.OCI_MANIFEST
    assert b'"annotations":{"a":"1","b":"2"}' in made.raw
    assert b" " not in made.raw
    assert Manifest.parse(made.raw) == made


def test_an_index_has_platforms_and_tags() -> None:
    entry = descriptor(
        mediaType=media_types.OCI_MANIFEST,
        platform={"os": "linux", "architecture": "arm64", "variant": "v8", "os.version": "1"},
        annotations={REF_NAME: "1.2"},
    )
    index = Index.parse(raw({"schemaVersion": 2, "manifests": [entry]}))
    assert index.manifests[0].platform == Platform("linux", "arm64")
    assert index.manifests[0].annotations == {REF_NAME: "1.2"}
    assert index.media_type == media_types.OCI_INDEX


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"schemaVersion": 2, "manifests": [], "layers": []}, "got config or layers as well"),
        ({"schemaVersion": 2}, r"index\.manifests: want a value"),
        ({"schemaVersion": 2, "mediaType": media_types.OCI_MANIFEST, "manifests": []}, "want an image index"),
        (
            {"schemaVersion": 2, "manifests": [descriptor(platform={"os": "linux"})]},
            r"manifests\[0\]\.platform\.architecture",
        ),
    ],
)
def test_what_is_no_index_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(ImageError, match=said):
        Index.parse(raw(document))


CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2024-01-01T00:00:00Z",
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
    "history": [{"created_by": "COPY", "comment": "buildkit"}, {"created_by": "ENV", "empty_layer": True}],
    "config": {
        "User": "1001",
        "Env": ["A=1", "B=x=y", "A=2"],
        "Entrypoint": None,
        "Cmd": ["a", "b"],
        "ExposedPorts": {"5001/tcp": {}, "443/tcp": {}},
        "Volumes": None,
        "Labels": {"k": "v"},
        "WorkingDir": "/app",
        "StopSignal": "SIGINT",
        "OnBuild": None,
    },
    "docker_version": "kept",
}


def test_a_config_says_how_to_start() -> None:
    config = ImageConfig.parse(raw(CONFIG))
    assert config.platform == Platform("linux", "amd64")
    assert config.diff_ids == (Digest.of(b""),)
    assert config.history == (
        History(created_by="COPY", comment="buildkit"),
        History(created_by="ENV", empty_layer=True),
    )
    assert config.runtime == Runtime(
        user="1001",
        env=("A=1", "B=x=y", "A=2"),
        cmd=("a", "b"),
        exposed_ports=("443/tcp", "5001/tcp"),
        labels={"k": "v"},
        working_dir="/app",
        stop_signal="SIGINT",
    )
    assert config.runtime.environment == {"A": "2", "B": "x=y"}
    assert b"docker_version" in config.raw


def test_an_image_without_layers_has_a_config() -> None:
    config = ImageConfig.parse(
        raw({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": None}})
    )
    assert config.diff_ids == ()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"os": None}, r"config\.os: want a value"),
        ({"architecture": ""}, "want os and architecture"),
        ({"rootfs": {"type": "squash", "diff_ids": []}}, r'config\.rootfs\.type: want "layers", got "squash"'),
        ({"rootfs": None}, r"config\.rootfs: want a value"),
        ({"rootfs": {"type": "layers", "diff_ids": ["x"]}}, r"config\.rootfs\.diff_ids\[0\]: want sha256"),
        ({"history": [{"empty_layer": "yes"}]}, r"config\.history\[0\]\.empty_layer: want true or false"),
        ({"config": {"Env": "A=1"}}, r"config\.config\.Env: want an array"),
        ({"config": {"Cmd": [1]}}, r"config\.config\.Cmd\[0\]: want a string"),
    ],
)
def test_what_is_no_config_is_refused(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ImageError, match=said):
        ImageConfig.parse(raw({**CONFIG, **changes}))


def test_a_descriptor_comes_back_from_its_document() -> None:
    from lightship.oci.document import Node

    made = Descriptor(
        media_type=media_types.OCI_MANIFEST,
        digest=Digest.of(b"x"),
        size_bytes=1,
        annotations={"a": "b"},
        platform=Platform("linux", "arm", "v7"),
        artifact_type="application/x",
    )
    assert Descriptor.parse(Node(made.document(), "d")) == made


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
def test_a_layer_s_media_type_says_its_compression(compression: media_types.Compression) -> None:
    assert media_types.compression_of(media_types.layer_media_type(compression)) == compression
    assert media_types.compression_of("application/octet-stream") is None
