"""Layers applied one on the other. Member numbers are positions in their layer."""

from dataclasses import replace

import pytest

from lightship.errors import HostileError, ImageError
from lightship.rootfs.merge import Member, MemberType, merge
from lightship.rootfs.tree import Shadowed, Tree


def _member(path: str, kind: MemberType = "file", *, target: str = "", mode: int = 0o644, size: int = 0) -> Member:
    return Member(0, path, kind, mode, 0, 0, 0, size, target)


def _dir(path: str) -> Member:
    return _member(path, "dir", mode=0o755)


def _link(path: str, target: str) -> Member:
    return _member(path, "symlink", target=target)


def _merge(*layers: list[Member]) -> Tree:
    numbered = [[replace(member, number=number) for number, member in enumerate(members)] for members in layers]
    return merge(numbered)


def _sources(tree: Tree) -> dict[str, tuple[int, int]]:
    return {node.path: node.source for node in tree.walk() if node.type != "dir"}


def test_layers_add_up() -> None:
    tree = _merge([_dir("a"), _member("a/x")], [_member("a/y"), _member("b/c/z")])
    assert _sources(tree) == {"a/x": (0, 1), "a/y": (1, 0), "b/c/z": (1, 1)}
    assert [node.path for node in tree.walk()] == ["a", "a/x", "a/y", "b", "b/c", "b/c/z"]
    assert tree.nodes["b/c"].type == "dir"
    assert tree.nodes["b/c"].mode == 0o755
    assert tree.shadowed == ()


def test_a_change_says_who_made_it() -> None:
    tree = _merge([_member("x", size=5)], [_dir("y")], [_member("x", size=7)])
    assert (tree.nodes["x"].layer, tree.nodes["x"].added_by) == (2, 0)
    assert tree.shadowed == (Shadowed(path="x", layer=0, by=2, how="changed", unpacked_bytes=5),)


def test_a_directory_over_a_directory_changes_its_attributes_only() -> None:
    tree = _merge([_dir("d"), _member("d/x")], [_member("d", "dir", mode=0o700)])
    assert tree.nodes["d"].mode == 0o700
    assert "d/x" in tree.nodes


def test_a_file_over_a_directory_hides_what_was_below() -> None:
    tree = _merge([_dir("d"), _dir("d/e"), _member("d/e/x", size=3)], [_member("d")])
    assert sorted(tree.nodes) == ["", "d"]
    assert tree.shadowed == (Shadowed(path="d/e/x", layer=0, by=1, how="changed", unpacked_bytes=3),)


def test_a_directory_takes_the_place_of_a_link_to_a_directory() -> None:
    tree = _merge([_dir("usr/lib"), _link("lib", "usr/lib")], [_dir("lib"), _member("lib/x")])
    assert tree.nodes["lib"].type == "dir"
    assert "lib/x" in tree.nodes
    assert "usr/lib/x" not in tree.nodes


def test_whiteouts_remove() -> None:
    tree = _merge(
        [_member("d/x", size=3), _member("d/y"), _member("e/f/z", size=4)], [_member("d/.wh.x"), _member(".wh.e")]
    )
    assert sorted(tree.nodes) == ["", "d", "d/y"]
    assert tree.shadowed == (
        Shadowed(path="d/x", layer=0, by=1, how="removed", unpacked_bytes=3),
        Shadowed(path="e/f/z", layer=0, by=1, how="removed", unpacked_bytes=4),
    )


@pytest.mark.parametrize("order", [1, -1])
def test_whiteouts_spare_their_own_layer(order: int) -> None:
    upper = [_member("d/.wh.x"), _member("d/x"), _member(".wh.e"), _member("e/new")][::order]
    tree = _merge([_member("d/x"), _member("e/old"), _member("e/f/old")], upper)
    assert sorted(tree.nodes) == ["", "d", "d/x", "e", "e/new"]
    assert tree.nodes["d/x"].layer == 1


@pytest.mark.parametrize("order", [1, -1])
def test_an_opaque_directory_shows_its_own_layer_only(order: int) -> None:
    upper = [_dir("d"), _member("d/.wh..wh..opq"), _member("d/new"), _member("d/both")][::order]
    tree = _merge([_member("d/old"), _member("d/both"), _member("d/deep/old"), _member("beside")], upper)
    assert sorted(tree.nodes) == ["", "beside", "d", "d/both", "d/new"]


