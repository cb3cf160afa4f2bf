"""``lightship verify`` and ``lightship build --verify`` from outside: statuses, JSON, text."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.flows.world import World
from tests.verify.conftest import removed
from tests.verify.test_planted_faults import SITE

from lightship.flows.build import build
from lightship.flows.outcome import BuildOutcome
from lightship.flows.request import BuildRequest
from lightship.flows.verify_build import verify_build
from lightship.image.mutate import append
from lightship.image.synthetic import synthetic_layer
from lightship.launch.probe_labels import PROBE_COMMAND
from lightship.oci.config import ImageConfig
from lightship.oci.reference import Reference
from lightship.progress import SILENT
from lightship.store.copy import copy
from lightship.store.open import locate, open_image

SCHEMA = Path(__file__).parents[2] / "docs/reference/schemas/verify.schema.json"


def verify(world: World, folder: Path, image: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    program = str(Path(sys.executable).parent / "lightship")
    folder.mkdir(exist_ok=True)
    argv = [program, "verify", f"oci:{image}", "--cache-dir", str(world.cache.root), *words]
    return subprocess.run(argv, capture_output=True, text=True, env=world.environment, check=False, cwd=folder)


@pytest.fixture(scope="module")
def faulty(whole_world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The image without its template."""
    out = tmp_path_factory.mktemp("faulty") / "out"
    with open_image(locate(f"oci:{whole_world.home / 'out'}")) as image:
        layer = synthetic_layer(removed(f"{SITE}/pretend_page/templates/page.html"))
        copy(append(image, [layer]), Reference(transport="oci", path=out))
    return out


def test_a_good_image_in_json(whole_world: World, tmp_path: Path) -> None:
    done = verify(whole_world, tmp_path / "cwd", whole_world.home / "out", "--format", "json", "--skip", "offline")
    assert done.returncode == 0, done.stderr + done.stdout
    document = json.loads(done.stdout)
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(document)
    assert document["schema"] == "lightship/verify/1"
    assert document["passed"] is True
    assert set(document["phases"]) == {"pull_s", "unpack_s", "start_s", "ready_s"}
    assert [(probe["name"], probe["ok"]) for probe in document["probes"]] == [("ends well", True)]
    assert "offline" not in [check["name"] for check in document["checks"]]


def test_a_faulty_image(whole_world: World, faulty: Path, tmp_path: Path) -> None:
    done = verify(whole_world, tmp_path / "cwd", faulty, "--check", "files")
    assert done.returncode == 1
    assert "error: pretend-page 1.0 lacks pretend_page/templates/page.html" in done.stdout
    assert done.stdout.endswith("the image is not good\n")
    passed_over = verify(
        whole_world, tmp_path / "cwd", faulty, "--check", "files", "--ignore", "file-missing:*page.html"
    )
    assert passed_over.returncode == 0, passed_over.stdout
    annotated = verify(whole_world, tmp_path / "cwd", faulty, "--check", "files", "--format", "github")
    assert annotated.stdout.startswith(
        "::error title=file-missing%3A a file of a distribution is missing::pretend-page"
    )


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (("--check", "pretend"), 2, "no such check"),
        (("--probe-command", "python -c 'raise SystemExit(4)'", "--check", "files"), 1, "ended with status 4"),
        (("--probe-command", "python -c pass", "--check", "files"), 0, "the image is good"),
        (("--platform", "linux/s390x"), 2, "linux/s390x"),
    ],
)
def test_the_status_tells(whole_world: World, tmp_path: Path, words: tuple[str, ...], status: int, said: str) -> None:
    done = verify(whole_world, tmp_path / "cwd", whole_world.home / "out", *words)
    assert done.returncode == status, done.stderr + done.stdout
    assert said in done.stderr + done.stdout


def test_no_image_is_bad_input(whole_world: World, tmp_path: Path) -> None:
    assert verify(whole_world, tmp_path / "cwd", tmp_path / "nowhere").returncode == 2


@pytest.fixture(scope="module")
def probed(whole_world: World) -> BuildOutcome:
    """The image of a project with a probe of its own, in ``probed``, and what its build says after being verified."""
    request = BuildRequest(
        project=whole_world.project,
        options=whole_world.options(probe_command=("python -c 'import pretend_page'",), probe_env=("SECRET=word",)),
        outputs=(f"oci:{whole_world.home / 'probed'}",),
        environ=whole_world.environment,
        jobs=2,
    )
    outcome = build(request, whole_world.cache, SILENT)
    assert isinstance(outcome, BuildOutcome)
    assert outcome.verified is None
    verified = verify_build(outcome, request, whole_world.cache, SILENT)
    assert isinstance(verified, BuildOutcome)
    return verified


def test_a_build_is_verified_by_its_own_project(whole_world: World, probed: BuildOutcome) -> None:
    assert probed.verified is True, probed.findings
    with open_image(locate(f"oci:{whole_world.home / 'probed'}")) as image:
        labels = ImageConfig.parse(image.raw_config).runtime.labels
        assert json.loads(labels[PROBE_COMMAND]) == ["python", "-c", "import pretend_page"]
        assert "word" not in image.raw_config.decode()


@pytest.mark.usefixtures("probed")
def test_the_image_tells_its_own_probe(whole_world: World, tmp_path: Path) -> None:
    done = verify(whole_world, tmp_path / "cwd", whole_world.home / "probed", "--check", "files", "--format", "json")
    assert [probe["name"] for probe in json.loads(done.stdout)["probes"]] == ["python -c import pretend_page"]
    assert done.returncode == 0


def test_a_build_that_is_not_good_has_status_1(whole_world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    command = whole_world.command(
        out, "--verify", "--entrypoint", "python -c 'raise SystemExit(5)'", "--format", "json"
    )
    done = subprocess.run(command, capture_output=True, text=True, env=whole_world.environment, check=False)
    assert done.returncode == 1, done.stderr
    document = json.loads(done.stdout)
    assert document["verified"] is False
    assert "start-failed" in [finding["code"] for finding in document["findings"]]
