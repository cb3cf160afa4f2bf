"""How the project's own code gets into the image, told by its layout and by what the command names."""

from pathlib import Path
from typing import Any

import pytest

from lightship.config import Options
from lightship.flows.project_files import application_mode, read_project_files
from lightship.flows.request import BuildRequest
from lightship.store.cache import Cache

BUILT = '[project]\nname = "Pretend-App"\n[build-system]\nrequires = []\n'


def project(root: Path, pyproject: str, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "pyproject.toml").write_text(pyproject)
    return root


@pytest.mark.parametrize(
    ("pyproject", "files", "mode"),
    [
        (BUILT, ["src/pretend_app/__init__.py"], "wheel"),
        (BUILT, ["src/another/__init__.py"], "wheel"),
        (BUILT, ["src/pretend_app/inner.py"], "wheel"),
        (BUILT, ["src/pretend_app.py"], "wheel"),
        (BUILT.replace("[project]", "[tool.poetry]"), ["src/pretend_app/__init__.py"], "wheel"),
        (BUILT, ["src/index.js"], "copy"),
        (BUILT, ["pretend_app/__init__.py"], "copy"),
        ('[project]\nname = "pretend-app"\n', ["src/pretend_app/__init__.py"], "copy"),
        ("[build-system]\nrequires = []\n", ["src/pretend_app/__init__.py"], "copy"),
        ("not = toml =", ["src/pretend_app/__init__.py"], "copy"),
    ],
)
def test_the_layout_decides(tmp_path: Path, pyproject: str, files: list[str], mode: str) -> None:
    assert application_mode(Options(), project(tmp_path, pyproject, *files)) == mode


@pytest.mark.parametrize(
    ("options", "mode"),
    [
        ({"entrypoint": ("pretend-app", "--port", "80")}, "wheel"),
        ({"entrypoint": ("python", "src/pretend_app/main.py")}, "copy"),
        ({"entrypoint": ("python", "/app/manage.py"), "cmd": ("run",)}, "copy"),
        ({"entrypoint": ("uvicorn",), "cmd": ("--app-dir", "src", "pretend_app:app")}, "copy"),
        ({"env": {"PYTHONPATH": "/app/src:/elsewhere"}}, "copy"),
        ({"env": {"PYTHONPATH": "/elsewhere"}}, "wheel"),
    ],
)
def test_a_command_that_names_files_of_the_project_needs_them(
    tmp_path: Path, options: dict[str, Any], mode: str
) -> None:
    root = project(tmp_path, BUILT, "src/pretend_app/__init__.py", "src/pretend_app/main.py", "manage.py")
    assert application_mode(Options(**options), root) == mode


def test_what_is_asked_for_stands(tmp_path: Path) -> None:
    root = project(tmp_path, BUILT, "src/pretend_app/__init__.py")
    assert application_mode(Options(application="copy"), root) == "copy"
    assert application_mode(Options(application="none"), root) == "none"
    assert application_mode(Options(application="wheel"), tmp_path / "gone") == "wheel"


def test_a_chosen_wheel_is_told_and_an_asked_for_one_is_not(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    root = project(tmp_path, BUILT, "src/pretend_app/__init__.py")
    chosen = read_project_files(BuildRequest(project=root), cache)
    asked = read_project_files(BuildRequest(project=root, options=Options(application="wheel")), cache)
    assert [finding.code for finding in chosen.findings] == ["application-wheel"]
    assert (chosen.entries, chosen.key, asked.findings) == ((), "wheel", ())
    assert read_project_files(BuildRequest(project=root, options=Options(application="copy")), cache).entries
