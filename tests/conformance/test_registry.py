"""Debian's registry takes and gives what the client sends and asks, and engines pull it from there."""

import base64
import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.conformance.conftest import Dockerd
from tests.conformance.registries import (
    PASSWORD,
    REFRESH,
    USER,
    DockerRegistry,
    certificate,
    cutting,
    docker_registry,
    htpasswd,
    token_server,
)
from tests.validated import assert_valid

from lightship.errors import NetworkError
from lightship.image.synthetic import synthetic_image
from lightship.image.views import config_of, digest_of
from lightship.oci.digest import Digest
from lightship.oci.reference import ImageName, Reference
from lightship.store.cache import Cache
from lightship.store.copy import copy
from lightship.store.open import open_image
from lightship.store.registry.access import RegistryAccess
from lightship.store.registry.pull import pulled
from lightship.store.registry.repository import open_repository

pytestmark = pytest.mark.conformance

IMAGE = synthetic_image({"large": os.urandom(6_000_000)}, {"small": b"2" * 5000})
SENT = sum(layer.compressed_bytes for layer in IMAGE.layers) + len(IMAGE.raw_config)


@pytest.fixture
def access(tmp_path: Path) -> RegistryAccess:
    return RegistryAccess(timeout_s=20.0, retries=3, backoff_s=0.01, memory=tmp_path / "memory")


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[DockerRegistry]:
    with docker_registry(tmp_path) as found:
        yield found


def at(host: str, name: str = "agent/api:1") -> Reference:
    return Reference.parse(f"docker://{host}/{name}")


def logged_in(access: RegistryAccess, folder: Path, host: str, **entry: str) -> RegistryAccess:
    file = folder / "config.json"
    auth = {"auth": base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()}
    file.write_text(json.dumps({"auths": {host: entry or auth}}))
    return replace(access, credential_files=(file,))


def round_trip(host: str, access: RegistryAccess, folder: Path) -> None:
    assert copy(IMAGE, at(host), access=access) == digest_of(IMAGE)
    with open_image(at(host), access=access) as back:
        assert back.raw_manifest == IMAGE.raw_manifest
        assert_valid(back)
        assert_valid(pulled(back, Cache(folder / "cache")))


def test_push_and_pull(registry: DockerRegistry, access: RegistryAccess, tmp_path: Path) -> None:
    round_trip(registry.host, access, tmp_path)
    uploads = registry.asked("/uploads/")
    assert sorted(uploads) == sorted(["POST 202"] * 3 + ["PATCH 202"] + ["PUT 201"] * 3)


def test_nothing_is_sent_twice(registry: DockerRegistry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry.host), access=access)
    before = len(registry.asked())
    copy(IMAGE, at(registry.host), access=access)
    assert registry.asked()[before:] == ["GET 200", "HEAD 200"], "the registry itself, and the name"
    before = len(registry.asked())
    copy(IMAGE, at(registry.host, "agent/api:2"), access=access)
    assert "PATCH 202" not in registry.asked()[before:]
    assert "POST 202" not in registry.asked()[before:]


def test_mounting(registry: DockerRegistry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry.host), access=access)
    before = len(registry.asked("/uploads/"))
    copy(IMAGE, at(registry.host, "agent/web:1"), access=access)
    assert registry.asked("/uploads/")[before:] == ["POST 201"] * 3
    with open_image(at(registry.host, "agent/web:1"), access=access) as back:
        assert_valid(back)


def test_a_password(tmp_path: Path, access: RegistryAccess) -> None:
    with docker_registry(tmp_path, auth=htpasswd(tmp_path)) as registry:
        with pytest.raises(NetworkError, match="does not let this be read"):
            copy(IMAGE, at(registry.host), access=access)
        round_trip(registry.host, logged_in(access, tmp_path, registry.host), tmp_path)


@pytest.mark.parametrize("entry", [{}, {"identitytoken": REFRESH}])
def test_tokens(entry: dict[str, str], tmp_path: Path, access: RegistryAccess) -> None:
    with token_server(tmp_path) as (auth, asked), docker_registry(tmp_path, auth=auth) as registry:
        known = logged_in(access, tmp_path, registry.host, **entry)
        round_trip(registry.host, known, tmp_path)
        assert sorted(set(asked)) == ["repository:agent/api:pull", "repository:agent/api:pull,push"]
        assert len(asked) == 3, "one to push (and to look first), one to pull"
        copy(IMAGE, at(registry.host, "agent/web:1"), access=known)
        assert "POST 201" in registry.asked("mount="), "the token is for both repositories"
        wrong = logged_in(access, tmp_path, registry.host, identitytoken="wrong-s3cret")
        with pytest.raises(NetworkError, match="no token for") as refused:
            copy(IMAGE, at(registry.host, "agent/other:1"), access=wrong)
        assert "s3cret" not in f"{refused.value} {refused.value.hint}"


