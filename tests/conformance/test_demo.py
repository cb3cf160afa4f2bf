"""The demo's image, built once, and every route of it called: from the sandbox, and from Docker's containers."""

import contextlib
import csv
import hashlib
import io
import json
import posixpath
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.analyze.test_analysis import assert_adds_up
from tests.conformance.demo import NAME, Demo, lightship, running_demo
from tests.validated import assert_valid
from tools.demo import BIND, EXAMPLE, call_routes, free_address, wait_until_ready

from lightship.analyze.analysis import analyze
from lightship.image.views import manifest_of
from lightship.oci.reference import Reference
from lightship.store.open import open_image

if TYPE_CHECKING:
    from tests.conformance.conftest import Dockerd

pytestmark = [
    pytest.mark.conformance,
    pytest.mark.network,
    pytest.mark.slow,
    pytest.mark.xdist_group("dockerd"),  # one image for all of them, and one engine
]


def test_the_image_is_all_that_it_claims_to_be(demo: Demo) -> None:
    for reference in (demo.layout, f"docker-archive:{demo.archive}"):
        with open_image(Reference.parse(reference)) as image:
            assert_valid(image)
            assert str(manifest_of(image).digest) == demo.digest


def test_analyze_gives_every_file_to_the_package_whose_record_names_it(demo: Demo) -> None:
    """The image's own RECORDs are the judge, read out of it; what is left is told of as owned by nobody."""
    with open_image(Reference.parse(demo.layout)) as image:
        analysis = analyze(image)
        records: dict[str, str] = {}
        for layer in image.layers:
            with layer.open_tar() as stream, tarfile.open(fileobj=stream, mode="r|") as archive:
                for member in archive:
                    if member.name.endswith(".dist-info/RECORD") and (content := archive.extractfile(member)):
                        records[f"/{member.name}"] = content.read().decode()
    assert len(records) > 100
    tried = 0
    for location, text in records.items():
        site = posixpath.dirname(posixpath.dirname(location))
        for path, *_ in csv.reader(io.StringIO(text)):
            place = posixpath.normpath(posixpath.join(site, path)).lstrip("/")
            row = analysis.tree.rows.get(place)
            if row is None:
                continue
            owner = analysis.owner(place)
            assert owner is not None, place
            assert owner.location.startswith(posixpath.dirname(location).lstrip("/")) or (
                analysis.tree.source(row) in analysis.contested
            ), place
            tried += 1
    assert tried > 5000
    assert_adds_up(analysis)


@pytest.fixture(scope="session", params=["", "runc", "docker", "podman"], ids=lambda engine: engine or "sandbox")
def engine(request: pytest.FixtureRequest) -> tuple[list[str], dict[str, str]]:
    """The words for ``lightship run`` and the variables that name the engine."""
    match request.param:
        case "":
            return [], {}
        case "docker":
            dockerd: Dockerd = request.getfixturevalue("dockerd")
            return ["--engine", "docker"], {"DOCKER_HOST": dockerd.host}
        case "podman":
            return ["--engine", "podman"], request.getfixturevalue("podman_env")
        case other:
            return ["--engine", other], {}


def test_every_route_answers_from_lightship_run(
    demo: Demo, engine: tuple[list[str], dict[str, str]], tmp_path: Path
) -> None:
    log = tmp_path / "log"
    with running_demo(demo, log, *engine) as bind:
        failed = call_routes(bind)
    assert failed == [], log.read_text(errors="replace")[-4000:]


@pytest.fixture(scope="session")
def loaded(demo: Demo, dockerd: "Dockerd") -> Iterator[str]:
    """The name that ``docker load`` gave to the archive."""
    dockerd.docker("load", "--input", str(demo.archive))
    yield NAME
    dockerd.docker("image", "rm", "--force", NAME)


