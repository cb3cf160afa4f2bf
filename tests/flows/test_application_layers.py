"""The application's layer and its parts."""

from pathlib import Path

import pytest

from lightship.build.application import read_application
from lightship.config import Options
from lightship.errors import InputError
from lightship.flows.application_layers import application_recipe


def project(root: Path, pyproject: str, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "pyproject.toml").write_text(pyproject)
    return root


def test_a_changed_file_is_one_part(tmp_path: Path) -> None:
    names = [f"pkg{number % 7}/m{number}.py" for number in range(400)]
    root = project(tmp_path, "", *names)

    def keys() -> tuple[str, ...]:
        parts = application_recipe(read_application(root), Options()).parts
        assert parts is not None
        return parts.keys

    before = keys()
    (root / names[123]).write_text("changed = 1\n")
    after = keys()
    assert len(before) == len(after) > 4
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    (root / names[123]).chmod(0o755)
    assert sum(old != new for old, new in zip(after, keys(), strict=True)) == 1


def test_parts_and_the_whole_hold_the_same(tmp_path: Path) -> None:
    root = project(tmp_path, "", "a/b/c.py", "e.py", "f/g.py")
    (root / "link").symlink_to("e.py")
    recipe = application_recipe(read_application(root), Options(writable=("/app/data/x", "/app/a/b")))
    assert recipe.parts is not None
    parts = recipe.parts.make(range(len(recipe.parts.keys)))
    files = {entry.path: entry for part in parts for entry in part}
    whole = {entry.path: entry for entry in recipe.make().entries}
    assert whole.items() <= files.items()
    assert {path for path in files if path not in whole} == {"app/f"}
    assert files["app/a/b"].mode == 0o1777


def test_a_directory_below_a_file_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, "", "data")
    with pytest.raises(InputError, match="app/data"):
        application_recipe(read_application(root), Options(writable=("/app/data/x",)))
