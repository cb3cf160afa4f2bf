from pathlib import Path

import pytest

from lightship.ecosystem.python.locked import Wanted
from lightship.ecosystem.python.project import Lock, Project
from lightship.errors import InputError, LockError, UsageError

PYPROJECT = """
[build-system]
requires = ["hatchling"]
[project]
name = "Pretend_App"
version = "1.2"
requires-python = ">=3.11"
dependencies = ["a>=1", "b"]
optional-dependencies = { web = ["c"], more = ["d", "e"] }
[dependency-groups]
test = ["pytest"]
dev = []
"""


def _project(folder: Path, text: str = PYPROJECT, *files: str) -> Project:
    (folder / "pyproject.toml").write_text(text)
    for name in files:
        (folder / name).touch()
    return Project.discover(folder)


def test_what_pyproject_says(tmp_path: Path) -> None:
    project = _project(tmp_path)
    assert (project.name, project.version, project.requires_python) == ("pretend-app", "1.2", ">=3.11")
    assert project.has_build_system
    assert project.dependencies == ("a>=1", "b")
    assert project.extra_dependencies == ("c", "d", "e")
    assert project.groups == ("dev", "test")
    assert project.default_groups == ()
    assert not project.dynamic_dependencies


def test_names_of_poetry_and_none(tmp_path: Path) -> None:
    project = _project(tmp_path, '[tool.poetry]\nname = "Old"\nversion = "3"\n[tool.poetry.group.docs]\n')
    assert (project.name, project.version, project.groups) == ("old", "3", ("docs",))
    assert not project.has_build_system
    assert _project(tmp_path, "").name is None


def test_locks_stand_in_their_order(tmp_path: Path) -> None:
    names = ["requirements.txt", "poetry.lock", "pylock.web.toml", "pylock.toml", "pylock.api.toml", "uv.lock"]
    project = _project(tmp_path, PYPROJECT, *names)
    found = [lock.path.name for lock in project.locks]
    assert found == ["uv.lock", "pylock.toml", "pylock.api.toml", "pylock.web.toml", "poetry.lock", "requirements.txt"]
    assert project.lock().kind == "uv"
    assert project.lock("pylock.web.toml") == Lock(kind="pylock", path=tmp_path / "pylock.web.toml")
    (tmp_path / "prod.txt").touch()
    assert project.lock("prod.txt").kind == "requirements"
    with pytest.raises(LockError, match=r"lock file not found: .*gone\.txt"):
        project.lock("gone.txt")
    with pytest.raises(UsageError, match=r"want uv\.lock, .* got 'Pipfile\.lock'"):
        project.lock("Pipfile.lock")


@pytest.mark.parametrize(
    ("text", "files", "command"),
    [
        (PYPROJECT, (), "uv lock"),
        (PYPROJECT + "[tool.poetry]\n", (), "poetry lock"),
        (PYPROJECT + "[tool.pdm]\n", (), "pdm lock"),
        (PYPROJECT, ("pdm.lock",), "pdm export"),
        ("", ("requirements.in",), "--generate-hashes requirements.in"),
        ("[tool.ruff]\n", ("setup.py",), "--generate-hashes setup.py"),
    ],
)
def test_no_lock_names_the_command(tmp_path: Path, text: str, files: tuple[str, ...], command: str) -> None:
    with pytest.raises(LockError, match=r"has no lock file: want uv\.lock, pylock\.toml") as caught:
        _project(tmp_path, text, *files).lock()
    assert command in (caught.value.hint or "")


def test_without_pyproject(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"is no Python project: want pyproject\.toml"):
        Project.discover(tmp_path)
    with pytest.raises(InputError, match="want a directory"):
        Project.discover(tmp_path / "none")
    (tmp_path / "Pipfile.lock").touch()
    with pytest.raises(LockError) as caught:
        Project.discover(tmp_path).lock()
    assert caught.value.hint == "run: pipenv requirements --hash > requirements.txt"
    (tmp_path / "requirements.txt").touch()
    assert Project.discover(tmp_path).lock().kind == "requirements"


@pytest.mark.parametrize(
    ("workspace", "is_member"),
    [
        ("members = ['packages/*']", True),
        ("members = ['./packages/one/']", True),
        ("members = ['**/one']", True),
        ("members = ['*']", False),
        ("members = ['packages/two']", False),
        ("members = ['packages/*']\nexclude = ['packages/o*']", False),
        ("", False),
    ],
)
def test_a_member_uses_the_lock_of_its_workspace(tmp_path: Path, workspace: str, is_member: bool) -> None:
    (tmp_path / "pyproject.toml").write_text(f"[tool.uv.workspace]\n{workspace}\n")
    (tmp_path / "uv.lock").touch()
    member = tmp_path / "packages" / "one"
    member.mkdir(parents=True)
    assert [lock.path for lock in _project(member).locks] == ([tmp_path / "uv.lock"] if is_member else [])


def test_a_lock_above_that_is_no_workspace_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("")
    (tmp_path / "uv.lock").touch()
    (tmp_path / "app").mkdir()
    assert not _project(tmp_path / "app").locks


@pytest.mark.parametrize(
    ("setting", "groups"),
    [("default-groups = ['test']", ("test",)), ("default-groups = 'all'", ("dev", "test")), ("", ())],
)
def test_default_groups(tmp_path: Path, setting: str, groups: tuple[str, ...]) -> None:
    project = _project(tmp_path, PYPROJECT + f"[tool.uv]\n{setting}\n")
    assert project.default_groups == groups
    chosen, notes = project.chosen_groups(Wanted(groups=("extra",)))
    assert chosen == ("extra", *(group for group in groups if group != "dev"))
    assert len(notes) == ("dev" in groups)
    assert project.chosen_groups(Wanted(groups=("dev",)))[1] == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[project", r"pyproject\.toml is not TOML"),
        ("project = 1", r"pyproject\.toml: project: want a table, got an integer"),
        ("[project]\nname = 1", r"project\.name: want a string"),
        ("[project]\ndependencies = 'a'", r"project\.dependencies: want an array of strings"),
        ("[tool.uv]\ndefault-groups = 1", r"tool\.uv\.default-groups: want an array of strings"),
    ],
)
def test_broken_pyproject(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        _project(tmp_path, text)
