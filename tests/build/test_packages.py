"""Wheels become layers: keys before wheels are opened, collisions settled, what is dropped is told."""

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.build.wheels import make_wheel

from lightship.archive.content import Inline
from lightship.build import packages
from lightship.build.install import InstalledWheel
from lightship.build.packages import PackagePlanner, WheelFile
from lightship.ecosystem.python.interpreter import Scheme
from lightship.ecosystem.python.locked import LockedPackage
from lightship.ecosystem.python.target import Target
from lightship.oci.platform import Platform
from lightship.plan.assemble import assemble_layer, find_layer
from lightship.plan.drop import DropOptions
from lightship.plan.model import Entry
from lightship.store.cache import Cache

SCHEME = Scheme(prefix="opt/venv", minor="3.12")
SITE = "opt/venv/lib/python3.12/site-packages"
TARGET = Target(
    python="3.12.1", platform=Platform(os="linux", architecture="amd64"), libc="glibc", libc_version=(2, 36)
)
FILES: dict[str, dict[str, str | bytes]] = {
    "alpha": {
        "alpha/__init__.py": "x = 1\n",
        "alpha/tests/test_a.py": "",
        "shared/__init__.py": "",
        "shared/own.py": "a",
    },
    "beta": {"beta.py": "x = 2\n", "shared/__init__.py": "", "shared/own.py": "b"},
    "setuptools": {"setuptools/__init__.py": "", "beta.py": "not this one"},
}


def wheel_file(folder: Path, name: str, files: Mapping[str, str | bytes], required_by: tuple[str, ...]) -> WheelFile:
    path = make_wheel(folder, name, files)
    raw = path.read_bytes()
    return WheelFile(
        package=LockedPackage(name=name, version="1.0", required_by=required_by),
        path=path,
        filename=path.name,
        sha256=hashlib.sha256(raw).hexdigest(),
        size_bytes=len(raw),
    )


@pytest.fixture
def wheels(tmp_path: Path) -> list[WheelFile]:
    required_by = {"alpha": ("project",), "beta": ("alpha",), "setuptools": ()}
    return [wheel_file(tmp_path, name, files, required_by[name]) for name, files in FILES.items()]


def planner(wheels: list[WheelFile], cache: Path, **changes: object) -> PackagePlanner:
    return PackagePlanner(wheels, scheme=SCHEME, target=TARGET, cache=Cache(cache), **changes)  # type: ignore[arg-type]


def entries(planned: PackagePlanner) -> dict[str, Entry]:
    found = [entry for recipe in planned.recipes() for entry in recipe.make().entries]
    assert len({entry.path for entry in found}) == len(found), "no path is in two layers"
    return {entry.path: entry for entry in found}


def record(found: Mapping[str, Entry], name: str) -> str:
    content = found[f"{SITE}/{name}-1.0.dist-info/RECORD"].content
    assert isinstance(content, Inline)
    return content.content.decode()


def test_a_dependent_wins_and_each_path_is_there_once(wheels: list[WheelFile], tmp_path: Path) -> None:
    planned = planner(wheels, tmp_path / "cache")
    assert [(each.path.removeprefix(SITE + "/"), each.winner, each.identical) for each in planned.collisions] == [
        ("shared/__init__.py", "alpha", True),
        ("shared/own.py", "alpha", False),
    ]
    found = entries(planned)
    assert found[f"{SITE}/shared/own.py"].owner == "wheel:alpha==1.0"
    assert "shared/__init__.py" in record(found, "beta"), "the same bytes are there, whoever wrote them"
    assert "shared/own.py" not in record(found, "beta")
    assert found[f"{SITE}/alpha/__init__.py"].why == "locked, required by the project"


