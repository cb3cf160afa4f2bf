"""The application's layers and their parts."""

from pathlib import Path

import pytest

from lightship.build.application import read_application
from lightship.config import Options
from lightship.errors import InputError
from lightship.flows.application_layers import ApplicationLayers, application_recipes
from lightship.plan.layering import APPLICATION_BIN_BYTES, LayerRecipe


def project(root: Path, pyproject: str, *files: str) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    (root / "pyproject.toml").write_text(pyproject)
    return root


def recipes(root: Path, options: Options) -> tuple[LayerRecipe, ...]:
    return application_recipes(ApplicationLayers.of(read_application(root), options), options)


def large(root: Path) -> Path:
    """A project of two layers' size in twelve directories."""
    names = [f"pkg{number % 12}/m{number}.py" for number in range(36)]
    project(root, "", *names)
    for number in range(12):
        with (root / f"pkg{number}/data.bin").open("wb") as stream:
            stream.truncate(APPLICATION_BIN_BYTES // 10)
    return root


def test_a_changed_file_is_one_part(tmp_path: Path) -> None:
    names = [f"pkg{number % 7}/m{number}.py" for number in range(400)]
    root = project(tmp_path, "", *names)

    def keys() -> tuple[str, ...]:
        (recipe,) = recipes(root, Options())
        assert recipe.parts is not None
        return recipe.parts().keys

    before = keys()
    (root / names[123]).write_text("changed = 1\n")
    after = keys()
    assert len(before) == len(after) > 4
    assert sum(old != new for old, new in zip(before, after, strict=True)) == 1
    (root / names[123]).chmod(0o755)
    assert sum(old != new for old, new in zip(after, keys(), strict=True)) == 1


def test_a_changed_file_of_a_large_application_is_one_layer_of_several(tmp_path: Path) -> None:
    root = large(tmp_path)
    before = recipes(root, Options())
    assert [recipe.name for recipe in before] == ["application-0", "application-1"]
    (root / "pkg3/m3.py").write_text("changed = 1\n")
    after = recipes(root, Options())
    assert sum(old.key != new.key for old, new in zip(before, after, strict=True)) == 1


def test_the_layers_of_a_large_application_hold_every_file_once(tmp_path: Path) -> None:
    root = large(tmp_path)
    made = [recipe.make().entries for recipe in recipes(root, Options(writable=("/app/pkg3", "/data")))]
    files = [entry.path for entries in made for entry in entries if entry.type == "file"]
    assert sorted(files) == sorted(read_application(root).files)
    modes = {entry.path: set[int]() for entries in made for entry in entries}
    for entries in made:
        for entry in entries:
            modes[entry.path].add(entry.mode)
    assert all(len(each) == 1 for each in modes.values())
    assert modes["app/pkg3"] == modes["data"] == {0o1777}


def test_parts_and_the_whole_hold_the_same(tmp_path: Path) -> None:
    root = project(tmp_path, "", "a/b/c.py", "e.py", "f/g.py")
    (root / "link").symlink_to("e.py")
    (recipe,) = recipes(root, Options(writable=("/app/data/x", "/app/a/b")))
    assert recipe.parts is not None
    parts = recipe.parts().make(range(len(recipe.parts().keys)))
    files = {entry.path: entry for part in parts for entry in part}
    assert files == {entry.path: entry for entry in recipe.make().entries}
    assert files["app/a/b"].mode == 0o1777
    assert {"app", "app/a", "app/data", "app/f", "app/f/g.py", "app/link"} <= files.keys()


def test_a_directory_below_a_file_is_refused(tmp_path: Path) -> None:
    root = project(tmp_path, "", "data")
    with pytest.raises(InputError, match="app/data"):
        ApplicationLayers.of(read_application(root), Options(writable=("/app/data/x",)))
