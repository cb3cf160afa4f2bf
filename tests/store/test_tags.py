"""Under which names an image is written."""

from collections.abc import Sequence

import pytest

from lightship.oci.reference import ImageName, Reference
from lightship.store.tags import Tag, repo_tags, tags_for


def name(text: str) -> ImageName:
    return ImageName.parse(text)


@pytest.mark.parametrize(
    ("destination", "names", "expected"),
    [
        ("oci:out", [], [Tag("latest")]),
        ("oci:out:1.2", [], [Tag("1.2", asked=True)]),
        ("oci:out", ["a/x:1"], [Tag("1", name("a/x:1"))]),
        ("oci:out", ["a/x"], [Tag("latest", name("a/x:latest"))]),
        ("oci:out", ["a/x:1", "a/x:1"], [Tag("1", name("a/x:1"))]),
        ("oci:out", ["a/x:1", "a/x:2"], [Tag("1", name("a/x:1")), Tag("2", name("a/x:2"))]),
        ("oci:out", ["a/x:1", "b/x:1"], [Tag("1", name("a/x:1")), Tag("docker.io/b/x:1", name("b/x:1"))]),
        ("oci:out:1", ["a/x:1"], [Tag("1", name("a/x:1"), asked=True)]),
        ("oci:out:dev", ["a/x:1"], [Tag("dev", asked=True), Tag("1", name("a/x:1"))]),
        ("docker-archive:f:a/x", ["b/y:1"], [Tag("latest", name("a/x:latest")), Tag("1", name("b/y:1"))]),
    ],
)
def test_every_tag_of_a_layout_is_given_once(destination: str, names: Sequence[str], expected: list[Tag]) -> None:
    found = tags_for(Reference.parse(destination), [name(text) for text in names])
    assert list(found) == expected
    assert len({tag.ref_name for tag in found}) == len(found)


def test_on_the_shelf_every_entry_has_its_whole_name() -> None:
    found = tags_for(Reference.parse("oci:out"), [name("a/x:1"), name("shop")], whole_names=True)
    assert [tag.ref_name for tag in found] == ["docker.io/a/x:1", "docker.io/library/shop:latest"]
    assert tags_for(Reference.parse("oci:out"), [], whole_names=True) == (Tag("latest"),)


def test_docker_lists_names_and_no_bare_tags() -> None:
    assert repo_tags([Tag("dev"), Tag("1", name("redis:1")), Tag("x", name("redis:1"))]) == ["redis:1"]