def test_what_is_dropped_is_told_and_not_recorded(wheels: list[WheelFile], tmp_path: Path) -> None:
    planned = planner(wheels, tmp_path / "cache")
    dropped = {
        drop.path.removeprefix(SITE + "/"): drop.rule for recipe in planned.recipes() for drop in recipe.make().dropped
    }
    assert dropped["alpha/tests/test_a.py"] == "tests"
    assert dropped["setuptools/__init__.py"] == "build-tools"
    found = entries(planned)
    assert "tests" not in record(found, "alpha")
    assert found[f"{SITE}/beta.py"].owner == "wheel:beta==1.0", "a distribution that goes whole wins nothing"
    assert not any("setuptools" in path for path in found)


def test_keys_need_no_wheel_once_collisions_are_known(
    wheels: list[WheelFile], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = planner(wheels, tmp_path / "cache")

    def opened(*_: object, **__: object) -> InstalledWheel:
        raise AssertionError("a wheel was opened")

    monkeypatch.setattr(packages, "install_wheel", opened)
    second = planner(list(reversed(wheels)), tmp_path / "cache")
    assert second.collisions == first.collisions
    assert [(each.name, each.key) for each in second.recipes()] == [(each.name, each.key) for each in first.recipes()]


def keys(planned: PackagePlanner) -> dict[str, str]:
    return {package: recipe.key for recipe in planned.recipes() for package in recipe.packages}


def test_keys_change_with_everything_that_changes_bytes(wheels: list[WheelFile], tmp_path: Path) -> None:
    base = keys(planner(wheels, tmp_path / "cache"))
    changed = [
        keys(planner(wheels, tmp_path / "cache", drop=DropOptions(keep=("alpha/**",)))),
        keys(planner(wheels, tmp_path / "cache", imports=("alpha.tests",))),
        keys(planner(wheels, tmp_path / "cache", transform_key="strip 1")),
        keys(
            PackagePlanner(
                wheels, scheme=Scheme(prefix="venv", minor="3.12"), target=TARGET, cache=Cache(tmp_path / "c")
            )
        ),
    ]
    assert all(other["alpha"] != base["alpha"] for other in changed)


def test_without_a_rival_the_loser_s_layer_has_another_key(wheels: list[WheelFile], tmp_path: Path) -> None:
    units = {unit.name: unit.key for unit in planner(wheels, tmp_path / "cache").units()}
    alone = {unit.name: unit.key for unit in planner(wheels[1:], tmp_path / "cache").units()}
    assert alone["beta"] != units["beta"]
    assert alone["setuptools"] == units["setuptools"]


def test_a_transform_changes_files_and_their_record(wheels: list[WheelFile], tmp_path: Path) -> None:
    def strip(installed: InstalledWheel, files: Mapping[str, Entry]) -> Mapping[str, Entry]:
        return {
            place: Entry(path=entry.path, content=Inline(b"stripped"), owner=installed.owner)
            if place == "beta.py" else entry
            for place, entry in files.items()
        }  # fmt: skip

    found = entries(planner(wheels, tmp_path / "cache", transform=strip, transform_key="1"))
    assert found[f"{SITE}/beta.py"].content == Inline(b"stripped")
    digest = hashlib.sha256(b"stripped").digest()
    assert f"beta.py,sha256={base64.urlsafe_b64encode(digest).decode().rstrip('=')},8\n" in record(found, "beta")


def test_layers_are_assembled_and_found_again_by_their_key(wheels: list[WheelFile], tmp_path: Path) -> None:
    cache = Cache(tmp_path / "cache")
    recipes = planner(wheels, tmp_path / "cache").recipes()
    built = [assemble_layer(recipe.make(), cache) for recipe in recipes]
    again = [find_layer(cache, recipe.key) for recipe in planner(wheels, tmp_path / "cache").recipes()]
    assert [layer.digest for layer in built] == [layer.digest for layer in again if layer is not None]


def test_a_damaged_note_of_collisions_is_made_again(wheels: list[WheelFile], tmp_path: Path) -> None:
    first = planner(wheels, tmp_path / "cache").collisions
    for note in (tmp_path / "cache/records").rglob("*"):
        if note.is_file():
            note.write_bytes(b'[["x"]]')
    assert planner(wheels, tmp_path / "cache").collisions == first
