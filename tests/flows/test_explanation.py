"""One explanation for an image, made of its layers'."""

import json
from pathlib import Path

import pytest

from lightship.errors import StorageError
from lightship.flows.explanation import image_explanation
from lightship.store.cache import Cache


def keep(cache: Cache, *names: str) -> None:
    for name in names:
        with cache.write("explanations", name) as stream:
            stream.write(json.dumps({"name": name, "files": []}).encode())


def names_of(path: Path) -> list[str]:
    return [layer["name"] for layer in json.loads(path.read_bytes())["layers"]]


@pytest.mark.parametrize(
    ("lower", "own"), [(["base", "packages"], ["application"]), (["base"], []), ([], ["application"]), ([], [])]
)
def test_every_layer_is_in_it_bottom_first(tmp_path: Path, lower: list[str], own: list[str]) -> None:
    cache = Cache(tmp_path)
    keep(cache, *lower, *own)
    with image_explanation(cache, lower) as finish:
        path = finish(own)
    assert names_of(path) == lower + own
    assert not list((tmp_path / "explanations" / "incoming").iterdir())


def test_another_image_has_another(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keep(cache, "a", "b")
    found = set()
    for lower, own in ((["a"], ["b"]), (["a", "b"], []), (["b"], ["a"])):
        with image_explanation(cache, lower) as finish:
            found.add(finish(own))
    assert len(found) == 3


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    keep(cache, "a")
    with pytest.raises(StorageError), image_explanation(cache, ["a", "gone"]) as finish:
        finish(["a"])
    with pytest.raises(ZeroDivisionError), image_explanation(cache, ["a"]):
        raise ZeroDivisionError
    assert {path.name for path in tmp_path.rglob("*") if path.is_file()} == {"a"}