def test_an_own_authority(tmp_path: Path, access: RegistryAccess) -> None:
    authority, *own = certificate(tmp_path)
    with docker_registry(tmp_path, tls=(own[0], own[1])) as registry:
        with pytest.raises(NetworkError, match=r"the certificate of .* is not trusted") as refused:
            copy(IMAGE, at(registry.host), access=access)
        assert "--ca-file" in (refused.value.hint or "")
        round_trip(registry.host, replace(access, ca_file=authority), tmp_path)
        by_name = f"localhost:{registry.host.partition(':')[2]}"
        with_variable = replace(access, environ={"SSL_CERT_FILE": str(authority)})
        copy(IMAGE, at(by_name, "agent/api:2"), access=with_variable)
        folder = tmp_path / "certs.d" / registry.host
        folder.mkdir(parents=True)
        (folder / "ca.crt").write_bytes(authority.read_bytes())
        copy(IMAGE, at(registry.host, "agent/api:3"), access=replace(access, certificate_folders=(folder.parent,)))


def test_a_pull_goes_on_after_a_cut(registry: DockerRegistry, access: RegistryAccess, tmp_path: Path) -> None:
    copy(IMAGE, at(registry.host), access=access)
    with cutting(registry.host) as cutter:
        cutter.down, cutter.cuts = 2_000_000, 2
        with open_image(at(cutter.host), access=access) as back:
            assert_valid(pulled(back, Cache(tmp_path / "cache")))
        assert cutter.cut == 2
        assert cutter.down_bytes < SENT + 3_000_000, "what had come was not asked for again"
    assert "GET 206" in registry.asked("/blobs/")


def test_a_push_survives_cuts(registry: DockerRegistry, access: RegistryAccess) -> None:
    with cutting(registry.host) as cutter:
        cutter.up, cutter.cuts = 2_000_000, 2
        copy(IMAGE, at(cutter.host), access=access)
        assert cutter.cut == 2
    with open_image(at(registry.host), access=access) as back:
        assert_valid(back)


def test_tags_and_referrers(registry: DockerRegistry, access: RegistryAccess) -> None:
    copy(IMAGE, at(registry.host), access=access)
    copy(IMAGE, at(registry.host, "agent/api:2"), access=access)
    name = ImageName.parse(f"{registry.host}/agent/api")
    with open_repository(name, access) as repository:
        assert repository.list_tags() == ("1", "2")
        subject = digest_of(IMAGE)
        config = {"mediaType": "application/vnd.example+json", "digest": str(Digest.of(IMAGE.raw_config))}
        raw = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": "application/vnd.oci.image.manifest.v1+json",
                "config": {**config, "size": len(IMAGE.raw_config)},
                "layers": [],
                "subject": {
                    "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "digest": str(subject),
                    "size": len(IMAGE.raw_manifest),
                },
            }
        ).encode()
        pushed = repository.push_manifest(Digest.of(raw), "application/vnd.oci.image.manifest.v1+json", raw)
        (found,) = repository.list_referrers(subject)
        assert found.digest == pushed


def test_skopeo_reads_it(
    registry: DockerRegistry, access: RegistryAccess, require_tool: Callable[[str], str], tmp_path: Path
) -> None:
    copy(IMAGE, at(registry.host), access=access)
    skopeo = [require_tool("skopeo"), "copy", "--preserve-digests"]
    reference = f"docker://{registry.host}/agent/api"
    subprocess.run([*skopeo, "--src-tls-verify=false", f"{reference}:1", f"oci:{tmp_path}/out:1"], check=True)
    with open_image(Reference.parse(f"oci:{tmp_path}/out:1"), access=access) as back:
        assert back.raw_manifest == IMAGE.raw_manifest
        assert_valid(back)
    subprocess.run([*skopeo, "--dest-tls-verify=false", f"oci:{tmp_path}/out:1", f"{reference}:again"], check=True)
    with open_image(at(registry.host, "agent/api:again"), access=access) as back:
        assert back.raw_manifest == IMAGE.raw_manifest


def test_podman_pulls_it(registry: DockerRegistry, access: RegistryAccess, podman_env: dict[str, str]) -> None:
    copy(IMAGE, at(registry.host), access=access)

    def podman(*words: str) -> str:
        done = subprocess.run(["podman", *words], env=podman_env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    image_id = podman("pull", "--quiet", "--tls-verify=false", f"{registry.host}/agent/api:1")
    assert image_id == Digest.of(IMAGE.raw_config).hex


def test_docker_pulls_it(registry: DockerRegistry, access: RegistryAccess, dockerd: Dockerd) -> None:
    copy(IMAGE, at(registry.host), access=access)
    dockerd.docker("pull", f"{registry.host}/agent/api:1")
    diff_ids = json.loads(dockerd.docker("inspect", f"{registry.host}/agent/api:1"))[0]["RootFS"]["Layers"]
    assert diff_ids == [str(diff_id) for diff_id in config_of(IMAGE).diff_ids]
    with tempfile.TemporaryDirectory() as folder:
        dockerd.docker("tag", f"{registry.host}/agent/api:1", f"{registry.host}/agent/docker:1")
        dockerd.docker("push", f"{registry.host}/agent/docker:1")
        with open_image(at(registry.host, "agent/docker:1"), access=access) as back:
            assert_valid(pulled(back, Cache(Path(folder))))
