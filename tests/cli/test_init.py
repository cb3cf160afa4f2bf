"""``lightship init`` from outside: what it writes, what it refuses, what it prints."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from tests.cli.conftest import Lightship
from tests.init.shapes import SHAPES
from tools.reference import REFERENCE


def _make(project: Path, shape: str) -> Path:
    for name, text in SHAPES[shape].items():
        path = project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return _make(tmp_path / "shop", "uv-celery-next")


def test_a_build_of_one_stage_has_one_figure_of_memory(tmp_path: Path, lightship: Lightship) -> None:
    said = lightship("init", "--dry-run", _make(tmp_path / "small", "pip-flask"))
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("memory")]
    assert "one stage at a time" not in line


def _files(project: Path) -> dict[str, bytes]:
    return {path.relative_to(project).as_posix(): path.read_bytes() for path in project.rglob("*") if path.is_file()}


def test_stdout_lists_the_files_and_stderr_what_was_found(project: Path, lightship: Lightship) -> None:
    before = set(_files(project))
    said = lightship("init", project)
    assert said.status == 0
    written = set(_files(project)) - before
    assert {line.split()[0] for line in said.stdout.splitlines()[1:]} == written
    assert {"Dockerfile", ".dockerignore", "lightship.toml", "Makefile", "deploy/kubernetes/migrate.yaml"} <= written
    assert "gunicorn -b 0.0.0.0:8000" in said.stderr
    assert "alembic upgrade head" in said.stderr


def test_a_second_time_changes_nothing(project: Path, lightship: Lightship) -> None:
    lightship("init", project)
    before = _files(project)
    said = lightship("init", project)
    assert said.status == 0
    assert {line.split()[1] for line in said.stdout.splitlines()[1:]} == {"same"}
    assert _files(project) == before


def test_a_file_in_the_way_stops_everything_until_asked(project: Path, lightship: Lightship) -> None:
    (project / "Makefile").write_text("mine:\n")
    before = _files(project)
    said = lightship("init", project)
    assert said.status == 2
    assert "Makefile" in said.stderr
    assert "hint: --keep" in said.stderr
    assert _files(project) == before
    assert lightship("init", project, "--keep").status == 0
    assert (project / "Makefile").read_text() == "mine:\n"
    assert lightship("init", project, "--force", "--only", "makefile").status == 0
    assert (project / "Makefile").read_text() != "mine:\n"
    assert lightship("init", project, "--force", "--keep").status == 2


def test_a_dry_run_prints_every_text_and_writes_none(project: Path, lightship: Lightship) -> None:
    before = _files(project)
    said = lightship("init", project, "--dry-run", "--only", "dockerfile,makefile")
    assert "==> Dockerfile (new) <==\n# syntax=docker/dockerfile:1\n" in said.stdout
    assert "==> Makefile (new) <==" in said.stdout
    assert "lightship.toml" not in said.stdout.split("==> Makefile")[0].split("\n")[0]
    assert _files(project) == before


def test_the_json_is_what_its_schema_says(project: Path, lightship: Lightship) -> None:
    schema = json.loads((REFERENCE / "schemas" / "init.schema.json").read_text())
    report = json.loads(lightship("init", project, "--format", "json").stdout)
    Draft202012Validator(schema).validate(report)
    assert report["files"]


def test_a_configuration_goes_before_what_is_detected_and_a_flag_before_both(
    project: Path, lightship: Lightship
) -> None:
    (project / "lightship.toml").write_text(
        '[image]\nname = "registry.example/shop"\nentrypoint = ["python", "-m", "shop"]\nuser = "1001:1001"\n'
        'workdir = "/srv/shop"\nwritable = ["/srv/shop/storage"]\nsystem-packages = ["bash"]\n'
        '[probe]\nhttp = "http://127.0.0.1:9000/up"\n'
    )
    lightship("init", project, "--port", "7000")
    text = (project / "Dockerfile").read_text()
    assert 'ENTRYPOINT ["python", "-m", "shop"]' in text
    assert "USER 1001:1001" in text
    assert "/srv/shop /srv/shop" in text
    assert "mkdir -p storage" in text
    assert "EXPOSE 7000" in text
    assert "127.0.0.1:7000/up" in text
    assert "--package bash" in text
    assert "image: registry.example/shop\n" in (project / "deploy/kubernetes/app.yaml").read_text()


def test_an_ignore_file_that_leaves_out_what_is_copied_is_kept_and_outdone(project: Path, lightship: Lightship) -> None:
    (project / ".dockerignore").write_text("ui\nsecrets\n")
    lightship("init", project)
    assert (project / ".dockerignore").read_text() == "ui\nsecrets\n"
    own = (project / "Dockerfile.dockerignore").read_text()
    assert own.endswith("secrets\n")
    assert "\nui\n" not in own


def test_what_is_no_project_is_refused(tmp_path: Path, lightship: Lightship) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    said = lightship("init", empty)
    assert said.status == 2
    assert "no project that is understood" in said.stderr
    assert list(empty.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--only", "docker"), "--only: want dockerfile"),
        (("--name", "Shop:1"), "image"),
        (("--entrypoint", "'a"), "--entrypoint"),
        (("--system-package", "a;b"), "name of a package"),
        (("--health", "up"), "path of a route"),
    ],
)
def test_wrong_use(words: tuple[str, ...], said: str, project: Path, lightship: Lightship) -> None:
    answer = lightship("init", project, *words)
    assert answer.status == 2
    assert said in answer.stderr


def test_files_that_are_no_files_do_not_end_a_look(project: Path, lightship: Lightship) -> None:
    (project / "loop").symlink_to(project)
    (project / "broken.py").symlink_to("/nowhere")
    (project / "shop" / "wsgi.py").write_bytes(b"\xff\xfe app = Flask(")
    assert lightship("init", project).status == 0
