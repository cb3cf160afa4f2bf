"""Bins by name: what one version bump moves, and what it does not."""

import random
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightship.plan.layering import (
    APPLICATION_BIN_BYTES,
    HEAVY_BYTES,
    MAX_APPLICATION_BINS,
    MAX_HEAVY,
    MEDIUM_BYTES,
    LayerRecipe,
    PackageUnit,
    application_bins,
    bytecode_bin,
    bytecode_recipes,
    layer_key,
    package_bins,
    package_recipes,
)
from lightship.plan.model import LayerPlan

DIFY_LOCK = Path(__file__).parents[3] / "shared/data/dify/uv.lock"

NAMES = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
WEIGHTS = st.dictionaries(NAMES, st.integers(0, 4 * HEAVY_BYTES), max_size=60)


def units(weights: dict[str, int], version: dict[str, str] | None = None) -> list[PackageUnit]:
    known = version or {}
    return [PackageUnit(name=name, weight_bytes=weight, key=known.get(name, "1")) for name, weight in weights.items()]


def recipes(found: list[PackageUnit], context: str = "") -> tuple[LayerRecipe, ...]:
    return package_recipes(found, context, lambda name, key, _: LayerPlan(name=name, key=key, entries=()))


@given(WEIGHTS, st.randoms())
def test_every_package_has_one_layer_whatever_the_order(weights: dict[str, int], chance: random.Random) -> None:
    found = units(weights)
    made = recipes(found)
    assert sorted(package for recipe in made for package in recipe.packages) == sorted(weights)
    chance.shuffle(found)
    assert [(each.name, each.key) for each in recipes(found)] == [(each.name, each.key) for each in made]


@given(WEIGHTS, NAMES, st.integers(0, HEAVY_BYTES - 1))
def test_a_light_package_that_comes_or_goes_moves_one_layer(weights: dict[str, int], name: str, weight: int) -> None:
    """Law: bins depend on each package alone, so no neighbour changes its layer."""
    before = {each.name: each.key for each in recipes(units({**weights, name: weight}))}
    after = {each.name: each.key for each in recipes(units({k: v for k, v in weights.items() if k != name}))}
    changed = {layer for layer in before.keys() | after.keys() if before.get(layer) != after.get(layer)}
    assert changed == {package_bins({**weights, name: weight})[name]}


@given(WEIGHTS.filter(bool), st.data())
def test_a_new_version_within_its_class_moves_one_layer(weights: dict[str, int], data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(weights)))
    before = {each.name: each.key for each in recipes(units(weights))}
    after = {each.name: each.key for each in recipes(units(weights, {name: "2"}))}
    assert before.keys() == after.keys()
    assert [layer for layer in before if before[layer] != after[layer]] == [package_bins(weights)[name]]


def test_heavy_packages_stand_alone_and_lowest() -> None:
    weights = {"medium-1": MEDIUM_BYTES, "torch": HEAVY_BYTES, "numpy": HEAVY_BYTES, "tiny": 1}
    names = [each.name for each in recipes(units(weights))]
    assert names[:2] == ["package-numpy", "package-torch"]
    assert names[2].startswith("packages-medium-")
    assert names[3].startswith("packages-light-")
    assert len(names) == 4


def test_a_project_of_giants_keeps_within_the_limit() -> None:
    weights = {f"giant-{number}": HEAVY_BYTES * (1 + number % 5) for number in range(100)}
    names = {each.name for each in recipes(units(weights))}
    assert len([name for name in names if name.startswith("package-")]) <= MAX_HEAVY
    assert len(names) <= 127


def test_the_key_names_context_units_and_kind() -> None:
    one, two = units({"a": 1, "b": 2})
    keys = {
        layer_key("packages", "x", [one, two]),
        layer_key("packages", "y", [one, two]),
        layer_key("bytecode", "x", [one, two]),
        layer_key("packages", "x", [one]),
        layer_key("packages", "x", units({"a": 1, "b": 2}, {"a": "2"})),
        layer_key("packages", "x", []),
    }
    assert len(keys) == 6
    assert layer_key("packages", "x", [two, one]) == layer_key("packages", "x", [one, two])
    heavier = [PackageUnit(name="a", weight_bytes=99, key="1"), two]
    assert layer_key("packages", "x", heavier) == layer_key("packages", "x", [one, two]), "weight is no content"