@contextlib.contextmanager
def _container(dockerd: "Dockerd", *options: str) -> Iterator[str]:
    container = dockerd.docker("run", "--detach", "--network", "host", *options).strip()
    try:
        yield container
    finally:
        dockerd.docker("rm", "--force", container)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param((), id="as the image says"),
        pytest.param(("--read-only", "--tmpfs", "/tmp"), id="read-only"),
        pytest.param(
            ("--user", "1000730000:0", "--read-only", "--tmpfs", "/tmp", "--cap-drop", "ALL",
             "--security-opt", "no-new-privileges"),
            id="as an arbitrary user",
        ),
    ],
)  # fmt: skip
def test_every_route_answers_from_a_container(
    demo: Demo, dockerd: "Dockerd", loaded: str, options: tuple[str, ...]
) -> None:
    bind = free_address()
    with _container(dockerd, *options, "--env", f"{BIND}={bind}", loaded) as container:

        def alive() -> bool:
            return dockerd.docker("inspect", "--format", "{{.State.Running}}", container).strip() == "true"

        ready = wait_until_ready(bind, alive)
        said = dockerd.docker("logs", container)[-4000:]
        assert ready, said
        assert call_routes(bind) == [], said
        uid = dockerd.docker("exec", container, "python3", "-c", "import os; print(os.getuid(), os.getgid())")
        configured = dockerd.docker("image", "inspect", "--format", "{{.Config.User}}", loaded)
        wanted = options[1] if "--user" in options else configured.strip()
        assert uid.split() == wanted.split(":")
        assert uid.split()[0] != "0"


def test_the_engine_calls_it_by_its_config(demo: Demo, dockerd: "Dockerd", loaded: str) -> None:
    with open_image(Reference.parse(demo.layout)) as image:
        config = str(manifest_of(image).config.digest)
    assert dockerd.docker("image", "inspect", "--format", "{{.Id}}", loaded).strip() == config


def test_umoci_unpacks_it(demo: Demo, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    umoci = require_tool("umoci")
    tag = NAME.rpartition(":")[2]
    image = f"{demo.layout.removeprefix('oci:')}:{tag}"
    command = [umoci, "unpack", "--rootless", "--image", image, str(tmp_path / "bundle")]
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)
    assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
    process = json.loads((tmp_path / "bundle" / "config.json").read_text())["process"]
    root = tmp_path / "bundle" / "rootfs"
    assert (root / process["cwd"].strip("/") / "app.py").read_bytes() == (EXAMPLE / "app.py").read_bytes()
    assert any((root / path.strip("/") / process["args"][0]).exists() for path in _search_path(process["env"]))
    shutil.rmtree(tmp_path / "bundle")


def _search_path(env: list[str]) -> list[str]:
    return next(value.removeprefix("PATH=") for value in env if value.startswith("PATH=")).split(":")


def test_skopeo_copies_it_between_stores(demo: Demo, require_tool: Callable[[str], str], tmp_path: Path) -> None:
    skopeo = require_tool("skopeo")

    def run(*arguments: str) -> bytes:
        done = subprocess.run([skopeo, *arguments], cwd=tmp_path, capture_output=True, check=False, timeout=600)
        assert done.returncode == 0, done.stderr.decode(errors="replace")[-2000:]
        return done.stdout

    tag = NAME.rpartition(":")[2]
    run("copy", "--preserve-digests", f"{demo.layout}:{tag}", "oci-archive:copied.tar:demo")
    raw = run("inspect", "--raw", "oci-archive:copied.tar:demo")
    assert f"sha256:{hashlib.sha256(raw).hexdigest()}" == demo.digest
    run("copy", f"docker-archive:{demo.archive}:{NAME}", "dir:layers")
    with open_image(Reference.parse(f"oci-archive:{tmp_path}/copied.tar")) as image:
        assert_valid(image)


def test_verify_finds_nothing_wrong_and_probes_it_by_its_labels(demo: Demo) -> None:
    document = json.loads(lightship("verify", demo.layout, "--format", "json", cache=demo.cache))
    assert document["passed"] is True
    assert [finding for finding in document["findings"] if finding["severity"] != "note"] == []
    assert [(probe["name"], probe["ok"]) for probe in document["probes"]] == [("ready", True)]
    assert [check["name"] for check in document["checks"] if check["skipped"]] == []
    assert document["phases"]["ready_s"] > 0
