"""Which names mean an image on the shelf."""

from pathlib import Path

import pytest

from lightship.flows.shelf import on_the_shelf, shelf
from lightship.image.synthetic import synthetic_image
from lightship.oci.reference import ImageName, Reference
from lightship.store.oci_layout import open_layout, write_layout
from lightship.store.tags import Tag


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    name = ImageName.parse("registry.example/agent/api:1.2")
    write_layout(synthetic_image({"a": b"1"}), shelf(tmp_path), [Tag("1.2", name)])
    write_layout(synthetic_image({"a": b"2"}), shelf(tmp_path), [Tag("latest", ImageName.parse("shop").tagged())])
    write_layout(synthetic_image({"a": b"3"}), shelf(tmp_path), [Tag("nameless")])
    return tmp_path


@pytest.mark.parametrize("text", ["registry.example/agent/api:1.2", "shop", "shop:latest", "docker.io/library/shop"])
def test_a_known_name_is_on_the_shelf(text: str, cache: Path) -> None:
    found = on_the_shelf(Reference.parse(text), text, cache)
    assert (found.transport, found.path) == ("oci", shelf(cache))
    assert found.path is not None
    open_layout(found.path, tag=found.tag)


@pytest.mark.parametrize("text", ["nameless", "1.2", "shop:2", "docker://shop", "docker-daemon:shop", "oci:shop"])
def test_everything_else_stays_what_it_is(text: str, cache: Path) -> None:
    assert on_the_shelf(Reference.parse(text), text, cache) == Reference.parse(text)


def test_without_a_shelf_or_with_a_damaged_one_names_are_registries(tmp_path: Path) -> None:
    wanted = Reference.parse("shop")
    assert on_the_shelf(wanted, "shop", tmp_path) == wanted
    shelf(tmp_path).mkdir()
    (shelf(tmp_path) / "index.json").write_text("[]")
    assert on_the_shelf(wanted, "shop", tmp_path) == wanted
