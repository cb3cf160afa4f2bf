import dataclasses
import shutil
from pathlib import Path

import pytest
from tests.ecosystem.python.world import target

from lightship.ecosystem.python.locked import Artifact, LockedPackage, Selection, Wanted
from lightship.ecosystem.python.project import Lock, Project
from lightship.ecosystem.python.selection_json import from_json, selection_key, to_json
from lightship.errors import InputError


def _selection(folder: Path) -> Selection:
    wheel = Artifact(filename="a-1-py3-none-any.whl", sha256="0" * 64, size_bytes=5, url="https://files.example/a")
    packages = (
        LockedPackage(
            name="a", version="1", wheels=(wheel,), index="https://index.example/ü", required_by=("project",)
        ),
        LockedPackage(name="b", version="2", kind="directory", directory=folder.parent / "b", required_by=("a", "c")),
        LockedPackage(
            name="c", version="3", kind="path", sdist=Artifact(filename="c.zip", path=folder / "s" / "c.zip")
        ),
        LockedPackage(name="d", version="4", hashes=("1" * 64, "2" * 64)),
    )
    return Selection(lock=folder / "uv.lock", lock_sha256="3" * 64, packages=packages, notes=("a note",))


def test_round_trip(tmp_path: Path) -> None:
    selection = _selection(tmp_path)
    assert from_json(to_json(selection), selection.lock) == selection


def test_paths_follow_the_project(tmp_path: Path) -> None:
    text = to_json(_selection(tmp_path / "old" / "app"))
    assert str(tmp_path) not in text
    moved = tmp_path / "new" / "app"
    assert from_json(text, moved / "uv.lock") == _selection(moved)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", '{"version": 0}', '{"version": 1}', '{"version": 1, "lock_sha256": "", "packages": [{"x": 1}]}'],
)
def test_what_was_not_written_here_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match="cached selection"):
        from_json(text, tmp_path / "uv.lock")


def test_key_names_everything_a_selection_depends_on(tmp_path: Path) -> None:
    lock = Lock(kind="uv", path=tmp_path / "uv.lock")
    lock.path.write_text("one")
    project = Project(directory=tmp_path, name="a")
    key = selection_key(project, lock, target(), Wanted())
    assert key == selection_key(project, lock, target(), Wanted())
    others = {
        selection_key(project, lock, target("3.11.2"), Wanted()),
        selection_key(project, lock, target(platform="linux/arm64"), Wanted()),
        selection_key(project, lock, target(musl=True), Wanted()),
        selection_key(project, lock, target(), Wanted(groups=("a", "b"))),
        selection_key(project, lock, target(), Wanted(groups=("a",), extras=("b",))),
        selection_key(project, lock, target(), Wanted(frozen=True)),
        selection_key(dataclasses.replace(project, name="b"), lock, target(), Wanted()),
        selection_key(dataclasses.replace(project, dependencies=("x",)), lock, target(), Wanted()),
    }
    lock.path.write_text("two")
    others.add(selection_key(project, lock, target(), Wanted()))
    assert len(others | {key}) == 10


def test_key_does_not_depend_on_where_the_project_lies(tmp_path: Path) -> None:
    keys = set()
    for folder in (tmp_path / "a", tmp_path / "b"):
        folder.mkdir()
        (folder / "poetry.lock").write_text("x")
        project = Project.discover(_with_pyproject(folder))
        keys.add(selection_key(project, project.lock(), target(), Wanted()))
    assert len(keys) == 1
    shutil.copy(tmp_path / "a" / "poetry.lock", tmp_path / "a" / "requirements.txt")
    project = Project.discover(tmp_path / "a")
    assert selection_key(project, project.lock("requirements.txt"), target(), Wanted()) is None


def _with_pyproject(folder: Path) -> Path:
    (folder / "pyproject.toml").write_text('[project]\nname = "a"\nversion = "1"\n')
    return folder