def test_an_opaque_root_hides_every_layer_below() -> None:
    tree = _merge([_member("a/b"), _member("c")], [_member(".wh..wh..opq"), _member("d")])
    assert sorted(tree.nodes) == ["", "d"]


def test_a_whiteout_of_nothing_does_nothing() -> None:
    assert sorted(_merge([_member("x")], [_member("none/.wh.y"), _member(".wh.none")]).nodes) == ["", "x"]


def test_hard_links_share_a_source() -> None:
    tree = _merge([_member("a", size=9), _member("b", "hardlink", target="a")])
    assert tree.hard_links() == {(0, 0): ("a", "b")}
    assert tree.nodes["b"].unpacked_bytes == 9


def test_a_hard_link_keeps_the_content_that_its_target_loses() -> None:
    tree = _merge([_member("a", size=9), _member("b", "hardlink", target="a")], [_member("a", size=1)])
    assert _sources(tree) == {"a": (1, 0), "b": (0, 0)}
    assert tree.shadowed == ()  # the bytes can still be seen
    tree = _merge([_member("a", size=9), _member("b", "hardlink", target="a")], [_member(".wh.a"), _member(".wh.b")])
    assert {(lost.path, lost.how) for lost in tree.shadowed} == {("a", "removed"), ("b", "removed")}


def test_a_hard_link_to_itself_changes_nothing() -> None:
    assert _sources(_merge([_member("a"), _member("a", "hardlink", target="a")])) == {"a": (0, 0)}


def test_a_hard_link_may_name_a_link() -> None:
    tree = _merge([_link("a", "/nowhere"), _member("b", "hardlink", target="a")])
    assert (tree.nodes["b"].type, tree.nodes["b"].link_target) == ("symlink", "/nowhere")


@pytest.mark.parametrize("target", ["none", "d", "out/passwd"])
def test_a_hard_link_to_no_file_of_the_tree_is_hostile(target: str) -> None:
    with pytest.raises(HostileError, match="is a hard link to"):
        _merge([_dir("d"), _link("out", "/etc"), _member("x", "hardlink", target=target)])


def test_parents_that_are_links_are_followed_inside() -> None:
    tree = _merge(
        [_dir("usr/lib"), _link("lib", "usr/lib"), _link("up", "../../../etc"), _link("abs", "/var/log")],
        [_member("lib/x"), _member("up/passwd"), _member("abs/deep/log"), _member("lib/.wh.y")],
    )
    assert set(_sources(tree)) == {"lib", "up", "abs", "usr/lib/x", "etc/passwd", "var/log/deep/log"}


def test_a_whiteout_through_a_link_removes_inside() -> None:
    tree = _merge([_member("usr/lib/x"), _link("lib", "usr/lib")], [_member("lib/.wh.x")])
    assert "usr/lib/x" not in tree.nodes
    assert "lib" in tree.nodes


def test_resolution_and_lookup() -> None:
    tree = _merge([_member("usr/bin/python3.11"), _link("usr/bin/python", "python3.11"), _link("bin", "/usr/bin")])
    assert tree.resolve("/bin/python") == "usr/bin/python3.11"
    found = tree.find("bin/python")
    assert found is not None
    assert found.source == (0, 0)
    assert tree.find("bin/none") is None


def test_below_a_file_there_is_nothing() -> None:
    with pytest.raises(ImageError, match="layer 1: /a is no directory, and something lies below it"):
        _merge([_member("a")], [_member("a/b/c")])


def test_the_root_is_a_directory() -> None:
    assert _merge([_member("", "dir", mode=0o700)]).nodes[""].mode == 0o700
    with pytest.raises(ImageError, match="the root is no directory"):
        _merge([_link("", "/etc")])


def test_a_loop_of_links_is_hostile() -> None:
    with pytest.raises(HostileError, match="more than 40 symbolic links"):
        _merge([_link("a", "b"), _link("b", "a"), _member("a/x")])


def test_depth_costs_no_recursion() -> None:
    deep = "d/" * 3000 + "x"
    tree = _merge([_member(deep)], [_member(".wh.d")])
    assert sorted(tree.nodes) == [""]
    assert tree.shadowed[0].path == deep
