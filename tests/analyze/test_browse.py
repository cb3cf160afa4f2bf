"""Trees to browse: each file of a layer once, with what became of it."""

import pytest
from tests.analyze.making import Made, files, image_of

from lightship.analyze.analysis import analyze
from lightship.analyze.browse import STATES, Branch, browse
from lightship.analyze.model import Analysis


@pytest.fixture(scope="module")
def found() -> Analysis:
    base = files({"etc/a": b"1" * 10, "etc/b": b"2" * 20, "srv/c": b"3" * 300, "srv/d": b"4"})
    return analyze(image_of(base, [*files({"etc/a": b"5" * 50, "new/e": b"6"}), Made("srv/.wh.c")]))


def told(branch: Branch) -> dict[str, tuple[str | None, int]]:
    said: dict[str, tuple[str | None, int]] = {branch.path: (branch.state, branch.unpacked_bytes)}
    for each in branch.inside.values():
        said |= told(each)
    return said


def test_a_layer_says_what_became_of_its_files(found: Analysis) -> None:
    assert told(browse(found, 0)) == {
        "": (None, 331), "etc": (None, 30), "srv": (None, 301),
        "etc/a": ("shadowed", 10), "etc/b": ("added", 20), "srv/c": ("shadowed", 300), "srv/d": ("added", 1),
    }  # fmt: skip
    files = {path: state for path, (state, _) in told(browse(found, 1)).items() if state}
    assert files == {"etc/a": "changed", "new/e": "added", "srv/c": "removed"}


def test_all_that_is_visible(found: Analysis) -> None:
    root = browse(found, None)
    assert root.unpacked_bytes == found.totals.visible_bytes
    assert root.files == found.totals.files == 4
    assert told(root)["etc/a"] == ("changed", 50)
    assert "srv/c" not in told(root)


def test_states_that_are_not_wanted_are_left_out_and_their_directories_too(found: Analysis) -> None:
    assert set(told(browse(found, 0, {"added"}))) == {"", "etc", "etc/b", "srv", "srv/d"}
    assert set(told(browse(found, 1, {"removed"}))) == {"", "srv", "srv/c"}
    assert told(browse(found, 0, ())) == {"": (None, 0)}


def test_the_states_add_up(found: Analysis) -> None:
    for layer, facts in enumerate(found.layers):
        assert browse(found, layer).unpacked_bytes == facts.unpacked_bytes
        assert sum(browse(found, layer, {state}).unpacked_bytes for state in STATES) == facts.unpacked_bytes


def test_the_largest_stands_first(found: Analysis) -> None:
    assert [each.name for each in browse(found, 0).largest_first()] == ["srv", "etc"]


def test_a_name_twice_and_hard_links_are_counted_once() -> None:
    twice = [Made("a", b"1" * 10), Made("a", b"2" * 20), Made("b", kind=b"1", target="a")]
    analysis = analyze(image_of(twice))
    root = browse(analysis, 0)
    assert (root.unpacked_bytes, root.files) == (30, 3)
    assert sorted(str(each.state) for each in root.inside.values()) == ["added", "changed", "shadowed"]
    assert browse(analysis, None).unpacked_bytes == 20
