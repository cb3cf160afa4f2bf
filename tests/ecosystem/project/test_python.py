"""Managers, locks, versions and groups, told by the files of a project."""

import pytest

from lightship.ecosystem.project.files import ProjectFiles
from lightship.ecosystem.project.python import PythonProject, detect_python

UV_LOCK = """\
version = 1
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "flask", extra = ["async"] }]
[package.dev-dependencies]
dev = [{ name = "pytest" }]
jobs = [{ name = "celery" }]
[[package]]
name = "flask"
version = "3"
sdist = { url = "x" }
wheels = [{ url = "y" }]
[package.optional-dependencies]
async = [{ name = "asgiref" }]
[[package]]
name = "asgiref"
version = "3"
sdist = { url = "x" }
[[package]]
name = "celery"
version = "5"
[[package]]
name = "pytest"
version = "9"
"""


def _detect(contents: dict[str, str]) -> PythonProject:
    found = detect_python(ProjectFiles.of(contents))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("names", "manager", "lock"),
    [
        (["pyproject.toml", "uv.lock", "requirements.txt"], "uv", "uv.lock"),
        (["pyproject.toml", "poetry.lock"], "poetry", "poetry.lock"),
        (["pyproject.toml", "pdm.lock"], "pdm", "pdm.lock"),
        (["pylock.prod.toml", "pylock.toml"], "uv", "pylock.toml"),
        (["requirements-prod.txt", "requirements.txt"], "pip", "requirements.txt"),
        (["requirements.lock.txt", "setup.py"], "pip", "requirements.lock.txt"),
        (["requirements-dev.txt", "setup.py"], "pip", None),
        (["pylock.$(id).toml", "setup.py"], "pip", None),
        (["setup.py"], "pip", None),
    ],
)
def test_the_lock_says_who_manages(names: list[str], manager: str, lock: str | None) -> None:
    found = _detect(dict.fromkeys(names, ""))
    assert (found.manager, found.lock) == (manager, lock)


@pytest.mark.parametrize("tool", ["poetry", "pdm", "uv"])
def test_without_a_lock_the_tools_table_says_it(tool: str) -> None:
    found = _detect({"pyproject.toml": f"[tool.{tool}]\na = 1\n"})
    assert (found.manager, found.lock) == (tool, None)


def test_what_is_no_python_project_is_none() -> None:
    assert detect_python(ProjectFiles.of({"package.json": "{}", "a/pyproject.toml": ""})) is None


def test_uv_lock_gives_what_is_installed() -> None:
    pyproject = '[project]\nname = "Shop_X"\n[tool.uv]\ndefault-groups = ["dev", "jobs"]\n'
    pyproject += "[dependency-groups]\ndev=[]\njobs=[]\n"
    found = _detect({"pyproject.toml": pyproject, "uv.lock": UV_LOCK})
    assert found.locked.versions == {"flask": "3", "asgiref": "3", "celery": "5"}
    assert found.locked.sdist_only == {"asgiref"}
    assert (found.name, found.groups, found.default_groups) == ("shop-x", ("dev", "jobs"), ("jobs",))


def test_poetry_lock_without_groups_for_development() -> None:
    lock = """
[[package]]
name = "Flask"
version = "3"
groups = ["main", "dev"]
optional = false
files = [{file = "flask-3-py3-none-any.whl", hash = "x"}]
[[package]]
name = "pytest"
version = "9"
groups = ["dev"]
[[package]]
name = "old"
version = "1"
groups = ["main"]
files = [{file = "old-1.tar.gz", hash = "x"}]
"""
    found = _detect({"pyproject.toml": "[tool.poetry]\nname = 'a'\n", "poetry.lock": lock})
    assert found.locked.versions == {"flask": "3", "old": "1"}
    assert found.locked.sdist_only == {"old"}


def test_requirements_with_and_without_hashes() -> None:
    hashed = (
        "a==1 \\\n    --hash=sha256:00\n    # via b\nc[x]==2 ; python_version > '3' --hash=sha256:11\n-r more.txt\n"
    )
    assert _detect({"requirements.txt": hashed}).locked.versions == {"a": "1", "c": "2"}
    assert _detect({"requirements.txt": hashed}).locked.hashes
    assert not _detect({"requirements.txt": "a==1\n"}).locked.hashes


@pytest.mark.parametrize(
    ("contents", "python", "source"),
    [
        ({".python-version": "3.11.4\n"}, "3.11", ".python-version"),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.11,<3.13"\n'}, "3.12", "requires-python"),
        ({"pyproject.toml": '[project]\nrequires-python = ">=3.13"\n'}, "3.14", "requires-python"),
        ({"pyproject.toml": '[project]\nrequires-python = "<3.12"\n'}, "3.11", "requires-python"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "~3.11"\n'}, "3.11", "requires-python"),
        ({"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.10"\n'}, "3.12", "requires-python"),
        ({"pyproject.toml": '[project]\nrequires-python = "three"\n'}, "3.12", "the default"),
        ({".python-version": "pypy3.10\n", "setup.py": ""}, "3.12", "the default"),
        ({"Dockerfile": "from mirror.example/python:3.11-slim AS a\n", "setup.py": ""}, "3.11", "Dockerfile"),
        (
            {"Dockerfile": "FROM python:3.10@sha256:0\n", "setup.py": "", ".python-version": "3.13"},
            "3.13",
            ".python-version",
        ),
        (
            {"Dockerfile": "FROM python:3.10\n", "pyproject.toml": '[project]\nrequires-python = ">=3.11"\n'},
            "3.12",
            "requires-python",
        ),
        (
            {"Dockerfile": "# FROM python:3.10\nFROM pypython:3.11\nFROM python:3.1\n", "setup.py": ""},
            "3.12",
            "the default",
        ),
    ],
)
def test_the_version_of_python(contents: dict[str, str], python: str, source: str) -> None:
    found = _detect({"requirements.txt": "", **contents})
    assert (found.python, found.python_from) == (python, source)


def test_broken_files_say_nothing() -> None:
    found = _detect({"pyproject.toml": "[[[", "uv.lock": "\xff=", "poetry.lock": "a"})
    assert (found.manager, dict(found.locked.versions)) == ("uv", {})