def test_a_recipe_makes_its_plan_only_when_asked() -> None:
    made: list[str] = []

    def make(name: str, key: str, packages: tuple[str, ...]) -> LayerPlan:
        made.append(name)
        return LayerPlan(name=name, key=key, entries=(), created_by=",".join(packages))

    found = package_recipes(units({"b": 1, "a": HEAVY_BYTES}), "", make)
    assert made == []
    plan = found[0].make()
    assert (plan.name, plan.key, plan.created_by) == ("package-a", found[0].key, "a")
    assert made == ["package-a"]


def test_bytecode_has_layers_of_its_own() -> None:
    found = bytecode_recipes(
        units({"a": HEAVY_BYTES, "b": 1}), "3.12", lambda name, key, _: LayerPlan(name=name, key=key, entries=())
    )
    assert {each.name for each in found} == {bytecode_bin("a"), bytecode_bin("b")}
    assert not {each.key for each in found} & {each.key for each in recipes(units({"a": HEAVY_BYTES, "b": 1}))}


PATHS = st.sets(st.tuples(st.integers(0, 20), st.integers(0, 200)).map(lambda at: f"app/d{at[0]}/m{at[1]}.py"))


@given(PATHS, st.integers(0, 3 * MAX_APPLICATION_BINS * APPLICATION_BIN_BYTES))
def test_every_path_of_an_application_is_in_one_layer_with_its_directory(paths: set[str], total_bytes: int) -> None:
    bins = application_bins(sorted(paths), total_bytes)
    assert sorted(path for each in bins for path in each) == sorted(paths)
    assert all(list(each) == sorted(each) for each in bins)
    directories = [{path.rpartition("/")[0] for path in each} for each in bins]
    assert sum(map(len, directories)) == len(set().union(*directories))


@given(PATHS.filter(bool), st.data())
def test_a_file_that_comes_or_goes_moves_no_other(paths: set[str], data: st.DataObject) -> None:
    gone = data.draw(st.sampled_from(sorted(paths)))
    before = application_bins(sorted(paths), 3 * APPLICATION_BIN_BYTES)
    after = application_bins(sorted(paths - {gone}), 3 * APPLICATION_BIN_BYTES)
    assert [[path for path in each if path != gone] for each in before] == [list(each) for each in after]


@pytest.mark.parametrize(
    ("total_bytes", "count"),
    [
        (0, 1),
        (APPLICATION_BIN_BYTES, 1),
        (APPLICATION_BIN_BYTES + 1, 2),
        (2 * APPLICATION_BIN_BYTES + 1, 4),
        (100 * APPLICATION_BIN_BYTES, MAX_APPLICATION_BINS),
    ],
)
def test_a_larger_application_has_more_layers(total_bytes: int, count: int) -> None:
    assert len(application_bins(["app/main.py"], total_bytes)) == count


@pytest.mark.skipif(not DIFY_LOCK.exists(), reason="the shared folder with Dify's lock is not here")
def test_a_bump_in_dify_moves_little() -> None:
    """The median bump re-pulls well under 5 % of the packages' compressed bytes, in at most 36 layers of packages."""
    weights: dict[str, int] = {}
    for package in tomllib.loads(DIFY_LOCK.read_text())["package"]:
        fitting = [
            wheel["size"]
            for wheel in package.get("wheels", ())
            if wheel["url"].endswith("none-any.whl") or ("x86_64" in wheel["url"] and "manylinux" in wheel["url"])
        ]
        if fitting:
            weights[package["name"]] = fitting[0]
    assert len(weights) > 300
    bins = package_bins(weights)
    assert len(set(bins.values())) <= MAX_HEAVY + 12
    total = sum(weights.values())
    moved = sorted(sum(weights[other] for other in bins if bins[other] == bins[name]) / total for name in bins)
    assert moved[len(moved) // 2] < 0.025
    assert moved[int(len(moved) * 0.9)] < 0.05
